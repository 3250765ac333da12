"""Turning from one wish to another: what was under way waits, unless the other one is wanted in its place."""

from __future__ import annotations

import pytest

from actions.flows.opening import ActionAcknowledge
from tests.assistant.flows.talking import Talk


@pytest.mark.parametrize(
    ("words", "intent", "left"),
    [
        ("hmm wait can i change the color instead", "change_order", True),
        ("instead, return the kettle", "start_return", True),
        ("i'd rather send it back", "start_return", True),
        ("can i exchange it instead, please?", "exchange_item", True),
        ("change the lamp to sage instead", "change_order", False),
        ("i'd rather know where my order is", "order_status", False),
        ("where is my other order instead", "order_status", False),
        ("can I return the kettle rather than wait", "start_return", False),
        ("return the kettle instead of the lamp", "start_return", False),
        ("return the kettle", "start_return", False),
    ],
)
def test_that_what_is_under_way_is_left_only_for_something_in_its_place(scratch_shop, words, intent, left):
    talk = Talk().within("cancel_form", "cancel_reason").set(wish="cancel_order", cancel_number="L204507")
    talk.hear(words, intent).run(ActionAcknowledge())
    waiting = [entry["wish"] for entry in talk.slots["wish_queue"] or []]
    assert ("utter_left_out" in talk.responses()) is left
    assert ("cancel_order" in waiting) is not left
