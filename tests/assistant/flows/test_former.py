"""A yes belongs to the customer who heard the summary: another one's account and orders stay as they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from rasa_sdk.interfaces import Action

from actions.flows.account import ActionSubmitAccount, ValidateAccountForm
from actions.flows.address_told import ActionSubmitAddress
from actions.flows.cancel_order import ActionSubmitCancel, ValidateCancelForm
from actions.flows.case_answers import ActionSubmitCase
from actions.flows.cases import ValidateDeliveryForm
from actions.flows.change_address import ValidateAddressForm
from actions.flows.change_payment import ActionSubmitPayment, ValidatePaymentForm
from actions.flows.identity import PrivateForm
from actions.flows.promo_code import ActionSubmitPromo, ValidatePromoForm
from actions.flows.return_form import ValidateReturnForm
from actions.flows.start_return import ActionSubmitReturn
from actions.flows.swap_form import ValidateSwapForm
from actions.flows.swap_order import ActionSubmitSwap
from actions.services.container import Services
from tests.assistant.conftest import verified, who
from tests.assistant.flows.talking import Talk

GRACE = ("grace.okafor@example.com", "L204991", "30307")
TESSA = ("tessa.moreau@example.com", "L204995", "80207")
AS_TESSA = "yes, and my e-mail is tessa.moreau@example.com, zip 80207"
ELSEWHERE = {"line1": "12 Elm Street", "city": "Denver", "state": "CO", "postcode": "80203"}

SUMMED_UP = pytest.mark.parametrize(
    ("form", "submit", "slots"),
    [
        (
            ValidateCancelForm(),
            ActionSubmitCancel(),
            {"cancel_number": "L204991", "cancel_reason": "too_slow"},
        ),
        (
            ValidateReturnForm(),
            ActionSubmitReturn(),
            {
                "return_order": "L204206",
                "return_items": ["L204206-1"],
                "return_reason": "changed_mind",
                "return_method": "original",
            },
        ),
        (
            ValidatePromoForm(),
            ActionSubmitPromo(),
            {"promo_order": "L204991", "promo_code": "BRIGHT15", "promo_use": "order"},
        ),
        (
            ValidateSwapForm(),
            ActionSubmitSwap(),
            {
                "swap_order": "L204991",
                "swap_items": ["L204991-1"],
                "swap_changes": {"L204991-1": {"variant": None, "quantity": 2}},
            },
        ),
        (
            ValidatePaymentForm(),
            ActionSubmitPayment(),
            {"payment_order": "L204991", "payment_method": "c10021_card_1"},
        ),
        (
            ValidateAddressForm(),
            ActionSubmitAddress(),
            {"address_order": "L204991", "address_target": "order", "address_new": ELSEWHERE},
        ),
        (
            ValidateAddressForm(),
            ActionSubmitAddress(),
            {"address_target": "profile", "address_new": ELSEWHERE},
        ),
        (
            ValidateDeliveryForm(),
            ActionSubmitCase(),
            {"case_order": "L204735", "case_issue": "late", "case_remedy": "refund"},
        ),
        (
            ValidateAccountForm(),
            ActionSubmitAccount(),
            {"account_topic": "change_name", "account_value": "Grace Adams"},
        ),
    ],
    ids=["cancel", "return", "promo", "swap", "payment", "address", "home", "case", "account"],
)


def confirmed_slot(form: PrivateForm) -> str:
    return next(name for name in form.held if name.endswith("_confirmed"))


def asked(form: PrivateForm, slots: dict[str, Any], **further: Any) -> Talk:
    """The customer has heard the summary."""
    return Talk().within(form.form_name(), confirmed_slot(form)).set(wish=form.wish, **slots, **further)


@SUMMED_UP
def test_that_a_yes_in_the_name_of_another_is_none(
    scratch_shop: Services, form: PrivateForm, submit: Action, slots: dict[str, Any]
) -> None:
    verified(scratch_shop, who(key="k"), GRACE)
    before, talk = scratch_shop.commerce.snapshot(), asked(form, slots)
    talk.hear(AS_TESSA, "affirm").run(form, **{confirmed_slot(form): True})
    assert talk.slots["customer_name"] == "Tessa"
    assert talk.slots[confirmed_slot(form)] is None
    assert not [name for name, value in slots.items() if talk.slots[name] == value and name in form.held[:1]]
    talk.run(submit)
    assert scratch_shop.commerce.snapshot() == before


@SUMMED_UP
def test_that_it_is_none_either_when_the_other_is_known_only_later(
    scratch_shop: Services, form: PrivateForm, submit: Action, slots: dict[str, Any]
) -> None:
    verified(scratch_shop, who(key="k"), GRACE)
    before, talk = scratch_shop.commerce.snapshot(), asked(form, slots)
    talk.hear("yes, my e-mail is tessa.moreau@example.com", "affirm")
    talk.run(form, **{confirmed_slot(form): True})
    talk.hear("80207", "inform").run(form)
    assert talk.slots["customer_name"] == "Tessa"
    assert talk.slots[confirmed_slot(form)] is None
    talk.run(submit)
    assert scratch_shop.commerce.snapshot() == before


@SUMMED_UP
def test_that_a_yes_is_none_where_nobody_is_known_any_more(
    scratch_shop: Services, form: PrivateForm, submit: Action, slots: dict[str, Any]
) -> None:
    talk = asked(form, slots).hear("yes", "affirm")
    talk.run(form, **{confirmed_slot(form): True})
    assert not [name for name in form.held if talk.slots[name] is not None]


@SUMMED_UP
def test_that_a_yes_about_an_order_of_somebody_else_writes_nothing(
    scratch_shop: Services, form: PrivateForm, submit: Action, slots: dict[str, Any]
) -> None:
    verified(scratch_shop, who(key="k"), TESSA)
    if not any(name.endswith(("_order", "_number")) for name in slots):
        slots = {"address_order": "L204991", "address_target": "both", "address_new": ELSEWHERE}
        submit = ActionSubmitAddress()
    before, talk = scratch_shop.commerce.snapshot(), Talk().set(wish=form.wish, **slots)
    talk.set(**dict.fromkeys((confirmed_slot(form), "address_confirmed"), True))
    talk.hear("yes", "affirm").run(submit)
    assert scratch_shop.commerce.snapshot() == before
    assert not [response for response in talk.responses() if "_done" in response]


def test_that_a_confirmation_counts_only_for_who_was_proven_before_it(scratch_shop: Services) -> None:
    verified(scratch_shop, who(key="k"), TESSA)
    before = scratch_shop.commerce.snapshot()
    talk = Talk().set(
        cancel_number=TESSA[1], cancel_reason="too_slow", cancel_confirmed=True, wish="cancel_order"
    )
    talk.hear(AS_TESSA, "affirm")
    talk.events.append({"event": "slot", "name": "identity_proof", "value": TESSA[2]})
    talk.run(ActionSubmitCancel())
    assert talk.responses() == ["utter_stopped"]
    assert scratch_shop.commerce.snapshot() == before


def test_that_the_same_customer_loses_nothing_by_saying_who_they_are(scratch_shop: Services) -> None:
    verified(scratch_shop, who(key="k"), GRACE)
    talk = asked(ValidateCancelForm(), {"cancel_number": "L204991", "cancel_reason": "too_slow"})
    talk.hear("yes, I'm grace.okafor@example.com", "affirm").run(ValidateCancelForm(), cancel_confirmed=True)
    assert (talk.slots["cancel_number"], talk.slots["cancel_confirmed"]) == ("L204991", True)


def test_that_what_stays_with_one_customer_is_not_emptied(
    scratch_shop: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = dataclasses.replace(scratch_shop.policies.identity, one_customer=True)
    monkeypatch.setattr(scratch_shop.identity, "_policy", policy)
    verified(scratch_shop, who(key="k"), GRACE)
    talk = asked(ValidateCancelForm(), {"cancel_number": "L204991", "cancel_reason": "too_slow"})
    talk.hear(AS_TESSA, "affirm").run(ValidateCancelForm(), cancel_confirmed=True)
    assert talk.responses() == ["utter_identity_one_customer"]
    assert talk.slots["cancel_number"] == "L204991"
