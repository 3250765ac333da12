"""Where the refund of a return may go, and which payment method the customer's words mean."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from actions.commerce.model import Address, Order, OrderItem, Payment, PaymentMethod
from actions.services.errors import ServiceError
from actions.services.method_matching import match_methods, names_method
from actions.services.refund_choice import chosen_refund, refund_choices
from tests.assistant.conftest import MARCUS, POLICIES, verified, who

VISA = PaymentMethod(id="card_1", kind="credit_card", brand="visa", last_four="4242")
MASTER = PaymentMethod(id="card_2", kind="credit_card", brand="mastercard", last_four="5454")
PAYPAL = PaymentMethod(id="pp", kind="paypal")
GIFT = PaymentMethod(id="gift_1", kind="gift_card", balance=Decimal("20.00"))
OTHER_GIFT = PaymentMethod(id="gift_2", kind="gift_card", balance=Decimal("7.50"))
ALL = [VISA, MASTER, PAYPAL, GIFT]


def paid_by(method: PaymentMethod) -> Order:
    item = OrderItem(id="X-1", product_id="p", variant_id="v", name="Rug", price=Decimal("50.00"))
    return Order(
        number="X",
        customer_id="c",
        status="delivered",
        items=(item,),
        address=Address(line1="1 Elm St", city="Troy", state="NY", postcode="12180"),
        payments=(Payment(kind="payment", amount=Decimal("50.00"), method_id=method.id),),
    )


def allowing(*choices: str) -> object:
    refunds = dataclasses.replace(POLICIES.refunds, choices=choices)
    return dataclasses.replace(POLICIES, refunds=refunds)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the visa please", [VISA]),
        ("card ending in 5454", [MASTER]),
        ("my PayPal", [PAYPAL]),
        ("put it on the gift card", [GIFT]),
        ("my credit card", [VISA, MASTER]),
        ("the American Express one", []),
        ("the blue one", []),
    ],
)
def test_methods_by_kind_brand_and_digits(text, found):
    assert match_methods(ALL, text) == found


def test_that_a_method_is_named_is_seen_even_if_the_customer_has_none():
    assert names_method("use my Amex")
    assert not names_method("use the larger one")


@pytest.mark.parametrize(
    ("method", "allowed", "ids"),
    [
        (VISA, ("original_payment",), ["original_payment"]),
        (VISA, ("original_payment", "gift_card"), ["original_payment", "gift_1"]),
        (GIFT, ("original_payment", "gift_card"), ["original_payment"]),  # the same card twice is no choice
        (VISA, ("original_payment", "store_credit"), ["original_payment", "store_credit"]),
    ],
)
def test_the_policies_say_where_a_refund_may_go(method, allowed, ids):
    choices = refund_choices(paid_by(method), ALL, allowing(*allowed))
    assert [choice.id for choice in choices] == ids


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("gift card", "gift_1"),
        ("back to my visa", "original_payment"),
        ("the way I paid", "original_payment"),
        ("to the original payment method", "original_payment"),
        ("to PayPal", None),  # it wasn't paid that way
        ("whatever is faster", None),
    ],
)
def test_the_words_choose_among_what_is_allowed(text, chosen):
    choices = refund_choices(paid_by(VISA), ALL, allowing("original_payment", "gift_card"))
    found = chosen_refund(choices, text)
    assert (found.id if found else None) == chosen


def test_several_gift_cards_are_told_apart_by_their_balance():
    choices = refund_choices(
        paid_by(VISA), [VISA, GIFT, OTHER_GIFT], allowing("original_payment", "gift_card")
    )
    assert [choice.label for choice in choices] == [
        "Visa ending in 4242",
        "gift card with $20.00",
        "gift card with $7.50",
    ]
    assert chosen_refund(choices, "the gift card") is None


def test_a_return_pays_where_the_customer_chose_and_nowhere_else(shop):
    marcus = verified(shop, who(), MARCUS)
    order = shop.orders.find(marcus, MARCUS[1])
    item = shop.returns.returnable(order)[0]
    with pytest.raises(ServiceError, match="can't go to 'card_of_somebody'"):
        shop.returns.start(who(key="a"), marcus, order.number, [item.id], "defective", "card_of_somebody")
    receipt = shop.returns.start(who(key="b"), marcus, order.number, [item.id], "defective", "store_credit")
    assert receipt.method == "store credit"
    after = shop.orders.find(marcus, order.number)
    refunds = [entry for entry in after.payments if entry.return_reference == receipt.reference]
    assert [(entry.method_id, entry.amount) for entry in refunds] == [("store_credit", receipt.refund)]


def test_without_a_choice_it_goes_back_the_way_it_was_paid(shop):
    marcus = verified(shop, who(), MARCUS)
    order = shop.orders.find(marcus, MARCUS[1])
    item = shop.returns.returnable(order)[0]
    quote = shop.returns.quote(order, [item.id], "defective")
    assert quote == shop.returns.quote(order, [item.id], "defective", "original_payment")
