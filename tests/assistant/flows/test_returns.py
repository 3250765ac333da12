"""Returns: nothing without identity, policy and a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.return_form import ValidateReturnForm
from actions.flows.start_return import (
    ActionAskReturnConfirmed,
    ActionAskReturnItems,
    ActionAskReturnOrder,
    ActionAskReturnReason,
    ActionSubmitReturn,
)
from actions.services.container import Services
from tests.assistant.conftest import MARCUS, verified, who
from tests.assistant.flows.talking import DOMAIN, Talk

FORM = "return_form"
KETTLE, EARBUDS, BLANKET = "L204393-1", "L204393-2", "L204393-3"


@pytest.fixture
def marcus(scratch_shop: Services) -> Services:
    verified(scratch_shop, who(key="k"), MARCUS)
    return scratch_shop


def confirming(**slots: object) -> Talk:
    """A conversation that was shown the summary."""
    known = {
        "return_order": "L204393",
        "return_items": [KETTLE],
        "return_reason": "defective",
        "wish": "start_return",
    }
    return Talk().within(FORM, "return_confirmed").set(**(known | slots))


def answer(talk: Talk, text: str, intent: str, **entities: str) -> Talk:
    """Answer the summary; the engine fills `return_confirmed` by intent before the form validates."""
    talk.hear(text, intent, **entities)
    talk.run(ValidateReturnForm(), return_confirmed={"affirm": True, "deny": False}[intent])
    return talk


def test_that_words_fill_order_items_and_reason(marcus):
    talk = Talk().within(FORM).hear("I want to return the kettle, it leaks", "start_return")
    talk.run(ValidateReturnForm())
    assert talk.slots["return_order"] == "L204393"
    assert talk.slots["return_items"] == [KETTLE]
    assert talk.slots["return_reason"] == "defective"
    assert talk.slots["requested_slot"] == "return_confirmed"


def test_that_the_questions_offer_what_is_possible(marcus):
    talk = Talk().within(FORM, "return_items").hear("x").set(return_order="L204393")
    talk.run(ActionAskReturnItems())
    assert [button["title"] for button in talk.told("utter_ask_return_items")["buttons"]][-1] == "All of them"
    talk.run(ActionAskReturnReason())
    assert len(talk.told("utter_ask_return_reason")["buttons"]) == len(marcus.policies.returns.reasons)
    talk.run(ActionAskReturnOrder())
    assert talk.responses() == ["utter_only_order"]


@pytest.mark.parametrize(
    ("reason", "response"),
    [("defective", "utter_return_summary_shop_fault"), ("changed_mind", "utter_return_summary_fee")],
)
def test_that_the_summary_says_what_holds(marcus, reason, response):
    talk = confirming(return_reason=reason).hear("x")
    talk.run(ActionAskReturnConfirmed())
    assert talk.responses() == [response]
    told = talk.told(response)
    quote = marcus.returns.quote(marcus.commerce.order("L204393"), [KETTLE], reason)
    assert told["refund"] == f"${quote.refund}"
    assert (told["method"], told["after"]) == (quote.method, f"{quote.business_days} business days")


def test_that_a_plain_yes_is_taken(marcus):
    talk = answer(confirming(), "yes", "affirm")
    assert talk.slots["return_confirmed"] is True
    assert talk.slots["requested_slot"] is None


@pytest.mark.parametrize("words", ["yes but wait", "yes, except the kettle", "yes, the blanket"])
def test_that_a_yes_with_a_but_is_not_a_yes(marcus, words):
    assert answer(confirming(), words, "affirm").slots["return_confirmed"] is None


def test_that_an_unsure_yes_is_not_a_yes(marcus):
    talk = confirming().hear("why", "affirm", confidence=0.4)
    talk.run(ValidateReturnForm(), return_confirmed=True)
    assert talk.slots["return_confirmed"] is None


def test_that_a_yes_to_another_question_is_not_a_yes(marcus):
    talk = confirming().within(FORM, "return_reason")
    assert answer(talk, "yes", "affirm").slots["return_confirmed"] is None


def test_that_a_no_asks_what_to_change(marcus):
    talk = answer(confirming(), "no", "deny")
    assert (talk.slots["return_confirmed"], talk.slots["return_change"]) == (None, True)
    assert talk.slots["requested_slot"] == "return_part"


@pytest.mark.parametrize(
    ("words", "intent", "entities", "changed"),
    [
        ("no, the blanket", "deny", {}, {"return_items": [BLANKET]}),
        ("the earbuds too", "inform", {}, {"return_items": [KETTLE, EARBUDS]}),
        ("items", "correct", {"part": "items"}, {"return_items": None}),
        ("reason", "correct", {"part": "reason"}, {"return_reason": None}),
        ("it just doesn't fit", "inform", {}, {"return_reason": "does_not_fit"}),
    ],
)
def test_that_a_correction_changes_just_that(marcus, words, intent, entities, changed):
    talk = confirming().hear(words, intent, **entities)
    talk.run(ValidateReturnForm())
    for slot, value in changed.items():
        assert talk.slots[slot] == value
    assert talk.slots["return_confirmed"] is None
    kept = {"return_items": [KETTLE], "return_reason": "defective", "return_order": "L204393"} | changed
    assert {name: talk.slots[name] for name in kept} == kept


@pytest.mark.parametrize(
    ("text", "items"), [("both", 2), ("no, both of them please", 2), ("it is too small", 1)]
)
def test_that_all_of_them_is_no_reason_but_more_items(scratch_shop, text, items):
    verified(scratch_shop, who(key="k"), ("grace.okafor@example.com", "L204206", "30307"))
    talk = Talk().within(FORM, "return_reason").set(wish="start_return")
    talk.set(return_order="L204206", return_items=["L204206-1"]).hear(text)
    talk.run(ValidateReturnForm())
    assert len(talk.slots["return_items"]) == items


def test_that_an_order_of_somebody_else_is_not_taken(marcus):
    talk = confirming().hear("no, L204817", "correct", order_number="L204817")
    talk.run(ValidateReturnForm())
    assert "utter_order_not_found" in talk.responses()
    assert talk.slots["return_order"] == "L204393"


def test_that_final_sale_is_explained_and_the_rest_goes_on(scratch_shop):
    verified(scratch_shop, who(key="k"), ("lucia.alvarez@example.com", "L204155", ""))
    talk = Talk().within(FORM).hear("return the cutting board and the french press", "start_return")
    talk.run(ValidateReturnForm())
    assert talk.responses() == ["utter_return_final_sale", "utter_return_keeps_rest"]
    assert talk.slots["return_items"] == ["L204155-2"]


def test_that_everything_names_what_stays(scratch_shop):
    verified(scratch_shop, who(key="k"), ("lucia.alvarez@example.com", "L204155", ""))
    talk = Talk().within(FORM).hear("return everything", "start_return")
    talk.run(ValidateReturnForm())
    assert talk.responses() == ["utter_return_final_sale"]
    assert talk.slots["return_items"] == ["L204155-2"]


def test_that_a_confirmed_return_is_written_once(marcus):
    talk = confirming(return_confirmed=True).hear("yes", "affirm")
    before = len(marcus.commerce.order("L204393").returns)
    talk.run(ActionSubmitReturn())
    assert talk.responses() == ["utter_return_started"]
    assert talk.slots["last_return"] == talk.told("utter_return_started")["reference"]
    assert talk.slots["return_confirmed"] is None
    again = confirming(return_confirmed=True).hear("yes", "affirm")
    again.run(ActionSubmitReturn())
    assert again.told("utter_return_started")["reference"] == talk.slots["last_return"]
    assert len(marcus.commerce.order("L204393").returns) == before + 1


@pytest.mark.parametrize("confirmed", [None, False])
def test_that_nothing_is_written_without_a_yes(marcus, confirmed):
    talk = confirming(return_confirmed=confirmed).hear("hm")
    talk.run(ActionSubmitReturn())
    assert "utter_return_started" not in talk.responses()
    assert not marcus.commerce.order("L204393").returns


def test_that_nobody_else_can_submit(scratch_shop):
    talk = confirming(return_confirmed=True, verified=True).hear("yes", "affirm")
    talk.run(ActionSubmitReturn())
    assert talk.responses() == ["utter_identity_unavailable"]
    assert not scratch_shop.commerce.order("L204393").returns


@pytest.mark.parametrize(
    ("email", "number", "response", "offers"),
    [
        ("priya.natarajan@example.com", "L201853", "utter_return_window_over", True),
        ("anna.bennett@example.com", "L204817", "utter_return_not_delivered", False),
    ],
)
def test_that_a_refusal_is_explained(scratch_shop, email, number, response, offers):
    verified(scratch_shop, who(key="k"), (email, number, ""))
    talk = Talk().within(FORM).hear("x").set(return_order=number, wish_words="return it")
    talk.run(ActionSubmitReturn())
    assert talk.responses()[0] == response
    assert ("utter_offer_ticket" in talk.responses()) is offers


def test_that_a_large_refund_is_put_before_a_person(scratch_shop):
    verified(scratch_shop, who(key="k"), ("daniel.kim@example.com", "L204244", ""))
    slots = {"return_order": "L204244", "return_items": ["L204244-1"], "return_reason": "defective"}
    talk = Talk().within(FORM, "return_confirmed").set(**slots).hear("x")
    talk.run(ActionAskReturnConfirmed())
    assert talk.responses() == ["utter_return_summary_approval"]
    talk.set(return_confirmed=True).hear("yes", "affirm").run(ActionSubmitReturn())
    assert talk.responses() == ["utter_return_waits_for_approval"]
    assert not scratch_shop.commerce.order("L204244").returns
    assert scratch_shop.tickets.find(talk.told("utter_return_waits_for_approval")["ticket"])


def test_that_every_rule_of_the_policy_can_be_explained(scratch_shop):
    assert all(f"utter_return_{rule}" in DOMAIN["responses"] for rule in scratch_shop.policies.returns.rules)
