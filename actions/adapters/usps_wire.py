"""What USPS writes and wants to have written: states, scans, labels, prices, addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from actions.adapters.answers import bytes_of, day, entries, moment, money, place_name, within, words
from actions.adapters.errors import BadAnswer
from actions.carriers.port import Label, Parcel, Place, Rate, Tracking
from actions.commerce.model import Address, ShipmentEvent

NAME = "USPS"
CLASSES = {
    "ground": "USPS_GROUND_ADVANTAGE",
    "two_day": "PRIORITY_MAIL",
    "overnight": "PRIORITY_MAIL_EXPRESS",
}
RETURN_CLASSES = {service: f"{name}_RETURN_SERVICE" for service, name in CLASSES.items()}
# Categories as USPS writes them on its page, in small letters.
STATES = {
    "pre-shipment": "label_created",
    "pre shipment": "label_created",
    "accepted": "in_transit",
    "in transit": "in_transit",
    "moving through network": "in_transit",
    "out for delivery": "out_for_delivery",
    "available for pickup": "ready_for_pickup",
    "delivered": "delivered",
    "delivery attempt": "exception",
    "alert": "exception",
    "held": "exception",
    "return to sender": "returned",
    "returned to sender": "returned",
}


def read_tracking(number: str, found: Any, seen_at: datetime) -> Tracking:
    """Read a parcel."""
    if not words(found, "trackingNumber"):
        raise BadAnswer(NAME, "a parcel has another form than described.")
    status = STATES.get(words(found, "statusCategory").lower())
    scans = sorted((_event(each) for each in entries(found, "trackingEvents")), key=_when, reverse=True)
    newest = next(iter(entries(found, "trackingEvents")), None)
    expected = (
        words(found, "predictedDeliveryDate")
        or words(found, "predictedDeliveryTimeStamp")
        or words(found, "expectedDeliveryTimeStamp")
    )
    delivered = status == "delivered"
    return Tracking(
        tracking_number=number,
        source=NAME,
        seen_at=seen_at,
        status=status,
        text=words(found, "status") or words(found, "statusSummary"),
        events=tuple(scans),
        expected_on=day(NAME, expected) if expected and not delivered else None,
        delivered_at=scans[0].at if delivered and scans else None,
        signed_by=(words(newest, "name") or words(newest, "firm") or None) if delivered else None,
    )


def _when(event: ShipmentEvent) -> datetime:
    """Tell when a scan was made."""
    return event.at


def _event(found: Any) -> ShipmentEvent:
    """Read one scan; its place's own time is taken for UTC where USPS gives no other."""
    at = words(found, "GMTTimestamp") or words(found, "eventTimestamp")
    text = words(found, "eventType")
    return ShipmentEvent(
        at=moment(NAME, at),
        status=STATES.get(text.partition(",")[0].lower(), ""),
        text=text or "scanned",
        place=place_name(words(found, "eventCity"), words(found, "eventState")),
    )


def read_label(found: Any) -> Label:
    """Read a return label."""
    number = words(found, "trackingNumber")
    if not number:
        raise BadAnswer(NAME, "a label has another form than described.")
    postage = within(found, "postage")
    fees = [within(each, "price") for each in (*entries(found, "fees"), *entries(found, "extraServices"))]
    cost = sum((money(NAME, fee) for fee in fees if fee is not None), money(NAME, postage or 0))
    return Label(
        number=number,
        source=NAME,
        tracking_number=number,
        media_type="application/pdf",
        content=bytes_of(NAME, within(found, "returnLabelImage")),
        cost=cost if postage is not None else None,
    )


def read_rates(found: Any) -> list[Rate]:
    """Read what the services cost: of each the cheapest price that is for a parcel of one's own."""
    known = {name: service for service, name in CLASSES.items()}
    cheapest: dict[str, Rate] = {}
    for option in entries(found, "rateOptions"):
        first = within(option, "rates", 0)
        service = known.get(words(first, "mailClass"))
        total = within(option, "totalBasePrice")
        if (
            service is None
            or total is None
            or words(first, "destinationEntryFacilityType") not in ("", "NONE")
        ):
            continue
        rate = Rate(
            source=NAME,
            service=service,
            name=words(first, "productName") or words(first, "description"),
            amount=money(NAME, total),
            currency="USD",
        )
        if service not in cheapest or rate.amount < cheapest[service].amount:
            cheapest[service] = rate
    return sorted(cheapest.values(), key=lambda rate: rate.amount)


def write_party(place: Place) -> dict[str, Any]:
    """Write down who sends or receives."""
    party = write_address(place.address)
    first, _, last = place.name.rpartition(" ")
    party |= {"firstName": (first or last)[:50], "lastName": last[:50]}
    if place.company:
        party["firm"] = place.company[:50]
    if place.phone:
        party["phone"] = place.phone
    return party


def write_address(address: Address) -> dict[str, Any]:
    """Write down an address."""
    code, _, more = address.postcode.partition("-")
    written: dict[str, Any] = {
        "streetAddress": address.line1[:50],
        "city": address.city[:28],
        "state": address.state,
        "ZIPCode": code,
    }
    if address.line2:
        written["secondaryAddress"] = address.line2[:50]
    if more:
        written["ZIPPlus4"] = more
    return written


def write_package(parcel: Parcel) -> dict[str, Any]:
    """Write down a parcel."""
    return {
        "weight": float(parcel.pounds),
        "length": parcel.length,
        "width": parcel.width,
        "height": parcel.height,
    }
