"""WooCommerce's shop whose money is at Stripe: the money there, the books here and WooCommerce's record agree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actions.adapters.http import Rules
from actions.adapters.settings import Adapters, StripeSettings, WooCommerceSettings
from actions.adapters.stripe_payments import StripePayments
from actions.commerce.mirror import MirroredShop
from actions.commerce.mirror_cards import put_card
from actions.commerce.model import Customer, Order
from actions.payments.port import Kept
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.swap_policy import Swap
from tests.assistant.adapters.serving import Local, Told
from tests.assistant.adapters.stripe_server import KEY as STRIPE_KEY
from tests.assistant.adapters.stripe_server import StripeServer
from tests.assistant.adapters.woocommerce_server import KEY, SECRET, WooCommerceServer

from ..adapters.conftest import behind as behind
from ..adapters.conftest import local as local
from ..adapters.conftest import server as server
from ..adapters.conftest import stripe_local as stripe_local
from ..adapters.conftest import stripe_server as stripe_server
from ..conftest import POLICIES, Clock, Letters, count, who

RULES = Rules(deadline=60.0, first_wait=0.01, failures=1000)
DOWN: list[Told | None] = [Told(503)] * 200


@pytest.fixture()
def flows(
    server: WooCommerceServer,
    stripe_server: StripeServer,
    tmp_path: Path,
    clock: Clock,
    letters: Letters,
    template_brought: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Services]:
    """The services on both; WooCommerce's own gateway may pay, and must not."""
    monkeypatch.setattr(StripePayments.__init__, "__defaults__", (RULES,))
    shop = WooCommerceSettings(url=server.url, consumer_key=KEY, consumer_secret=SECRET, api_refund=True)
    money = StripeSettings(api_key=STRIPE_KEY, url=stripe_server.url, webhook_secret="whsec_12345678")
    made = Services(
        f"sqlite:///{shutil.copy(template_brought, tmp_path / 'flows.db')}",
        policies=POLICIES,
        sink=letters,
        clock=clock,
        adapters=Adapters(commerce=shop, payments=money),
    )
    assert isinstance(made.commerce, MirroredShop)
    clock.forward(minutes=1)
    yield made
    made.close()


class Buyer:
    """A customer of WooCommerce's shop with an order that Stripe has taken the money for."""

    def __init__(
        self,
        flows: Services,
        server: WooCommerceServer,
        stripe: StripeServer,
        status: str,
        *,
        since: str = "",
    ) -> None:
        self.flows, self.server, self.stripe = flows, server, stripe
        self.entry = next(
            each
            for each in server.orders.values()
            if each["status"] == status
            and each["date_paid_gmt"]
            and not each["refunds"]
            and Decimal(each["total"]) < 300
            and (each["date_completed_gmt"] or "") >= since
        )
        self.number, self.total = str(self.entry["number"]), Decimal(self.entry["total"])
        self.stripe_id, self.card = stripe.card()
        provider = flows.provider
        assert provider is not None
        paid = provider.charge("checkout", self.total, "USD", customer=self.stripe_id, method=self.card)
        self.entry["transaction_id"], self.charge = paid.id, paid.id
        self.caller = who("web-7")
        email = server.customers[self.entry["customer_id"]]["email"]
        done = flows.identity.verify(self.caller, email, self.number)
        assert done.customer is not None
        self.customer: Customer = done.customer

    def order(self) -> Order:
        found = self.flows.orders.find(self.customer, self.number)
        assert found is not None
        return found

    def known(self) -> Customer:
        found = self.flows.commerce.customer(self.customer.id)
        assert found is not None
        return found

    def at_stripe(self) -> dict[str, Decimal]:
        """What Stripe has taken and not given back, by charge."""
        found: list[dict[str, Any]] = self.stripe.get("/v1/charges", customer=self.stripe_id)["data"]
        taken = [entry for entry in found if entry["status"] == "succeeded"]
        return {e["id"]: Decimal(e["amount"] - e["amount_refunded"]) / 100 for e in taken}

    def at_woocommerce(self) -> list[Decimal]:
        """What WooCommerce says was paid back."""
        return sorted(Decimal(each["amount"]) for each in self.server.refunds[self.entry["id"]])

    def in_the_books(self) -> list[tuple[Decimal, str]]:
        """What our books say was paid back."""
        return sorted((e.amount, e.status) for e in self.order().payments if e.kind == "refund")

    def notes(self) -> list[str]:
        return [each["note"] for each in self.server.notes[self.entry["id"]]]

    def agree(self, *amounts: str | Decimal) -> None:
        """Check that all three say the same of what was paid back, and that WooCommerce has paid nothing itself."""
        wanted = sorted(Decimal(each) for each in amounts)
        assert self.at_woocommerce() == wanted
        assert self.in_the_books() == [(each, "settled") for each in wanted]
        assert sum(self.at_stripe().values()) == self.order().paid - sum(wanted)
        assert self.server.gateway == []


