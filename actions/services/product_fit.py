"""Whether a product goes together with another one, or with a thing that the shop doesn't sell.

Pure functions of what is on file. Where it says nothing the answer is "unknown", with what there is to go by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from actions.commerce.compatibility import Span
from actions.commerce.model import Product
from actions.services import matching
from actions.services.wording import listed

MEASURE = re.compile(
    r"(?<![\w.])(\d{1,5}(?:\.\d{1,3})?)[\s-]*(inch(?:es)?|in\b|\"|''|lbs?\b|pounds?|ft\b|feet|foot)",
    re.IGNORECASE,
)
UNITS = {"inch": "in", "inches": "in", "in": "in", "\"": "in", "''": "in", "lb": "lb", "lbs": "lb", "pound": "lb",
         "pounds": "lb", "ft": "ft", "feet": "ft", "foot": "ft"}  # fmt: skip
CODE = re.compile(r"\b[A-Z]{1,2}\d{1,2}\b")  # as in E26, GU10, MR16


@dataclass(frozen=True)
class FitAnswer:
    """Yes, no or unknown, with the fact that decides."""

    answer: str  # yes, no or unknown
    fact: str = ""
    variants: tuple[str, ...] = ()  # labels of those of which it holds, where it isn't all of them


def decide_pair(one: Product, other: Product) -> FitAnswer:
    """Decide whether two products go together; it is the same whichever of them is asked about."""
    for first, second in ((one, other), (other, one)):
        if second.id in first.compatibility.not_with:
            return FitAnswer("no", f"the {first.name} isn't made for the {second.name}")
    for first, second in ((one, other), (other, one)):
        if second.id in first.compatibility.works_with:
            return FitAnswer("yes", f"the {first.name} is made to go with the {second.name}")
    shared = [*_shared(one, other), *_shared(other, one)]
    fitting = [answer for answer in shared if answer.answer == "yes"]
    if fitting or shared:
        return (fitting or shared)[0]
    return FitAnswer("unknown", on_file(one) or on_file(other))


def _shared(taking: Product, giving: Product) -> Iterator[FitAnswer]:
    """Compare what one product takes with what the other one has, feature by feature."""
    for feature, accepted in taking.compatibility.takes.items():
        offered = giving.compatibility.has.get(feature)
        if not offered:
            continue
        common = [value for value in accepted if value in offered]
        if common:
            yield FitAnswer(
                "yes",
                f"{feature} on the {taking.name}: {_or(accepted)}, on the {giving.name}: {_or(offered)}",
                _versions(giving, offered, common),
            )
        else:
            yield FitAnswer(
                "no", f"{feature} on the {taking.name}: {_or(accepted)}, on the {giving.name}: {_or(offered)}"
            )


def _versions(product: Product, offered: Sequence[str], common: Sequence[str]) -> tuple[str, ...]:
    """Return the versions that have it, where an option tells them from the others."""
    told = [v for v in product.variants if set(v.options.values()) & set(offered)]
    having = [v for v in told if set(v.options.values()) & set(common)]
    return tuple(v.label for v in having) if having and len(having) < len(told) else ()


def decide_thing(product: Product, words: str) -> FitAnswer:
    """Decide whether a product goes with what the words name: a device, a measure, a code such as E26."""
    answers = [*_devices(product, words), *_measures(product, words), *_codes(product, words)]
    wrong = [answer for answer in answers if answer.answer == "no"]
    if wrong or answers:
        return (wrong or answers)[0]
    return FitAnswer("unknown", on_file(product))


def _devices(product: Product, words: str) -> Iterator[FitAnswer]:
    """Look for devices that are on file; of names that contain each other the longest counts."""
    plain = f" {' '.join(matching.words(words))} "
    found: list[tuple[int, FitAnswer]] = []
    for device in product.compatibility.devices:
        for name in device.names:
            if f" {' '.join(matching.words(name))} " in plain:
                note = f" ({device.note})" if device.note else ""
                suits = "suitable" if device.works else "not suitable"
                fact = f"the {product.name} is on file as {suits} for {name}{note}"
                found.append((len(name), FitAnswer("yes" if device.works else "no", fact)))
    yield from (answer for _, answer in sorted(found, key=lambda entry: -entry[0])[:1])


def _measures(product: Product, words: str) -> Iterator[FitAnswer]:
    """Hold every measure in the words against the spans on file for its unit and thing."""
    said = set(matching.words(words))
    for match in MEASURE.finditer(words.replace("\u201d", '"')):
        value, unit = Decimal(match[1]), UNITS[match[2].lower()]
        spans = [span for span in product.compatibility.spans if span.unit == unit]
        named = [span for span in spans if set(matching.words(span.thing)) & said]
        for span in named or (spans if _only_thing(product.compatibility.spans) else ()):
            yield _held(product, span, value)


def _only_thing(spans: Sequence[Span]) -> bool:
    """Tell whether all spans are about one and the same thing."""
    return len({span.thing for span in spans}) == 1


def _held(product: Product, span: Span, value: Decimal) -> FitAnswer:
    """Hold one measure against a span."""
    fits = span.holds(value)
    fact = f"the {product.name} is for a {span.thing} of {span.text}, and yours has {value:f} {span.unit}"
    return FitAnswer("yes" if fits else "no", fact)


def _codes(product: Product, words: str) -> Iterator[FitAnswer]:
    """Look for a code such as E26 among what the product has and takes."""
    asked = CODE.findall(words.upper())
    features: Mapping[str, tuple[str, ...]] = {**product.compatibility.takes, **product.compatibility.has}
    for feature, values in features.items():
        if not any(CODE.fullmatch(value) for value in values):
            continue
        for code in asked:
            fits = code in values
            fact = f"{feature} on the {product.name}: {_or(values)}" + ("" if fits else f", not {code}")
            yield FitAnswer("yes" if fits else "no", fact, _versions(product, values, [code]) if fits else ())


def on_file(product: Product) -> str:
    """Say what is on file about what a product goes together with, in one line; nothing where nothing is."""
    made = product.compatibility
    facts = [f"{feature}: {_or(values)}" for feature, values in {**made.takes, **made.has}.items()]
    facts += [f"{span.thing}: {span.text}" for span in made.spans]
    works = [name for device in made.devices if device.works for name in device.names]
    fails = [name for device in made.devices if not device.works for name in device.names]
    facts += [f"suitable for {listed(works)}"] if works else []
    facts += [f"not suitable for {_or(fails)}"] if fails else []
    return "; ".join(facts)


def _or(values: Sequence[str]) -> str:
    """Join values as in "a, b or c"."""
    return " or ".join(part for part in (", ".join(values[:-1]), *values[-1:]) if part)
