"""What a project prepares for its test conversations: a scratch copy of everything that its actions write to.

A project may have a file `tests/environment.py` with a class `Environment`:

    class Environment:
        def begin(self, folder: Path) -> None: ...          # before each conversation; `folder` is empty and its own
        def check(self, key: str, expected: object) -> list[str]: ...  # a step's own key; says what does not hold
        def end(self) -> None: ...                          # after the last conversation

`check` answers for the keys of a step that are not the engine's (`user`, `bot`, `intent`, `slots`, `events` and
`actions`).
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any, Protocol

from frontdesk.errors import ConfigError
from frontdesk.registry import look_in

FILE = Path("tests") / "environment.py"


class Environment(Protocol):
    """What conversations run in."""

    def begin(self, folder: Path) -> None:
        """Prepare for one conversation."""

    def check(self, key: str, expected: Any) -> list[str]:
        """Return what does not hold, a sentence each."""

    def end(self) -> None:
        """Put everything back."""


class PlainEnvironment:
    """Prepares nothing, for projects whose actions keep nothing."""

    def begin(self, folder: Path) -> None:
        """Do nothing."""

    def check(self, key: str, expected: Any) -> list[str]:
        """Say that nobody can check this key."""
        return [f"'{key}: {expected}' cannot be checked: {FILE} defines no Environment that knows it."]

    def end(self) -> None:
        """Do nothing."""


def load_environment(project: Path) -> Environment:
    """Return the project's own environment, or a plain one. Raises ConfigError where its file cannot be run."""
    file = project / FILE
    if not file.is_file():
        return PlainEnvironment()
    if str(project.resolve()) not in sys.path:
        look_in(project)
    spec = importlib.util.spec_from_file_location("frontdesk_test_environment", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        made: Environment = module.Environment()
    except Exception as error:  # the project's own code: whatever it raises is told at its file
        raise ConfigError(f"The test environment cannot be made ({error!r}).", where=str(file)) from error
    return made
