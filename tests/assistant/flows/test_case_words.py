"""What went wrong, in the words of customers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actions.flows.case_words import amount_in, issue_of, issues, remedy_cues, remedy_of, says_only
from actions.flows.turn import Said
from actions.services.case_policy import CANCEL, GIVEN, ISSUES, RETURN


@pytest.mark.parametrize(
    ("text", "wish", "issue"),
    [
        ("my order is late", "delivery_problem", "late"),
        ("the parcel never came", "delivery_problem", "late"),
        ("the tracking says delivered but there's nothing", "delivery_problem", "not_received"),
        ("the vase came in pieces", "delivery_problem", "damaged"),
        ("you sent the wrong color", "delivery_problem", "wrong_item"),
        ("one mug wasn't in the box", "delivery_problem", "missing_item"),
        ("when do I get my money", "request_refund", "refund_status"),
        ("it's cheaper now", "request_refund", "price_drop"),
        ("you charged me twice", "billing_dispute", "charged_twice"),
        ("I was charged although I canceled", "billing_dispute", "canceled_charged"),
        ("I don't recognise this", "billing_dispute", "unknown_charge"),
        ("you overcharged me", "billing_dispute", "amount_wrong"),
        ("it was not damaged", "delivery_problem", None),
        ("hello", "request_refund", None),
        ("i want my money back", "request_refund", None),
    ],
)  # fmt: skip
def test_that_words_tell_what_went_wrong(text, wish, issue):
    assert issue_of(Said(text), wish) == issue


def test_that_a_button_tells_it_too():
    pressed = Said("late", "inform", 1.0, ({"entity": "case_issue", "value": "late"},), True)
    assert issue_of(pressed, "request_refund") == "late"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("send a new one please", "replacement"),
        ("I want my money back", "refund"),
        ("i'd rather send it back", "return"),
        ("I'll keep it", "goodwill"),
        ("no idea", None),
    ],
)
def test_that_words_choose_a_remedy_that_was_offered(text, kind):
    offered = ["replacement", "refund", "return", "goodwill"]
    assert remedy_of(Said(text), offered) == kind
    assert remedy_of(Said(text), [each for each in offered if each != kind]) is None


def test_that_the_tables_name_what_the_policies_decide():
    assert set(issues()) == set(ISSUES)
    assert {*GIVEN, RETURN, CANCEL} <= set(remedy_cues())


@pytest.mark.parametrize(
    ("text", "amount"),
    [("a charge of $64", "64"), ("31.20 on the 4th", "31.20"), ("$1,204.50", "1204.50"), ("order 204817", None), ("at 3", None)],
)  # fmt: skip
def test_that_an_amount_is_found(text, amount):
    assert amount_in(text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("refund it", True),
        ("ok, just refund it please", True),
        ("refund it to my other card", False),
        ("refund it?", False),
        ("no refund", False),
        ("yes", False),
    ],
)
def test_that_naming_the_remedy_and_nothing_else_is_told_apart(text, only):
    assert says_only(Said(text), "charge") is only
