"""The demo shop: believable, the same for the same moment, and its money adds up."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actions.commerce.demo.shop import demo_shop
from actions.commerce.model import ORDER_STATES, SHIPMENT_STATES, Order, Shop
from actions.services.policy import decide_return
from actions.services.rulebook import load_policies

from ..conftest import NOW

MOMENTS = (NOW, datetime(2026, 2, 28, 23, 59, tzinfo=UTC), datetime(2027, 1, 3, 0, 1, tzinfo=UTC))  # a Sunday


@pytest.fixture(scope="module", params=MOMENTS, ids=str)
def demo(request: pytest.FixtureRequest) -> Shop:
    return demo_shop(request.param)


def find(demo: Shop, number: str) -> Order:
    return next(order for order in demo.orders if order.number == number)


def moment(demo: Shop) -> datetime:
    return find(demo, "L204817").placed_at + timedelta(days=3)  # type: ignore[operator]


def test_the_same_moment_gives_the_same_shop() -> None:
    assert demo_shop(NOW) == demo_shop(NOW)
    assert demo_shop(NOW, seed=1) != demo_shop(NOW)


def drawn(shop: Shop) -> dict[str, object]:
    """What is drawn of each order: everything but its moments."""
    return {
        order.number: (
            [(payment.kind, payment.method_id, payment.amount) for payment in order.payments],
            [
                (parcel.carrier, parcel.tracking_numbers, parcel.events[-1:] and parcel.events[-1].text)
                for parcel in order.shipments
            ],
            [(entry.reason, entry.fee, entry.refund, entry.label_url) for entry in order.returns],
        )
        for order in shop.orders
    }


@pytest.mark.parametrize("hours", [1, 5, 11, 24, 77, 400])
def test_no_hour_changes_cards_parcels_and_refunds(hours: int) -> None:
    assert drawn(demo_shop(NOW + timedelta(hours=hours))) == drawn(demo_shop(NOW))


def test_the_readme_tells_its_size(demo: Shop) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    told = f"a demo shop with {len(demo.products)} products, {len(demo.customers)} customers and about 250 orders"
    assert told in readme
    assert 240 <= len(demo.orders) <= 260


def test_there_is_enough_of_everything(demo: Shop) -> None:
    assert len(demo.products) >= 45
    assert len({product.category for product in demo.products}) == 8
    assert len(demo.customers) >= 65
    assert len(demo.orders) >= 220
    states = Counter(order.status for order in demo.orders)
    wanted = set(ORDER_STATES) - {"exchange_requested", "changed"}
    assert set(states) == wanted
    assert min(states.values()) >= 5
    assert {order.customer_id for order in demo.orders} == {customer.id for customer in demo.customers}


def test_ids_are_unique(demo: Shop) -> None:
    for ids in (
        [product.id for product in demo.products],
        [variant.id for product in demo.products for variant in product.variants],
        [customer.id for customer in demo.customers],
        [customer.email for customer in demo.customers],
        [order.number for order in demo.orders],
        [entry.reference for order in demo.orders for entry in order.returns],
        [
            parcel.tracking_number
            for order in demo.orders
            for parcel in order.shipments
            if parcel.tracking_number
        ],
    ):
        assert len(set(ids)) == len(ids)


def test_products_are_complete(demo: Shop) -> None:
    for product in demo.products:
        assert product.description
        assert product.specs
        assert product.variants
        for variant in product.variants:
            assert variant.price > 0
            assert variant.available
            assert variant.can_be_had() is bool(variant.stock)
    assert any(variant.stock == 0 for product in demo.products for variant in product.variants)


def test_customers_are_complete(demo: Shop) -> None:
    tiers = set(load_policies().fact("loyalty.tiers"))
    for customer in demo.customers:
        assert re.fullmatch(r"[a-z]+\.[a-z]+@example\.com", customer.email)
        assert re.fullmatch(r"\d{5}", customer.address.postcode)
        assert re.fullmatch(r"[A-Z]{2}", customer.address.state)
        assert customer.tier in tiers
        assert customer.payment_methods
        for method in customer.payment_methods:
            assert method.last_four is None or re.fullmatch(r"\d{4}", method.last_four)


# Orders in which something went wrong with the money, on purpose: charged twice, and canceled without a refund.
CHARGED_TWICE, UNREFUNDED = "L204655", "L204302"


def test_the_money_adds_up(demo: Shop) -> None:
    for order in demo.orders:
        assert order.paid == order.total * (2 if order.number == CHARGED_TWICE else 1)
        assert order.refunded <= order.paid
        assert sum(order.item_values().values()) == order.total - order.shipping
        assert all(entry.amount > 0 for entry in order.payments)
        promised = sum(entry.refund for entry in order.returns)
        if order.number == UNREFUNDED:
            assert order.refunded == 0
        elif order.status == "cancelled":
            assert order.refunded == order.paid
        else:
            assert order.refunded == promised
        owner = next(customer for customer in demo.customers if customer.id == order.customer_id)
        methods = {method.id for method in owner.payment_methods}
        assert {entry.method_id for entry in order.payments} <= methods


def test_times_run_forward_and_end_now(demo: Shop) -> None:
    now = moment(demo)
    for order in demo.orders:
        assert order.placed_at is not None
        assert order.placed_at <= now
        for parcel in order.shipments:
            times = [
                order.placed_at,
                *(scan.at for scan in parcel.events),
                *([parcel.delivered_at] if parcel.delivered_at else []),
            ]
            assert times == sorted(times), order.number
            assert times[-1] <= now
            assert parcel.status in SHIPMENT_STATES
        for entry in order.returns:
            assert order.delivered_at is not None
            assert entry.created_at is not None
            assert order.delivered_at <= entry.created_at <= now


def test_parcels_hold_each_item_once(demo: Shop) -> None:
    for order in demo.orders:
        packed = [item_id for parcel in order.shipments for item_id in parcel.item_ids]
        assert len(set(packed)) == len(packed)
        if order.status in ("pending", "processing", "cancelled"):
            assert packed == []
        else:
            assert set(packed) == {item.id for item in order.items}
        if order.status == "partially_shipped":
            assert [bool(parcel.tracking_number) for parcel in order.shipments] == [True, False]
        if order.status == "delivered":
            assert order.delivered_at is not None
        if order.status in ("shipped", "out_for_delivery"):
            assert order.delivered_at is None
            assert order.expected_on is not None


def test_the_customers_of_the_readme(demo: Shop) -> None:
    policies, today = load_policies(), moment(demo).date()
    anna = find(demo, "L204817")
    assert anna.status == "shipped"
    assert anna.expected_on is not None
    assert anna.expected_on > today
    marcus = find(demo, "L204393")
    assert len(marcus.items) == 3
    assert decide_return(marcus, policies, today=today, item_ids=[item.id for item in marcus.items]).allowed
    assert decide_return(find(demo, "L201853"), policies, today=today).rule == "window_over"
    lucia = find(demo, "L204155")
    done = decide_return(lucia, policies, today=today)
    assert done.allowed
    assert done.refused_items == {"L204155-1": "final_sale"}
    daniel = find(demo, "L204244")
    assert decide_return(daniel, policies, today=today, item_ids=["L204244-1"]).rule == "authority_limit"
    grace = {
        order.number: order.status
        for order in demo.orders
        if order.customer_id == anna.customer_id[:-1] + "5"
    }
    assert set(grace.values()) >= {
        "pending",
        "out_for_delivery",
        "partially_shipped",
        "delivered",
        "refunded",
    }
    sam = find(demo, "L204466")
    assert sam.shipments[0].status == "exception"
    assert find(demo, "L204019").returns[0].open