@pytest.fixture()
def buyer(flows: Services, server: WooCommerceServer, stripe_server: StripeServer) -> Buyer:
    return Buyer(flows, server, stripe_server, "pending")


def delivered(flows: Services, clock: Clock, times: int = 4) -> None:
    """Let everything happen that is due, and what comes after it; then what was read is old enough."""
    for _ in range(times):
        flows.deliver()
    clock.forward(minutes=1)


def test_the_card_that_paid_is_known_by_its_name(buyer: Buyer) -> None:
    order = buyer.order()
    (method,) = buyer.known().payment_methods
    assert (method.label, method.provider_id) == ("Visa ending in 4242", buyer.card)
    assert [(e.method_id, e.charge_id) for e in order.payments] == [(method.id, buyer.charge)]
    assert buyer.known().provider_id == buyer.stripe_id


def test_a_cancellation(flows: Services, buyer: Buyer, clock: Clock) -> None:
    receipt = flows.cancellations.cancel(buyer.caller, buyer.customer, buyer.number, "too_slow")
    assert receipt.method == "Visa ending in 4242"
    delivered(flows, clock)
    buyer.agree(buyer.total)
    assert buyer.order().status == "cancelled"
    assert buyer.entry["status"] == "refunded"
    assert buyer.notes() == []  # nothing is left for a person
    delivered(flows, clock)
    buyer.agree(buyer.total)


def test_a_return_pays_back_once_the_goods_are_here(
    flows: Services, server: WooCommerceServer, stripe_server: StripeServer, clock: Clock
) -> None:
    buyer = Buyer(flows, server, stripe_server, "completed", since="2026-10-25")
    item = flows.returns.returnable(buyer.order())[0]
    receipt = flows.returns.start(buyer.caller, buyer.customer, buyer.number, [item.id], "changed_mind")
    delivered(flows, clock)
    assert buyer.at_stripe() == {buyer.charge: buyer.total}
    assert buyer.in_the_books() == [(receipt.refund, "pending")]
    (text,) = buyer.notes()
    assert "by the payment provider once its arrival is noted; not from here" in text
    assert flows.arrivals.note(receipt.reference)
    delivered(flows, clock)
    buyer.agree(receipt.refund)
    (booked,) = server.refunds[buyer.entry["id"]]
    assert receipt.reference in booked["reason"]
    assert not flows.arrivals.note(receipt.reference)


@pytest.mark.parametrize("seen", [True, False])
def test_what_the_shops_people_paid_back_for_a_return_is_not_paid_again(
    flows: Services, server: WooCommerceServer, stripe_server: StripeServer, clock: Clock, seen: bool
) -> None:
    buyer = Buyer(flows, server, stripe_server, "completed", since="2026-10-25")
    item = flows.returns.returnable(buyer.order())[0]
    receipt = flows.returns.start(buyer.caller, buyer.customer, buyer.number, [item.id], "changed_mind")
    delivered(flows, clock)
    by_hand(server, buyer, receipt.refund, receipt.reference)
    if seen:
        assert buyer.in_the_books() == [(receipt.refund, "settled")]
    assert flows.arrivals.note(receipt.reference)
    delivered(flows, clock)
    assert buyer.in_the_books() == [(receipt.refund, "settled")]
    assert buyer.at_stripe() == {buyer.charge: buyer.total}  # it went another way
    assert buyer.at_woocommerce() == [receipt.refund]


