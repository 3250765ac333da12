from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

from frontdesk.evaluation.classification import figures
from frontdesk.evaluation.conversations import ConversationResult, StepResult
from frontdesk.evaluation.nlu import Guess, NluReport, Score
from frontdesk.evaluation.nlu_files import Measured
from frontdesk.evaluation.report import failure_text, nlu_text, write_reports
from frontdesk.evaluation.stories import StoryResult

EVIL = "<script>alert(1)</script>"
GOOD = ConversationResult(
    "fine", "t.yml:1", (StepResult("hi", ("Hello!",), intent="greet", actions=("utter_hello",)),)
)
BAD = ConversationResult(
    EVIL,
    "t.yml:9",
    (
        StepResult(
            EVIL, (EVIL, "two\nlines"), (f"did not say '{EVIL}'",), 0.1, "greet", ("utter_a", "action_listen")
        ),
    ),
)
BROKEN = ConversationResult("broken", "t.yml:20", (), f"t.yml:21: {EVIL}")
NLU = NluReport(
    (
        Guess("hi", "greet", "greet", 0.9),
        Guess(EVIL, "greet", "bye", 0.8),
        Guess("x", "bye", None, 0.0),
        Guess("y", "a&b", "nlu_fallback", 0.3),
    ),
    {"size": Score(1.0, 0.5, 2 / 3, 2)},
)


class Texts(HTMLParser):
    """Collects the names of all elements."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.append(tag)


def test_what_failed_is_told_up_to_where_it_did() -> None:
    text = failure_text(BAD)
    assert text.startswith(f"FAILED  {EVIL}  (t.yml:9)")
    assert "    Bot:  two\n    Bot:  lines" in text
    assert "(understood 'greet', ran utter_a, action_listen)" in text
    assert f"      ->  did not say '{EVIL}'" in text
    assert failure_text(BROKEN).endswith(f"      ->  t.yml:21: {EVIL}")


def test_the_nlu_for_the_terminal() -> None:
    text = nlu_text(NLU, "Cross-validation")
    assert text.startswith("Cross-validation: 4 examples, intent accuracy 25.0%, macro F1 0.222")
    assert "0.80  '<script>alert(1)</script>': bye, expected greet" in text
    assert "size" in text
    assert nlu_text(NluReport(), "NLU") == "NLU: 0 examples, intent accuracy 0.0%, macro F1 0.000"


def test_files_for_programs(tmp_path: Path) -> None:
    out = tmp_path / "new" / "results"
    page = write_reports(out, [GOOD, BAD, BROKEN], [StoryResult("s", "t.yml:1", ("wrong",), 3)], NLU)
    assert page == out / "index.html"
    talks = json.loads((out / "conversation_report.json").read_text("utf-8"))
    assert [(t["name"], t["passed"]) for t in talks] == [("fine", True), (EVIL, False), ("broken", False)]


def test_the_page_shows_texts_as_texts(tmp_path: Path) -> None:
    pairs = [("a&b", EVIL), ("a&b", "a&b")]
    measured = Measured("intent", EVIL, pairs, figures(pairs), [0.9], [0.4])
    stories = [StoryResult("s", "t.yml:1", (EVIL,), 3)]
    page = write_reports(tmp_path, [GOOD, BAD, BROKEN], stories, NLU, [measured])
    text = page.read_text("utf-8")
    found = Texts()
    found.feed(text)
    assert "script" not in found.elements
    assert {"table", "svg", "rect"} <= set(found.elements)
    assert "1 of 3 passed" in text
    assert "0 of 1 passed" in text
    assert "a&amp;b" in text


def test_only_what_was_measured_is_written(tmp_path: Path) -> None:
    write_reports(tmp_path, [GOOD])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["conversation_report.json", "index.html"]
    write_reports(tmp_path / "nothing")
    assert [p.name for p in (tmp_path / "nothing").iterdir()] == ["index.html"]
