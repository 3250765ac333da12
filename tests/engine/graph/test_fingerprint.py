"""A digest changes with whatever counts, and with nothing else."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.training import ActionStep, EllipsisStep, LoopStep, Place, SlotStep, Story, UserStep
from frontdesk.graph.fingerprint import digest, engine_digest, file_digest, folder_digest


@dataclasses.dataclass(frozen=True)
class One:
    name: str


@dataclasses.dataclass(frozen=True)
class Other:
    name: str


DIFFERENT: list[Any] = [
    None, "None", "", [], {}, set(), 0, 1, 1.0, "1", True, "true", [1, 2], [2, 1], [[1], 2], {"a": 1}, {"a": [1]},
    {"a": None}, {1: "x"}, {"1": "x"}, {None: "x"}, {1, 2}, One("a"), Other("a"), {"name": "a"}, EllipsisStep(),
    LoopStep("a"), ActionStep("a"), SlotStep("a"), SlotStep("a", None, has_value=False), UserStep("a"), UserStep(text="a"),
    Path("a"), "a", "ä", "\ud800",
]  # fmt: skip


def test_different_values_have_different_digests() -> None:
    for (a, first), (b, second) in itertools.combinations([(v, digest(v)) for v in DIFFERENT], 2):
        assert first != second, f"{a!r} and {b!r}"
    assert digest("ab", "c") != digest("a", "bc")
    assert digest() != digest(None)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: "x", "y": 2, None: 3}, {None: 3, "y": 2, 1: "x"}),
        ({"c", "a", "b"}, frozenset(["b", "c", "a"])),
        ((1, 2), [1, 2]),
        (
            Story("s", (UserStep("a", place=Place("x", 1)),)),
            Story("s", (UserStep("a", place=Place("y", 2)),)),
        ),
    ],
)
def test_what_does_not_count(one: Any, same: Any) -> None:
    assert digest(one) == digest(same)


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.yml").write_text("1")
    before = folder_digest(tmp_path)
    assert before == folder_digest(tmp_path)
    cached = tmp_path / "__pycache__"
    cached.mkdir()
    (cached / "x.pyc").write_bytes(b"1")
    assert folder_digest(tmp_path) == before
    moved = (tmp_path / "a" / "x.yml").rename(tmp_path / "x.yml")
    assert folder_digest(tmp_path) != before
    assert file_digest(moved) == file_digest(moved)
    (tmp_path / "y.yml").write_text("")
    assert len({before, folder_digest(tmp_path)}) == 2


def test_the_engine_itself_counts_room_by_room() -> None:
    assert engine_digest("nlu") == engine_digest("nlu")
    assert len({engine_digest("nlu"), engine_digest("policies"), engine_digest("nlu", "policies")}) == 3
