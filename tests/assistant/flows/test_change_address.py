"""A new address: whose it is, whole or part by part, and nothing without identity and a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.address_told import ActionAskAddressConfirmed, ActionAskAddressNew, ActionSubmitAddress
from actions.flows.address_words import (
    names_address,
    names_one_target,
    opening_parts,
    parts_from,
    target_of,
    without_postcode,
)
from actions.flows.change_address import FLOW, ValidateAddressForm
from actions.flows.replies import told_without_asking
from actions.flows.turn import Said
from actions.flows.wishes import LONGEST_WORDS
from actions.services.container import Services
from tests.assistant.conftest import MARCUS, verified, who
from tests.assistant.flows.talking import DOMAIN, Talk

FORM = "address_form"
HUGO = ("hugo.lindgren@example.com", "L204507", "55401")
NEW = {"line1": "22 Oak Street", "city": "Denver", "state": "CO", "postcode": "80218"}


@pytest.fixture
def hugo(scratch_shop: Services) -> Services:
    verified(scratch_shop, who(key="k"), HUGO)
    return scratch_shop


def begun(text: str) -> Talk:
    talk = Talk().within(FORM).set(wish="change_address", wish_words=text)
    talk.hear(text, "change_address").run(ValidateAddressForm())
    return talk


def confirming(**slots: object) -> Talk:
    known = {
        "address_target": "order",
        "address_order": "L204507",
        "address_new": NEW,
        "wish": "change_address",
    }
    return Talk().within(FORM, "address_confirmed").set(**(known | slots))


def answer(talk: Talk, text: str, intent: str) -> Talk:
    talk.hear(text, intent)
    talk.run(ValidateAddressForm(), address_confirmed={"affirm": True, "deny": False}.get(intent))
    return talk


def where(shop: Services) -> tuple[str, str]:
    customer = shop.commerce.customer_by_email(HUGO[0])
    assert customer is not None
    order = shop.orders.find(customer, "L204507")
    assert order is not None
    return order.address.line1, customer.address.line1


def test_that_one_message_fills_everything(hugo):
    talk = begun("send L204507 to 22 Oak Street, Denver CO 80218")
    assert (talk.slots["address_order"], talk.slots["address_target"]) == ("L204507", "order")
    assert talk.slots["address_new"] == NEW
    assert talk.slots["requested_slot"] == "address_confirmed"


@pytest.mark.parametrize(
    ("known", "text", "then", "asked"),
    [
        ({}, "22 Oak Street", {"line1": "22 Oak Street"}, "utter_ask_address_rest"),
        ({"line1": "22 Oak Street"}, "Denver", {"line1": "22 Oak Street", "city": "Denver"}, "utter_ask_address_state"),
        (
            {"line1": "22 Oak Street", "city": "Denver", "state": "CO"}, "dunno",
            {"line1": "22 Oak Street", "city": "Denver", "state": "CO"}, "utter_ask_address_postcode",
        ),
        ({"city": "Denver", "state": "CO", "postcode": "80218"}, "well", {"city": "Denver", "state": "CO", "postcode": "80218"},
         "utter_ask_address_street"),
    ],
)  # fmt: skip
def test_that_only_what_is_missing_is_asked_for(hugo, known, text, then, asked):
    talk = confirming(address_new=None, address_draft=known or None).within(FORM, "address_new").hear(text)
    talk.run(ValidateAddressForm())
    assert talk.slots["address_draft"] == then
    talk.run(ActionAskAddressNew())
    assert talk.responses() == [asked]


def test_that_the_same_city_is_taken_from_the_present_address(hugo):
    talk = confirming(address_new=None, address_draft={"line1": "22 Oak Street"}).within(FORM, "address_new")
    talk.hear("same city").run(ValidateAddressForm())
    assert talk.slots["address_new"] == {
        "line1": "22 Oak Street", "city": "Minneapolis", "state": "MN", "postcode": "55401",
    }  # fmt: skip


def test_that_the_summary_says_all_of_it_and_writes_nothing(hugo):
    talk = confirming().hear("x")
    talk.run(ActionAskAddressConfirmed())
    told = talk.told("utter_address_summary_order")
    assert told["address"] == "22 Oak Street, Denver, CO 80218"
    assert told["former"].startswith("88 Birch Street, Apt 2")
    assert where(hugo) == ("88 Birch Street", "88 Birch Street")


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("only for order L204991", "order"),
        ("not only for order L204991 but my account too", "both"),
        ("not just the order, the account too", "both"),
        ("just my account", "profile"),
    ],
)
def test_that_not_only_one_of_the_two_is_both(words, target):
    assert target_of(Said(words), open_order=True) == target
    assert names_one_target(Said(words)) is (target != "both")


def test_that_words_kept_for_later_are_bounded_and_hold_no_card(hugo):
    before = f"i moved {'and moved ' * 60}"
    talk = confirming(address_new=None, address_target=None, wish_words=before).within(FORM, "address_target")
    talk.hear("4242 4242 4242 4242\n22 Oak Street\nDenver CO 80218", "inform").run(ValidateAddressForm())
    kept = talk.slots["wish_words"]
    assert len(kept) <= LONGEST_WORDS
    assert kept.startswith("i moved and moved")
    assert kept.endswith("\n[card] 22 Oak Street Denver CO 80218")


def test_that_a_zip_code_of_another_state_is_pointed_out(hugo):
    talk = confirming(address_new={**NEW, "state": "TX"}).hear("x")
    talk.run(ActionAskAddressConfirmed())
    assert talk.responses() == ["utter_address_check", "utter_address_summary_order"]


@pytest.mark.parametrize(
    ("target", "changed"),
    [
        ("order", ("22 Oak Street", "88 Birch Street")),
        ("profile", ("88 Birch Street", "22 Oak Street")),
        ("both", ("22 Oak Street", "22 Oak Street")),
    ],
)
def test_that_a_plain_yes_changes_what_was_named(hugo, target, changed):
    talk = answer(confirming(address_target=target), "yes", "affirm")
    assert talk.slots["address_confirmed"] is True
    talk.run(ActionSubmitAddress())
    assert talk.responses() == [f"utter_address_done_{target}"]
    assert where(hugo) == changed
    assert talk.slots["address_new"] is None


@pytest.mark.parametrize(
    ("text", "intent"),
    [("yes but wait", "affirm"), ("hmm", "affirm"), ("?", "affirm"), ("is it free?", "ask_question")],
)
def test_that_less_than_a_plain_yes_changes_nothing(hugo, text, intent):
    assert answer(confirming(), text, intent).slots["address_confirmed"] is None


def test_that_a_yes_with_a_correction_is_summed_up_again(hugo):
    talk = answer(confirming(), "yes, but the zip is 80219", "affirm")
    assert talk.slots["address_confirmed"] is None
    assert talk.slots["address_new"]["postcode"] == "80219"
    talk = answer(confirming(), "yes, 80219", "affirm")
    assert (talk.slots["address_confirmed"], talk.slots["address_new"]["postcode"]) == (None, "80219")


def test_that_the_first_no_asks_what_is_wrong_and_the_second_leaves_it(hugo):
    talk = answer(confirming(), "no", "deny")
    assert talk.slots["address_doubted"] is True
    talk.run(ActionAskAddressConfirmed())
    assert talk.responses() == ["utter_address_what_instead"]
    answer(talk, "no", "deny")
    assert talk.slots["address_confirmed"] is False
    talk.run(ActionSubmitAddress())
    assert talk.responses() == ["utter_address_kept"]


def test_that_another_target_and_another_order_are_noticed_at_the_summary(hugo):
    assert answer(confirming(), "and my account too", "inform").slots["address_target"] == "both"
    assert answer(confirming(), "no, I meant L204512", "correct").slots["address_order"] == "L204512"


@pytest.mark.parametrize(("number", "rule"), [("L204398", "delivered"), ("L204735", None)])
def test_that_an_order_that_cannot_be_changed_is_explained(hugo, number, rule):
    talk = begun(f"send {number} to 22 Oak Street, Denver CO 80218")
    talk.run(ActionSubmitAddress())
    assert (f"utter_address_{rule}" in talk.responses()) == (rule is not None)
    assert where(hugo)[0] == "88 Birch Street"


def test_that_slots_alone_change_nothing_for_a_stranger(scratch_shop):
    verified(scratch_shop, who(key="k"), MARCUS)
    talk = confirming(address_confirmed=True).hear("/affirm", "affirm")
    talk.run(ActionSubmitAddress())
    assert not {"utter_address_done_order", "utter_address_done_both"} & set(talk.responses())
    assert where(scratch_shop)[0] == "88 Birch Street"


@pytest.mark.parametrize(
    ("words", "open_order", "target"),
    [
        ("change the address of my order", True, "order"),
        ("send it to 22 Oak Street, Denver CO 80218", True, "order"),
        ("update the address in my account", True, "profile"),
        ("my default address", False, "profile"),
        ("change my shipping address", True, "order"),
        ("change my shipping address", False, "profile"),
        ("the order and my account, please", True, "both"),
        ("just the order, not my account", True, "order"),
        ("send my order to my home address", True, "order"),
        ("I moved", True, None),
    ],
)
def test_whose_address_it_is(words, open_order, target):
    assert target_of(Said(words), open_order=open_order) == target


def test_that_a_zip_code_of_an_address_is_no_proof():
    said = Said("send it to 22 Oak Street, Denver CO 80218, my zip is 55401")
    assert names_address(said, None)
    assert without_postcode(said).postcode == "55401"
    assert not names_address(Said("55401"), "identity_proof")


def test_that_an_opening_corrects_or_replaces(hugo):
    customer = hugo.commerce.customer_by_email(HUGO[0])
    assert customer is not None
    fixed = opening_parts("the zip is wrong, it should be 55402", customer.address)
    assert (fixed.line1, fixed.postcode) == ("88 Birch Street", "55402")
    new = opening_parts("I moved to 22 Oak Street", customer.address)
    assert (new.line1, new.city) == ("22 Oak Street", "")
    typo = opening_parts("the house number is 89 Birch Street", customer.address)
    assert (typo.line1, typo.city) == ("89 Birch Street", "Minneapolis")


def test_that_an_address_out_of_the_blue_is_a_wish():
    assert told_without_asking(Said("22 Oak Street, Denver CO 80218")) == "change_address"
    assert told_without_asking(Said("L204507")) is None


def test_that_every_rule_has_its_words(scratch_shop):
    for rule in scratch_shop.policies.shipping.address_rules:
        assert f"utter_address_{rule}" in DOMAIN["responses"]
    assert set(FLOW.told_slots) <= set(DOMAIN["slots"])


def test_that_a_number_that_is_not_theirs_keeps_the_order(hugo):
    talk = answer(confirming(), "no, L999999", "correct")
    assert talk.responses() == ["utter_order_not_found"]
    assert talk.slots["address_order"] == "L204507"


def test_that_the_address_of_the_order_before_can_be_taken_for_another_one(hugo):
    customer = hugo.commerce.customer_by_email(HUGO[0])
    assert customer is not None
    there = parts_from(NEW).address()
    hugo.addresses.change(who(key="a"), customer, there, number="L204512")
    talk = (
        Talk()
        .within(FORM)
        .set(wish="change_address", last_order="L204512", wish_words="same address for L204507")
    )
    talk.hear("same address for L204507", "change_address").run(ValidateAddressForm())
    assert (talk.slots["address_order"], talk.slots["address_new"]) == ("L204507", NEW)


@pytest.mark.parametrize("intent", ["nlu_fallback", "cancel_order", "change_order"])
def test_that_only_the_order_is_an_answer_whatever_it_sounds_like(hugo, intent):
    talk = answer(confirming(address_target="both"), "absolutely not. only for the order", intent)
    assert (talk.slots["address_target"], talk.slots["address_confirmed"]) == ("order", None)
