"""What a product goes together with, as JSON: of the shop format, and of the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from actions.commerce.compatibility import Compatibility, Device, Span
from actions.commerce.fields import ANY_TEXT, FLAG, TEXT, TEXTS, Kind, Record


def read_compatibility(record: Record) -> Compatibility:
    """Read the object `compatibility` of a product."""
    made = Compatibility(
        works_with=record.maybe("works_with", TEXTS, ()),
        not_with=record.maybe("not_with", TEXTS, ()),
        goes_with=record.maybe("goes_with", TEXTS, ()),
        has=_features(record, "has"),
        takes=_features(record, "takes"),
        spans=tuple(_span(entry) for entry in record.each("spans", needed=False)),
        devices=tuple(_device(entry) for entry in record.each("devices", needed=False)),
    )
    record.done()
    return made


def _features(record: Record, name: str) -> dict[str, tuple[str, ...]]:
    """Read an object of lists."""
    inner = record.inner(name, needed=False)
    return {key: inner.take(key, TEXTS) for key in inner.value}


def _span(record: Record) -> Span:
    """Read a span; one of its ends has to be there."""
    made = Span(
        thing=record.take("thing", TEXT),
        unit=record.take("unit", TEXT),
        low=record.maybe("low", MEASURE),
        high=record.maybe("high", MEASURE),
    )
    if made.low is None and made.high is None:
        record.complain("low", "or high has to be there")
    elif made.low is not None and made.high is not None and made.low > made.high:
        record.complain("low", "is above high")
    record.done()
    return made


def _device(record: Record) -> Device:
    """Read a device."""
    names = tuple(record.take("names", TEXTS))
    made = Device(names=names, works=record.take("works", FLAG), note=record.maybe("note", ANY_TEXT, ""))
    if not names:
        record.complain("names", "should name something")
    record.done()
    return made


def _measure(value: Any) -> Decimal:
    """Read a measure."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | Decimal)
        or not Decimal(value).is_finite()
        or value < 0
    ):
        raise ValueError("should be a number from 0 on")
    return Decimal(value)


MEASURE = Kind(_measure, None)


def compatibility_record(made: Compatibility) -> dict[str, Any]:
    """Write it as JSON, without what is empty."""
    record: dict[str, Any] = {
        "works_with": list(made.works_with),
        "not_with": list(made.not_with),
        "goes_with": list(made.goes_with),
        "has": {name: list(values) for name, values in made.has.items()},
        "takes": {name: list(values) for name, values in made.takes.items()},
        "spans": [_span_record(span) for span in made.spans],
        "devices": [
            {"names": list(each.names), "works": each.works, **({"note": each.note} if each.note else {})}
            for each in made.devices
        ],
    }
    return {name: value for name, value in record.items() if value}


def _span_record(span: Span) -> dict[str, Any]:
    """Write a span as JSON."""
    ends = {"low": span.low, "high": span.high}
    numbers = {name: _number(value) for name, value in ends.items() if value is not None}
    return {"thing": span.thing, "unit": span.unit, **numbers}


def _number(value: Decimal) -> int | float:
    """Write a measure as a JSON number."""
    return int(value) if value == value.to_integral_value() else float(value)


def compatibility_from(record: Mapping[str, Any] | None) -> Compatibility:
    """Make it of what `compatibility_record` wrote."""
    found = record or {}
    return Compatibility(
        works_with=tuple(found.get("works_with", ())),
        not_with=tuple(found.get("not_with", ())),
        goes_with=tuple(found.get("goes_with", ())),
        has={name: tuple(values) for name, values in found.get("has", {}).items()},
        takes={name: tuple(values) for name, values in found.get("takes", {}).items()},
        spans=tuple(
            Span(
                thing=each["thing"],
                unit=each["unit"],
                low=_decimal(each.get("low")),
                high=_decimal(each.get("high")),
            )
            for each in found.get("spans", ())
        ),
        devices=tuple(
            Device(names=tuple(each["names"]), works=each["works"], note=each.get("note", ""))
            for each in found.get("devices", ())
        ),
    )


def _decimal(value: Any) -> Decimal | None:
    """Read a measure from JSON, by how it is written."""
    return None if value is None else Decimal(str(value))


def check_compatibility(products: Iterable[tuple[str, Compatibility]], problems: list[str]) -> None:
    """Complain about products that are named and aren't there."""
    known = dict(products)
    for product_id, made in known.items():
        problems += [
            f"products.json, product '{product_id}': compatibility names '{each}', which isn't a product"
            for each in made.ids
            if each not in known
        ]
