from __future__ import annotations

import dataclasses

import pytest

from frontdesk.core.message import BotMessage, Entity, IntentScore, Message, UserMessage


def test_a_message_is_changed_by_making_another() -> None:
    message = Message("hi", intent=IntentScore("greet", 0.9))
    changed = message.but(entities=(Entity("size", "XL"),), final=True)
    assert (message.entities, message.final) == ((), False)
    assert changed.text == "hi"
    assert changed.intent == IntentScore("greet", 0.9)
    assert changed.final
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.text = "bye"  # type: ignore[misc]
    with pytest.raises(TypeError):
        message.but(texts="a")


def test_nobody_is_authenticated_unless_a_channel_says_so() -> None:
    message = UserMessage("hi", "ann")
    assert message.authenticated is False
    assert message.message_id is None
    assert message.metadata == {}


def test_defaults_are_not_shared() -> None:
    assert UserMessage("a", "x").metadata is not UserMessage("b", "x").metadata
    assert BotMessage().data is not BotMessage().data
