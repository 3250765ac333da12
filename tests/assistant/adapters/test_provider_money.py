"""The flows with a payment provider: what they charge and pay back happens at Stripe, once, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from actions.adapters.errors import Rejected
from actions.adapters.http import Rules
from actions.adapters.receiving import take
from actions.adapters.settings import Adapters, StripeSettings
from actions.adapters.stripe_payments import StripePayments
from actions.adapters.webhooks import Notice
from actions.commerce import schema
from actions.commerce.model import Customer, Order
from actions.services.container import Services
from actions.services.disputes import disputes_about
from actions.services.errors import Refused, ServiceError
from actions.services.order_writes import OrderWrite
from actions.services.remedy_policy import Remedy
from actions.services.saga_notes import Content, Step
from actions.services.sagas import Kind
from actions.services.swap_policy import Swap

from ..conftest import MARCUS, POLICIES, Clock, Letters, count, verified, who
from .serving import Local, Told
from .stripe_server import KEY, StripeServer

NUMBER = "L204507"
HUGO = ("hugo.lindgren@example.com", NUMBER, "55401")
ELENA = ("elena.marsh@example.com", "L203664", "87501")
LATE = ("elena.marsh@example.com", "L204118", "87501")
LUIS = ("luis.chang@example.com", "L204961", "28213")
TESSA = ("tessa.moreau@example.com", "L204995", "80207")
VISA, MASTERCARD, GIFT = "c10041_card_1", "c10041_card_2", "c10041_gift_card_3"
RULES = Rules(deadline=60.0, first_wait=0.01, failures=1000)
DOWN: list[Told | None] = [Told(503)] * 200


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

    def stock(self, order: Order) -> dict[str, int]:
        """The stock of everything that an order's products are sold as."""
        table = schema.variants
        query = select(table.c.id, table.c.stock).where(
            table.c.product_id.in_([item.product_id for item in order.items])
        )
        with self.shop.database.read() as connection:
            return {row.id: row.stock or 0 for row in connection.execute(query)}

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
    template: Path, tmp_path: Path, clock: Clock, letters: Letters, stripe_server: StripeServer, quick: None
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
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Don't wait between tries of one call."""
    monkeypatch.setattr(StripePayments.__init__, "__defaults__", (RULES,))


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


def test_a_declined_card_changes_nothing_and_another_method_can_pay(
    shop: Services, books: Books, hugo: Customer, letters: Letters
) -> None:
    customer = books.keep(hugo.id, (VISA, "4242424242424242"), (MASTERCARD, "4000000000000341"))
    before, swaps = order_of(shop), dearer(shop)
    stock = books.stock(before)
    for key in ("k1", "k1", "k2"):
        with pytest.raises(Refused) as refused:
            shop.swaps.swap(who(key=key), hugo, NUMBER, swaps, MASTERCARD)
        assert refused.value.decision.explanation_key == "utter_outside_declined"
    assert order_of(shop) == before
    assert books.stock(before) == stock
    assert books.charges(customer) == {}
    shop.deliver()
    assert {message["Subject"] for message in letters.sent} == {f"Not done: order {NUMBER}"}
    receipt = shop.swaps.swap(who(key="k3"), hugo, NUMBER, swaps, VISA)
    assert list(books.charges(customer).values()) == [receipt.difference]
    assert not receipt.waits
    assert order_of(shop).total - before.total == receipt.difference
    shop.deliver()
    assert letters.sent[-1]["Subject"] == f"Order {NUMBER} is changed"
    assert books.rows()[-1] == ("payment", VISA, receipt.difference, "settled", True)


def test_a_declined_method_moves_nothing_and_gift_cards_get_theirs_back(
    shop: Services, books: Books, hugo: Customer
) -> None:
    books.keep(hugo.id, (VISA, "4000000000000341"))
    shop.payments.change(who(), hugo, NUMBER, GIFT)
    before = order_of(shop), shop.commerce.customer(hugo.id)
    with pytest.raises(Refused):
        shop.payments.change(who(key="k2"), hugo, NUMBER, VISA)
    assert (order_of(shop), shop.commerce.customer(hugo.id)) == before


