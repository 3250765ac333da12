"""Orders of the demo shop: from a draft to money that adds up and parcels that were scanned."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random
from typing import Any

from actions.commerce.model import (
    CENT,
    NOTHING,
    Customer,
    Order,
    OrderItem,
    Payment,
    Product,
    Return,
    Shipment,
    ShipmentEvent,
    Variant,
)
from frontdesk.formats import yaml

POLICIES = Path(__file__).parents[2] / "policies"
UNTAXED = ("AK", "DE", "MT", "NH", "OR")
HUBS = ("Louisville, KY", "Memphis, TN", "Ontario, CA", "Dallas, TX", "Chicago, IL")
WAREHOUSE = "Columbus, OH"
REASONS = ("changed_mind", "does_not_fit", "damaged", "not_as_described", "defective", "wrong_item")

Line = tuple[Product, Variant, int]


@dataclass(frozen=True)
class Prices:
    """What shipping and codes cost, from the policies."""

    free_from: Decimal
    fees: dict[str, Decimal]
    code: str
    code_share: Decimal
    label_fee: Decimal


@dataclass(frozen=True)
class Draft:
    """What is decided about an order before the details are made up."""

    number: str
    customer: Customer
    lines: Sequence[Line]
    status: str
    placed_at: datetime
    service: str = "standard"
    delivered_at: datetime | None = None
    expected_on: date | None = None
    carrier: str | None = None
    promo: bool = False
    late: bool = False
    paid_by: str | None = None  # a method of the customer; else one is drawn
    charged_twice: bool = False
    unrefunded: bool = False  # cancelled, and not paid back
    return_reference: str = ""


def read_prices(folder: Path = POLICIES) -> Prices:
    """Take the figures of the demo orders from the policy files."""
    shipping = yaml.read(folder / "shipping.yml")
    promotions = yaml.read(folder / "promotions.yml")
    returns = yaml.read(folder / "returns.yml")
    services = ("standard", "expedited", "overnight", "oversize")
    return Prices(
        free_from=_amount(shipping["free_from"]),
        fees={service: _amount(shipping[f"{service}_fee"]) for service in services},
        code=promotions["welcome_code"],
        code_share=Decimal(promotions["welcome_discount"].rstrip("%")) / 100,
        label_fee=_amount(returns["label_fee"]),
    )


def _amount(text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", "")).quantize(CENT)


def make_order(draft: Draft, prices: Prices, now: datetime) -> Order:
    """Make an order of a draft: items + shipping + tax - discount are exactly what was paid."""
    random = Random(draft.number)  # its own: neither the hour nor another order changes what is drawn here
    items = tuple(
        OrderItem(
            id=f"{draft.number}-{place}",
            product_id=product.id,
            variant_id=variant.id,
            name=product.name,
            options=dict(variant.options),
            price=variant.price,
            quantity=quantity,
            category=product.category,
            tags=product.tags,
        )
        for place, (product, variant, quantity) in enumerate(draft.lines, start=1)
    )
    subtotal = sum((item.total for item in items), NOTHING)
    discount = (subtotal * prices.code_share).quantize(CENT, ROUND_HALF_UP) if draft.promo else NOTHING
    service = "oversize" if any("oversize" in item.tags for item in items) else draft.service
    free = service == "standard" and subtotal >= prices.free_from
    shipping = NOTHING if free else prices.fees[service]
    order = Order(
        number=draft.number,
        customer_id=draft.customer.id,
        status=draft.status,
        items=items,
        address=draft.customer.address,
        placed_at=draft.placed_at,
        shipping_service=service,
        shipping=shipping,
        tax=((subtotal - discount) * _tax_rate(draft.customer.address.state)).quantize(CENT, ROUND_HALF_UP),
        discount=discount,
        promo_code=prices.code if draft.promo else None,
    )
    payments = _payments(random, order, draft.customer, draft.paid_by)
    order = dataclasses.replace(order, payments=payments * 2 if draft.charged_twice else payments)
    order = dataclasses.replace(order, shipments=_shipments(random, order, draft, now))
    return _with_endings(random, order, draft, prices, now)


def _tax_rate(state: str) -> Decimal:
    """Make up a sales tax that is the same for a state each time."""
    return Decimal("0") if state in UNTAXED else Decimal(500 + sum(map(ord, state)) % 9 * 45) / 10_000


def _payments(random: Random, order: Order, customer: Customer, paid_by: str | None) -> tuple[Payment, ...]:
    """Pay an order in full, now and then in part from a gift card."""
    methods = [method for method in customer.payment_methods if method.kind != "gift_card"]
    cards = [method for method in customer.payment_methods if method.kind == "gift_card"]
    main = random.choice(methods or cards)
    main = next((method for method in methods if method.id == paid_by), main)
    paid: list[Payment] = []
    left = order.total
    if cards and methods and random.random() < 0.4:
        part = min(left, Decimal(random.choice((10, 25, 50))).quantize(CENT))
        paid.append(Payment(kind="payment", amount=part, method_id=cards[0].id, at=order.placed_at))
        left -= part
    if left > 0:
        paid.append(Payment(kind="payment", amount=left, method_id=main.id, at=order.placed_at))
    return tuple(paid)


def _shipments(random: Random, order: Order, draft: Draft, now: datetime) -> tuple[Shipment, ...]:
    """Send an order as far as its state says."""
    ids = tuple(item.id for item in order.items)
    if draft.status in ("pending", "processing", "cancelled"):
        return ()
    if draft.status == "partially_shipped":
        rest = Shipment(
            tracking_numbers=(), item_ids=ids[1:], service=order.shipping_service, status="label_created"
        )
        return (_parcel(random, order, draft, ids[:1], now), rest)
    if len(ids) > 3 and draft.delivered_at is not None:
        return (_parcel(random, order, draft, ids[:2], now), _parcel(random, order, draft, ids[2:], now))
    return (_parcel(random, order, draft, ids, now),)


def _parcel(random: Random, order: Order, draft: Draft, ids: tuple[str, ...], now: datetime) -> Shipment:
    """Make one parcel with its scans up to now."""
    carrier = draft.carrier or random.choice(("UPS", "UPS", "FedEx", "USPS"))
    shipped = min(draft.placed_at + timedelta(hours=random.randint(14, 30)), now - timedelta(hours=1))
    expected = draft.expected_on or (draft.delivered_at.date() if draft.delivered_at else None)
    expected = expected or add_business_days(draft.placed_at.date(), 5)
    status = "delivered" if draft.delivered_at else "in_transit"
    if draft.status == "out_for_delivery":
        status = draft.status
    if draft.late:
        status = "exception"
    address = order.address
    goal = f"{address.city}, {address.state}"
    scans = [ShipmentEvent(at=shipped, status="in_transit", text="Picked up by the carrier", place=WAREHOUSE)]
    end = draft.delivered_at or now
    hub, place = shipped + (end - shipped) / 2, random.choice(HUBS)
    if end - shipped > timedelta(hours=20):
        scans.append(ShipmentEvent(at=hub, status="in_transit", text="Arrived at a hub", place=place))
    if draft.late:
        text = "Delayed by weather, a new date follows"
        scans.append(
            ShipmentEvent(at=hub + timedelta(hours=9), status="exception", text=text, place=scans[-1].place)
        )
    if status in ("out_for_delivery", "delivered"):
        out = end - timedelta(hours=5) if status == "delivered" else now - timedelta(hours=1)
        scans.append(ShipmentEvent(at=out, status="out_for_delivery", text="Out for delivery", place=goal))
    if draft.delivered_at:
        spot = random.choice(("Left at the front door", "Handed to a resident", "Left in the mailbox"))
        scans.append(ShipmentEvent(at=draft.delivered_at, status="delivered", text=spot, place=goal))
    return Shipment(
        carrier=carrier,
        service=order.shipping_service,
        tracking_numbers=(tracking_number(random, carrier),),
        item_ids=ids,
        status=status,
        shipped_at=shipped,
        expected_on=expected,
        delivered_at=draft.delivered_at,
        events=tuple(scans),
    )


def tracking_number(random: Random, carrier: str) -> str:
    """Make up a tracking number of the carrier's form."""
    if carrier == "UPS":
        return "1Z" + "".join(random.choice("0123456789ABCDEFGHJKLMNPRSTUVWXY") for _ in range(16))
    if carrier == "USPS":
        return "9400" + "".join(random.choice("0123456789") for _ in range(18))
    return "".join(random.choice("0123456789") for _ in range(12))


