"""Which items of an order a customer means: "both", "all but the lamp", "the black one"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from actions.commerce.model import OrderItem
from actions.services import matching

EVERYTHING = re.compile(
    r"\b(all|everything|every (single )?(item|thing|one)|the (whole|entire) (order|lot|thing)|the lot)\b",
    re.I,
)
CLOSING = re.compile(  # "that's all" ends a list, and isn't one
    r"\b(?:that|this|it|those|these)(?:'?s|'?re| is| are| was| would be)?\s+(?:all|everything|the lot)\b(?!\s+of)"
    r"|\b(?:at all|after all|all good|all right|all set|all fine|all the best|first of all|all i (?:want|need|have))\b",
    re.I,
)
FINE_BUT = re.compile(  # "everything's fine apart from the lamp" speaks of the lamp
    r"\b(?:everything|all|the rest|it)(?:'?s| is| was| are| were)?(?: all)? "
    r"(?:right|fine|good|great|ok|okay|perfect|correct|well|nice|lovely|happy)\s*,?\s*"
    r"(?:but|except(?:ing)?(?: for)?|apart from|other than|aside from|besides)\b",
    re.I,
)
FINE_REST = re.compile(  # "everything else is great" says nothing of what goes back
    r"\b(?:everything|all|the rest|anything)(?: else)?(?:'?s| is| was| are| were) (?:all )?"
    r"(?:right|fine|good|great|ok|okay|perfect|well|nice|lovely|happy)\b"
    r"(?!\s*,?\s*(?:but|except|apart|other|aside|besides))",
    re.I,
)
BOTH = re.compile(r"\b(both|the two|two of them|the pair)\b", re.I)
# "All but the lamp", "everything in red but the lamp": everything that follows is left out.
EXCEPT = re.compile(
    r"\b(?:all|everything|both|each|every\w*|items?|order)\s+(?:(?:of|in) (?:\w+ )?\w+\s+)?but\b(?!\s+not\b)"
    r"|\b(?:except(?:ing)?(?: for)?|apart from|other than|aside from|besides|minus)\b"
    # "all were happy, except that the lamp didn't fit" speaks of the lamp
    r"(?! that\b[^.;]*\b(?:(?:did|does|do|is|was|are|were)(?:n'?t)?|broke|came|arrived)\b)",
    re.I,
)
# "Not the lamp", "I'll keep the lamp": left out up to the next comma or turn.
KEEP = re.compile(r"\bnot (?=(?:the|my|that|those|these|this)\b)|\bkeep(?:ing)?\b", re.I)
TURN = re.compile(r"[,;.]|\bbut\b|\band (?=(?:i\b|return|send|give|ship)\b)", re.I)
SPLIT = re.compile(r",|;|\band\b|&|\+|\bplus\b|\bas well as\b|\balso\b", re.I)
PLACES = {
    **dict.fromkeys(("first", "1st"), 0),
    **dict.fromkeys(("second", "2nd"), 1),
    **dict.fromkeys(("third", "3rd"), 2),
    **dict.fromkeys(("fourth", "4th"), 3),
    **dict.fromkeys(("fifth", "5th"), 4),
}
PLACE = re.compile(rf"\b({'|'.join(PLACES)}|last)\b(?: (?:one|item|thing|product|and|two))?", re.I)
NUMBERED = re.compile(
    r"(?<![\w.])(?:item |number |no\.? ?|#)?([1-9])(?![\w.]|\s*(?:x|pieces|of|things?|items?|products?|orders?)\b)",
    re.I,
)
CHEAP = re.compile(r"\b(cheap(?:er|est)|least expensive|less expensive)\b", re.I)
DEAR = re.compile(r"\b(expensive|priciest|pricier|dearer|dearest)\b", re.I)


@dataclass(frozen=True)
class ItemMatch:
    """The items that a text means; `ambiguous` when it means one thing and several answer to it."""

    items: tuple[OrderItem, ...] = ()
    ambiguous: bool = False


def match_items(
    items: Sequence[OrderItem], text: str, *, all_of: Sequence[OrderItem] | None = None
) -> ItemMatch:
    """Find the items that a text means; `all_of` is what "everything" stands for."""
    text = without_closings(text[: matching.LONGEST_TEXT].replace("\u2019", "'"))
    everything = list(items if all_of is None else all_of)
    labelled = [item for item in items if item.label.casefold() == text.strip().casefold()]
    if labelled:
        return ItemMatch(tuple(labelled), ambiguous=len(labelled) > 1)
    excepted = _exception(items, text, everything)
    if excepted is not None:
        return excepted
    named = _named(items, text)
    if named.items:
        return named
    if EVERYTHING.search(text):
        return ItemMatch(tuple(everything))
    if BOTH.search(text):
        return ItemMatch(tuple(everything), ambiguous=len(everything) != 2)
    placed = _placed(items, text)
    if placed:
        return ItemMatch(tuple(placed))
    priced = _priced(items, text)
    if priced:
        return ItemMatch((priced,))
    if len(items) == 1 and re.search(r"\b(it|that|this|the (item|product|thing|one))\b", text, re.I):
        return ItemMatch(tuple(items))
    return ItemMatch()


def without_closings(text: str) -> str:
    """Take out what says "all" or "everything" and means none of the items by it."""
    return CLOSING.sub(" ", FINE_REST.sub(" ", FINE_BUT.sub(" ", text)))


def _exception(items: Sequence[OrderItem], text: str, everything: list[OrderItem]) -> ItemMatch | None:
    """Understand "all but the lamp" and "the kettle, but not the lamp"; None when nothing is excepted."""
    strong = EXCEPT.search(text)
    found = strong or KEEP.search(text)
    if not found:
        return None
    left_out, rest = text[found.end() :], ""
    turn = None if strong else TURN.search(left_out)
    if turn:
        left_out, rest = left_out[: turn.start()], left_out[turn.end() :]
    kept = _named(items, left_out)
    if not kept.items:
        return None
    ids = {item.id for item in kept.items}
    wanted = _named(items, f"{text[: found.start()]} , {rest}").items or tuple(everything)
    chosen = tuple(item for item in wanted if item.id not in ids)
    return ItemMatch(chosen, kept.ambiguous) if chosen else None


def _named(items: Sequence[OrderItem], text: str) -> ItemMatch:
    """Find items by their names and options, part by part ("the lamp and the black mug")."""
    whole = matching.content_words(text)
    parts = [asked for asked in (matching.content_words(part) for part in SPLIT.split(text)) if asked]
    chosen: list[OrderItem] = []
    ambiguous = False
    for asked in parts:
        found = matching.best(asked, [(item, _score(item, asked)) for item in items])
        several = len(found) > 1 and not matching.is_plural(text, found[0].name)
        if several and len(parts) > 1:
            closer = matching.best(whole, [(item, _score(item, whole)) for item in found])
            found, several = (closer, False) if len(closer) == 1 else (found, True)
        if several and (BOTH.search(text) or EVERYTHING.search(text)):
            several = False
        ambiguous = ambiguous or several
        chosen.extend(item for item in found if item not in chosen)
    order = {item.id: place for place, item in enumerate(items)}
    return ItemMatch(tuple(sorted(chosen, key=lambda item: order[item.id])), ambiguous)


def _score(item: OrderItem, asked: Sequence[str]) -> float:
    """Count how well an item answers to some words."""
    return matching.score(asked, item.name, [*item.options.values(), item.category or ""])


def _placed(items: Sequence[OrderItem], text: str) -> list[OrderItem]:
    """Find items by their place in the list that the customer saw: "the second one", "1 and 3"."""
    places = [
        len(items) - 1 if word.lower() == "last" else PLACES[word.lower()] for word in PLACE.findall(text)
    ]
    if all(word.isdigit() for word in matching.content_words(text)):  # "1 and 3", but not "1 problem"
        places += [int(digit) - 1 for digit in NUMBERED.findall(text)]
    return [item for place, item in enumerate(items) if place in places]


def _priced(items: Sequence[OrderItem], text: str) -> OrderItem | None:
    """Find the cheapest or the most expensive item."""
    if CHEAP.search(text):
        return min(items, key=lambda item: item.price)
    return max(items, key=lambda item: item.price) if DEAR.search(text) else None
