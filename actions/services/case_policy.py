"""What went wrong with an order, going by its dates, parcels and payments: pure functions, nothing guessed.

An assessment names the rule that decided, the items that it concerns, and the kinds of remedy that are open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from actions.commerce.model import NOTHING, Order, Payment, Shipment, Variant
from actions.services.calendar import working_days_after
from actions.services.rulebook import Policies
from actions.services.wording import dollars, listed, long_date

# The kinds of remedy. "trace" and "dispute" are tickets, "return" and "cancel" are flows of their own.
REFUND, REPLACEMENT, GOODWILL, SHIPPING = "refund", "replacement", "goodwill", "shipping"
PRICE, CHARGE, OWED = "price", "charge", "owed"
TRACE, DISPUTE, RETURN, CANCEL = "trace", "dispute", "return", "cancel"
GIVEN = (REFUND, REPLACEMENT, GOODWILL, SHIPPING, PRICE, CHARGE, OWED)

ISSUES = (
    "refund_status", "late", "not_received", "damaged", "wrong_item", "missing_item", "not_as_described", "sent_back",
    "address_wrong", "price_drop", "charged_twice", "canceled_charged", "amount_wrong", "unknown_charge",
)  # fmt: skip
CHARGES = frozenset({"charged_twice", "canceled_charged", "amount_wrong", "unknown_charge"})
WITH_ITEMS = frozenset({"damaged", "wrong_item", "missing_item", "not_as_described", "price_drop"})
UNSENT = frozenset({"pending", "processing"})
ENDED = frozenset({"cancelled", "return_requested", "returned", "refunded", "exchange_requested"})


@dataclass(frozen=True)
class Assessment:
    """What is the matter, by which rule, and what can be done about it."""

    rule: str
    remedies: tuple[str, ...] = ()
    item_ids: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def assess(
    order: Order,
    issue: str,
    item_ids: Sequence[str],
    policies: Policies,
    now: datetime,
    variants: Mapping[str, Variant] | None = None,
) -> Assessment:
    """Find out what is the matter with an order, and what can be done."""
    if issue in CHARGES:
        return _assess_charge(order, issue)
    if issue == "refund_status":
        return _assess_refund(order)
    if order.status in ENDED and not (issue in WITH_ITEMS and order.status == "return_requested"):
        return _assess_refund(order)
    if issue == "price_drop":
        return _assess_price(order, item_ids, policies, now, variants or {})
    if order.status in UNSENT:
        return _assess_unsent(order, issue)
    if issue == "address_wrong":
        return Assessment("address_fixed", (TRACE,), facts=_parcel_facts(order, _moving(order)))
    if issue == "sent_back":
        return Assessment("goes_back", (RETURN,))
    if issue in WITH_ITEMS:
        return _assess_items(order, issue, item_ids, policies, now.date())
    return _assess_parcels(order, issue, policies, now.date())


def duplicates(order: Order) -> list[Payment]:
    """List the payments that repeat another one: same method, same amount, and more paid than the order costs.

    Nothing else proves a second charge: an order may well be paid in equal parts. What was paid back without a
    reference counts against it.
    """
    back = (e.amount for e in order.payments if e.kind == "refund" and e.return_reference is None)
    over = order.paid - order.total - sum(back, NOTHING)
    seen: list[tuple[str, Decimal]] = []
    found: list[Payment] = []
    for entry in order.payments:
        key = (entry.method_id, entry.amount)
        if entry.kind != "payment" or entry.status != "settled":
            continue
        if key in seen and entry.amount <= over:
            found.append(entry)
            over -= entry.amount
        seen.append(key)
    return found


def lost_on(parcel: Shipment, policies: Policies) -> date | None:
    """Return the day from which a parcel that hasn't arrived counts as lost; None without an expected date."""
    if parcel.expected_on is None:
        return None
    days, holidays = policies.delivery.lost_after_days, tuple(policies.support.holidays.values())
    return working_days_after(parcel.expected_on, days, holidays)


def came_late(order: Order) -> list[Shipment]:
    """List the parcels that arrived after the day on which they were expected; the dates have to be known."""
    return [
        parcel
        for parcel in order.shipments
        if parcel.delivered_at and parcel.expected_on and _day(parcel.delivered_at) > parcel.expected_on
    ]


