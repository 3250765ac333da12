"""Cancelling: nothing without identity, policy and a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.cancel_order import (
    ActionAskCancelConfirmed,
    ActionAskCancelNumber,
    ActionAskCancelReason,
    ActionSubmitCancel,
    ValidateCancelForm,
)
from actions.flows.cancel_words import reason_of
from actions.flows.turn import Said
from actions.services.container import Services
from tests.assistant.conftest import MARCUS, verified, who
from tests.assistant.flows.talking import DOMAIN, Talk

FORM = "cancel_form"
GRACE = ("grace.okafor@example.com", "L204991", "30307")


@pytest.fixture
def grace(scratch_shop: Services) -> Services:
    verified(scratch_shop, who(key="k"), GRACE)
    return scratch_shop


def confirming(**slots: object) -> Talk:
    known = {"cancel_number": "L204991", "cancel_reason": "too_slow", "wish": "cancel_order"}
    return Talk().within(FORM, "cancel_confirmed").set(**(known | slots))


def answer(talk: Talk, text: str, intent: str, **entities: str) -> Talk:
    talk.hear(text, intent, **entities)
    talk.run(ValidateCancelForm(), cancel_confirmed={"affirm": True, "deny": False}.get(intent))
    return talk


def status(shop: Services) -> str:
    customer = shop.commerce.customer_by_email(GRACE[0])
    assert customer is not None
    order = shop.orders.find(customer, "L204991")
    assert order is not None
    return order.status


def test_that_words_fill_order_and_reason(grace):
    talk = Talk().within(FORM).hear("cancel L204991, I ordered it by mistake", "cancel_order")
    talk.run(ValidateCancelForm())
    assert (talk.slots["cancel_number"], talk.slots["cancel_reason"]) == ("L204991", "ordered_by_mistake")
    assert talk.slots["requested_slot"] == "cancel_confirmed"


def test_that_the_only_order_that_can_be_canceled_is_taken(grace):
    talk = Talk().within(FORM).hear("cancel my order", "cancel_order")
    talk.run(ValidateCancelForm())
    assert (talk.slots["cancel_number"], talk.slots["requested_slot"]) == ("L204991", "cancel_reason")


def test_that_the_questions_offer_what_is_possible(grace):
    talk = Talk().within(FORM, "cancel_reason").hear("x").set(cancel_number="L204991")
    talk.run(ActionAskCancelReason())
    assert len(talk.told("utter_ask_cancel_reason")["buttons"]) == len(grace.cancellations.reasons)
    talk.run(ActionAskCancelNumber())
    assert talk.responses() == ["utter_only_possible_order"]


def test_that_the_summary_says_what_holds(grace):
    talk = confirming().hear("x")
    talk.run(ActionAskCancelConfirmed())
    told = talk.told("utter_cancel_summary")
    assert (told["chosen_order"], told["reason_text"]) == ("L204991", "it takes too long")
    assert told["refund"].startswith("$")
    assert status(grace) == "pending"


def test_that_a_plain_yes_cancels_once(grace):
    talk = answer(confirming(), "yes", "affirm")
    assert talk.slots["cancel_confirmed"] is True
    talk.run(ActionSubmitCancel())
    assert talk.responses() == ["utter_cancel_done"]
    assert status(grace) == "cancelled"
    assert (talk.slots["cancel_number"], talk.slots["last_order"]) == (None, "L204991")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("yes but wait", "affirm"),
        ("hmm", "affirm"),
        ("?", "affirm"),
        ("how long does it take", "ask_question"),
    ],
)
def test_that_anything_less_than_a_plain_yes_cancels_nothing(grace, text, intent):
    talk = answer(confirming(), text, intent)
    assert talk.slots["cancel_confirmed"] is None
    assert status(grace) == "pending"


@pytest.mark.parametrize(
    ("text", "agreed"),
    [
        ("ok yes cancel it", True),
        ("Cancel it please!", True),
        ("yes, cancel order L204991", True),
        ("cancel", True),
        ("cancel it but keep the lamp", None),
        ("don't cancel it", None),
        ("can you cancel it?", None),
        ("cancel my account", None),
        ("maybe cancel it", None),
    ],
)
def test_that_cancel_it_is_a_yes_and_nothing_more_is(grace, text, agreed):
    talk = answer(confirming(), text, "cancel_order")
    assert talk.slots["cancel_confirmed"] is agreed
    assert status(grace) == "pending"


def test_that_cancel_it_counts_only_after_the_summary(grace):
    talk = Talk().within(FORM, "cancel_reason").set(cancel_number="L204991", wish="cancel_order")
    talk.hear("yes cancel it", "cancel_order").run(ValidateCancelForm())
    assert talk.slots["cancel_confirmed"] is None


def test_that_a_no_keeps_the_order(grace):
    talk = answer(confirming(), "no, keep it", "deny")
    assert talk.slots["cancel_confirmed"] is False
    talk.run(ActionSubmitCancel())
    assert talk.responses() == ["utter_cancel_kept"]
    assert status(grace) == "pending"


def test_that_a_yes_to_another_order_is_asked_for_anew(grace):
    talk = answer(confirming(), "yes, I mean L204735", "affirm", order_number="L204735")
    assert (talk.slots["cancel_number"], talk.slots["cancel_confirmed"]) == ("L204735", None)
    talk.run(ActionSubmitCancel())
    assert talk.responses() == ["utter_cancel_dispatched"]
    assert status(grace) == "pending"


def test_that_a_button_cannot_confirm_for_a_stranger(scratch_shop):
    talk = confirming(cancel_confirmed=True).hear("/affirm", "affirm")
    talk.run(ActionSubmitCancel())
    assert "utter_cancel_done" not in talk.responses()
    assert status(scratch_shop) == "pending"


def test_that_nobody_elses_order_is_canceled(scratch_shop):
    verified(scratch_shop, who(key="k"), MARCUS)
    talk = confirming(cancel_confirmed=True).hear("/affirm", "affirm")
    talk.run(ActionSubmitCancel())
    assert "utter_cancel_done" not in talk.responses()
    assert status(scratch_shop) == "pending"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("I don't need it anymore", "no_longer_needed"),
        ("bought it twice by accident", "ordered_by_mistake"),
        ("it takes too long", "too_slow"),
        ("found it cheaper somewhere else", "found_elsewhere"),
        ("it was not by mistake", None),
        ("no", None),
    ],
)
def test_that_reasons_are_found_in_own_words(scratch_shop, words, reason):
    assert reason_of(Said(words)) == reason


def test_that_every_rule_has_its_words(scratch_shop):
    for rule in scratch_shop.policies.cancellations.rules:
        assert f"utter_cancel_{rule}" in DOMAIN["responses"]


def reasoning() -> Talk:
    return Talk().within(FORM, "cancel_reason").set(cancel_number="L204991", wish="cancel_order")


@pytest.mark.parametrize(
    ("text", "intent", "reason"),
    [
        ("my cat ate the invoice", "inform", "other"),
        ("another reason", "inform", "other"),
        ("none of your business", "insult", "other"),
        ("BECAUSE YOU ARE TOO SLOW", "insult", "too_slow"),
        ("I ordered the wrong one", "inform", "ordered_by_mistake"),
        ("no", "deny", None),
        ("yes", "affirm", None),
        ("hmm let me think about it", "inform", None),
        ("why do you ask me that?", "nlu_fallback", None),
    ],
)
def test_that_own_words_are_a_reason_and_a_bare_answer_is_none(grace, text, intent, reason):
    talk = reasoning().hear(text, intent)
    talk.run(ValidateCancelForm())
    assert talk.slots.get("cancel_reason") == reason


def test_that_where_another_order_is_changes_nothing(grace):
    talk = reasoning().hear("wait, where is L204735?", "order_status", order_number="L204735")
    talk.run(ValidateCancelForm())
    assert talk.slots["cancel_number"] == "L204991"


def test_that_the_one_that_was_described_is_taken_instead(grace):
    talk = reasoning().hear("the hammock one", "inform")
    talk.run(ValidateCancelForm())
    assert talk.slots["cancel_number"] == "L204206"
    talk.run(ActionSubmitCancel())
    assert talk.responses() == ["utter_cancel_delivered"]


def test_that_no_other_order_can_be_canceled_is_said(grace):
    talk = answer(confirming(), "no, the other one", "correct")
    assert talk.responses() == ["utter_cancel_only_one"]
    assert talk.slots["cancel_number"] == "L204991"


def test_that_a_cancellation_is_final(grace):
    talk = answer(confirming(), "yes", "affirm")
    talk.run(ActionSubmitCancel())
    talk.set(wish_words="can you undo that?").within(FORM).hear("can you undo that?", "cancel_order")
    talk.run(ValidateCancelForm())
    talk.run(ActionSubmitCancel())
    assert talk.responses()[-1] == "utter_cancel_final"
