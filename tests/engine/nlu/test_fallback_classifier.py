from __future__ import annotations

import pytest

from frontdesk.core.message import IntentScore, Message
from frontdesk.errors import ConfigError
from frontdesk.nlu.fallback_classifier import FallbackClassifier


def message(*scores: float) -> Message:
    ranking = tuple(IntentScore(f"i{n}", score) for n, score in enumerate(scores))
    return Message("x", intent=ranking[0] if ranking else None, ranking=ranking)


@pytest.mark.parametrize(
    ("scores", "falls"),
    [
        ((0.9, 0.1), False),
        ((0.29, 0.01), True),
        ((0.3, 0.1), False),
        ((0.5, 0.45), True),
        ((0.5, 0.3), False),
        ((), True),
        ((0.8,), False),
    ],
)
def test_uncertain_intents_fall_back(scores: tuple[float, ...], falls: bool) -> None:
    before = message(*scores)
    [after] = FallbackClassifier().process([before])
    if not falls:
        assert after == before
    else:
        assert after.intent == IntentScore("nlu_fallback", 0.3)
        assert after.ranking == (IntentScore("nlu_fallback", 0.3), *before.ranking)


def test_thresholds_are_options() -> None:
    classifier = FallbackClassifier({"threshold": 0.7, "ambiguity_threshold": 0.0})
    assert classifier.process([message(0.69, 0.1)])[0].intent == IntentScore("nlu_fallback", 0.7)
    assert classifier.process([message(0.8, 0.79)])[0].intent == IntentScore("i0", 0.8)
    with pytest.raises(ConfigError, match="threshold"):
        FallbackClassifier({"threshold": 2})


def test_payloads_are_certain() -> None:
    final = Message("/greet@0.1", intent=IntentScore("greet", 0.1), final=True)
    assert FallbackClassifier().process([final]) == [final]
