"""Serve only the custom actions, by the SDK's own server, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from frontdesk.errors import ConfigError


def serve_actions(project: Path, module: str, interface: str, port: int, more: Sequence[str] = ()) -> int:
    """Run `python -m rasa_sdk` in the project's folder, in place of this process; returns its exit code elsewhere.

    `more` are further options of the SDK's server.
    The assistant's process and this one must share FRONTDESK_ACTIONS_SECRET, or no action trusts who is calling.
    """
    if (
        not (project / f"{module.replace('.', '/')}.py").exists()
        and not (project / module.replace(".", "/")).is_dir()
    ):
        raise ConfigError(
            f"There is no module '{module}'.", where=str(project), hint="Name it with --actions."
        )
    if not os.environ.get("FRONTDESK_ACTIONS_SECRET"):
        print(
            "FRONTDESK_ACTIONS_SECRET is not set: actions will treat every conversation as not signed in. "
            "Set the same value here and for 'frontdesk run'.",
            file=sys.stderr,
        )
    environment = {**os.environ, "SANIC_HOST": interface}
    command = [sys.executable, "-m", "rasa_sdk", "--actions", module, "--port", str(port), *more]
    if os.name == "posix":
        # Not as a child: a signal to this process (an operator's, a container's) must reach the server.
        os.chdir(project)
        os.execve(command[0], command, environment)  # noqa: S606  # our own interpreter and arguments
    return subprocess.run(command, cwd=project, env=environment, check=False).returncode