def test_what_the_provider_does_not_keep_is_not_charged(
    shop: Services, hugo: Customer, stripe_local: Local
) -> None:
    with pytest.raises(Refused) as refused:
        shop.payments.change(who(), hugo, NUMBER, VISA)
    assert refused.value.decision.rule == "outside_unknown_method"
    assert refused.value.decision.needs_approval
    assert stripe_local.asked == []


def test_while_stripe_is_down_the_charge_waits_and_then_happens_once(
    shop: Services,
    books: Books,
    hugo: Customer,
    kept: str,
    stripe_local: Local,
    clock: Clock,
    letters: Letters,
) -> None:
    before, swaps = dict(books.charges(kept)), dearer(shop)
    stripe_local.faults = DOWN.copy()
    receipt = shop.swaps.swap(who(), hugo, NUMBER, swaps, VISA)
    assert receipt.waits
    assert books.rows()[-1][3:] == ("pending", False)
    for _ in range(3):
        shop.deliver()
        clock.forward(minutes=2)
    assert letters.sent == []
    stripe_local.faults = []
    clock.forward(hours=1)
    shop.deliver()
    assert sorted(books.charges(kept).values()) == sorted([*before.values(), receipt.difference])
    assert [message["Subject"] for message in letters.sent] == [f"Order {NUMBER} is changed"]


@pytest.mark.parametrize("where", ["charge", "repay"])
@pytest.mark.parametrize("fault", ["drop", "before", "after"])
def test_a_crash_does_nothing_twice(
    shop: Services,
    books: Books,
    hugo: Customer,
    kept: str,
    stripe_server: StripeServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    fault: str,
) -> None:
    """The process dies between commit and call, or between call and note; Stripe has forgotten keys by then."""
    provider = shop.provider
    assert isinstance(provider, StripePayments)
    method = {"charge": "charge", "repay": "repay"}[where]
    real = getattr(StripePayments, method)
    died: list[bool] = []

    def dying(self: StripePayments, *args: Any, **more: Any) -> Any:
        if not died:
            died.append(True)
            if fault != "before":
                real(self, *args, **more)
            raise Died if fault != "drop" else RuntimeError("the network card is gone")
        return real(self, *args, **more)

    monkeypatch.setattr(StripePayments, method, dying)
    ((_, amount),) = books.charges(kept).items()
    for _ in range(2):
        try:
            shop.payments.change(who(), hugo, NUMBER, VISA)
            shop.deliver()
        except Died:
            stripe_server.keys.clear()
    for _ in range(3):
        clock.forward(hours=1)
        shop.deliver()
    assert died == [True]
    assert list(books.charges(kept).values()) == [amount]
    assert [row[3:] for row in books.rows()] == [("settled", True)] * 3


class Died(BaseException):
    """The process ends here."""


def test_several_couriers_pay_back_once(shop: Services, books: Books, hugo: Customer, kept: str) -> None:
    shop.payments.change(who(), hugo, NUMBER, VISA)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: shop.sagas.deliver(), range(8)))
    assert len(books.charges(kept)) == 1


def test_a_cancellation_pays_back_every_charge(
    shop: Services, books: Books, hugo: Customer, kept: str
) -> None:
    shop.swaps.swap(who(), hugo, NUMBER, dearer(shop), MASTERCARD)  # the same card has paid twice
    assert len(books.charges(kept)) == 2
    receipt = shop.cancellations.cancel(who(key="k2"), hugo, NUMBER, "no_longer_needed")
    shop.deliver()
    assert books.charges(kept) == {}
    refunds = [row for row in books.rows() if row[0] == "refund"]
    assert (sum(row[2] for row in refunds), {row[3] for row in refunds}) == (receipt.refund, {"settled"})
    assert len(refunds) == 2  # one for each charge


def test_what_a_change_makes_cheaper_goes_back(
    shop: Services, books: Books, hugo: Customer, kept: str
) -> None:
    shop.swaps.swap(who(), hugo, NUMBER, dearer(shop), MASTERCARD)
    order = order_of(shop)
    swaps = (Swap(order.items[0].id, None, order.items[0].quantity - 1),)
    receipt = shop.swaps.swap(who(key="k2"), hugo, NUMBER, swaps)
    assert receipt.difference < 0
    for _ in range(2):
        shop.deliver()
    assert sum(books.charges(kept).values()) == order_of(shop).paid - order_of(shop).refunded


