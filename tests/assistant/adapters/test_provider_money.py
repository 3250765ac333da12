"""The flows with a payment provider: what they charge and pay back happens at Stripe, once, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from actions.adapters.settings import Adapters, StripeSettings
from actions.commerce import schema
from actions.commerce.model import Customer, Order
from actions.services.container import Services
from actions.services.swap_policy import Swap

from ..conftest import POLICIES, Clock, Letters, count, verified, who
from .serving import Told
from .stripe_server import KEY, StripeServer

NUMBER = "L204507"
HUGO = ("hugo.lindgren@example.com", NUMBER, "55401")
VISA, MASTERCARD, GIFT = "c10041_card_1", "c10041_card_2", "c10041_gift_card_3"
DOWN = [Told(503)] * 200


class Books:
    """The shop's books beside Stripe's."""

    def __init__(self, shop: Services, stripe: StripeServer) -> None:
        self.shop, self.stripe = shop, stripe

    def keep(self, customer_id: str, *methods: tuple[str, str]) -> str:
        """Let Stripe keep a customer with cards; return Stripe's id of them."""
        customer, first = self.stripe.card(methods[0][1])
        ids = [first]
        for _, number in methods[1:]:
            _, method = self.stripe.card(number)
            self.stripe.post(f"/v1/payment_methods/{method}/attach", customer=customer)
            ids.append(method)
        with self.shop.database.write() as connection:
            table = schema.customers
            mine = update(table).where(table.c.id == customer_id)
            connection.execute(mine.values(provider_id=customer))
            methods_table = schema.payment_methods
            for (method_id, _), theirs in zip(methods, ids, strict=True):
                own = (methods_table.c.customer_id == customer_id, methods_table.c.id == method_id)
                connection.execute(update(methods_table).where(*own).values(provider_id=theirs))
        return customer

    def paid(self, order: Order, method_id: str, customer: str) -> None:
        """Let Stripe have taken what the shop says was paid by a method."""
        table = schema.payments
        mine = select(table).where(table.c.order_number == order.number, table.c.method_id == method_id)
        provider = self.shop.provider
        assert provider is not None
        method = self.method(order.customer_id, method_id)
        with self.shop.database.write() as connection:
            for row in connection.execute(mine.where(table.c.kind == "payment")).mappings().all():
                charge = provider.charge(
                    f"checkout {row['id']}", row["amount"], order.currency, customer=customer, method=method
                )
                own = update(table).where(table.c.id == row["id"])
                connection.execute(own.values(charge_id=charge.id))

    def method(self, customer_id: str, method_id: str) -> str:
        customer = self.shop.commerce.customer(customer_id)
        assert customer is not None
        return str(next(m.provider_id for m in customer.payment_methods if m.id == method_id))

    def charges(self, customer: str) -> dict[str, Decimal]:
        """What Stripe has taken from a customer and not given back, by charge."""
        found: list[dict[str, Any]] = self.stripe.get("/v1/charges", customer=customer, limit="100")["data"]
        left = {
            entry["id"]: Decimal(entry["amount"] - entry["amount_refunded"]) / 100
            for entry in found
            if entry["status"] == "succeeded"
        }
        return {charge: amount for charge, amount in left.items() if amount}

    def rows(self, number: str = NUMBER) -> list[tuple[str, str, Decimal, str, bool]]:
        table = schema.payments
        query = select(table).where(table.c.order_number == number).order_by(table.c.position)
        with self.shop.database.read() as connection:
            return [
                (r["kind"], r["method_id"], r["amount"], r["status"], r["charge_id"] is not None)
                for r in connection.execute(query).mappings()
            ]


@pytest.fixture()
def shop(
    template: Path, tmp_path: Path, clock: Clock, letters: Letters, stripe_server: StripeServer
) -> Iterator[Services]:
    """The demo shop with payments at Stripe."""
    shutil.copy(template, tmp_path / "shop.db")
    yield from made(f"sqlite:///{tmp_path}/shop.db", clock, letters, stripe_server)


def made(url: str, clock: Clock, letters: Letters, stripe: StripeServer) -> Iterator[Services]:
    settings = StripeSettings(api_key=KEY, url=stripe.url, webhook_secret="whsec_12345678")
    services = Services(
        url, policies=POLICIES, sink=letters, clock=clock, adapters=Adapters(payments=settings)
    )
    yield services
    services.close()


@pytest.fixture()
def books(shop: Services, stripe_server: StripeServer) -> Books:
    return Books(shop, stripe_server)


@pytest.fixture()
def hugo(shop: Services) -> Customer:
    return verified(shop, who(), HUGO)


def order_of(shop: Services, number: str = NUMBER) -> Order:
    order = shop.commerce.order(number)
    assert order is not None
    return order


@pytest.fixture()
def kept(shop: Services, books: Books, hugo: Customer) -> str:
    """Hugo at Stripe, with two good cards; what he paid was taken there."""
    customer = books.keep(hugo.id, (VISA, "4242424242424242"), (MASTERCARD, "5555555555554444"))
    books.paid(order_of(shop), MASTERCARD, customer)
    return customer


def dearer(shop: Services) -> tuple[Swap, ...]:
    """Something of the order that becomes dearer."""
    order = order_of(shop)
    swaps = (Swap(order.items[0].id, None, order.items[0].quantity + 1),)
    assert shop.swaps.quote(order, swaps).difference > 0
    return swaps


def test_another_method_is_charged_and_what_was_paid_goes_back(
    shop: Services, books: Books, hugo: Customer, kept: str
) -> None:
    ((before, amount),) = books.charges(kept).items()
    receipt = shop.payments.change(who(), hugo, NUMBER, VISA)
    assert not receipt.waits
    assert len(books.charges(kept)) == 2  # charged in the turn; the rest follows
    shop.deliver()
    ((after, taken),) = books.charges(kept).items()
    assert (after != before, taken) == (True, amount)
    assert books.rows() == [
        ("payment", MASTERCARD, amount, "settled", True),
        ("payment", VISA, amount, "settled", True),
        ("refund", MASTERCARD, amount, "settled", True),
    ]
    shop.deliver()
    assert books.charges(kept) == {after: amount}
    assert (
        count(shop, "audit", action="payments.charge") == count(shop, "audit", action="payments.repay") == 1
    )
