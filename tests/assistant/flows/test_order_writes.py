"""What flows that change an order share: which answers to a summary count, and what is emptied."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from rasa_sdk.executor import CollectingDispatcher

from actions.flows.address_told import ActionSubmitAddress
from actions.flows.cancel_order import FLOW, ActionSubmitCancel, ValidateCancelForm
from actions.flows.change_address import ValidateAddressForm
from actions.flows.change_payment import ActionAskPaymentOrder, ActionSubmitPayment, ValidatePaymentForm
from actions.flows.choice import OTHER_ORDER
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import SubmitOrderWrite
from actions.flows.turn import message
from actions.services.container import Services
from tests.assistant.conftest import MARCUS, Clock, count, verified, who
from tests.assistant.flows.talking import DOMAIN, Talk

KNOWN = {"cancel_number": "L204991", "cancel_reason": "other"}


def answered(talk: Talk, value: object) -> bool | None:
    tracker = talk.tracker("validate_cancel_form")
    return FLOW.answered(value, message(tracker), tracker)


def asked(slot: str = "cancel_confirmed") -> Talk:
    return Talk().within("cancel_form", slot).set(**KNOWN)


@pytest.mark.parametrize(
    ("text", "value", "answer"),
    [("yes please", True, True), ("no", False, False), ("yes, but wait", True, None), ("hm", None, None)],
)
def test_that_only_a_plain_answer_counts(text: str, value: bool | None, answer: bool | None) -> None:
    intent = {True: "affirm", False: "deny"}.get(value, "inform")
    assert answered(asked().hear(text, intent), value) is answer


def test_that_a_yes_to_another_question_is_none() -> None:
    assert answered(asked("cancel_reason").hear("yes", "affirm"), True) is None


def test_that_a_yes_with_something_new_is_none() -> None:
    talk = asked().hear("yes", "affirm")
    talk.events.append({"event": "slot", "name": "cancel_reason", "value": "too_slow"})
    assert answered(talk, True) is None


def test_that_the_form_is_emptied_as_a_whole() -> None:
    emptied = {event["name"]: event["value"] for event in FLOW.emptied()}
    assert emptied == {"cancel_number": None, "cancel_reason": None, "cancel_confirmed": None}


def test_that_the_level_of_the_wish_counts_after_the_form_has_ended(
    scratch_shop: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = dataclasses.replace(
        scratch_shop.policies.identity,
        levels={"low": ("email",), "high": ("email_order",)},
        needs={"anything": "high", "cancel_order": "low"},
    )
    monkeypatch.setattr(scratch_shop.identity, "_policy", policy)
    done = scratch_shop.identity.verify(who(), "grace.okafor@example.com", action="cancel_order")
    assert done.status == "verified"
    talk = Talk().set(**KNOWN, cancel_confirmed=True, wish="cancel_order").hear("yes", "affirm")
    talk.run(ActionSubmitCancel())
    assert talk.responses() == ["utter_cancel_done"]
    assert count(scratch_shop, "orders", number="L204991", status="cancelled") == 1


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("the other one", False),
        ("a different one", False),
        ("the other order", True),
        ("not this order", True),
        ("the other card for this order", False),
        ("another purchase", True),
    ],
)
def test_when_the_other_one_is_an_order(text: str, order: bool) -> None:
    assert bool(OTHER_ORDER.search(text)) is order


def test_that_a_list_is_never_narrowed_to_one_order(scratch_shop: Services) -> None:
    text = "the kettle or the blanket"  # the blanket has arrived: of the two orders one can be paid otherwise
    verified(scratch_shop, who(key="k"), ("hugo.lindgren@example.com", "L204507", "55401"))
    talk, dispatcher = Talk().within("payment_form", "payment_order").hear(text), CollectingDispatcher()
    tracker = talk.tracker(ActionAskPaymentOrder().name())
    asyncio.run(ActionAskPaymentOrder().run(dispatcher, tracker, DOMAIN))
    buttons = dispatcher.messages[0]["buttons"]
    assert [button["title"][:7] for button in buttons] == ["L204507", "L204512"]


NOTHING_OPEN = pytest.mark.parametrize(
    ("form", "submit", "further"),
    [
        (ValidateCancelForm(), ActionSubmitCancel(), {}),
        (ValidateAddressForm(), ActionSubmitAddress(), {"address_target": "order"}),
        (ValidatePaymentForm(), ActionSubmitPayment(), {}),
    ],
)


def late(shop: Services, clock: Clock, form: OrderForm, number: str, further: dict[str, str]) -> Talk:
    """Somebody names an order when it can be with none of theirs any more."""
    clock.forward(days=200)
    verified(shop, who(key="k"), MARCUS)
    talk = Talk().within(form.form_name()).hear(f"for {number} please", form.wish, order_number=number)
    talk.set(order_number=number, **further).run(form)
    assert talk.slots["requested_slot"] is None
    return talk


@NOTHING_OPEN
def test_that_a_foreign_number_is_told_once_also_where_no_order_is_possible(
    scratch_shop: Services,
    clock: Clock,
    form: OrderForm,
    submit: SubmitOrderWrite,
    further: dict[str, str],
) -> None:
    talk = late(scratch_shop, clock, form, "L204817", further)
    assert talk.responses() == ["utter_order_not_found"]
    talk.run(submit)
    assert talk.responses() == []  # nothing of another order of theirs
    assert talk.slots["order_number"] is None


@NOTHING_OPEN
def test_that_it_is_told_why_not_with_the_order_that_was_named(
    scratch_shop: Services,
    clock: Clock,
    form: OrderForm,
    submit: SubmitOrderWrite,
    further: dict[str, str],
) -> None:
    talk = late(scratch_shop, clock, form, MARCUS[1], further)
    assert (talk.responses(), talk.slots[form.flow.order_slot]) == ([], MARCUS[1])
    talk.run(submit)
    assert talk.slots["last_order"] == MARCUS[1]
