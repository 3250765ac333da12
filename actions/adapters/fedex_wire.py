"""What FedEx writes and wants to have written: states, scans, labels, charges, addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from actions.adapters.answers import (
    bytes_of,
    currency_of,
    day,
    entries,
    moment,
    money,
    place_name,
    within,
    words,
)
from actions.adapters.errors import BadAnswer
from actions.carriers.port import Label, Parcel, Place, Rate, Tracking
from actions.commerce.model import Address, ShipmentEvent

NAME = "FedEx"
CODES = {"ground": "FEDEX_GROUND", "two_day": "FEDEX_2_DAY", "overnight": "STANDARD_OVERNIGHT"}
ORDERED = ("OC", "EP", "AP", "PD", "DS")
MOVING = (
    *("AA", "AC", "AF", "AO", "AR", "AX", "CC", "CH", "CP", "DP", "EA", "EO", "FD", "IT", "IX", "LO", "OF"),
    *("OX", "PF", "PL", "PM", "PU", "PX", "SF", "SP", "TR", "RR", "RM", "RC"),
)
STATES = {
    **dict.fromkeys(ORDERED, "label_created"),
    **dict.fromkeys(MOVING, "in_transit"),
    **dict.fromkeys(("OD", "ED", "AD"), "out_for_delivery"),
    **dict.fromkeys(("HL", "HP"), "ready_for_pickup"),
    "DL": "delivered",
    **dict.fromkeys(("CA", "CD", "DD", "DE", "DY", "SE"), "exception"),
    "RS": "returned",
}
NOT_FOUND = "NOTFOUND"  # the end of TRACKING.TRACKINGNUMBER.NOTFOUND


def read_tracking(number: str, found: Any, seen_at: datetime) -> Tracking | None:
    """Read a parcel; None for one that FedEx doesn't know."""
    results = entries(found, "output", "completeTrackResults", 0, "trackResults")
    if not results:
        raise BadAnswer(NAME, "a parcel has another form than described.")
    known = [each for each in results if not within(each, "error")]
    if not known:
        if words(results[0], "error", "code").endswith(NOT_FOUND):
            return None
        raise BadAnswer(NAME, "it couldn't tell where a parcel is.")
    # A number is used again after some time; the parcel that moved last is meant.
    events, parcel = max(((_events(each), each) for each in known), key=lambda pair: _newest(pair[0]))
    latest = within(parcel, "latestStatusDetail")
    status = _state(words(latest, "derivedCode")) or _state(words(latest, "code"))
    times = {words(each, "type"): words(each, "dateTime") for each in entries(parcel, "dateAndTimes")}
    arrived, expected = (
        times.get("ACTUAL_DELIVERY"),
        times.get("ESTIMATED_DELIVERY") or times.get("COMMITMENT"),
    )
    details = within(parcel, "deliveryDetails")
    delivered = status == "delivered"
    return Tracking(
        tracking_number=number,
        source=NAME,
        seen_at=seen_at,
        status=status,
        text=words(latest, "statusByLocale") or words(latest, "description"),
        events=events,
        expected_on=day(NAME, expected) if expected and not delivered else None,
        delivered_at=moment(NAME, arrived) if arrived and delivered else None,
        signed_by=words(details, "signedByName") or words(details, "receivedByName") or None,
    )


def _events(parcel: Any) -> tuple[ShipmentEvent, ...]:
    """Read the scans, newest first."""
    read = (_event(each) for each in entries(parcel, "scanEvents"))
    return tuple(sorted(read, key=lambda event: event.at, reverse=True))


def _newest(events: tuple[ShipmentEvent, ...]) -> str:
    """Tell when a parcel moved last, in a form that can be compared."""
    return events[0].at.isoformat() if events else ""


def _event(found: Any) -> ShipmentEvent:
    """Read one scan."""
    where = within(found, "scanLocation")
    happened, why = words(found, "eventDescription"), words(found, "exceptionDescription")
    return ShipmentEvent(
        at=moment(NAME, words(found, "date")),
        status=_state(words(found, "derivedStatusCode")) or _state(words(found, "eventType")) or "",
        text=": ".join(part for part in (happened, why) if part) or "scanned",
        place=place_name(words(where, "city"), words(where, "stateOrProvinceCode")),
    )


def _state(code: str) -> str | None:
    """Translate a state."""
    return STATES.get(code)


def read_label(found: Any) -> Label:
    """Read a label that was just bought."""
    shipment = within(found, "output", "transactionShipments", 0)
    piece = within(shipment, "pieceResponses", 0)
    number = words(piece, "trackingNumber") or words(shipment, "masterTrackingNumber")
    documents = entries(piece, "packageDocuments")
    label = next((each for each in documents if words(each, "contentType") == "LABEL"), None)
    if not number or label is None:
        raise BadAnswer(NAME, "a label has another form than described.")
    rates = entries(shipment, "completedShipmentDetail", "shipmentRating", "shipmentRateDetails")
    charge = next((each for each in rates if within(each, "totalNetCharge") is not None), None)
    return Label(
        number=number,
        source=NAME,
        tracking_number=number,
        media_type="application/pdf",
        content=bytes_of(NAME, within(label, "encodedLabel")),
        cost=money(NAME, within(charge, "totalNetCharge")) if charge else None,
        currency=currency_of(NAME, within(charge, "currency")) if charge else "USD",
    )


def read_rate(service: str, found: Any) -> Rate | None:
    """Read what a service costs, by the account's own rate where there is one."""
    rated = {words(each, "rateType"): each for each in entries(found, "ratedShipmentDetails")}
    charge = rated.get("ACCOUNT") or rated.get("LIST")
    if charge is None:
        return None
    arrives = words(found, "commit", "dateDetail", "dayFormat") or words(
        found, "operationalDetail", "commitDate"
    )
    return Rate(
        source=NAME,
        service=service,
        name=words(found, "serviceName") or CODES[service],
        amount=money(NAME, within(charge, "totalNetCharge")),
        currency=currency_of(NAME, within(charge, "shipmentRateDetail", "currency")),
        expected_on=day(NAME, arrives) if arrives else None,
    )


def write_party(place: Place) -> dict[str, Any]:
    """Write down who sends or receives."""
    contact = {"personName": place.name[:70], "phoneNumber": place.phone[:15]}
    if place.company:
        contact["companyName"] = place.company[:35]
    lines = [line[:35] for line in (place.address.line1, place.address.line2) if line]
    return {"contact": contact, "address": {"streetLines": lines, **write_town(place.address)}}


def write_town(address: Address) -> dict[str, Any]:
    """Write down where a place is, without its street."""
    return {
        "city": address.city[:35],
        "stateOrProvinceCode": address.state,
        "postalCode": address.postcode,
        "countryCode": "US",
    }


def write_package(parcel: Parcel) -> dict[str, Any]:
    """Write down a parcel."""
    return {
        "weight": {"units": "LB", "value": float(parcel.pounds)},
        "dimensions": {
            "length": parcel.length,
            "width": parcel.width,
            "height": parcel.height,
            "units": "IN",
        },
    }