def test_without_a_charge_that_is_known_a_person_pays_back(
    shop: Services, hugo: Customer, stripe_local: Local
) -> None:
    shop.cancellations.cancel(who(), hugo, NUMBER, "no_longer_needed")
    shop.deliver()
    (ticket,) = shop.tickets.of(who(), hugo)
    assert ticket.subject == f"To pay back by hand: order {NUMBER}"
    assert ticket.priority == "high"
    assert stripe_local.asked == []


def test_a_charge_that_is_gone_needs_a_person_who_tells_the_customer(
    shop: Services, books: Books, hugo: Customer, letters: Letters
) -> None:
    table = schema.payments
    with shop.database.write() as connection:
        mine = update(table).where(table.c.order_number == NUMBER)
        connection.execute(mine.values(charge_id="ch_gone"))
    shop.cancellations.cancel(who(), hugo, NUMBER, "no_longer_needed")
    for _ in range(2):
        shop.deliver()
    (ticket,) = shop.tickets.of(who(), hugo)
    assert (ticket.priority, ticket.subject) == ("high", f"For a person: order.cancel of order {NUMBER}")
    assert ticket.number in letters.sent[-1].get_content()
    assert order_of(shop).status == "cancelled"
    assert books.rows()[-1][3] == "pending"


def test_a_change_whose_refund_is_refused_stays(shop: Services, letters: Letters) -> None:
    luis, table = verified(shop, who(), LUIS), schema.payments
    with shop.database.write() as connection:
        mine = update(table).where(table.c.order_number == LUIS[1])
        connection.execute(mine.values(charge_id="ch_gone"))
    shop.swaps.swap(who(), luis, LUIS[1], [Swap(f"{LUIS[1]}-3", None, 0)])
    for _ in range(3):
        shop.deliver()
    assert order_of(shop, LUIS[1]).item(f"{LUIS[1]}-3") is None
    (ticket,) = shop.tickets.of(who(), luis)
    assert ticket.priority == "high"
    assert ticket.number in letters.sent[-1].get_content()


class OtherShop:
    """A second system that follows every write, and refuses what it is told to."""

    def __init__(self, shop: Services) -> None:
        self.refuses, self.told = False, list[str]()
        shop.sagas.register("other", "follow", Kind(do=self.follow, undo=self.back))
        shop.sagas.followers.insert(0, self.followed)

    def followed(self, write: OrderWrite) -> None:
        write.undoable = True
        write.later("other", "follow", {"action": write.action})

    def follow(self, step: Step) -> Content:
        if self.refuses:
            raise Rejected("The other shop", 422, "invalid")
        self.told.append(step.content["action"])
        return {}

    def back(self, step: Step) -> None:
        self.told.remove(step.content["action"])


def test_what_another_system_refuses_is_neither_charged_nor_paid_back(
    shop: Services, books: Books, hugo: Customer, kept: str
) -> None:
    other, before, charges = OtherShop(shop), order_of(shop), books.charges(kept)
    other.refuses = True
    with pytest.raises(Refused) as refused:
        shop.swaps.swap(who(), hugo, NUMBER, dearer(shop), VISA)
    assert refused.value.decision.rule == "outside_refused"
    shop.cancellations.cancel(who(key="k2"), hugo, NUMBER, "no_longer_needed")
    for _ in range(3):
        shop.deliver()
    assert (order_of(shop), books.charges(kept)) == (before, charges)
    other.refuses = False
    shop.cancellations.cancel(who(key="k3"), hugo, NUMBER, "no_longer_needed")
    for _ in range(3):
        shop.deliver()
    assert (order_of(shop).status, books.charges(kept), other.told) == ("cancelled", {}, ["order.cancel"])


