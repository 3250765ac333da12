"""What the tests of formats share: a file's text as a block, and what was complained of."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from frontdesk.formats import yaml
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.yaml import Block


class Desk:
    """Reads texts as files of a project and keeps the complaints about them."""

    def __init__(self) -> None:
        self.complaints = Complaints()

    def block(self, text: str, name: str = "file.yml", **options: Any) -> Block:
        found = yaml.read_text(textwrap.dedent(text), name, **options)
        assert isinstance(found, Block)
        return found

    @property
    def errors(self) -> list[str]:
        return [e.sentence for e in self.complaints.errors]

    @property
    def doubts(self) -> list[str]:
        return [e.sentence for e in self.complaints.doubts]

    @property
    def notices(self) -> list[str]:
        return [e.sentence for e in self.complaints.notices]

    def clean(self) -> bool:
        return not (self.errors or self.doubts)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def write(tmp_path: Path):
    """Write files of a project below `tmp_path`: relative path -> text."""

    def written(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return tmp_path

    return written
