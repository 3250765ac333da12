"""What the words of a customer say about a case: what went wrong, and what they would like instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from actions.commerce.model import Order
from actions.flows.phrases import phrases, plain
from actions.flows.return_words import cued_reason, reason_of
from actions.flows.turn import Said
from frontdesk.formats import yaml

MONEY = re.compile(r"\$\s?(\d{1,3}(?:,\d{3})*(?:\.\d\d)?)(?!\d)|(?<![\d.$])(\d{1,5}\.\d\d)(?![\d.])")
TABLE = Path(__file__).with_name("case_words.yml")
REMEDIES = Path(__file__).with_name("remedy_words.yml")
# Words beside a remedy that add nothing to it.
FILLERS = frozenset(
    {"just", "please", "pls", "now", "then", "ok", "okay", "yes", "yeah", "sure", "fine"}
    | {"it", "the", "me", "my", "a", "and", "so"}
)
# Reasons of a return that say what went wrong.
LIKE = {
    "damaged": "damaged",
    "wrong_item": "wrong_item",
    "not_as_described": "not_as_described",
    "arrived_late": "late",
    "defective": "sent_back",
    "does_not_fit": "sent_back",
    "changed_mind": "sent_back",
}


@dataclass(frozen=True)
class Issue:
    """One thing that can be wrong, as case_words.yml describes it."""

    name: str
    text: str
    cues: tuple[str, ...]
    wishes: frozenset[str]
    states: frozenset[str]

    def fits(self, order: Order) -> bool:
        """Tell whether it can be wrong with an order in its state."""
        return not self.states or order.status in self.states


@cache
def issues() -> Mapping[str, Issue]:
    """Read what can be wrong."""
    table = yaml.read(TABLE)
    return {
        name: Issue(
            name,
            row["text"],
            tuple(map(str, row["cues"])),
            frozenset(row["wishes"]),
            frozenset(row["states"]),
        )
        for name, row in table.items()
    }


def remedy_cues() -> Mapping[str, tuple[str, ...]]:
    """Return by which words a remedy is chosen."""
    return phrases(REMEDIES)


def issue_of(heard: Said, wish: str) -> str | None:
    """Return what the words say is wrong; what belongs to the wish at hand wins over the rest."""
    named = heard.entity("case_issue")
    if named in issues():
        return named
    if heard.payload or not heard.text:
        return None
    own = {name: issue.cues for name, issue in issues().items() if wish in issue.wishes}
    other = {name: issue.cues for name, issue in issues().items() if wish not in issue.wishes}
    found = cued_reason(heard.text, own) or cued_reason(heard.text, other)
    if found:
        return found
    return LIKE.get(reason_of(heard) or "")


def amount_in(text: str) -> Decimal | None:
    """Return the amount of money in the words: "$64", "31.20"."""
    found = MONEY.search(text)
    return Decimal((found[1] or found[2]).replace(",", "")) if found else None


def remedy_of(heard: Said, offered: list[str]) -> str | None:
    """Return which of the offered remedies the words choose."""
    named = heard.entity("case_remedy")
    if named:
        return named if named in offered else None
    if heard.payload or not heard.text:
        return None
    return cued_reason(heard.text, {name: cues for name, cues in remedy_cues().items() if name in offered})


def says_only(heard: Said, remedy: str) -> bool:
    """Tell whether the words name a remedy and say nothing besides: "refund it", "just the replacement please"."""
    said = plain(heard.text)
    cues = [cue for cue in remedy_cues().get(remedy, ()) if f" {cue} " in f" {said} "]
    rest = said.replace(max(cues, key=len), " ") if cues and not heard.payload else "?"
    return "?" not in heard.text and FILLERS.issuperset(rest.split())
