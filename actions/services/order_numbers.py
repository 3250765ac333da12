"""Order numbers in what people write: the forms that shops give them, told from other figures by their cues.

A number is a letter and six digits (L204817), one or two letters and more, or, in a shop that numbers its orders
without letters, digits alone. Which of these a shop has is read from its orders (`known`); it goes for the whole
process, as the services do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# "L204817", "#L204817", "l-204817", "L 204817", "204817", also inside a sentence.
OWN_NUMBER = re.compile(r"(?<![0-9A-Za-z])#?\s?(?:L[\s\-.#]*)?(\d{6})(?![0-9A-Za-z])", re.IGNORECASE)
# Numbers of imported shops: one or two letters and six to ten digits, as in "#W2611340".
OTHER_NUMBER = re.compile(r"(?<![0-9A-Za-z])#?([A-Z]{1,2})-?(\d{6,10})(?![0-9A-Za-z])", re.IGNORECASE)
LONGEST_TEXT = 2000

# Digits alone: with a mark or a word in front, in a row behind such a one, or as all that is said.
DIGITS = r"(\d{1,12})(?![\w@%]|[.,/:-]\d)"
MARKED = re.compile(rf"(?<![\w@$€£#])#\s?{DIGITS}")
NAMED = re.compile(
    r"\b(?:orders?|purchases?|order(?:number|id)|(?:number|no|nr|id)(?=[\s.:#]))\b[\s.:#-]*"
    rf"(?:(?:numbers?|no|nr|id|is|was|it's|and|for)\b[\s.:#-]*){{0,3}}{DIGITS}",
    re.IGNORECASE,
)
ALONG = re.compile(rf"\s*(?:,|&|\+|\band\b|\bor\b)+\s*(?:#\s?)?{DIGITS}", re.IGNORECASE)
ALONE = re.compile(
    rf"\s*(?:(?:it's|its|it|that's|this is|is|the|my|order|number)\s+)*#?{DIGITS}[\s.,;!?]*", re.IGNORECASE
)
# Figures that stand by themselves count where they are as long as the shop's numbers, and don't look like others.
LOOSE = re.compile(
    r"(?<![\w@$€£#%./:,-])(?<!\$ )(?<!\b(?-i:[A-Z]{2}) )(?<!\bzip )(?<!\bcode )(?<!\bzip is )(?<!\bcode is )"
    rf"(?!(?:19|20)\d\d\b){DIGITS}"
    r"(?!\s*(?:x|times|pieces|pcs|of|days?|weeks?|hours?|minutes?|dollars?|bucks|usd|ft|feet|inch|cm|mm|ml|oz|lbs?|pm|am)\b)"
    r"(?!\s+(?:(?:(?!to\b)[A-Z][A-Z.'-]{0,19}|\d{1,3}(?:st|nd|rd|th))\s+){1,3}"
    r"(?:st|street|ave|avenue|rd|road|ln|lane|dr|drive|blvd|boulevard|ct|court|pl|place|way|ter|terrace|pkwy|hwy)\b)",
    re.IGNORECASE,
)
SHORTEST_LOOSE = 3  # digits
EMAIL = re.compile(r"\S+@\S+")

Span = tuple[int, int, str]


@dataclass(frozen=True)
class Forms:
    """The forms that a shop's order numbers have: digits alone, of which lengths; none where they have letters."""

    lengths: frozenset[int] = frozenset()

    @property
    def plain(self) -> bool:
        """Whether numbers are digits alone."""
        return bool(self.lengths)


_forms = Forms()


def known(numbers: Iterable[str]) -> Forms:
    """Tell the forms of a shop's numbers; a shop with letters in any of them has none without."""
    keys = [number.strip(" #") for number in numbers]
    if not keys or not all(key.isascii() and key.isdigit() for key in keys):
        return Forms()
    return Forms(frozenset(len(key) for key in keys))


def use(forms: Forms) -> None:
    """Read numbers in these forms from now on."""
    global _forms
    _forms = forms


def order_number(text: str) -> str | None:
    """Find an order number in any spelling or sentence: "#L-204817", "l 204817", "it is 204817".

    Gives the canonical form, "L204817". Letters other than L belong to imported shops and are kept.
    """
    if _forms.plain:
        return next((number for _, _, number in _plain(text[:LONGEST_TEXT])), None)
    found = OTHER_NUMBER.search(text[:LONGEST_TEXT])
    if found and found[1].upper() != "L":
        return f"{found[1].upper()}{found[2]}"
    own = OWN_NUMBER.search(text[:LONGEST_TEXT])
    return f"L{own[1]}" if own else None


def order_numbers(text: str) -> list[Span]:
    """Find every order number in a text, each with its place."""
    text = text[:LONGEST_TEXT]
    if _forms.plain:
        return _plain(text)
    spans = [found.span() for found in OTHER_NUMBER.finditer(text) if found[1].upper() != "L"]
    spans += [
        found.span()
        for found in OWN_NUMBER.finditer(text)
        if not any(found.start() < end and start < found.end() for start, end in spans)
    ]
    named = [(start, end, order_number(text[start:end])) for start, end in sorted(spans)]
    return [(start, end, number) for start, end, number in named if number]


def without_numbers(text: str, instead: str = " ") -> str:
    """Take the order numbers out of a text."""
    if not _forms.plain:
        return OTHER_NUMBER.sub(instead, OWN_NUMBER.sub(instead, text))
    return _taken_out(text, _plain(text[:LONGEST_TEXT]), instead)


def without_named(text: str, instead: str = " ") -> str:
    """Take digits out of a text that are called an order's number, and leave those that only look like one."""
    return _taken_out(text, _plain(text[:LONGEST_TEXT], loose=False), instead) if _forms.plain else text


def _taken_out(text: str, spans: list[Span], instead: str) -> str:
    """Put something in place of some parts of a text."""
    for start, end, _ in reversed(spans):
        text = f"{text[:start]}{instead}{text[end:]}"
    return text


def _plain(text: str, *, loose: bool = True) -> list[Span]:
    """Find numbers that are digits alone, in the order of the words."""
    bare = EMAIL.sub(lambda found: " " * len(found[0]), text)
    found: dict[int, Span] = {}
    whole = ALONE.fullmatch(bare)
    for first in [whole] if whole else [*MARKED.finditer(bare), *filter(_sure, NAMED.finditer(bare))]:
        match: re.Match[str] | None = first
        while match is not None:
            found.setdefault(match.start(1), (match.start(1), match.end(1), match[1]))
            match = ALONG.match(bare, match.end(1))
    for other in LOOSE.finditer(bare) if loose else ():
        if len(other[1]) in _forms.lengths and len(other[1]) >= SHORTEST_LOOSE:
            found.setdefault(other.start(1), (other.start(1), other.end(1), other[1]))
    return sorted(found.values())


def _sure(named: re.Match[str]) -> bool:
    """Tell whether a named figure is a number: "order 2 more" isn't."""
    return len(named[1]) >= SHORTEST_LOOSE or bool(
        re.search(r"#|number|\b(?:no|nr|id)\b", named[0], re.IGNORECASE)
    )
