"""Where parcels are now: the carriers are asked, briefly remembered, and told honestly when they don't answer."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from actions.adapters.errors import AdapterError
from actions.carriers.embedded import noted
from actions.carriers.port import Carrier, Tracking
from actions.commerce.model import Order, Shipment
from actions.services.clock import Clock, utc_now

logger = logging.getLogger(__name__)

FRESH = timedelta(minutes=10)  # for which what a carrier said isn't asked again
KEPT = timedelta(days=2)  # for which it is still better than nothing while the carrier is down
AGAIN = timedelta(
    minutes=1
)  # after which a carrier that didn't answer, or didn't know a number, is asked again
MOST_KEPT = 2000
AT_ONCE = 4
UNDER_WAY = frozenset({"shipped", "out_for_delivery", "partially_shipped"})
ARRIVED = frozenset({"delivered"})
HERE = frozenset(
    {"delivered", "return_requested", "exchange_requested"}
)  # at the customer, going by the shop

News = Mapping[str, Tracking]  # what carriers say of parcels, by tracking number


@dataclass(frozen=True)
class Look:
    """What is known of an order's parcels, and how that is known."""

    order: Order  # with its parcels as they are; its own state only as far as they change it
    silent: tuple[str, ...] = ()  # carriers that didn't answer
    as_of: datetime | None = None  # how old the oldest news is of those that didn't


@dataclass(frozen=True)
class _Seen:
    """One parcel, with what a carrier says of it."""

    parcel: Shipment
    tracking: Tracking | None = None
    failed: bool = False


class Parcels:
    """Looks where the parcels of an order are; only who may see the order gets to see them.

    >>> look = parcels.look(order)
    """

    def __init__(self, carriers: Mapping[str, Carrier], clock: Clock = utc_now) -> None:
        self._carriers = {name.casefold(): carrier for name, carrier in carriers.items()}
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], Tracking] = OrderedDict()
        self._unknown: dict[
            tuple[str, str], tuple[datetime, bool]
        ] = {}  # since when; whether nobody answered
        self._lock = Lock()

    def look(self, order: Order) -> Look:
        """Ask where the parcels are whose arrival isn't noted; nothing is written."""
        seen = self._ask(order)
        failed = [found for found in seen if found.failed]
        ages = [(found.tracking or self._noted(found.parcel)).seen_at for found in failed]
        return Look(
            order=as_told(order, _news(seen)),
            silent=tuple(dict.fromkeys(found.parcel.carrier or "" for found in failed)),
            as_of=min(ages, default=None),
        )

    def news(self, order: Order) -> News:
        """Ask the carriers about the parcels of an order; what they say decides together with the books."""
        return _news(self._ask(order))

    def told(self, order: Order) -> Order:
        """Return an order with what the carriers say of its parcels."""
        return as_told(order, self.news(order))

    def _ask(self, order: Order) -> list[_Seen]:
        """Ask about each parcel, several at once."""
        asks = order.status in UNDER_WAY | HERE
        asked = [parcel for parcel in order.shipments if asks and self._asks(parcel)]
        if len(asked) < 2:
            return [self._seen(parcel) for parcel in asked]
        with ThreadPoolExecutor(min(AT_ONCE, len(asked)), thread_name_prefix="parcels") as pool:
            return list(pool.map(self._seen, asked))

    def _asks(self, parcel: Shipment) -> bool:
        """Tell whether there is somebody to ask about a parcel, and something to be asked."""
        carrier = (parcel.carrier or "").casefold()
        return carrier in self._carriers and bool(parcel.tracking_number) and parcel.delivered_at is None

    def _seen(self, parcel: Shipment) -> _Seen:
        """Ask where one parcel is, unless that is known well enough."""
        carrier = self._carriers[(parcel.carrier or "").casefold()]
        number = parcel.tracking_number or ""
        key, now = (carrier.name, number), self._clock()
        with self._lock:
            known, unknown = self._known.get(key), self._unknown.get(key)
        if known is not None and now - known.seen_at < FRESH:
            _note(carrier, number, known, now)
            return _Seen(parcel, known)
        old = known if known is not None and now - known.seen_at < KEPT else None
        if unknown is not None and now - unknown[0] < AGAIN:
            return _Seen(parcel, old, failed=True) if unknown[1] else _Seen(parcel)
        try:
            found = carrier.track(number)
        except AdapterError as error:
            logger.warning("where parcel ...%s is isn't known: %s", number[-4:], error)
            self._pass_over(key, now, failed=True)
            return _Seen(parcel, old, failed=True)
        if found is None:  # a number that was just made isn't known yet
            logger.info("%s doesn't know parcel ...%s", carrier.name, number[-4:])
            self._pass_over(key, now, failed=False)
            return _Seen(parcel)
        self._keep(key, found)
        _note(carrier, number, found, now)
        return _Seen(parcel, found)

    def _noted(self, parcel: Shipment) -> Tracking:
        """Tell what the shop itself knows, and how old that is."""
        return noted(parcel, parcel.tracking_number or "", self._clock)

    def _keep(self, key: tuple[str, str], found: Tracking) -> None:
        """Remember what a carrier said, and forget what was longest ago."""
        with self._lock:
            self._known[key] = found
            self._known.move_to_end(key)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)

    def _pass_over(self, key: tuple[str, str], now: datetime, *, failed: bool) -> None:
        """Remember that nothing is known, so that not every decision in a message asks."""
        with self._lock:
            recent = {each: entry for each, entry in self._unknown.items() if now - entry[0] < AGAIN}
            self._unknown = recent | {key: (now, failed)}


