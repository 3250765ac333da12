"""What the words of a customer say about a return: which items, why, and what they take back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from actions.commerce.model import Order
from actions.flows.choice import words_for_items
from actions.flows.phrases import phrases, plain
from actions.flows.turn import Said
from actions.flows.wishes import cued
from actions.services import services
from actions.services.item_matching import ItemMatch

TABLE = Path(__file__).with_name("reasons.yml")
BROKEN = frozenset(
    {"damaged", "defective", "wrong_item", "not_as_described"}
)  # reasons for the same thing again
ABOUT_ORDER = re.compile(
    r"\b(?:(?:last|latest|newest|most recent|recent|previous|first|oldest|other|whole|entire)\s+)*"
    r"(?:order|purchase)\b",
    re.IGNORECASE,
)
NEGATED = re.compile(
    r"\b(?:not|isn'?t|keep|keeping)\s+(?:the\s+|my\s+|that\s+|this\s+|those\s+)?([^,.;!?]+)", re.IGNORECASE
)
ENDS_NEGATION = re.compile(r"\s+(?:but|i meant?|it'?s|just|only|and (?:only|just)|so)\s+", re.IGNORECASE)
ALL_OF_THEM = re.compile(r"\b(?:all|everything|both)\b", re.IGNORECASE)
ALL_GO_BACK = re.compile(
    r"\b(?:all|both|everything|each|every one) (?:of (?:it|them|those|these)|go(?:es)?|back"
    r"|in (?:it|the order)|else|from)\b"
    r"|\b(?:return|send|take|want|give)\w* (?:back )?(?:it |them )?(?:all|both|everything)\b"
    r"|\b(?:whole|entire) (?:order|lot|thing)\b"
)
TAKES_BACK = re.compile(
    r"^(?:no|nope|not|wait|sorry|actually|hold on|oops)\b|\b(?:only|instead|rather|i meant?|just the|keep)\b"
)
ADDS = re.compile(r"\b(?:too|also|as well|in addition|plus|and the)\b")
WRONG_REASON = re.compile(r"\b(?:wrong|different|other|change the|not the) reason\b|\bnot why\b")
WRONG_ITEMS = re.compile(
    r"\b(?:wrong|different|other|change the|not those|not that) (?:items?|things?|products?)\b"
)
SENTENCES = re.compile(r"(?<=[.!?;])\s+|\n+")
PIECES = re.compile(r"(?<=[.!?;])\s+|\n+|,\s+|\s+(?:and|but|because|since)\s+")
ONE_THING = re.compile(r"\b(?:it|that|this)\b", re.IGNORECASE)
GAP = r"(?: \w+){0,5}? "
LONG_ENOUGH = 10  # letters of a cue that is found even if it is written as one word
BEFORE_NOT = re.compile(r"\b(?:not|isnt|wasnt|didnt|never|no)\s+(?:\w+\s+)?$")


def named_items(order: Order, heard: Said) -> list[str]:
    """Return the ids of the items that the words name; none where one is meant and several fit."""
    match = item_match(order, heard)
    return [] if match.ambiguous else [item.id for item in match.items]


def item_match(order: Order, heard: Said) -> ItemMatch:
    """Match the words with the items of an order, leaving out those that stay with the customer."""
    text = words_for_items(heard)
    if not heard.payload:
        text = ABOUT_ORDER.sub(" ", text)
    for words in _negated(text):
        text = re.sub(r"\b(?:not|isn'?t|keep|keeping)\b", " ", text.replace(words, " "), flags=re.IGNORECASE)
    return services().returns.match(order, text) if text.strip() else ItemMatch()


def names_one(order: Order, heard: Said) -> bool:
    """Tell whether the words name an item, rather than "everything"."""
    text = ALL_OF_THEM.sub(" ", words_for_items(heard))
    return bool(services().returns.match_items(order, text)) if text.strip() else False


def opening_items(order: Order, heard: Said) -> list[str]:
    """Return the ids of the items that an opening means; of a story, the thing that it ends with.

    "I ordered a kettle and a lamp. The kettle leaks. I want to send it back": the kettle.
    """
    sentences = [part for part in SENTENCES.split(heard.text) if part.strip()]
    if len(sentences) < 2 or ALL_OF_THEM.search(heard.text):
        return named_items(order, heard)
    asking = [part for part in sentences if cued(part) == "start_return"]
    for part in asking:
        found = named_items(order, Said(part))
        if found:
            return found
    if not any(ONE_THING.search(part) for part in asking):
        return named_items(order, heard)
    spoken_of: list[str] = []
    for piece in PIECES.split(heard.text):
        spoken_of = named_items(order, Said(piece)) or spoken_of
        if spoken_of and reason_of(Said(piece)):
            break
    return spoken_of


def spared_items(order: Order, heard: Said) -> list[str]:
    """Return the ids of the items that the words say are not meant."""
    stretches = _negated(words_for_items(heard))
    return [item.id for words in stretches for item in services().returns.match_items(order, words)]


def _negated(text: str) -> list[str]:
    """Return the words that are denied ("not the lamp"); "all but ..." is understood by the services."""
    if ALL_OF_THEM.search(text):
        return []
    return [ENDS_NEGATION.split(found[1])[0] for found in NEGATED.finditer(text)]


def reason_of(heard: Said) -> str | None:
    """Return the reason that the words give; the last one that isn't denied."""
    known = services().policies.returns.reasons
    kept = [e for e in heard.entities if e.get("entity") == "return_reason" and not _denied(e, heard.text)]
    for entity in reversed(kept):
        if entity.get("value") in known:
            return str(entity["value"])
    return cued_reason(
        heard.text, {reason: cues for reason, cues in phrases(TABLE).items() if reason in known}
    )


def cued_reason(text: str, table: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the reason whose longest cue stands in the words, with no "not" before it."""
    words = f" {plain(text)} "
    best, length = None, 0
    for reason, cues in table.items():
        for cue in cues:
            if len(cue) > length and _says(cue, words):
                best, length = reason, len(cue)
    return best


def _says(cue: str, plain: str) -> bool:
    """Tell whether a cue stands in the words, with no "not" before it; "..." in it stands for a few words.

    A cue of several words is also found where somebody wrote them as one.
    """
    if "..." in cue:
        parts = [re.escape(part.strip()) for part in cue.split("...")]
        return re.search(rf" {GAP.join(parts)} ", plain) is not None
    at = plain.find(f" {cue} ")
    if at >= 0:
        return not BEFORE_NOT.search(plain[: at + 1])
    joined = cue.replace(" ", "")
    return " " in cue and len(joined) >= LONG_ENOUGH and joined in plain.replace(" ", "")


def _denied(entity: Mapping[str, object], text: str) -> bool:
    """Tell whether "not" stands right before an entity."""
    start = entity.get("start")
    return isinstance(start, int) and bool(BEFORE_NOT.search(f" {plain(text[:start])} "))
