from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.cli.main import main


def test_a_page(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["visualize", "--project", str(project)]) == 0
    text = (project / "graph.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "utter_greet" in text
    assert "hello" in text
    assert "stories and rules" in capsys.readouterr().out


def test_other_files(project: Path, tmp_path: Path) -> None:
    (project / "one.yml").write_text("rules:\n- rule: r\n  steps: [{intent: greet}, {action: utter_greet}]\n")
    (project / "nlu.yml").write_text("nlu: [{intent: greet, examples: '- a special word'}]\n")
    out = tmp_path / "out.html"
    arguments = ["--stories", str(project / "one.yml"), "--nlu", str(project / "nlu.yml"), "--out", str(out)]
    assert main(["visualize", "--project", str(project), "--max-history", "0", *arguments]) == 0
    text = out.read_text("utf-8")
    assert "a special word" in text
    assert "utter_goodbye" not in text


def test_nothing_to_draw(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "nlu.yml").write_text("nlu: [{intent: greet, examples: '- hello'}]\n")
    assert main(["visualize", "--project", str(project), "--stories", str(project / "nlu.yml")]) == 1
    assert "no stories or rules" in capsys.readouterr().err
