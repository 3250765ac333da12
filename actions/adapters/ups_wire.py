"""What UPS writes and wants to have written: states, scans, labels, charges, addresses."""

from __future__ import annotations

from collections.abc import Mapping
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

NAME = "UPS"
CODES = {"ground": "03", "two_day": "02", "overnight": "01"}
ORDERED = (3, 44, 45, 77, 79, 80)
MOVING = (5, 10, 12, 14, 16, 25, 27, 28, 38, 39, 41, 42, 47, 55, 57, 71, 73, 74, 75, 82, 84, 87)
ARRIVING = (6, 21, 37, 72, 78, 89, 91)
WAITING = (17, 40)
TROUBLE = (
    13,
    19,
    22,
    23,
    24,
    29,
    30,
    32,
    46,
    48,
    49,
    50,
    51,
    52,
    53,
    58,
    59,
    60,
    61,
    62,
    64,
    66,
    68,
    69,
    76,
    83,
    86,
    90,
)
RETURNING = (33, 34, 35, 36, 67, 81)
STATES = {
    **dict.fromkeys(ORDERED, "label_created"),
    **dict.fromkeys(MOVING, "in_transit"),
    **dict.fromkeys(ARRIVING, "out_for_delivery"),
    **dict.fromkeys(WAITING, "ready_for_pickup"),
    **dict.fromkeys((11, 26), "delivered"),
    **dict.fromkeys(TROUBLE, "exception"),
    **dict.fromkeys(RETURNING, "returned"),
}
TYPES = {"M": "label_created", "P": "in_transit", "I": "in_transit", "D": "delivered", "X": "exception"}


def read_tracking(number: str, parcel: Any, seen_at: datetime) -> Tracking:
    """Read a parcel."""
    events = sorted(
        (_event(each) for each in entries(parcel, "activity")), key=lambda event: event.at, reverse=True
    )
    dates = {words(each, "type"): words(each, "date") for each in entries(parcel, "deliveryDate")}
    status = _state(within(parcel, "currentStatus")) or (events[0].status or None if events else None)
    arrival = next((event.at for event in events if event.status == "delivered"), None)
    if arrival is None and dates.get("DEL"):
        arrival = _time(dates["DEL"], words(parcel, "deliveryTime", "endTime"))
    expected = dates.get("RDD") or dates.get("SDD")
    return Tracking(
        tracking_number=number,
        source=NAME,
        seen_at=seen_at,
        status=status,
        text=words(parcel, "currentStatus", "description") or (events[0].text if events else ""),
        events=tuple(events),
        expected_on=day(NAME, expected) if expected and status != "delivered" else None,
        delivered_at=arrival if status == "delivered" else None,
        signed_by=words(parcel, "deliveryInformation", "receivedBy") or None,
    )


def read_label(answer: Any) -> Label:
    """Read a label that was just bought."""
    results = within(answer, "ShipmentResponse", "ShipmentResults")
    package = within(results, "PackageResults", 0)
    number = words(package, "TrackingNumber")
    if not number:
        raise BadAnswer(NAME, "a label has another form than described.")
    charge = within(results, "NegotiatedRateCharges", "TotalCharge") or within(
        results, "ShipmentCharges", "TotalCharges"
    )
    known = isinstance(charge, Mapping)
    return Label(
        number=words(results, "ShipmentIdentificationNumber") or number,
        source=NAME,
        tracking_number=number,
        media_type="image/gif",
        content=bytes_of(NAME, within(package, "ShippingLabel", "GraphicImage")),
        cost=money(NAME, charge.get("MonetaryValue")) if known else None,
        currency=currency_of(NAME, charge.get("CurrencyCode")) if known else "USD",
    )


def read_found_label(answer: Any) -> Label | None:
    """Read a label that was looked up; None where there is none."""
    found = within(answer, "LabelRecoveryResponse")
    results = [each for each in entries(found, "LabelResults") if within(each, "LabelImage")]
    if not results:
        return None
    number = words(results[0], "TrackingNumber") or words(found, "ShipmentIdentificationNumber")
    if not number:
        raise BadAnswer(NAME, "a label has another form than described.")
    content = bytes_of(NAME, within(results[0], "LabelImage", "GraphicImage"))
    return Label(
        number=number,
        source=NAME,
        tracking_number=number,
        media_type="application/pdf" if content.startswith(b"%PDF") else "image/gif",
        content=content,
    )


def read_rate(service: str, found: Any) -> Rate:
    """Read what a service costs."""
    charge = within(found, "NegotiatedRateCharges", "TotalCharge") or within(found, "TotalCharges")
    arrives = words(found, "GuaranteedDelivery", "ScheduledDeliveryDate")
    return Rate(
        source=NAME,
        service=service,
        name=words(found, "Service", "Description") or f"UPS service {CODES[service]}",
        amount=money(NAME, within(charge, "MonetaryValue")),
        currency=currency_of(NAME, within(charge, "CurrencyCode")),
        expected_on=day(NAME, arrives) if arrives else None,
    )


def _event(found: Any) -> ShipmentEvent:
    """Read one scan."""
    text = words(found, "status", "description")
    if words(found, "gmtDate") and words(found, "gmtTime"):
        at = _time(words(found, "gmtDate"), words(found, "gmtTime"))
    else:
        at = _time(words(found, "date"), words(found, "time"))
    address = within(found, "location", "address")
    return ShipmentEvent(
        at=at,
        status=_state(within(found, "status")) or "",
        text=text or "scanned",
        place=place_name(words(address, "city"), words(address, "stateProvince")),
    )


def _state(found: Any) -> str | None:
    """Translate a state: by its code where that is known, else by its kind."""
    code = words(found, "statusCode")
    if not (code.isascii() and code.isdigit()):
        code = words(found, "code")
    by_code = STATES.get(int(code)) if code.isascii() and code.isdigit() else None
    return by_code or TYPES.get(words(found, "type"))


def _time(date_text: str, time_text: str) -> datetime:
    """Read a date and a time, which UPS writes with or without separators; without a zone they are UTC."""
    return moment(NAME, f"{date_text.replace('-', '')}T{time_text.replace(':', '') or '000000'}")


def write_party(place: Place) -> dict[str, Any]:
    """Write down who sends or receives, as long as UPS takes it."""
    party: dict[str, Any] = {
        "Name": (place.company or place.name)[:35],
        "Address": write_address(place.address),
    }
    if place.company:
        party["AttentionName"] = place.name[:35]
    if place.phone:
        party["Phone"] = {"Number": place.phone[:15]}
    return party


def write_address(address: Address) -> dict[str, Any]:
    """Write down an address."""
    lines = [line[:35] for line in (address.line1, address.line2) if line]
    return {
        "AddressLine": lines,
        "City": address.city[:30],
        "StateProvinceCode": address.state,
        "PostalCode": address.postcode.replace("-", "")[:9],
        "CountryCode": "US",
    }


def write_package(parcel: Parcel, packaging: str) -> dict[str, Any]:
    """Write down a parcel."""
    return {
        packaging: {"Code": "02"},
        "Dimensions": {
            "UnitOfMeasurement": {"Code": "IN", "Description": "Inches"},
            "Length": str(parcel.length),
            "Width": str(parcel.width),
            "Height": str(parcel.height),
        },
        "PackageWeight": {
            "UnitOfMeasurement": {"Code": "LBS", "Description": "Pounds"},
            "Weight": f"{parcel.pounds:.1f}",
        },
    }