def _assess_refund(order: Order) -> Assessment:
    """Tell how the money of an order stands; a return or a cancellation may be under way."""
    if order.status == "cancelled" and order.paid > order.refunded:
        return Assessment("owed", (OWED,), facts=_money_facts(order))
    if order.refunds:
        return Assessment("refund_rows", facts=_money_facts(order))
    if order.status in UNSENT:
        return Assessment("no_refund_unsent", (CANCEL,))
    return Assessment("no_refund_yet", facts={"order_number": order.number})


def _assess_charge(order: Order, issue: str) -> Assessment:
    """Compare what was charged with what the order costs."""
    facts = _money_facts(order)
    double = duplicates(order)
    if double:
        extra = sum((entry.amount for entry in double), NOTHING)
        return Assessment("charged_twice", (CHARGE,), facts=facts | {"amount": dollars(extra)})
    if order.status == "cancelled":
        return _assess_refund(order)
    if issue == "canceled_charged":
        return Assessment(
            "not_canceled", (CANCEL, DISPUTE) if order.status in UNSENT else (DISPUTE,), facts=facts
        )
    if order.paid == order.total:
        rule = {"charged_twice": "charged_once", "unknown_charge": "charge_known"}.get(issue, "charged_right")
        return Assessment(rule, (DISPUTE,), facts=facts)
    return Assessment("charge_unclear", (DISPUTE,), facts=facts)


def _assess_price(
    order: Order, item_ids: Sequence[str], policies: Policies, now: datetime, variants: Mapping[str, Variant]
) -> Assessment:
    """Compare the prices that were paid with those of today."""
    if order.placed_at is None:
        return Assessment("no_dates", (DISPUTE,))
    last = order.placed_at + timedelta(days=policies.refunds.price_adjustment_days)
    if now > last:
        return Assessment("price_too_late", facts={"last_day": long_date(last.date())})
    cheaper = [
        item
        for item in order.items
        if item.id in (item_ids or [each.id for each in order.items])
        and item.variant_id in variants
        and variants[item.variant_id].price < item.price
        and not {"clearance"} & {*variants[item.variant_id].tags, *item.tags}
    ]
    if not cheaper or order.promo_code:
        return Assessment("not_cheaper", facts={"items": listed([item.label for item in order.items])})
    names = listed([item.label for item in cheaper])
    return Assessment("cheaper", (PRICE,), tuple(item.id for item in cheaper), {"items": names})


def _assess_unsent(order: Order, issue: str) -> Assessment:
    """Tell that nothing has left yet."""
    facts = {"order_number": order.number}
    if issue == "address_wrong":
        return Assessment("address_open", ("address",), facts=facts)
    return Assessment("not_sent_yet", facts=facts)


def _assess_items(
    order: Order, issue: str, item_ids: Sequence[str], policies: Policies, today: date
) -> Assessment:
    """Tell what can be done about items that arrived, but not as they should."""
    ids = tuple(item_id for item_id in item_ids if order.item(item_id))
    parcels = [parcel for item_id in ids if (parcel := order.shipment_of(item_id))]
    on_the_way = [
        parcel for parcel in parcels if parcel.delivered_at is None and parcel.status != "delivered"
    ]
    names = listed([item.label for item in order.items if item.id in ids])
    facts = _parcel_facts(order, on_the_way) | {"items": names}
    if on_the_way or (not parcels and order.status != "delivered"):
        return Assessment("item_on_the_way", facts=facts)
    times = [parcel.delivered_at for parcel in parcels] or [order.delivered_at]
    arrived = [_day(moment) for moment in times if moment]
    if not arrived or len(arrived) < len(parcels):
        return Assessment("no_dates", (TRACE,), ids, facts)
    last = max(arrived) + timedelta(days=policies.returns.damage_report_days)
    facts |= {"last_day": long_date(last)}
    if today > last:
        return Assessment("reported_late", (RETURN, TRACE), ids, facts)
    if issue == "missing_item":
        return Assessment("item_missing", (REPLACEMENT, REFUND), ids, facts)
    kept = (GOODWILL,) if issue in policies.compensation.issues else ()
    again = (REPLACEMENT,) if issue != "not_as_described" else ()
    return Assessment(f"item_{issue}", (*again, RETURN, *kept), ids, facts)


