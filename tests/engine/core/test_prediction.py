from __future__ import annotations

import dataclasses

import pytest

from frontdesk.core.events import LoopInterrupted
from frontdesk.core.prediction import Prediction


def test_a_prediction_brings_nothing_unless_it_says_so() -> None:
    made = Prediction("action_listen", 1.0)
    assert (made.events, made.optional_events, made.priority) == ((), (), 1)
    assert not (made.no_user_prediction or made.is_end_to_end or made.hide_rule_turn)


def test_predictions_are_values() -> None:
    made = Prediction("a", 0.5, events=(LoopInterrupted(True),))
    assert made == Prediction("a", 0.5, events=(LoopInterrupted(True),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.confidence = 1.0  # type: ignore[misc]
