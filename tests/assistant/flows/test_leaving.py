"""Giving up one thing: the form that is under way, or something else that was named with it."""

from __future__ import annotations

import pytest
from rasa_sdk import Action
from rasa_sdk.executor import CollectingDispatcher

from actions.flows.change_payment import ActionSubmitPayment, ValidatePaymentForm
from actions.flows.leaving import given_up, gives_up_another, gives_up_this
from actions.flows.replies import ActionClarify, ActionInform, hint
from actions.flows.talk import ActionStop
from actions.services.container import Services
from tests.assistant.conftest import verified, who
from tests.assistant.flows.talking import Talk, followups

HUGO = ("hugo.lindgren@example.com", "L204507", "55401")
VISA = "c10041_card_1"


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("forget the address", {"change_address"}),
        ("no wait, forget about the address change", {"change_address"}),
        ("Never mind the payment", {"change_payment"}),
        ("skip the exchange please", {"exchange_item"}),
        ("ok scrap my return", {"start_return"}),
        ("forget the address, send it to 12 Oak Street", set()),  # says something else, too
        ("forget the lamp", set()),
        ("I can't forget the address", set()),
        ("forget it", set()),
        ("", set()),
    ],
)
def test_what_is_given_up(text: str, wishes: set[str]) -> None:
    assert given_up(text) == wishes


def summed_up(text: str, intent: str) -> Talk:
    known = {"wish": "change_payment", "payment_order": HUGO[1], "payment_method": VISA}
    return Talk().within("payment_form", "payment_confirmed").set(**known).hear(text, intent)


@pytest.mark.parametrize("intent", ["change_payment", "nlu_fallback", "inform"])
def test_giving_up_what_is_under_way_is_a_no(scratch_shop: Services, intent: str) -> None:
    verified(scratch_shop, who(key="k"), HUGO)
    talk = summed_up("ugh, forget the payment", intent)
    assert gives_up_this(talk.tracker("x"))
    talk.run(ValidatePaymentForm())
    assert (talk.slots["payment_confirmed"], talk.slots["requested_slot"]) == (False, None)
    talk.run(ActionSubmitPayment())
    assert talk.responses() == ["utter_payment_kept"]


@pytest.mark.parametrize(
    ("intent", "action"), [("stop", ActionStop), ("inform", ActionInform), ("nlu_fallback", ActionClarify)]
)
def test_giving_up_something_else_leaves_the_form_alone(intent: str, action: type[Action]) -> None:
    talk = summed_up("no wait, forget the address", intent)
    waiting = [{"wish": "change_address", "words": "x"}, {"wish": "request_quote", "words": "y"}]
    talk.set(wish_queue=waiting, next_wish="change_address")
    assert gives_up_another(talk.tracker("x")) == "change_address"
    talk.run(action())
    assert talk.responses() == ["utter_left_out"]
    assert (talk.loop, followups(talk.events)) == ("payment_form", ["payment_form"])
    assert (talk.slots["wish_queue"], talk.slots["next_wish"]) == ([waiting[1]], "request_quote")


def test_a_question_about_the_amount_is_no_failed_yes() -> None:
    dispatcher = CollectingDispatcher()
    assert hint(dispatcher, summed_up("whats the total now", "nlu_fallback").tracker("x")) == []
    assert dispatcher.messages == []  # the summary comes next
    assert hint(dispatcher, summed_up("hm", "nlu_fallback").tracker("x")) == []
    assert [said["response"] for said in dispatcher.messages] == ["utter_hint_payment_confirmed"]