def by_hand(server: WooCommerceServer, buyer: Buyer, amount: Decimal, reason: str) -> None:
    """Let a person of the shop book a refund that was paid another way."""

    class Wish:
        body = {"amount": str(amount), "reason": reason, "api_refund": False}

    server.answer_MakeRefund(Wish(), buyer.entry["id"])  # type: ignore[arg-type]


def dearer(flows: Services, buyer: Buyer) -> tuple[Swap, ...]:
    """One more piece of something."""
    order = buyer.order()
    swaps = (Swap(order.items[0].id, None, order.items[0].quantity + 1),)
    assert flows.swaps.decide(order, swaps).allowed
    return swaps


def test_a_dearer_change_is_charged_and_a_cancellation_pays_back_both_charges(
    flows: Services, buyer: Buyer, clock: Clock
) -> None:
    line = buyer.entry["line_items"][0]
    pieces = line["quantity"]
    receipt = flows.swaps.swap(buyer.caller, buyer.customer, buyer.number, dearer(flows, buyer))
    assert not receipt.waits
    assert sorted(buyer.at_stripe().values()) == sorted([buyer.total, receipt.difference])
    delivered(flows, clock)
    assert line["quantity"] == pieces + 1
    after = buyer.order()
    assert after.total == Decimal(buyer.entry["total"]) == after.paid
    (text,) = buyer.notes()
    assert f"{receipt.difference} USD charged at the payment provider (ch_" in text
    flows.cancellations.cancel(who("web-7", "k2"), buyer.customer, buyer.number, "too_slow")
    delivered(flows, clock)
    buyer.agree(buyer.total, receipt.difference)
    assert set(buyer.at_stripe().values()) == {Decimal(0)}
    assert buyer.entry["status"] == "refunded"


def test_a_cheaper_change_pays_back_and_is_told_since_the_total_has_changed(
    flows: Services, buyer: Buyer, clock: Clock
) -> None:
    flows.swaps.swap(buyer.caller, buyer.customer, buyer.number, dearer(flows, buyer))
    delivered(flows, clock)
    order = buyer.order()
    fewer = (Swap(order.items[0].id, None, order.items[0].quantity - 1),)
    receipt = flows.swaps.swap(who("web-7", "k2"), buyer.customer, buyer.number, fewer)
    assert receipt.difference < 0
    delivered(flows, clock)
    assert Decimal(buyer.entry["total"]) == buyer.total == sum(buyer.at_stripe().values())
    assert buyer.at_woocommerce() == []
    assert "paid back at the payment provider (" in buyer.notes()[0]
    assert buyer.in_the_books() == [(-receipt.difference, "settled")]


def test_another_card_pays_and_woocommerces_record_stays(
    flows: Services, buyer: Buyer, stripe_server: StripeServer, clock: Clock
) -> None:
    buyer.order()
    _, second = stripe_server.card("5555555555554444")
    stripe_server.post(f"/v1/payment_methods/{second}/attach", customer=buyer.stripe_id)
    card = Kept(
        method=second,
        customer=buyer.stripe_id,
        kind="credit_card",
        brand="mastercard",
        last_four="4444",
    )
    with flows.database.write() as connection:
        put_card(connection, buyer.customer.id, card)
    receipt = flows.payments.change(buyer.caller, buyer.known(), buyer.number, second)
    assert (receipt.back_to, receipt.method) == ("Visa ending in 4242", "Mastercard ending in 4444")
    delivered(flows, clock)
    assert sorted(buyer.at_stripe().values()) == [0, buyer.total]
    assert buyer.in_the_books() == [(buyer.total, "settled")]
    assert buyer.at_woocommerce() == []
    assert buyer.entry["status"] == "pending"
    paid_back, charged = buyer.notes()
    assert f"{buyer.total} USD charged at the payment provider (ch_" in charged
    assert f"{buyer.total} USD paid back at the payment provider (re_" in paid_back


def test_taxes_that_woocommerce_works_out_otherwise_are_told_to_its_people(
    flows: Services, server: WooCommerceServer, buyer: Buyer, clock: Clock
) -> None:
    server.more_tax = Decimal("0.07")
    receipt = flows.swaps.swap(buyer.caller, buyer.customer, buyer.number, dearer(flows, buyer))
    told = buyer.order().total
    delivered(flows, clock)
    total = told + Decimal("0.07")
    assert any(f"was told a total of {told}, and it is {total} here." in note for note in buyer.notes())
    assert sum(buyer.at_stripe().values()) == buyer.total + receipt.difference


