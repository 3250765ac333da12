"""By which name somebody introduces themselves; what the words of names.yml can't settle is no name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from actions.flows.turn import EMAIL, POSTCODE
from actions.services.orders import LETTERED_NUMBER

TABLE = Path(__file__).with_name("names.yml")
WORD = re.compile(r"[^\W\d_]+(?:[.'\N{RIGHT SINGLE QUOTATION MARK}-][^\W\d_]+)*\.?")
PARTED = re.compile(
    r"\bfirst(?: name)?(?:\s+is|\s*:)?\s+([^\W\d_][\w'-]*)\W+(?:and\s+)?(?:my\s+)?(?:last(?: name)?|surname)(?:\s+is|\s*:)?\s+([^\W\d_][\w'-]*)",
    re.IGNORECASE,
)
ENDS = re.compile(r"[,;:!?()\n/]|\.(?:\s|$)|\s[-\N{EN DASH}\N{EM DASH}]+\s|\d")
FEWEST, MOST = 2, 4  # words of a full name
FEW_AROUND = 3  # words around a name that nobody asked for


@dataclass(frozen=True)
class Introductions:
    """The words of names.yml."""

    strong: re.Pattern[str]
    weak: re.Pattern[str]
    others: frozenset[str]


@cache
def introductions() -> Introductions:
    """Read by which words people introduce themselves."""
    table = YAML(typ="safe").load(TABLE.read_text(encoding="utf-8"))
    others = frozenset(word for line in table["others"] for word in str(line).split())
    return Introductions(_before(table["strong"]), _before(table["weak"]), others)


def _before(cues: Sequence[str]) -> re.Pattern[str]:
    """Make the pattern of what stands before a name, the longest first."""
    written = [r"\W?".join(map(re.escape, _apart(str(cue)))) for cue in sorted(cues, key=len, reverse=True)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(written)})(?:\W{{0,3}}\s|\W{{1,3}})", re.IGNORECASE)


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
    parted = PARTED.search(text)
    if parted:
        return f"{parted[1]} {parted[2]}"
    located = POSTCODE.search(text) is not None
    for cue in introductions().strong.finditer(text):
        found = _name_at(text[cue.end() :])
        if found:
            return " ".join(found)
    for cue in introductions().weak.finditer(text):
        found = _name_at(text[cue.end() :])
        if found and (asked or located or all(word[0].isupper() for word in found)):
            return " ".join(found)
    return _bare_name(text, asked) if asked or located else None


def _name_at(text: str) -> list[str] | None:
    """Return the words of a name with which a text begins."""
    end = ENDS.search(text)
    found: list[str] = []
    for word in (text[: end.start()] if end else text).split():
        if not WORD.fullmatch(word) or _is_other(word):
            break
        if found and found[0][0].isupper() and not word[0].isupper() and len(found) >= FEWEST:
            break
        found.append(word)
    return found if FEWEST <= len(found) <= MOST else None


def _bare_name(text: str, asked: bool) -> str | None:
    """Return the name where hardly anything else stands in the words."""
    text = POSTCODE.sub(" ", LETTERED_NUMBER.sub(" ", text))
    words = [word for word in WORD.findall(text) if not _is_other(word)]
    around = len(WORD.findall(text)) - len(words)
    if not FEWEST <= len(words) <= MOST - 1 or re.search(r"\d", text) or (around > FEW_AROUND and not asked):
        return None
    together = re.search(r"\s+".join(map(re.escape, words)), text) is not None
    capital = all(word[0].isupper() for word in words)
    return " ".join(words) if together and (asked or capital) else None


def _is_other(word: str) -> bool:
    """Tell whether a word isn't part of a name."""
    return re.sub(r"[^\w-]|_", "", word.lower()) in introductions().others
