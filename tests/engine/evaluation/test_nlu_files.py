"""Rasa's report files on the NLU."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.training import Example
from frontdesk.evaluation.nlu import NluReport, evaluate
from frontdesk.evaluation.nlu_files import SELECTOR, Wanted, write_nlu


def chosen(key: str, confidence: float, by: str = "default") -> dict[str, Any]:
    return {SELECTOR: {by: {"response": {"intent_response_key": key, "confidence": confidence}}}}


EXAMPLES = (
    Example("hi", "greet"),
    Example("to Rome", "travel", (Entity("city", "Rome", 3, 7),)),
    Example("what time", "faq/hours"),
    Example("where", "faq/place"),
)
ANSWERS = {
    "hi": Message(
        "hi",
        intent=IntentScore("nlu_fallback", 0.3),
        ranking=(IntentScore("nlu_fallback", 0.3), IntentScore("greet", 0.2)),
    ),
    "to Rome": Message(
        "to Rome",
        intent=IntentScore("faq", 0.9),
        entities=(Entity("city", "Rome", 3, 7, extractor="DIETClassifier", confidence=0.8),),
    ),
    "what time": Message("what time", intent=IntentScore("faq", 1.0), extra=chosen("faq/hours", 0.9)),
    "where": Message("where", intent=IntentScore("faq", 1.0), extra=chosen("faq/hours", 0.6, "faq")),
}


def measured() -> NluReport:
    def process(texts: Sequence[str]) -> list[Message]:
        return [ANSWERS[text] for text in texts]

    return evaluate(process, EXAMPLES, undo_fallback=True)


def read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def test_all_of_them(tmp_path: Path) -> None:
    found = write_nlu(tmp_path, measured(), Wanted(successes=True))
    assert [one.name for one in found] == ["intent", "response_selection", "DIETClassifier"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "DIETClassifier_report.json", "DIETClassifier_successes.json",
        "intent_errors.json", "intent_report.json", "intent_successes.json",
        "response_selection_errors.json", "response_selection_report.json", "response_selection_successes.json",
    ]  # fmt: skip
    report = read(tmp_path / "intent_report.json")
    assert report["travel"]["confused_with"] == {"faq": 1}
    assert report["greet"]["recall"] == 1.0, "what was found before the fallback counts"
    assert read(tmp_path / "intent_errors.json") == [
        {"text": "to Rome", "intent": "travel", "intent_prediction": {"name": "faq", "confidence": 0.9}}
    ]
    assert read(tmp_path / "response_selection_errors.json") == [
        {
            "text": "where",
            "intent_response_key_target": "faq/place",
            "intent_response_key_prediction": {"name": "faq/hours", "confidence": 0.6},
        }
    ]
    [entity] = read(tmp_path / "DIETClassifier_successes.json")
    assert entity["text"] == "to Rome"
    assert entity["predicted_entities"][0]["extractor"] == "DIETClassifier"
    assert read(tmp_path / "DIETClassifier_report.json")["city"]["support"] == 1
    diet = found[-1]
    assert (diet.right, diet.wrong, diet.sure) == ([0.8], [], True)


def test_only_what_is_wanted(tmp_path: Path) -> None:
    write_nlu(tmp_path, measured(), Wanted(errors=False))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "DIETClassifier_report.json", "intent_report.json", "response_selection_report.json",
    ]  # fmt: skip


def test_one_intent_alone_is_not_judged(tmp_path: Path) -> None:
    report = evaluate(lambda texts: [ANSWERS[t] for t in texts], EXAMPLES[:1])
    assert write_nlu(tmp_path, report, Wanted()) == []
