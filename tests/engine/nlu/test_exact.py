from __future__ import annotations

from frontdesk.core.message import IntentScore
from frontdesk.nlu.exact import ExactExamples

EXACT = ExactExamples.of(
    [("Good morning!", "greet"), ("so long", "bye"), ("ok", "yes"), ("OK", "fine"), ("?", "huh")]
)
RANKING = (IntentScore("bye", 0.6), IntentScore("greet", 0.4))


def test_an_example_comes_first_and_the_sum_stays() -> None:
    ranking = EXACT.sharpened("good morning", RANKING)
    assert [score.name for score in ranking] == ["greet", "bye"]
    assert ranking[0].confidence > 0.9
    assert abs(sum(score.confidence for score in ranking) - 1) < 1e-9


def test_a_label_that_was_cut_off_comes_back() -> None:
    assert [score.name for score in EXACT.sharpened("So long.", (IntentScore("greet", 0.9),))] == ["bye"]


def test_ambiguous_and_other_texts_change_nothing() -> None:
    for text in ("ok", "good evening", "?", ""):
        assert EXACT.sharpened(text, RANKING) == RANKING
    assert EXACT.sharpened("so long", ()) == ()