def test_what_another_system_has_done_is_undone_when_a_payment_is_declined(
    shop: Services, books: Books, hugo: Customer
) -> None:
    books.keep(hugo.id, (VISA, "4000000000000341"))
    other, before = OtherShop(shop), order_of(shop)
    with pytest.raises(Refused):
        shop.swaps.swap(who(), hugo, NUMBER, dearer(shop), VISA)
    assert (other.told, order_of(shop)) == ([], before)


def test_the_new_charge_is_given_back_where_the_old_one_cannot_be(
    shop: Services, books: Books, hugo: Customer, letters: Letters
) -> None:
    customer = books.keep(hugo.id, (VISA, "4242424242424242"))
    table = schema.payments
    with shop.database.write() as connection:
        mine = update(table).where(table.c.order_number == NUMBER)
        connection.execute(mine.values(charge_id="ch_gone"))
    before = order_of(shop)
    receipt = shop.payments.change(who(), hugo, NUMBER, VISA)
    assert list(books.charges(customer).values()) == [receipt.total]
    shop.deliver()
    shop.deliver()
    assert books.charges(customer) == {}
    assert order_of(shop) == before
    (letter,) = letters.sent
    assert letter["Subject"] == f"Not done: order {NUMBER}"


def test_a_repayment_that_takes_its_time_is_settled_when_stripe_says_so(
    shop: Services, books: Books, hugo: Customer, kept: str, stripe_server: StripeServer, clock: Clock
) -> None:
    stripe_server.refund_status = "pending"
    shop.cancellations.cancel(who(), hugo, NUMBER, "no_longer_needed")
    for _ in range(4):
        shop.deliver()
        clock.forward(hours=2)
    assert books.rows()[-1][3] == "pending"
    (repayment,) = stripe_server.refunds
    stripe_server.refunds[repayment] = "succeeded"
    clock.forward(seconds=-7200)  # nobody would ask yet
    assert take(shop, news("refund.updated", repayment, clock))
    shop.deliver()
    assert books.rows()[-1][3] == "settled"
    assert shop.tickets.of(who(), hugo) == []


def test_a_repayment_that_fails_later_is_told_to_a_person(
    shop: Services,
    books: Books,
    hugo: Customer,
    kept: str,
    stripe_server: StripeServer,
    clock: Clock,
    letters: Letters,
) -> None:
    stripe_server.refund_status = "pending"
    shop.cancellations.cancel(who(), hugo, NUMBER, "no_longer_needed")
    shop.deliver()
    shop.deliver()
    (repayment,) = stripe_server.refunds
    stripe_server.refunds[repayment] = "failed"
    assert take(shop, news("refund.failed", repayment, clock))
    for _ in range(3):
        shop.deliver()
    (ticket,) = shop.tickets.of(who(), hugo)
    assert ticket.number in letters.sent[-1].get_content()
    assert count(shop, "tickets") == 1
    assert books.rows()[-1][3] == "pending"


def news(kind: str, repayment: str, clock: Clock) -> Notice:
    content = {"data": {"object": {"object": "refund", "id": repayment}}}
    return Notice(system="Stripe", id=f"evt_{kind}", kind=kind, at=clock.now, content=content)


@pytest.fixture()
def returned(shop: Services, books: Books) -> tuple[Customer, str, str]:
    """Marcus, whose return is under way, and what Stripe calls him."""
    marcus = verified(shop, who(), MARCUS)
    order = order_of(shop, MARCUS[1])
    (method,) = {entry.method_id for entry in order.payments}
    customer = books.keep(marcus.id, (method, "4242424242424242"))
    books.paid(order, method, customer)
    receipt = shop.returns.start(who(), marcus, MARCUS[1], ["L204393-2"], "changed_mind")
    return marcus, customer, receipt.reference


def test_a_return_is_paid_back_when_the_goods_are_here(
    shop: Services, books: Books, returned: tuple[Customer, str, str]
) -> None:
    _, customer, reference = returned
    paid = sum(books.charges(customer).values())
    shop.deliver()
    assert sum(books.charges(customer).values()) == paid
    assert shop.arrivals.note(reference)
    assert not shop.arrivals.note(reference.lower())
    shop.deliver()
    order = order_of(shop, MARCUS[1])
    assert (order.returns[0].status, order.payments[-1].status) == ("received", "settled")
    assert paid - sum(books.charges(customer).values()) == order.returns[0].refund > 0
    with pytest.raises(ServiceError, match="no return or exchange 'R-1'"):
        shop.arrivals.note("R-1")


