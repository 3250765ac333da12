from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.cli.main import main
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


def test_without_a_store_that_lasts_there_is_nothing_to_erase(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "endpoints.yml").write_text("tracker_store:\n  type: memory\n")
    assert main(["erase", "--project", str(project), "ann"]) == 1
    assert "No tracker store is named that keeps conversations" in capsys.readouterr().err
