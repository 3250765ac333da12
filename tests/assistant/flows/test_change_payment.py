"""Another payment method for an order: only one on file, never a number from the chat, and a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.change_payment import (
    ActionAskPaymentConfirmed,
    ActionAskPaymentMethod,
    ActionSubmitPayment,
    ValidatePaymentForm,
)
from actions.services.container import Services
from tests.assistant.conftest import MARCUS, count, verified, who
from tests.assistant.flows.talking import DOMAIN, Talk

FORM = "payment_form"
HUGO = ("hugo.lindgren@example.com", "L204507", "55401")
VISA, MASTERCARD, GIFT = "c10041_card_1", "c10041_card_2", "c10041_gift_card_3"


@pytest.fixture
def hugo(scratch_shop: Services) -> Services:
    verified(scratch_shop, who(key="k"), HUGO)
    return scratch_shop


def asking(text: str, intent: str = "inform") -> Talk:
    talk = Talk().within(FORM, "payment_method").set(payment_order="L204507", wish="change_payment")
    talk.hear(text, intent).run(ValidatePaymentForm())
    return talk


def confirming(**slots: object) -> Talk:
    known = {"payment_order": "L204507", "payment_method": VISA, "wish": "change_payment"}
    return Talk().within(FORM, "payment_confirmed").set(**(known | slots))


def answer(talk: Talk, text: str, intent: str) -> Talk:
    talk.hear(text, intent)
    talk.run(ValidatePaymentForm(), payment_confirmed={"affirm": True, "deny": False}.get(intent))
    return talk


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("the visa", VISA),
        ("the one ending in 3141", VISA),
        ("my gift card", GIFT),  # the other one doesn't cover it
        ("from the mastercard to the visa", VISA),
        ("the mastercard", None),
        ("paypal", None),
        ("the other one", None),  # there are two
        ("4242 4242 4242 4242", None),
        ("I don't know", None),
    ],
)
def test_which_method_is_meant(hugo, text, method):
    assert asking(text).slots.get("payment_method") == method


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("use 4111 1111 1111 1111", "utter_card_number_refused"),
        ("the mastercard", "utter_payment_same_method"),
        ("paypal", "utter_payment_not_on_file"),
        ("I'd like to add a new card", "utter_payment_new_card"),
    ],
)
def test_what_is_said_to_a_method_that_cannot_be_used(hugo, text, response):
    assert response in asking(text).responses()


def test_that_what_is_possible_is_offered_by_its_last_digits(hugo):
    talk = asking("hm")
    talk.run(ActionAskPaymentMethod())
    titles = [button["title"] for button in talk.told("utter_ask_payment_method")["buttons"]]
    assert titles == ["Visa ending in 3141", "gift card with $200.00 on it"]


def test_that_the_summary_says_what_moves(hugo):
    talk = confirming().hear("x")
    talk.run(ActionAskPaymentConfirmed())
    told = talk.told("utter_payment_summary")
    assert (told["method"], told["back_to"]) == ("Visa ending in 3141", "Mastercard ending in 2718")
    assert told["total"].startswith("$")
    assert count(hugo, "payments", order_number="L204507") == 1


def test_that_a_plain_yes_moves_it_once(hugo):
    talk = answer(confirming(), "yes", "affirm")
    talk.run(ActionSubmitPayment())
    assert talk.responses() == ["utter_payment_done"]
    assert count(hugo, "payments", order_number="L204507") == 3
    assert (talk.slots["payment_method"], talk.slots["last_order"]) == (None, "L204507")


@pytest.mark.parametrize(
    ("text", "intent"), [("yes but wait", "affirm"), ("hmm", "affirm"), ("why", "ask_question")]
)
def test_that_less_than_a_plain_yes_moves_nothing(hugo, text, intent):
    assert answer(confirming(), text, intent).slots["payment_confirmed"] is None


@pytest.mark.parametrize(
    ("text", "responses", "method"),
    [
        ("no the other card", ["utter_payment_same_method"], None),  # which pays already
        ("no, use the other one", [], GIFT),
        ("use my other card", ["utter_payment_same_method"], None),
        ("the other gift card", ["utter_payment_balance_short"], None),  # two, one of which can't pay it
    ],
)
def test_that_the_other_one_is_another_than_was_summed_up(hugo, text, responses, method):
    at = GIFT if "gift" in text else VISA
    talk = answer(confirming(payment_method=at), text, "correct")
    assert (talk.responses(), talk.slots["payment_method"]) == (responses, method)
    assert talk.slots["payment_confirmed"] is None


def test_that_another_method_is_summed_up_anew(hugo):
    talk = answer(confirming(), "yes, with the gift card", "affirm")
    assert (talk.slots["payment_method"], talk.slots["payment_confirmed"]) == (GIFT, None)
    assert answer(confirming(), "the visa", "inform").slots["payment_method"] == VISA


@pytest.mark.parametrize("text", ["the other one", "no, a different one"])
def test_that_the_other_one_is_a_method_rather_than_an_order(hugo, text):
    talk = answer(confirming(), text, "correct")
    assert (talk.slots["payment_order"], talk.slots["payment_method"]) == ("L204507", GIFT)
    assert asking(text).slots["payment_order"] == "L204507"


def test_that_a_number_that_is_not_theirs_keeps_the_order(hugo):
    talk = answer(confirming(), "no, L999999", "correct")
    assert talk.responses() == ["utter_order_not_found"]
    assert talk.slots["payment_order"] == "L204507"


def test_that_another_order_is_asked_anew_for_its_method(hugo):
    talk = answer(confirming(), "no, for L204512", "correct")
    assert (talk.slots["payment_order"], talk.slots["payment_confirmed"]) == ("L204512", None)


def test_that_a_no_leaves_it(hugo):
    talk = answer(confirming(), "no", "deny")
    talk.run(ActionSubmitPayment())
    assert talk.responses() == ["utter_payment_kept"]


def test_that_slots_alone_move_nothing_for_a_stranger(scratch_shop):
    verified(scratch_shop, who(key="k"), MARCUS)
    talk = confirming(payment_confirmed=True).hear("/affirm", "affirm")
    talk.run(ActionSubmitPayment())
    assert "utter_payment_done" not in talk.responses()
    assert count(scratch_shop, "payments", order_number="L204507") == 1


def test_that_somebody_elses_method_is_refused_by_the_service(hugo):
    talk = confirming(payment_method="c10005_card_1", payment_confirmed=True).hear("/affirm", "affirm")
    talk.run(ActionSubmitPayment())
    assert talk.responses() == ["utter_payment_unknown_method"]


def test_that_every_rule_has_its_words(scratch_shop):
    for rule in scratch_shop.policies.payments.change_rules:
        assert f"utter_payment_{rule}" in DOMAIN["responses"]
