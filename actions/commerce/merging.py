"""What an order is where a shop outside keeps it and only we know some of what was promised about it.

The shop outside has the last word on what it knows: lines, sums, addresses, when it was placed and paid, what was
really paid back, and the states that it has. Ours is what it has no place for: returns, exchanges, parcels, reasons,
what was made good, the category and tags of a line, codes that were credited later, and refunds that it hasn't booked
yet. Where the two meet:

- A state that only we know stands as long as the other shop's is the one that it grew out of: `return_requested`
  outlives `completed` while the return is open, `shipped` outlives `processing`. What the other shop cancels or pays
  back as a whole is cancelled or paid back, except that an order which was cancelled here stays so when the money that
  goes back makes it "refunded" there.
- A refund that the other shop books is the pending one here that its reason names ("R-10042"), else the oldest one
  over the same amount; it is settled then, and keeps its method and reference. One that is deleted there waits again.
- What was paid stays what it was when it was first seen: other lines change an order's total, not what was paid.
- A code that was credited here is a discount besides the other shop's own.

While something that was written here has yet to be done there, nothing is merged at all: see mirror.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from actions.commerce.model import NOTHING, Order, OrderItem, Payment

SENT = frozenset({"partially_shipped", "shipped", "out_for_delivery", "delivered"})
COMING_BACK = frozenset({"return_requested", "exchange_requested", "returned"})
OVER = frozenset({"cancelled", "refunded"})


def merged(theirs: Order, ours: Order | None, credited: Decimal = NOTHING) -> Order:
    """Put what a shop outside says of an order together with what only we know; `credited` are codes of ours."""
    if ours is None:
        return replace(theirs, refunds=())
    status = merged_status(theirs, ours)
    return replace(
        theirs,
        status=status,
        source_status=theirs.source_status if status == theirs.status else None,
        items=tuple(_item(item, ours.item(item.id)) for item in theirs.items),
        shipments=ours.shipments or theirs.shipments,
        payments=merged_payments(theirs.payments, ours.payments),
        refunds=(),  # worked out from the payments when it is read
        returns=ours.returns,
        exchanges=ours.exchanges,
        cancel_reason=ours.cancel_reason if status == "cancelled" else None,
        made_good=ours.made_good,
        adjusted=ours.adjusted,
        discount=theirs.discount + credited,
        promo_code=ours.promo_code if credited else theirs.promo_code,
    )


def merged_status(theirs: Order, ours: Order) -> str:
    """Tell whether our state or the other shop's is the true one."""
    if theirs.status in OVER:
        return "cancelled" if ours.status == "cancelled" else theirs.status
    waiting = any(entry.status == "pending" and not entry.outside_id for entry in ours.payments)
    coming_back = any(entry.open for entry in ours.returns) or any(entry.open for entry in ours.exchanges)
    stands = {
        "pending": ours.status == "changed",
        "processing": ours.status in SENT and bool(ours.shipments),
        "delivered": (ours.status in COMING_BACK and coming_back) or (ours.status == "refunded" and waiting),
    }
    return ours.status if stands.get(theirs.status) else theirs.status


def merged_payments(theirs: Sequence[Payment], ours: Sequence[Payment]) -> tuple[Payment, ...]:
    """Put the movements of money that the other shop has booked together with those that only we know."""
    known = {entry.outside_id: entry for entry in ours if entry.outside_id}
    paid = next((entry for entry in known.values() if entry.kind == "payment"), None)
    own = [entry for entry in ours if not entry.outside_id]
    booked: list[Payment] = []
    for entry in theirs:
        before = known.get(entry.outside_id or "")
        if before is None and entry.kind == "refund":
            place = _waiting(own, entry)
            before = own.pop(place) if place is not None else None
        if (
            before is None and paid is not None
        ):  # it goes back to what paid, whose name may be known here only
            entry = replace(entry, method_id=paid.method_id)
        booked.append(_booked(entry, before))
    there = {entry.outside_id for entry in theirs}
    gone = [entry for name, entry in known.items() if name not in there and entry.return_reference]
    return (*booked, *own, *(replace(entry, outside_id=None, status="pending") for entry in gone))


def _booked(entry: Payment, before: Payment | None) -> Payment:
    """Describe a movement that the other shop has booked, with what we know of it."""
    if before is None:
        return entry
    if entry.kind == "payment":
        return before if before.charge_id else replace(before, charge_id=entry.charge_id)
    return replace(
        before,
        amount=entry.amount,
        at=entry.at or before.at,
        # A payment provider knows better of what we booked; what the shop's people book they pay back themselves.
        status=before.status if before.charge_id and before.outside_id else "settled",
        return_reference=before.return_reference or entry.return_reference,
        outside_id=entry.outside_id,
    )


def _waiting(own: Sequence[Payment], entry: Payment) -> int | None:
    """Find the refund of ours that is booked now; what was paid without the other shop is booked there, too."""
    refunds = [n for n, each in enumerate(own) if each.kind == "refund"]
    pending = sorted(refunds, key=lambda n: own[n].status != "pending")
    named = [
        n for n in pending if entry.return_reference and own[n].return_reference == entry.return_reference
    ]
    same = [n for n in pending if own[n].amount == entry.amount]
    return next(iter((*named, *same)), None)


def _item(theirs: OrderItem, ours: OrderItem | None) -> OrderItem:
    """Describe a line with the category and tags that it had when it was first seen."""
    if ours is None:
        return theirs
    return replace(theirs, category=ours.category or theirs.category, tags=ours.tags or theirs.tags)
