"""Typed words that stand for a button: its title, a yes that repeats it, or its place in the list that was shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actions.flows.phrases import plain
from actions.flows.yes_words import DOUBTS, without_yes
from actions.services.item_matching import PLACES

PAYLOAD = re.compile(r"/(\w+)\s*(\{.*\})?", re.DOTALL)
ANSWERS = frozenset({"inform", "affirm", "deny"})  # what a form may take as the answer to its question
EVERYTHING = "everything"  # the value of the button for all that is listed, which has no place in the list
NEWEST_FIRST = "order_number"  # lists in which "the last one" isn't the one at the end
TIMES = "call_time"  # lists in which "the 2nd" is a day of the month
DAY = re.compile(r"\b\d(?:st|nd|rd|th)\b(?! (?:one|option|choice)\b)")
LAST, FIRST = ("last", "latter"), ("former",)
LEAD = (
    r"(?:(?:no|ok|okay|yes|well|um+|uh+|oh|just|maybe|please|pls|then|i|ill|id|we|lets|will|would|like|take|want|meant?|choose"
    r"|pick|go|with|give|me|make|it|its|thats|is|use|do|for|a|the|my) )*"
)
NOUN = r"(?: (?:one|ones|item|thing|product|option|choice|card|method|order|version))?"
TAIL = r"(?: (?:of|them|these|those|in|on|from|the|that|your|list|listed|above|please|pls|then|thanks|thank|you))*"
PLACED = rf"(?:the )?(?:({'|'.join([*PLACES, *LAST, *FIRST])})|(?:number|no|nr|option) ([1-9])){NOUN}"
BY_PLACE = re.compile(rf"{LEAD}{PLACED}(?: (?:and )?{PLACED})*{TAIL}")
ONE_PLACE = re.compile(rf"\b{PLACED}\b")
OLDEST = re.compile(r"\bmy (?:first|1st)\b")  # order: the one at the end of a list with the newest first
COURTESY = re.compile(r"\b(?:please|pls|thanks|thank you|thx|then|now)\b")


@dataclass(frozen=True)
class Button:
    """A button as a customer saw it, and what it sends."""

    title: str
    intent: str = ""
    entities: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Button:
        """Read a button; one that sends anything else than an intent with entities has none."""
        found = PAYLOAD.fullmatch(str(row.get("payload") or ""))
        title = str(row.get("title") or "")
        if found is None:
            return cls(title)
        try:
            entities = json.loads(found[2] or "{}")
        except ValueError:
            return cls(title)
        return cls(title, found[1], tuple(entities.items()) if isinstance(entities, Mapping) else ())

    @property
    def lists(self) -> bool:
        """Tell whether it is one of the things in a list, rather than a yes, a no, or all of them."""
        values = [value for _, value in self.entities]
        return self.intent == "inform" and bool(values) and EVERYTHING not in values


def chosen(text: str, buttons: Sequence[Button]) -> list[Button]:
    """Return the buttons that typed words stand for; none where they say anything else."""
    said = _bare(text)
    if not said or DOUBTS.search(text):
        return []
    titled = [each for each in buttons if each.intent in ANSWERS and said == _bare(each.title)]
    if titled:
        return titled[:1]
    repeated = [each for each in buttons if each.intent == "affirm" and _repeats(said, _bare(each.title))]
    return repeated[:1] or _placed(plain(text), [each for each in buttons if each.lists])


def _bare(text: str) -> str:
    """Write words plainly and without courtesies."""
    return " ".join(COURTESY.sub(" ", plain(text)).split())


def _repeats(said: str, title: str) -> bool:
    """Tell whether words repeat the title of a yes: "ok, change it", or just "change it", for "Yes, change it"."""
    what = without_yes(title)
    return bool(what) and without_yes(said) == what


def _placed(said: str, listed: Sequence[Button]) -> list[Button]:
    """Return what is meant by its place: "the second one", "the first and the third"; nothing beyond the list's end."""
    if not listed or not BY_PLACE.fullmatch(said):
        return []
    found, names = [], {name for name, _ in listed[0].entities}
    if TIMES in names and DAY.search(said):
        return []
    for word, digit in ONE_PLACE.findall(said):
        if word in LAST and NEWEST_FIRST in names:
            return []
        at = int(digit) - 1 if digit else -1 if word in LAST else 0 if word in FIRST else PLACES[word]
        if at >= len(listed) or (NEWEST_FIRST in names and OLDEST.search(said)):
            return []
        found.append(listed[at])
    several = dict.fromkeys(found)
    return list(several) if len(several) == 1 or _same_kind(several) else []


def _same_kind(found: Mapping[Button, None]) -> bool:
    """Tell whether several of them can be chosen together, as items can."""
    return {name for each in found for name, _ in each.entities} == {"product"}
