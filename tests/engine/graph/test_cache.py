from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.graph import cache as cache_module
from frontdesk.graph.cache import TrainingCache
from frontdesk.graph.fingerprint import digest, folder_digest


def test_a_part_is_kept_and_found(tmp_path: Path) -> None:
    cache = TrainingCache(tmp_path)
    assert cache.find("a") is None
    kept = cache.keep("a", lambda folder: (folder / "x.json").write_text("1") and None)
    assert cache.find("a") == kept
    assert (kept / "x.json").read_text() == "1"


def test_a_part_that_fails_to_save_is_not_kept(tmp_path: Path) -> None:
    cache = TrainingCache(tmp_path)

    def broken(folder: Path) -> None:
        (folder / "x").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.keep("a", broken)
    assert cache.find("a") is None
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_parts_are_forgotten(tmp_path: Path) -> None:
    cache = TrainingCache(tmp_path, limit=2)
    for age, name in ((30, "a"), (20, "b")):
        os.utime(cache.keep(name, lambda folder: None), (1_000 - age, 1_000 - age))
    cache.keep("c", lambda folder: None)
    assert cache.find("a") is None
    assert cache.find("b")
    assert cache.find("c")


def test_parts_that_another_process_takes_away_meanwhile_harm_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = TrainingCache(tmp_path, limit=1)
    for name in ("a", "b"):
        cache.keep(name, lambda folder: None)
        os.utime(tmp_path / name, (1_000, 1_000))
    listed = Path.iterdir

    def then_one_goes(folder: Path) -> Iterator[Path]:
        found = list(listed(folder))
        (tmp_path / "b").rmdir()
        return iter(found)

    monkeypatch.setattr(Path, "iterdir", then_one_goes)
    kept = cache.keep("c", lambda folder: None)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [kept]
    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    assert cache.find("b") is None, "it was there a moment ago"


def test_a_part_that_is_used_at_the_last_moment_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, beside = TrainingCache(tmp_path, limit=1), TrainingCache(tmp_path)
    cache.keep("a", lambda folder: None)
    os.utime(tmp_path / "a", (1_000, 1_000))
    listed = cache_module.last_used

    def then_it_is_used(part: Path) -> int:
        found = listed(part)
        beside.find("a")
        return found

    monkeypatch.setattr(cache_module, "last_used", then_it_is_used)
    cache.keep("b", lambda folder: None)
    assert (tmp_path / "a").is_dir()


def test_digests_do_not_depend_on_order_of_keys() -> None:
    assert digest({"a": 1, "b": {2, 1}}) == digest({"b": {1, 2}, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_a_folder_digest_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = folder_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert folder_digest(tmp_path) != before