def test_a_declined_card_leaves_everything_as_it_was(
    flows: Services, server: WooCommerceServer, buyer: Buyer, stripe_server: StripeServer, clock: Clock
) -> None:
    before, lines, stock = buyer.order(), str(buyer.entry["line_items"]), str(server.variations)
    stripe_server.decline = True
    with pytest.raises(Refused) as refused:
        flows.swaps.swap(buyer.caller, buyer.customer, buyer.number, dearer(flows, buyer))
    assert refused.value.decision.rule == "outside_declined"
    delivered(flows, clock)
    assert str(buyer.entry["line_items"]) == lines
    assert str(server.variations) == stock
    assert buyer.order() == before
    assert buyer.at_stripe() == {buyer.charge: buyer.total}
    assert buyer.notes() == []


def test_what_woocommerce_refuses_is_not_charged(flows: Services, buyer: Buyer, clock: Clock) -> None:
    wish = dearer(flows, buyer)
    before = buyer.order()
    lines = str(buyer.entry["line_items"])
    real = buyer.server.answer_UpdateOrder

    def gone(asked: Any, number: int) -> Told:
        if "line_items" in asked.body:
            return Told(400, {"code": "woocommerce_rest_invalid_item_id", "message": "", "data": {}})
        return real(asked, number)

    buyer.server.answer_UpdateOrder = gone  # type: ignore[method-assign]
    with pytest.raises(Refused):
        flows.swaps.swap(buyer.caller, buyer.customer, buyer.number, wish)
    delivered(flows, clock)
    assert buyer.at_stripe() == {buyer.charge: buyer.total}
    assert buyer.order() == before
    assert str(buyer.entry["line_items"]) == lines


def test_while_stripe_is_down_nothing_is_booked_as_paid_back(
    flows: Services, buyer: Buyer, stripe_local: Local, clock: Clock
) -> None:
    flows.cancellations.cancel(buyer.caller, buyer.customer, buyer.number, "too_slow")
    stripe_local.faults = DOWN.copy()
    delivered(flows, clock)
    assert buyer.entry["status"] == "cancelled"
    assert buyer.at_woocommerce() == []
    assert buyer.in_the_books() == [(buyer.total, "pending")]
    stripe_local.faults = []
    clock.forward(hours=1)
    delivered(flows, clock)
    buyer.agree(buyer.total)


@pytest.mark.parametrize("seen", [True, False])
def test_what_was_booked_by_hand_meanwhile_is_not_paid_twice_and_a_person_looks(
    flows: Services, server: WooCommerceServer, buyer: Buyer, stripe_local: Local, clock: Clock, seen: bool
) -> None:
    flows.cancellations.cancel(buyer.caller, buyer.customer, buyer.number, "too_slow")
    stripe_local.faults = DOWN.copy()
    delivered(flows, clock)
    by_hand(server, buyer, buyer.total, "paid by bank transfer")
    if seen:
        assert buyer.in_the_books() == [(buyer.total, "settled")]
    stripe_local.faults = []
    clock.forward(hours=1)
    delivered(flows, clock)
    assert buyer.at_stripe() == {buyer.charge: buyer.total}
    assert count(flows, "tickets") == 1


def test_a_refund_that_woocommerce_will_not_book_is_told_to_a_person(
    flows: Services, server: WooCommerceServer, buyer: Buyer, clock: Clock
) -> None:
    flows.cancellations.cancel(buyer.caller, buyer.customer, buyer.number, "too_slow")
    server.answer_MakeRefund = lambda *_: Told(  # type: ignore[method-assign]
        500, {"code": "woocommerce_rest_cannot_create_order_refund", "message": "", "data": {"status": 500}}
    )
    delivered(flows, clock)
    assert buyer.at_stripe() == {buyer.charge: Decimal(0)}
    assert buyer.in_the_books() == [(buyer.total, "settled")]
    assert buyer.at_woocommerce() == []
    assert count(flows, "tickets") == 1
