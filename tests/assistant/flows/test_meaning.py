"""What only shows from what went before: a cancellation taken up again, and one that isn't."""

from __future__ import annotations

import pytest

from actions.flows.meaning import CANCELS, goes_on
from tests.assistant.flows.talking import Talk


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("actually do cancel", "cancel_order"),
        ("cancel it after all", "cancel_order"),
        ("please don't cancel it", None),
        ("please don\N{RIGHT SINGLE QUOTATION MARK}t cancel it", None),
        ("why did you cancel it", None),
        ("but cancel what", None),
        ("i never said cancel it", None),
    ],
)
def test_that_a_cancellation_is_taken_up_again_only_by_who_wants_it(words, wish):
    talk = Talk().set(last_wish="cancel_order").hear(words, "inform")
    assert goes_on(talk.tracker("x")) == wish


@pytest.mark.parametrize("words", ["cancel it", "no, cancel it please!", "ok cancel that, pls."])
def test_that_a_call_is_called_off_by_few_words(words):
    assert CANCELS.fullmatch(words)
    assert not CANCELS.fullmatch(f"{words} the blanket")