def exchanged(shop: Services, books: Books, number: str) -> tuple[Customer, str, str]:
    """Marcus with an exchange that costs more, which a card of this number is to pay."""
    marcus = verified(shop, who(), MARCUS)
    order = order_of(shop, MARCUS[1])
    (method,) = {entry.method_id for entry in order.payments}
    customer = books.keep(marcus.id, (method, number))
    receipt = shop.swaps.swap(who(), marcus, MARCUS[1], [Swap("L204393-1", "KI-201-BLACK")])
    table = schema.exchanges
    with shop.database.write() as connection:
        values = {"difference": Decimal("7.50"), "method_id": method}
        connection.execute(update(table).values(**values))
    return marcus, customer, receipt.reference


def test_an_exchange_is_charged_when_the_goods_are_here(shop: Services, books: Books) -> None:
    _, customer, reference = exchanged(shop, books, "4242424242424242")
    shop.deliver()
    assert books.charges(customer) == {}
    shop.arrivals.note(reference)
    assert order_of(shop, MARCUS[1]).exchanges[0].status == "requested"  # until it is paid
    assert not shop.arrivals.note(reference)  # the carrier, or another notice of the warehouse
    shop.deliver()
    assert list(books.charges(customer).values()) == [Decimal("7.50")]
    order = order_of(shop, MARCUS[1])
    assert (order.exchanges[0].status, order.payments[-1].status) == ("completed", "settled")


def test_an_exchange_that_is_declined_waits_for_another_method(
    shop: Services, books: Books, letters: Letters, clock: Clock
) -> None:
    marcus, customer, reference = exchanged(shop, books, "4000000000000341")
    before = order_of(shop, MARCUS[1])
    stock = books.stock(before)
    shop.arrivals.note(reference)
    for _ in range(3):
        shop.deliver()
    order = order_of(shop, MARCUS[1])
    assert (order.exchanges[0].status, order.payments) == ("unpaid", before.payments)
    assert (books.charges(customer), books.stock(order)) == ({}, stock)  # the new item is kept for it
    assert letters.sent[-1]["Subject"] == f"Your exchange for order {MARCUS[1]} isn't paid yet"
    assert not shop.arrivals.note(reference)

    declined = order.exchanges[0].method_id
    with pytest.raises(Refused) as refused:
        shop.payments.change(who(key="p1"), marcus, MARCUS[1], declined)
    assert refused.value.decision.rule == "outside_declined"
    assert order_of(shop, MARCUS[1]) == order  # nothing of it is kept
    row = {"customer_id": marcus.id, "id": "another", "position": 9, "kind": "card"}
    with shop.database.write() as connection:
        connection.execute(schema.payment_methods.insert().values(**row))
    customer = books.keep(marcus.id, ("another", "4242424242424242"))
    shop.payments.change(who(key="p2"), marcus, MARCUS[1], "another")
    paid = order_of(shop, MARCUS[1])
    assert (paid.exchanges[0].status, paid.exchanges[0].method_id) == ("completed", "another")
    assert list(books.charges(customer).values()) == [Decimal("7.50")]
    assert len(paid.payments) == len(before.payments) + 1
    clock.forward(days=30)
    shop.deliver()
    assert order_of(shop, MARCUS[1]).exchanges[0].status == "completed"
    assert shop.tickets.of(who(f"arrival {reference}"), None) == []
    assert letters.sent[-1]["Subject"] == f"Exchange {reference} is paid"


