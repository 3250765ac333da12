"""Serve only the custom actions, by the SDK's own server, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from frontdesk.errors import ConfigError

_START = """
import os, runpy, sanic
sanic.Sanic.start_method = "fork"
os.register_at_fork(after_in_child=sanic.Sanic._app_registry.clear)
runpy.run_module("rasa_sdk", run_name="__main__", alter_sys=True)
"""
"""Starts `python -m rasa_sdk` without pickling the actions.

Its server sends them to a process of its own; by fork, they may hold what cannot be pickled (a lambda, a connection),
as the SDK's own knowledge base does.
"""


def serve_actions(project: Path, module: str, interface: str, port: int, more: Sequence[str] = ()) -> int:
    """Run the server of `rasa_sdk` in the project's folder, in place of this process; returns its exit code elsewhere.

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
    start = ["-c", _START] if os.name == "posix" else ["-m", "rasa_sdk"]
    command = [sys.executable, *start, "--actions", module, "--port", str(port), *more]
    if os.name == "posix":
        # Not as a child: a signal to this process (an operator's, a container's) must reach the server.
        os.chdir(project)
        os.execve(command[0], command, environment)  # noqa: S606  # our own interpreter and arguments
    return subprocess.run(command, cwd=project, env=environment, check=False).returncode
