"""What all tests of the engine share."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from frontdesk import measures


@pytest.fixture(autouse=True)
def _the_assistant_s_own_actions_come_back() -> Iterator[None]:
    """Put `actions` and its modules back as they were: a class has to stay the one that other tests imported.

    The engine serves projects of the tests whose package is called `actions`, too.
    """
    modules, path = _actions(), list(sys.path)
    yield
    if _actions() != modules:
        for name in _actions():
            del sys.modules[name]
        sys.modules.update(modules)
    sys.path[:] = path


def _actions() -> dict[str, ModuleType]:
    """The modules of the package `actions` that are loaded."""
    return {
        name: module
        for name, module in sys.modules.copy().items()
        if name == "actions" or name.startswith("actions.")
    }


class Heard:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []

    def enter(self, stop: str, what: str) -> Any:
        self.lines.append(("enter", stop, what))
        return len(self.lines)

    def leave(self, stop: str, begun: Any, seconds: float, error: BaseException | None) -> None:
        assert seconds >= 0
        self.lines.append(("leave", stop, begun, type(error)))

    def count(self, name: str, value: str, amount: float) -> None:
        self.lines.append(("count", name, value, amount))

    def set(self, name: str, amount: float) -> None:
        self.lines.append(("set", name, amount))

    def arrive(self, headers: Mapping[str, str]) -> None:
        self.lines.append(("arrive", dict(headers)))

    def carried(self) -> Mapping[str, str]:
        return {"traceparent": "here"}

    def refresh(self) -> None:
        self.lines.append(("refresh",))


@pytest.fixture
def heard() -> Iterator[Heard]:
    listener = Heard()
    measures.listen(listener)
    yield listener
    measures.listen()