def _assess_parcels(order: Order, issue: str, policies: Policies, today: date) -> Assessment:
    """Tell what can be done about parcels that are late, lost, or said to be delivered."""
    moving = _moving(order)
    facts = _parcel_facts(order, moving)
    if not moving:
        return _assess_delivered(order, issue, policies, today)
    coming_back = [parcel for parcel in moving if parcel.status == "returned"]
    if coming_back:
        return Assessment("coming_back", (TRACE,), facts=_parcel_facts(order, coming_back))
    dated = [(parcel, day) for parcel in moving if (day := lost_on(parcel, policies))]
    late = [(parcel, day) for parcel, day in dated if parcel.expected_on and parcel.expected_on < today]
    ids = tuple(item_id for parcel, day in late if day <= today for item_id in parcel.item_ids)
    stuck = [parcel for parcel in moving if parcel.status == "exception"]
    if stuck and not ids:
        known = _parcel_facts(order, stuck) | _said(stuck)
        days = [day for parcel, day in dated if parcel in stuck]
        if not days:
            return Assessment("exception_undated", (TRACE,), facts=known)
        return Assessment("exception", (TRACE,), facts=known | {"lost_on": long_date(max(days))})
    if not dated:
        return Assessment("no_dates", (TRACE,), facts=facts)
    if not late:
        return Assessment("not_late", facts=facts)
    if not ids:
        return Assessment("late", (TRACE,), facts=facts | {"lost_on": long_date(max(day for _, day in late))})
    reported = timedelta(days=policies.delivery.missing_report_days)
    expected = [parcel.expected_on for parcel, day in late if day <= today and parcel.expected_on]
    names = listed([item.label for item in order.items if item.id in ids])
    if today > max(expected) + reported:
        return Assessment("missing_too_long", (TRACE,), ids, facts | {"items": names})
    return Assessment("lost", (REPLACEMENT, REFUND), ids, facts | {"items": names})


def _assess_delivered(order: Order, issue: str, policies: Policies, today: date) -> Assessment:
    """Tell what can be done about an order that is said to have arrived."""
    arrived = order.delivered_at
    if arrived is None:
        return Assessment("no_dates", (TRACE,))
    facts = {"order_number": order.number, "delivered_on": long_date(_day(arrived))}
    if issue == "late":
        late = came_late(order)
        if not late:
            undated = not order.shipments or any(parcel.expected_on is None for parcel in order.shipments)
            return Assessment("no_dates", (TRACE,)) if undated else Assessment("in_time", facts=facts)
        expected = long_date(max(parcel.expected_on for parcel in late if parcel.expected_on))
        faster = order.shipping_service in policies.compensation.late_refund_services
        paid_faster = (SHIPPING,) if faster and order.shipping > NOTHING else ()
        goodwill = (GOODWILL,) if "late" in policies.compensation.issues else ()
        ids = tuple(item_id for parcel in late for item_id in parcel.item_ids)
        return Assessment("came_late", (*paid_faster, *goodwill), ids, facts | {"expected_on": expected})
    wait = _day(arrived) + timedelta(days=policies.delivery.not_received_wait_days)
    if today < wait:
        return Assessment("look_around", (TRACE,), facts=facts | {"wait_until": long_date(wait)})
    return Assessment("not_received", (TRACE,), facts=facts)


def _moving(order: Order) -> list[Shipment]:
    """List the parcels that haven't arrived."""
    return [
        parcel for parcel in order.shipments if parcel.delivered_at is None and parcel.status != "delivered"
    ]


def _said(parcels: Sequence[Shipment]) -> dict[str, str]:
    """Quote the newest scan of some parcels."""
    scans = [scan for parcel in parcels if (scan := parcel.last_event)]
    newest = max(scans, key=lambda scan: scan.at, default=None)
    if newest is None:
        return {"said": "no reason given", "said_on": "the last scan"}
    return {"said": newest.text, "said_on": long_date(_day(newest.at))}


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _parcel_facts(order: Order, parcels: Sequence[Shipment]) -> dict[str, str]:
    """Collect the texts about parcels that a response may use."""
    facts = {"order_number": order.number, "status": order.status.replace("_", " ")}
    expected = [parcel.expected_on for parcel in parcels if parcel.expected_on]
    if expected:
        facts["expected_on"] = long_date(max(expected))
    tracked = next((parcel for parcel in parcels if parcel.tracking_number), None)
    facts["carrier"] = (tracked.carrier if tracked else None) or "the carrier"
    facts["tracking_number"] = (tracked.tracking_number if tracked else None) or "not known yet"
    return facts


def _money_facts(order: Order) -> dict[str, str]:
    """Collect the texts about the money of an order that a response may use."""
    return {
        "order_number": order.number,
        "total": dollars(order.total),
        "paid": dollars(order.paid),
        "refunded": dollars(order.refunded),
        "owed": dollars(max(order.paid - order.refunded, NOTHING)),
    }
