"""Comparing pipelines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from frontdesk.core.message import IntentScore, Message
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import TrainingError
from frontdesk.evaluation.comparison import compare_nlu
from frontdesk.evaluation.nlu import Process
from frontdesk.formats.project import read_training

NLU = NluExamples(
    tuple(Example(f"{intent} {n}", intent) for intent in ("a", "b") for n in range(10))
    + (Example("c 1", "c"),)
)


def quiet(_: str) -> None:
    pass


def by_first_word(examples: NluExamples) -> Process:
    def process(texts: Sequence[str]) -> list[Message]:
        return [Message(text, intent=IntentScore(text.partition(" ")[0], 1.0)) for text in texts]

    return process


def always_a(examples: NluExamples) -> Process:
    return lambda texts: [Message(text, intent=IntentScore("a", 1.0)) for text in texts]


def broken(examples: NluExamples) -> Process:
    raise TrainingError("Not so.")


def test_scores_and_files(tmp_path: Path) -> None:
    told: list[str] = []
    configs = {"good": by_first_word, "poor": always_a, "broken": broken}
    found = compare_nlu(tmp_path, configs, NLU, 2, [0, 50], told.append)
    assert found.scores["good"] == [[1.0, 1.0], [1.0, 1.0]]
    assert found.scores["poor"][0][0] == pytest.approx(1 / 3)
    assert found.scores["broken"] == [[0.0, 0.0], [0.0, 0.0]]
    assert any("cannot be trained" in line and "Not so." in line for line in told)
    assert found.counts == (16, 8)
    assert json.loads((tmp_path / "results.json").read_text()) == found.scores
    test = read_training(tmp_path / "run_1" / "test.yml").nlu.examples
    learnt = read_training(tmp_path / "run_1" / "0%_exclusion" / "train" / "train.yml").nlu.examples
    assert {e.text for e in test} & {e.text for e in learnt} == set()
    assert {e.intent for e in (*test, *learnt)} == {"a", "b"}, "an intent with one example cannot be compared"
    assert (tmp_path / "run_2" / "50%_exclusion" / "poor_report" / "intent_errors.json").is_file()


def test_the_same_lots_are_drawn_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        compare_nlu(tmp_path / name, {"x": always_a}, NLU, 1, [0], quiet)
    texts = [(tmp_path / name / "run_1" / "test.yml").read_text() for name in ("one", "two")]
    assert texts[0] == texts[1]


def test_too_few_examples(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="too few examples"):
        compare_nlu(tmp_path, {"x": always_a}, NluExamples(NLU.examples[:10]), 1, [0], quiet)
