"""Files are read once, remembered with digests, and never from outside of the project."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from frontdesk.errors import ConfigError, YamlError
from frontdesk.formats.sources import SourceFile, Sources


def test_files_are_remembered_by_relative_path_and_digest(write: Any) -> None:
    folder = write({"b/x.yml": "a: 1\n", "a.txt": " one \n\ntwo\n"})
    sources = Sources(folder)
    assert sources.read_yaml(folder / "b/x.yml") == {"a": 1}
    assert sources.read_lines(folder / "a.txt") == ["one", "two"]
    assert sources.files == (
        SourceFile("a.txt", hashlib.sha256(b" one \n\ntwo\n").hexdigest()),
        SourceFile("b/x.yml", hashlib.sha256(b"a: 1\n").hexdigest()),
    )


def test_yaml_files_come_in_order_without_hidden_ones(write: Any) -> None:
    folder = write(
        {"d/b.yml": "", "d/a.yaml": "", "d/.hidden/c.yml": "", "d/.x.yml": "", "d/n.txt": "", "d/e/f.yml": ""}
    )
    sources = Sources(folder)
    assert [sources.name(p) for p in sources.yaml_files(folder / "d")] == ["d/a.yaml", "d/b.yml", "d/e/f.yml"]


def test_what_files_refer_to_lies_inside(write: Any, tmp_path: Path) -> None:
    folder = write({"p/data/w.txt": "a", "p/w2.txt": "b", "secret.txt": "s"}) / "p"
    sources = Sources(folder)
    assert sources.inside("w.txt", "data/nlu.yml") == folder / "data/w.txt"
    assert sources.inside("w2.txt", "data/nlu.yml") == folder / "w2.txt"
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    for outside in (
        "../secret.txt",
        "../../secret.txt",
        str(tmp_path / "secret.txt"),
        "link.txt",
        "none.txt",
    ):
        with pytest.raises(ConfigError, match="There is no file"):
            sources.inside(outside, "data/nlu.yml")


def test_unreadable_files_are_named(write: Any) -> None:
    folder = write({})
    (folder / "w.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(YamlError, match=r"w.txt: This is not UTF-8"):
        Sources(folder).read_lines(folder / "w.txt")
    with pytest.raises(YamlError, match=r"none.yml: The file cannot be read"):
        Sources(folder).read_yaml(folder / "none.yml")