def add_business_days(day: date, count: int) -> date:
    """Go forward by working days."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _with_endings(random: Random, order: Order, draft: Draft, prices: Prices, now: datetime) -> Order:
    """Add what happened after delivery or cancellation: returns and refunds."""
    if draft.status == "cancelled":
        at = min(draft.placed_at + timedelta(minutes=random.randint(5, 55)), now)
        if draft.unrefunded:
            return order
        back = tuple(dataclasses.replace(entry, kind="refund", at=at) for entry in order.payments)
        return dataclasses.replace(order, payments=order.payments + back)
    if draft.status not in ("return_requested", "returned", "refunded") or draft.delivered_at is None:
        return order
    whole = draft.status != "return_requested"
    ids = tuple(item.id for item in (order.items if whole else order.items[:1]))
    reason = random.choice(REASONS)
    fee = prices.label_fee if reason in ("changed_mind", "does_not_fit") else NOTHING
    values = order.item_values()
    amount = max(sum((values[item_id] for item_id in ids), NOTHING) - fee, NOTHING)
    opened = min(draft.delivered_at + timedelta(days=random.randint(1, 6)), now - timedelta(hours=2))
    state = {"return_requested": "label_sent", "returned": "received", "refunded": "refunded"}[draft.status]
    entry = Return(
        reference=draft.return_reference,
        item_ids=ids,
        reason=reason,
        status=state,
        refund=amount,
        fee=fee,
        created_at=opened,
        label_url=f"https://larkspur.example/returns/label/{random.getrandbits(80):020x}",
        label_expires_on=(opened + timedelta(days=14)).date(),
    )
    settled = draft.status == "refunded"
    paid_at = min(opened + timedelta(days=9), now - timedelta(hours=1)) if settled else opened
    return dataclasses.replace(
        order, returns=(entry,), payments=order.payments + tuple(_paid_back(order, entry, paid_at, settled))
    )


def _paid_back(order: Order, entry: Return, at: datetime, settled: bool) -> list[Payment]:
    """Pay a return back to the methods that paid, the largest first."""
    left = entry.refund
    back: list[Payment] = []
    for payment in sorted(order.payments, key=lambda each: -each.amount):
        amount = min(left, payment.amount)
        if amount > 0:
            values: dict[str, Any] = {"status": "settled" if settled else "pending", "at": at}
            back.append(
                dataclasses.replace(
                    payment, kind="refund", amount=amount, return_reference=entry.reference, **values
                )
            )
        left -= amount
    return back
