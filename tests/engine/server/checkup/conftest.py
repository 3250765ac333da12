"""A deployment of nothing in particular, which each test makes its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontdesk.formats.project_layout import Layout
from frontdesk.server.checkup.deployment import Deployment
from frontdesk.server.listening import Listening
from frontdesk.settings import Settings


@pytest.fixture
def deployment(tmp_path: Path) -> Callable[..., Deployment]:
    def make(*, interface: str = "127.0.0.1", origins: tuple[str, ...] = (), **more: Any) -> Deployment:
        at = Listening(interface=interface, port=more.pop("port", 5005), origins=origins)
        given = {"settings": Settings(), "environment": {}, "models": tmp_path / "models", **more}
        return Deployment(layout=Layout(tmp_path), at=at, **given)

    return make