def as_told(order: Order, news: News) -> Order:
    """Put what carriers say in place of what the shop noted of an order's parcels.

    Of an order that arrived, going by the shop, only the day is taken, where the shop has none.
    """
    if not news:
        return order
    told = [(parcel, news.get(parcel.tracking_number or "")) for parcel in order.shipments]
    if order.status in HERE:
        told = [(parcel, said if said and said.status in ARRIVED else None) for parcel, said in told]
    parcels = tuple(_as_seen(parcel, said) for parcel, said in told)
    status = _status(order, parcels) if order.status in UNDER_WAY else order.status
    return replace(order, shipments=parcels, status=status)


def _news(seen: list[_Seen]) -> News:
    """Collect what was said."""
    return {each.parcel.tracking_number or "": each.tracking for each in seen if each.tracking is not None}


def _note(carrier: Carrier, number: str, found: Tracking, now: datetime) -> None:
    """Tell the operator who said what, and how long ago."""
    age = (now - found.seen_at).total_seconds()
    logger.info(
        "%s on parcel ...%s, %.0f s ago: %s", carrier.name, number[-4:], age, found.status or found.text
    )


def _as_seen(parcel: Shipment, tracking: Tracking | None) -> Shipment:
    """Put what a carrier says in place of what the shop noted."""
    if tracking is None:
        return parcel
    return replace(
        parcel,
        status=tracking.status or parcel.status,
        expected_on=tracking.expected_on or parcel.expected_on,
        delivered_at=tracking.delivered_at or (tracking.seen_at if tracking.status == "delivered" else None),
        events=tracking.events or parcel.events,
    )


def _status(order: Order, parcels: tuple[Shipment, ...]) -> str:
    """Tell the state of an order that follows from where its parcels are."""
    if order.status == "partially_shipped":
        return order.status  # something waits to be packed, whatever became of the rest
    moving = [parcel for parcel in parcels if parcel.status not in ARRIVED]
    if not moving:
        return "delivered"
    if len(parcels) == 1 and moving[0].status == "out_for_delivery":
        return "out_for_delivery"
    return "shipped" if order.status == "out_for_delivery" else order.status
