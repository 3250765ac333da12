"""Two parsers read alike: whatever libyaml reads, ruamel.yaml reads in the same way, line by line."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from frontdesk.errors import YamlError
from frontdesk.formats import parsing
from frontdesk.formats.yaml import Block, Items, read_text

ROOT = Path(__file__).parents[3]
FILES = [
    path
    for folder in ("domain", "data", "actions", "tests/stories", "bench", "src")
    for path in sorted((ROOT / folder).rglob("*.yml"))
]
PIECES = [
    ":", "- ", "# ", "#", "'", '"', "\n", "\n  ", "\n\n", "\t", ", ", "[", "]", "{", "}", "? ", "| ", "|", "> ", ">-", "&a ",
    "*a", "*a:", "!", "!!str ", "@", "`", "%", "\\n", "---", "...", "é", "\U0001f600", "<<: ", "=", "~", "null", " ", "  ",
    "\x07", "\ufeff", "\x85", "\u2028", "\r\n", "\r", "0x1f", ".inf", "1_000", "12:30", "yes", "010",
]  # fmt: skip


def with_lines(value: Any) -> Any:
    """A value, each of its texts with the kind and the line that the reader knows of it."""
    if isinstance(value, Block):
        return {key: (value.at(key).line, with_lines(inner)) for key, inner in value.items()}
    if isinstance(value, Items):
        return [(value.at(number).line, with_lines(inner)) for number, inner in enumerate(value)]
    return (type(value).__name__, repr(value))


def read(text: str, libyaml: Any = yaml.CSafeLoader) -> Any:
    """What is read, or the complaint."""
    parsing._LIBYAML = libyaml
    try:
        return with_lines(read_text(text, "file.yml"))
    except YamlError as error:
        return str(error)


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "_LIBYAML", yaml.CSafeLoader)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_of_this_project_reads_alike(file: Path) -> None:
    text = file.read_text("utf-8")
    assert read(text) == read(text, None)
    assert read(text.replace("\n", "\r\n")) == read(text, None)


def test_torn_files_read_alike_or_are_complained_of() -> None:
    chance = random.Random(7)
    texts = [file.read_text("utf-8").splitlines() for file in FILES]
    kinds = {"value": 0, "complaint": 0}
    for _ in range(4000):
        lines = chance.choice(texts)
        first = chance.randrange(len(lines))
        text = "\n".join(lines[first : first + chance.randrange(1, 7)])
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(PIECES) + text[at + chance.choice([0, 0, 0, 1, 2]) :]
        fast, slow = read(text), read(text, None)
        assert type(fast) is type(slow), text
        assert isinstance(fast, str) or fast == slow, text
        kinds["complaint" if isinstance(fast, str) else "value"] += 1
    assert min(kinds.values()) > 500
