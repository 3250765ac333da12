"""What is uncomfortable is no emergency; what may be one is answered as one."""

from __future__ import annotations

import pytest
from rasa_sdk.executor import CollectingDispatcher

from actions.flows.discomfort import tell_sore
from actions.flows.emergency import ActionEmergency
from actions.flows.replies import ActionClarify
from actions.services.container import Services
from tests.assistant.flows.talking import Talk


@pytest.mark.parametrize(
    ("text", "sore"),
    [
        ("They hurt my ears", True),
        ("my neck is sore from this pillow", True),
        ("the light strains your eyes", True),
        ("it pinches my left foot", True),
        ("my ears really hurt", True),
        ("it hurts that nobody answers", False),
        ("send it back", False),
        ("the head is broken", False),
    ],
)
def test_what_is_uncomfortable(text: str, sore: bool) -> None:
    dispatcher = CollectingDispatcher()
    assert tell_sore(dispatcher, text) is sore
    assert len(dispatcher.messages) == int(sore)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.99])
def test_what_only_sounds_like_an_emergency_is_asked_about(scratch_shop: Services, confidence: float) -> None:
    talk = Talk().hear("the lamp is so bright, it hurts my eyes", "emergency", confidence=confidence)
    talk.run(ActionEmergency())
    assert talk.responses() == ["utter_sore"]
    assert talk.slots["urgent_ticket"] is None


def test_as_the_reason_of_a_return_it_is_an_answer(scratch_shop: Services) -> None:
    talk = Talk().within("return_form", "return_reason").hear("They hurt my ears", "emergency")
    talk.run(ActionEmergency())
    assert (talk.responses(), talk.loop) == ([], "return_form")
    assert talk.slots["return_reason"] == "does_not_fit"


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("a loud bang from the headphones, my ears hurt and I can't hear", {}),
        ("it exploded and hurt my eyes", {"danger": "exploded"}),
        ("my head hurts and I want to die", {"danger": "want to die"}),
        ("it burned and my eyes hurt", {}),
    ],
)
def test_what_may_be_an_injury_stays_an_emergency(
    scratch_shop: Services, text: str, entities: dict[str, str]
) -> None:
    talk = Talk().hear(text, "emergency", **entities)
    talk.run(ActionEmergency())
    assert talk.responses()[0] in ("utter_emergency_product", "utter_emergency_self_harm")
    assert talk.slots["urgent_ticket"]


def test_what_was_not_understood_is_answered_too(scratch_shop: Services) -> None:
    talk = Talk().hear("my earbuds hurt my ears", "nlu_fallback")
    talk.run(ActionClarify())
    assert talk.responses() == ["utter_sore"]
