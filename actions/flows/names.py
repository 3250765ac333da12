"""By which name somebody introduces themselves; what the words of names.yml can't settle is no name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from actions.flows.turn import EMAIL, POSTCODE
from actions.services.order_numbers import OTHER_NUMBER
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("names.yml")
WORD = re.compile(r"[^\W\d_]+(?:[.'\N{RIGHT SINGLE QUOTATION MARK}-][^\W\d_]+)*\.?")
HALF = r"(?:'?s|\s+is|\s*:|\s+would be)?\s+([^\W\d_][\w'-]*)"
FIRST = re.compile(rf"\b(?:first|given)[\s-]?name{HALF}", re.IGNORECASE)
LAST = re.compile(rf"\b(?:(?:last|family)[\s-]?name|surname){HALF}", re.IGNORECASE)
ENDS = re.compile(r"[,;:!?()\n/]|\.(?:\s|$)|\s[-\N{EN DASH}\N{EM DASH}]+\s|\d")
PARTICLES = frozenset({"de", "da", "dos", "van", "von", "der", "den", "la", "del", "di", "bin", "al"})
FEWEST, MOST = 2, 4  # words of a full name
FEW = 12  # words of a message with a ZIP code in which a name may be written small


@dataclass(frozen=True)
class Introductions:
    """The words of names.yml."""

    strong: re.Pattern[str]
    weak: re.Pattern[str]
    others: frozenset[str]


@cache
def introductions() -> Introductions:
    """Read by which words people introduce themselves."""
    table = yaml.read(TABLE)
    others = frozenset(word for line in table["others"] for word in str(line).split())
    return Introductions(_before(table["strong"]), _before(table["weak"]), others)


def _before(cues: Sequence[str]) -> re.Pattern[str]:
    """Make the pattern of what stands before a name, the longest first."""
    written = [r"\W?".join(map(re.escape, _apart(str(cue)))) for cue in sorted(cues, key=len, reverse=True)]
    be = r"(?:\s+(?:is|was|would be|should be))?"
    return re.compile(rf"(?<!\w)(?:{'|'.join(written)}){be}(?:\W{{0,3}}\s|\W{{1,3}})", re.IGNORECASE)


def _apart(cue: str) -> list[str]:
    """Split a cue so that "im" also stands for "i'm" and "names" for "name's"."""
    words = [f"{word[:-1]}\0{word[-1]}" if word in SHORT else word for word in cue.split()]
    return re.split(r"[\s\0]", "\0".join(words))


SHORT = frozenset({"im", "its", "thats", "heres", "names"})


def full_name(text: str, *, asked: bool) -> str | None:
    """Return the first and last name by which the words introduce somebody.

    `asked` says that the assistant just asked who they are, so that the bare name will do.
    """
    text = EMAIL.sub(" ; ", text)
    first, last = FIRST.search(text), LAST.search(text)
    if first and last:
        return f"{first[1]} {last[1]}"
    half = first or last
    if half:
        others = [word for word in _singles(text) if word != half[1]]
        if len(others) == 1:
            return f"{half[1]} {others[0]}" if first else f"{others[0]} {half[1]}"
    located = POSTCODE.search(text) is not None
    for cue in introductions().strong.finditer(text):
        found = _name_at(text[cue.end() :])
        if found:
            return " ".join(found)
    for cue in introductions().weak.finditer(text):
        found = _name_at(text[cue.end() :])
        if found and (asked or located or all(word[0].isupper() for word in found)):
            return " ".join(found)
    return _bare_name(text, asked=asked, located=located) if asked or located else None


def _name_at(text: str) -> list[str] | None:
    """Return the words of a name with which a text begins."""
    end = ENDS.search(text)
    found: list[str] = []
    for word in (text[: end.start()] if end else text).split():
        if not WORD.fullmatch(word) or is_other(word):
            break
        small = found and found[0][0].isupper() and not word[0].isupper()
        if small and len(found) >= FEWEST and word not in PARTICLES:
            break
        found.append(word)
    return found if FEWEST <= len(found) <= MOST else None


def _bare_name(text: str, *, asked: bool, located: bool) -> str | None:
    """Return the name that stands by itself: in capitals, or with hardly anything around it."""
    text = POSTCODE.sub(" , ", OTHER_NUMBER.sub(" , ", text))
    runs = [run for part in ENDS.split(text) for run in _runs(part)]
    capital = [run for run in runs if all(word[0].isupper() for word in run)]
    if not capital and asked and len(WORD.findall(text)) <= (FEW if located else MOST - 1):
        capital = runs  # written small
    return " ".join(capital[0]) if len(capital) == 1 else None


def _singles(text: str) -> list[str]:
    """Return the words in capitals that say nothing else."""
    found = [
        word.rstrip(".").removesuffix("'s")
        for word in WORD.findall(text)
        if word[0].isupper() and not is_other(word)
    ]
    return list(dict.fromkeys(found))


def _runs(part: str) -> list[list[str]]:
    """Return the stretches of words, none of which says anything else, that are as long as a name."""
    runs: list[list[str]] = [[]]
    for word in part.split():
        if WORD.fullmatch(word) and not is_other(word):
            runs[-1].append(word)
        else:
            runs.append([])
    return [run for run in runs if FEWEST <= len(run) < MOST]


def is_other(word: str) -> bool:
    """Tell whether a word isn't part of a name."""
    return re.sub(r"[^\w-]|_", "", word.lower()) in introductions().others
