from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.cli.main import main
from frontdesk.stores.sql import SqlTrackerStore
from tests.engine.cli.test_export import exported


def test_a_conversation_is_erased_and_nothing_else(
    with_conversations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["erase", "--project", str(with_conversations), "ann"]) == 0
    assert capsys.readouterr().out == "ann  erased\n"
    lines = exported(with_conversations, tmp_path / "out.jsonl")
    assert {line["sender_id"] for line in lines} == {"bob"}
    assert main(["erase", "--project", str(with_conversations), "ann", "bob"]) == 1
    assert capsys.readouterr().out == "ann  is not there\nbob  erased\n"
    kept = b"".join(file.read_bytes() for file in with_conversations.glob("conversations.db*"))
    assert b"a@example.com" not in kept, "not even in the pages that are free"


def test_each_is_told_at_once_and_named_twice_it_is_erased_once(
    with_conversations: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    erase = SqlTrackerStore.erase

    async def watched(store: SqlTrackerStore, sender_id: str) -> bool:
        told.append(capsys.readouterr().out)
        return await erase(store, sender_id)

    monkeypatch.setattr(SqlTrackerStore, "erase", watched)
    assert main(["erase", "--project", str(with_conversations), "ann", "bob", "ann"]) == 0
    assert told == ["", "ann  erased\n"]
    assert capsys.readouterr().out == "bob  erased\n"


def test_without_a_store_that_lasts_there_is_nothing_to_erase(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "endpoints.yml").write_text("tracker_store:\n  type: memory\n")
    assert main(["erase", "--project", str(project), "ann"]) == 1
    assert "No tracker store is named that keeps conversations" in capsys.readouterr().err
