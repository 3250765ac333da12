"""When something went wrong: nothing is given without identity, a rule that allows it, and a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.case_answers import ActionAskCaseConfirmed, ActionAskCaseRemedy, ActionSubmitCase
from actions.flows.cases import ValidateBillingForm, ValidateDeliveryForm, ValidateRefundForm
from actions.flows.replies import ActionClarify
from actions.services.container import Services
from tests.assistant.conftest import count, verified, who
from tests.assistant.flows.talking import Talk, followups

ELENA = ("elena.marsh@example.com", "L204655", "87501")
LOST, LATE, TWICE, OWED = "L203664", "L204118", "L204655", "L204302"


@pytest.fixture
def elena(scratch_shop: Services) -> Services:
    verified(scratch_shop, who(key="k"), ELENA)
    return scratch_shop


def begun(text: str, wish: str, form: str, **slots: object) -> Talk:
    return Talk().within(form).hear(text, wish).set(wish=wish, wish_words=text, **slots)


def confirming(number: str, issue: str, remedy: str, wish: str = "delivery_problem") -> Talk:
    forms = {"delivery_problem": "delivery_form", "billing_dispute": "billing_form"}
    known = {"case_order": number, "case_issue": issue, "case_remedy": remedy, "wish": wish}
    return Talk().within(forms[wish], "case_confirmed").set(**known)


def answer(talk: Talk, text: str, intent: str) -> Talk:
    talk.hear(text, intent)
    form = ValidateBillingForm() if talk.loop == "billing_form" else ValidateDeliveryForm()
    talk.run(form, case_confirmed={"affirm": True, "deny": False}.get(intent))
    return talk


def test_that_words_fill_order_issue_and_remedy(elena):
    talk = begun(f"{LOST} got lost, just send a new one", "delivery_problem", "delivery_form")
    talk.run(ValidateDeliveryForm())
    assert (talk.slots["case_order"], talk.slots["case_issue"]) == (LOST, "late")
    assert (talk.slots["case_remedy"], talk.slots["requested_slot"]) == ("replacement", "case_confirmed")


def test_that_the_open_remedies_are_offered_with_their_amounts(elena):
    talk = Talk().within("delivery_form", "case_remedy").hear("x")
    talk.set(case_order=LOST, case_issue="late", wish="delivery_problem")
    talk.run(ActionAskCaseRemedy())
    assert talk.responses() == ["utter_case_lost", "utter_ask_case_remedy"]
    titles = [button["title"] for button in talk.told("utter_ask_case_remedy")["buttons"]]
    assert titles == ["Send it again", "Refund $94.25"]


def test_that_the_summary_says_what_is_given(elena):
    talk = confirming(LOST, "late", "refund").hear("x")
    talk.run(ActionAskCaseConfirmed())
    told = talk.told("utter_case_sum_money")
    assert (told["refund"], told["method"]) == ("$94.25", "Visa ending in 6620")
    assert count(elena, "remedies") == 0


def test_that_a_plain_yes_gives_it_once(elena):
    talk = answer(confirming(LOST, "late", "refund"), "yes", "affirm")
    talk.run(ActionSubmitCase())
    assert talk.responses() == ["utter_case_done_money"]
    assert count(elena, "remedies", order_number=LOST, kind="refund") == 1
    assert (talk.slots["case_order"], talk.slots["last_order"]) == (None, LOST)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("yes but wait", "affirm"),
        ("hmm", "affirm"),
        ("?", "affirm"),
        ("how long does it take", "ask_question"),
    ],
)
def test_that_anything_less_than_a_plain_yes_gives_nothing(elena, text, intent):
    talk = answer(confirming(LOST, "late", "refund"), text, intent)
    assert talk.slots["case_confirmed"] is None
    assert count(elena, "remedies") == 0


def test_that_the_other_one_is_a_remedy_rather_than_an_order(elena):
    talk = (
        confirming(LOST, "late", "").within("delivery_form", "case_remedy").hear("the other one", "correct")
    )
    talk.run(ValidateDeliveryForm())
    assert talk.slots["case_order"] == LOST
    talk = confirming(LOST, "late", "refund").hear("no, the other order", "correct")
    talk.run(ValidateDeliveryForm())
    assert talk.slots["case_order"] != LOST


@pytest.mark.parametrize(
    ("number", "issue", "remedy"),
    [
        (LATE, "late", "refund"),  # it came
        (TWICE, "late", "refund"),
        (LOST, "damaged", "refund"),
        ("L204393", "late", "refund"),  # somebody else's
    ],
)
def test_that_a_slot_grants_nothing_that_the_data_dont(elena, number, issue, remedy):
    talk = confirming(number, issue, remedy).set(case_confirmed=True).hear("/affirm", "affirm")
    talk.run(ActionSubmitCase())
    assert count(elena, "remedies", kind="refund") == 0
    assert count(elena, "payments", kind="refund", order_number=number) == 0


def test_that_nobody_unknown_is_given_anything(scratch_shop):
    talk = confirming(LOST, "late", "refund").set(case_confirmed=True).hear("yes", "affirm")
    talk.run(ActionSubmitCase())
    assert count(scratch_shop, "remedies") == 0
    assert talk.slots["pending_offer"] == "handoff"


def test_that_a_refund_under_way_is_told_without_a_question(elena):
    talk = begun(f"where is my refund for {OWED}", "request_refund", "refund_form")
    talk.run(ValidateRefundForm())
    assert (talk.slots["case_issue"], talk.slots["requested_slot"]) == ("refund_status", "case_confirmed")


def test_that_what_should_go_back_is_returned(elena):
    talk = Talk().hear("yes").set(case_order=TWICE, case_issue="sent_back", wish="request_refund")
    events = talk.run(ActionSubmitCase())
    assert followups(events) == ["return_form"]
    assert (talk.slots["return_order"], talk.slots["wish"]) == (TWICE, "start_return")


def test_that_a_second_charge_is_explained_with_the_rows(elena):
    talk = confirming(TWICE, "charged_twice", "charge", "billing_dispute").hear("x")
    talk.run(ActionAskCaseConfirmed())
    assert talk.told("utter_case_charged_twice")["charges"].count("$67.78") == 2
    assert talk.told("utter_case_sum_money")["refund"] == "$67.78"


def test_that_a_dispute_is_opened_once(elena):
    talk = confirming(LATE, "unknown_charge", "dispute", "billing_dispute")
    for text in ("yes", "yes please"):
        talk.set(case_order=LATE, case_issue="unknown_charge", case_remedy="dispute", case_confirmed=True)
        talk.set(wish="billing_dispute").hear(text, "affirm").run(ActionSubmitCase())
    assert talk.responses() == ["utter_case_dispute_opened_again"]
    assert (count(elena, "tickets"), count(elena, "payments", order_number=LATE)) == (1, 1)


def test_that_naming_the_remedy_that_was_summed_up_is_a_yes(elena):
    talk = confirming(TWICE, "charged_twice", "charge", "billing_dispute").hear("refund it", "request_refund")
    talk.run(ValidateBillingForm())
    assert talk.slots["case_confirmed"] is True
    talk.set(case_confirmed=None).hear("refund it to my other card", "request_refund")
    talk.run(ValidateBillingForm())
    assert talk.slots["case_confirmed"] is None


@pytest.mark.parametrize(
    ("text", "order"), [("and the one that came late?", None), ("it came late, too", OWED)]
)
def test_that_the_one_that_came_late_is_asked_for_where_it_can_t_be_the_one_before(elena, text, order):
    before = {"last_wish": "billing_dispute", "last_order": OWED}
    talk = begun(text, "delivery_problem", "delivery_form", **before)
    talk.run(ValidateDeliveryForm())
    assert talk.slots["case_order"] == order


def test_that_the_total_of_the_order_at_hand_is_told_to_its_customer_only(elena):
    talk = Talk().hear("whats the total now", "nlu_fallback").set(last_order=TWICE)
    talk.run(ActionClarify())
    order = elena.commerce.order(TWICE)
    told = talk.told("utter_order_total")
    assert (told["order_number"], told["total"]) == (TWICE, f"${order.total}")
    assert told["charges"].count("$") == 2
    stranger = Talk(conversation="web-9").hear("whats the total now", "nlu_fallback").set(last_order=TWICE)
    stranger.run(ActionClarify())
    assert stranger.responses() == ["utter_clarify"]
