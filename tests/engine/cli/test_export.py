from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.cli.main import main
from frontdesk.core.codec import from_wire
from frontdesk.core.events import UserUttered


def exported(project: Path, out: Path, *arguments: str) -> list[dict[str, Any]]:
    assert main(["export", "--project", str(project), "--out", str(out), *arguments]) == 0
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def test_one_line_for_each_event(with_conversations: Path, tmp_path: Path) -> None:
    lines = exported(with_conversations, tmp_path / "out.jsonl")
    assert [line["sender_id"] for line in lines] == ["ann"] * 5 + ["bob"] * 3
    assert [line["event"] for line in lines[:3]] == ["action", "user", "action"]
    event = from_wire(lines[1])
    assert isinstance(event, UserUttered)
    assert event.intent == "greet"


def test_to_the_terminal(with_conversations: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--project", str(with_conversations), "--lines", "conversations"]) == 0
    captured = capsys.readouterr()
    assert [len(json.loads(line)["events"]) for line in captured.out.splitlines()] == [5, 3]
    assert "8 events of 2 conversations" in captured.err


@pytest.mark.parametrize(
    ("arguments", "times"),
    [
        (["--minimum-timestamp", "200"], [200.0, 201.0]),
        (["--maximum-timestamp", "101"], [100.0, 100.0]),
        (["--minimum-timestamp", "150", "--maximum-timestamp", "200"], [150.0, 150.0, 151.0]),
        (["--conversation-ids", "bob", "--offset-timestamps-by-seconds", "10"], [160.0, 160.0, 161.0]),
    ],
)
def test_what_is_asked_for(
    arguments: list[str], times: list[float], with_conversations: Path, tmp_path: Path
) -> None:
    lines = exported(with_conversations, tmp_path / "out.jsonl", *arguments)
    assert [line["timestamp"] for line in lines] == times


def test_personal_data_can_be_taken_out(with_conversations: Path, tmp_path: Path) -> None:
    exported(with_conversations, tmp_path / "out.jsonl", "--redact")
    text = (tmp_path / "out.jsonl").read_text()
    assert "[email]" in text
    assert "example.com" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--conversation-ids", "ann,nobody"], "no conversation 'nobody'"),
        (["--minimum-timestamp", "2", "--maximum-timestamp", "1"], "smaller than the minimum"),
    ],
)
def test_what_cannot_be_meant(
    arguments: list[str], words: str, with_conversations: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--project", str(with_conversations), *arguments]) == 1
    assert words in capsys.readouterr().err


def test_without_a_store_that_lasts(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "endpoints.yml").write_text("")
    (project / "other.yml").write_text("tracker_store: {type: InMemoryTrackerStore}")
    for more in ([], ["--endpoints", str(project / "other.yml")]):
        assert main(["export", "--project", str(project), *more]) == 1
        assert "No tracker store" in capsys.readouterr().err
