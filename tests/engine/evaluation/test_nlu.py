"""Measures of the NLU, against counting by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import TrainingError
from frontdesk.evaluation.nlu import Guess, NluReport, Score, cross_validate, evaluate, folds, score
from frontdesk.nlu.pipeline import Pipeline


def answering(table: dict[str, str | None], entities: dict[str, tuple[Entity, ...]] | None = None) -> Any:
    def process(texts: Sequence[str]) -> list[Message]:
        return [
            Message(
                t,
                intent=IntentScore(table[t], 0.9) if t in table else None,
                entities=(entities or {}).get(t, ()),
            )
            for t in texts
        ]

    return process


def examples(*pairs: tuple[str, str]) -> list[Example]:
    return [Example(text, intent) for text, intent in pairs]


def test_intents() -> None:
    asked = examples(("a", "greet"), ("b", "greet"), ("c", "bye"), ("d", "bye"), ("e", "thanks"))
    report = evaluate(answering({"a": "greet", "b": "bye", "c": "bye", "d": "nlu_fallback"}), asked)
    assert report.accuracy == 2 / 5
    assert report.confusion == Counter(
        {
            ("greet", "greet"): 1,
            ("greet", "bye"): 1,
            ("bye", "bye"): 1,
            ("bye", "nlu_fallback"): 1,
            ("thanks", "none"): 1,
        }
    )
    assert report.intents == {
        "greet": Score(1.0, 0.5, pytest.approx(2 / 3), 2),  # type: ignore[arg-type]
        "bye": Score(0.5, 0.5, 0.5, 2),
        "thanks": Score(0.0, 0.0, 0.0, 1),
    }
    assert report.macro_f1 == pytest.approx((2 / 3 + 0.5 + 0) / 3)
    assert [g.text for g in report.wrong] == ["b", "d", "e"]


def test_of_a_retrieval_intent_the_base_has_to_be_found() -> None:
    report = evaluate(answering({"a": "faq", "b": "faq"}), examples(("a", "faq/hours"), ("b", "bye")))
    assert [(g.expected, g.found) for g in report.guesses] == [("faq", "faq"), ("bye", "faq")]


def test_entities_are_counted_by_their_exact_place() -> None:
    size, late, color = Entity("size", "XL", 0, 2), Entity("size", "XL", 3, 5), Entity("color", "red", 6, 9)
    asked = [Example("a", "x", (size, color)), Example("b", "x", (size,)), Example("c", "x")]
    found = {"a": (size, size, Entity("size", "L", 7, 8)), "b": (late,), "c": (Entity("email", "e", 0, 1),)}
    report = evaluate(answering({}, found), asked)
    assert report.entities["size"] == Score(pytest.approx(1 / 3), 0.5, pytest.approx(0.4), 2)  # type: ignore[arg-type]
    assert report.entities["color"] == Score(0.0, 0.0, 0.0, 1)
    assert "email" not in report.entities, "the examples never annotate it, so nobody can judge it"


def test_entities_found_where_none_are_annotated_count_against_their_kind() -> None:
    size = Entity("size", "XL", 0, 2)
    report = evaluate(
        answering({}, {"a": (size,), "b": (size,)}), [Example("a", "x", (size,)), Example("b", "x")]
    )
    assert report.entities["size"].precision == 0.5
    assert report.entities["size"].recall == 1.0


def test_nothing_to_measure() -> None:
    report = evaluate(answering({}), [])
    assert (report.accuracy, report.macro_f1, report.intents, report.entities) == (0.0, 0.0, {}, {})
    assert NluReport((Guess("a", "x", "x", 1.0),)).accuracy == 1.0


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((0, 0, 0), (0, 0, 0)), ((0, 5, 5), (0, 0, 0)), ((5, 5, 5), (1, 1, 1)), ((1, 2, 4), (0.5, 0.25, 1 / 3))],
)
def test_scores(counts: tuple[int, int, int], expected: tuple[float, float, float]) -> None:
    found = score(*counts)
    assert (found.precision, found.recall, found.f1) == pytest.approx(expected)
    assert found.support == counts[2]


@given(st.lists(st.sampled_from("abcde"), min_size=2, max_size=60), st.integers(2, 10))
def test_folds_hold_each_example_out_once_and_spread_intents_evenly(intents: list[str], count: int) -> None:
    asked = [Example(str(n), intent) for n, intent in enumerate(intents)]
    if count > len(asked):
        with pytest.raises(TrainingError):
            list(folds(asked, count))
        return
    parts = list(folds(asked, count))
    assert len(parts) == count
    assert sorted(e.text for _, held_out in parts for e in held_out) == sorted(e.text for e in asked)
    for learn, held_out in parts:
        assert not {e.text for e in learn} & {e.text for e in held_out}
        assert len(learn) + len(held_out) == len(asked)
    sizes = [len(held_out) for _, held_out in parts]
    assert max(sizes) - min(sizes) <= 1
    for intent in set(intents):
        each = [sum(e.intent == intent for e in held_out) for _, held_out in parts]
        assert max(each) - min(each) <= 1


@pytest.mark.parametrize("count", [-1, 0, 1, 4])
def test_folds_that_cannot_be(count: int) -> None:
    with pytest.raises(TrainingError, match=f"3 examples cannot be divided into {count} folds"):
        list(folds(examples(("a", "x"), ("b", "x"), ("c", "x")), count))


def test_folds_are_the_same_each_time() -> None:
    asked = [Example(str(n), "ab"[n % 2]) for n in range(20)]
    assert [h for _, h in folds(asked, 4)] == [h for _, h in folds(asked, 4)]
    assert [h for _, h in folds(asked, 4)] != [h for _, h in folds(asked, 4, seed=1)]


class Counting:
    """Understands a text as the intent of the example with the same text that it learnt from, else as None."""

    options: dict[str, Any] = {}

    def train(self, nlu: NluExamples, context: TrainContext) -> None:
        self.known = {e.text: e.intent for e in nlu.examples}

    def process(self, messages: Sequence[Message]) -> list[Message]:
        return [m.but(intent=IntentScore(self.known.get(m.text), 1.0)) for m in messages]


def test_cross_validation_never_tests_on_what_was_learnt() -> None:
    nlu = NluExamples(tuple(Example(f"t{n}", "ab"[n % 2]) for n in range(10)))
    told: list[str] = []
    report = cross_validate(lambda: Pipeline([Counting()]), nlu, TrainContext(), 5, told.append)  # type: ignore[list-item]
    assert len(report.guesses) == 10
    assert report.accuracy == 0.0
    assert len(told) == 5


def test_the_same_text_in_two_folds_is_judged_in_each() -> None:
    nlu = NluExamples(
        (Example("yes", "affirm"), Example("yes", "agree"), Example("no", "deny"), Example("bye", "bye"))
    )
    report = cross_validate(lambda: Pipeline([Counting()]), nlu, TrainContext(), 2, lambda _: None)  # type: ignore[list-item]
    parts = {
        e.intent: n
        for n, (_, held_out) in enumerate(folds(nlu.examples, 2))
        for e in held_out
        if e.text == "yes"
    }
    assert len(set(parts.values())) == 2, "else this tests nothing"
    assert {(g.expected, g.found) for g in report.guesses if g.text == "yes"} == {
        ("affirm", "agree"), ("agree", "affirm"),
    }  # fmt: skip