def test_an_exchange_that_nobody_pays_is_withdrawn(
    shop: Services, books: Books, letters: Letters, clock: Clock
) -> None:
    _, customer, reference = exchanged(shop, books, "4000000000000341")
    before = order_of(shop, MARCUS[1])
    stock = books.stock(before)
    shop.arrivals.note(reference)
    shop.deliver()
    clock.forward(days=shop.policies.exchanges.reserve_days, minutes=5)
    for _ in range(3):
        shop.deliver()
    order = order_of(shop, MARCUS[1])
    assert books.charges(customer) == {}
    assert (order.exchanges[0].status, order.payments) == ("cancelled", before.payments)
    assert sum(books.stock(order).values()) == sum(stock.values()) + before.items[0].quantity
    (ticket,) = shop.tickets.of(who(f"arrival {reference}"), None)
    assert ticket.subject == f"Exchange {reference} wasn't paid"


def test_of_two_exchanges_that_nobody_pays_both_are_withdrawn(
    shop: Services, books: Books, clock: Clock
) -> None:
    marcus, _, first = exchanged(shop, books, "4000000000000341")
    with shop.database.write() as connection:
        another = {"reference": "X-2", "order_number": MARCUS[1], "position": 9, "status": "requested"}
        values = {"difference": Decimal("5.00"), "method_id": "card", "created_at": clock()}
        connection.execute(schema.exchanges.insert().values(**another, **values))
        connection.execute(update(schema.exchanges).values(method_id=marcus.payment_methods[0].id))
    for reference in ("X-2", first):
        shop.arrivals.note(reference)
        shop.deliver()
        clock.forward(minutes=1)
    assert [each.status for each in order_of(shop, MARCUS[1]).exchanges] == ["unpaid", "unpaid"]
    clock.forward(days=shop.policies.exchanges.reserve_days, minutes=5)
    for _ in range(3):
        shop.deliver()
    assert [each.status for each in order_of(shop, MARCUS[1]).exchanges] == ["cancelled", "cancelled"]


def test_disputes_are_told_to_a_person(
    shop: Services, books: Books, hugo: Customer, kept: str, stripe_server: StripeServer, stripe_local: Local
) -> None:
    order = order_of(shop)
    assert disputes_about(shop.provider, order) == ["Disputes at the payment provider: none."]
    stripe_server.contest(str(order.payments[0].charge_id), "needs_response")
    (line,) = disputes_about(shop.provider, order)
    assert line.startswith("Dispute dp_0 about charge ch_")
    assert "19.99 USD, reason fraudulent, needs response, to answer by November" in line
    stripe_local.faults = [Told(401, {"error": {"type": "invalid_request_error"}})]
    assert disputes_about(shop.provider, order) == ["Disputes at the payment provider: it couldn't be asked."]
    assert disputes_about(None, order) == []


@pytest.mark.parametrize("what", ["refund", "goodwill", "price", "promo"])
def test_whatever_a_flow_pays_back_goes_out_once(
    shop: Services, books: Books, letters: Letters, what: str
) -> None:
    person, remedy = {
        "refund": (ELENA, Remedy("refund", "late", ("L203664-1",))),
        "goodwill": (LATE, Remedy("goodwill", "late", ())),
        "price": (MARCUS, Remedy("price", "price_drop", ("L204393-1",))),
        "promo": (TESSA, None),
    }[what]
    customer, order = verified(shop, who(), person), order_of(shop, person[1])
    if what == "price":
        with shop.database.write() as connection:
            table, orders = schema.variants, schema.orders
            cheaper = update(table).where(table.c.id == order.items[0].variant_id)
            connection.execute(cheaper.values(price=order.items[0].price - 5, stock=5, available=True))
            recent = update(orders).where(orders.c.number == order.number)
            connection.execute(recent.values(placed_at=shop.now() - timedelta(days=5), promo_code=None))
    methods = {entry.method_id for entry in order.payments}
    theirs = books.keep(customer.id, *((method, "4242424242424242") for method in methods))
    for method in methods:
        books.paid(order, method, theirs)
    paid = sum(books.charges(theirs).values())
    for _ in range(2):
        if remedy is None:
            back = shop.promotions.apply(who(), customer, order.number, "BRIGHT15").credit
        else:
            back = shop.remedies.give(who(), customer, order.number, remedy).amount
        for _ in range(2):
            shop.deliver()
    assert paid - sum(books.charges(theirs).values()) == back > 0
    assert {row[3] for row in books.rows(order.number)} == {"settled"}
    assert len(letters.sent) == 1
