"""The engine serves projects of the tests whose package is called `actions`, too; the assistant's own comes back after."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest


@pytest.fixture(autouse=True)
def _the_assistant_s_own_actions_come_back() -> Iterator[None]:
    """Put `actions` and its modules back as they were: a class has to stay the one that other tests imported."""
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
