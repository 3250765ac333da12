"""Wishes: what a customer wants done, and what happens when one message holds two of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.flows.each_order import by_order
from actions.flows.phrases import phrases, plain
from actions.flows.turn import SURE, message, spoken
from actions.services.order_numbers import without_numbers
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("wishes.yml")
SLIPS = Path(__file__).with_name("misspelled.yml")
LONGEST_QUEUE = 3
LONGEST_WORDS = 500
GUESSES = 5  # guesses of the classifier that count as likely
LEFT_BEHIND = (
    "order_number",
    "wish",
    "wish_words",
    "wish_queue",
    "next_wish",
    "pending_offer",
    "identity_block",
)
EVERYTHING = "*"
NUMBER = re.compile(r"#?\bl?[ -]?\d{6}\b|#?\b[a-z]{1,2}-?\d{6,10}\b")
MAY_I = re.compile(r"\b(?:can|could|may|am) i\b|\bis it (?:ok|okay|possible|free)\b|\bdo i\b", re.IGNORECASE)
JOINTS = re.compile(
    r"(?:^|(?<=\s))\(?\d\)\s+|(?<=[.!?;])\s+|\n+|,?(?<!\s)\s+(?:and|also|plus|but|then|&)\s+(?:also\s+|then\s+|secondly\s+)?|,\s+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Wish:
    """One thing that customers come for, as `wishes.yml` describes it."""

    intent: str
    name: str
    choice: str
    action: str
    empathy: str
    ticket: str
    cues: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    covers: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    clears: tuple[str, ...] = ()
    order: str = ""
    replaces: frozenset[str] = frozenset()
    ends: bool = False
    each: str = ""
    asks: bool = False
    follows: tuple[str, ...] = ()
    opens: str = ""
    subject: frozenset[str] = frozenset()  # words for it, as in "forget the address"

    def includes(self, other: str) -> bool:
        """Tell whether serving this wish also serves another one."""
        return other == self.intent or other in self.covers or EVERYTHING in self.covers

    @property
    def form(self) -> bool:
        """Tell whether the wish is served by a form, which may take several turns."""
        return self.action.endswith("_form")


@dataclass(frozen=True)
class Part:
    """A stretch of a message that speaks of one wish (None: of none in particular)."""

    wish: str | None
    words: str


@dataclass(frozen=True)
class Reading:
    """The wishes of a message in the order in which they are served."""

    first: Part
    others: tuple[Part, ...] = field(default=())


@cache
def wishes() -> Mapping[str, Wish]:
    """Read the table of wishes, by intent."""
    table = yaml.read(TABLE)
    return {
        intent: Wish(
            intent=intent,
            name=row["name"],
            choice=row["choice"],
            action=row["action"],
            empathy=row["empathy"],
            ticket=row["ticket"],
            cues=tuple(_plain(cue) for cue in row["cues"]),
            strong=tuple(_plain(cue) for cue in row.get("strong") or ()),
            covers=frozenset(row.get("covers") or ()),
            own=frozenset(map(_plain, row.get("own") or ())),
            clears=tuple(row.get("clears") or ()),
            order=str(row.get("order") or ""),
            replaces=frozenset(row.get("replaces") or ()),
            ends=bool(row.get("ends")),
            each=str(row.get("each") or ""),
            asks=bool(row.get("asks")),
            opens=str(row.get("opens") or ""),
            subject=frozenset(map(str, row.get("subject") or ())),
            follows=tuple(_plain(cue) for cue in row.get("follows") or ()),
        )
        for intent, row in table.items()
    }


def served_by(form: str | None, wish: object = None) -> str | None:
    """Return the wish that a form serves; of several, the one that is named."""
    serving = [w.intent for w in wishes().values() if form and form in (w.action, w.opens)]
    return str(wish) if wish in serving else next(iter(serving), None)


@cache
def order_slots() -> frozenset[str]:
    """Return the slots in which the wishes keep their orders."""
    return frozenset(wish.order for wish in wishes().values() if wish.order)


def order_at_hand(tracker: Tracker) -> str | None:
    """Return the number of the order that was spoken of last: chosen for a wish, dealt with, or just named."""
    names = order_slots() | {"last_order", "order_number"}
    for event in reversed(tracker.events):
        value = event.get("value") if event.get("event") == "slot" and event.get("name") in names else None
        if value and tracker.get_slot(str(event.get("name"))) == value:
            return str(value)
    return None


def cued(words: str) -> str | None:
    """Return the wish whose longest cue stands in the words."""
    found = _all_cued(words)
    return max(found, key=lambda wish: found[wish]) if found else None


@lru_cache(maxsize=64)  # a form asks about the same few words again and again
def _all_cued(words: str) -> Mapping[str, int]:
    """Return each wish of which a cue stands in the words, with the length of its longest."""
    lengths = {wish.intent: max(map(len, _cues_in(words, wish)), default=0) for wish in wishes().values()}
    return MappingProxyType({wish: length for wish, length in lengths.items() if length})


def _cues_in(words: str, wish: Wish) -> list[str]:
    """Return the cues of a wish that stand in the words."""
    said = f" {_plain(words)} "
    return [cue for cue in wish.cues if f" {cue} " in said]


def outright(words: str) -> str | None:
    """Return the wish that the words name beyond doubt."""
    said = f" {_plain(words)} "
    return next((w.intent for w in wishes().values() for cue in w.strong if f" {cue} " in said), None)


def parts(text: str) -> list[Part]:
    """Split a message where another wish begins; words without a wish stay with their neighbours."""
    found: list[tuple[str | None, int, int]] = []
    joints = [(0, 0), *(joint.span() for joint in JOINTS.finditer(text)), (len(text), len(text))]
    for (_, start), (end, _) in pairwise(joints):
        wish = cued(text[start:end])
        if found and (wish is None or found[-1][0] in (None, wish)):
            before, start, _ = found.pop()
            wish = wish or before
        found.append((wish, start, end))
    return [Part(wish, text[start:end].strip()) for wish, start, end in found]


def read(text: str, intent: str, guesses: Sequence[str], confidence: float = 1.0) -> Reading:
    """Find the wishes of a message that was understood as `intent`.

    Further wishes count only when their words are clear and one of the wishes named is also among the
    classifier's first guesses. Where the classifier was unsure, clear words decide.
    """
    certain = outright(text)
    likely = {intent, *guesses}
    found = [part for part in parts(text) if part.wish]
    if certain and all(part.wish == certain or outright(part.words) == certain for part in found):
        return Reading(Part(certain, text))
    named = {part.wish for part in found}
    if intent == "ask_question" and named == {"start_return"} and MAY_I.search(text):
        return Reading(Part(intent, text))
    unsure = confidence < SURE and intent not in _all_cued(text)
    if len(named) == 1 and unsure and named <= likely:
        return Reading(Part(next(iter(named)), text))
    if len(named) < 2 or not named & likely:
        return Reading(Part(intent, text))
    kept: list[Part] = []
    for part in found:
        covered = any(_covered(part, other, intent) for other in found)
        if not covered and all(part.wish != other.wish for other in kept):
            kept.append(part)
    if len(kept) < 2:
        alone = kept[0].wish if kept and kept[0].wish in likely else intent
        return Reading(Part(alone, text))
    return Reading(kept[0], tuple(kept[1:LONGEST_QUEUE]))


def for_each_order(reading: Reading) -> Reading:
    """Part a wish that names several orders into one for each of them."""
    found = [
        Part(part.wish, words)
        for part in (reading.first, *reading.others)
        for words in by_order(part.words, wishes()[str(part.wish)].each)
    ]
    return Reading(found[0], tuple(found[1 : LONGEST_QUEUE + 1]))


def _covered(part: Part, other: Part, intent: str) -> bool:
    """Tell whether the wish of a part goes without saying because of another part."""
    if part.wish is None or other.wish is None or part.wish == other.wish:
        return False
    if not wishes()[other.wish].includes(part.wish) or _of_its_own(part, wishes()[other.wish]):
        return False
    if wishes()[part.wish].includes(other.wish):
        return part.wish != intent and (other.wish == intent or part.wish > other.wish)
    return True


def _of_its_own(part: Part, other: Wish) -> bool:
    """Tell whether a part says more than that something is to change, which the other wish's action wouldn't do."""
    wish = wishes()[str(part.wish)]
    return wish.action != other.action and max(_cues_in(part.words, wish), key=len, default="") in wish.own


def clear_wish(tracker: Tracker) -> str | None:
    """Return the wish that the words name outright, if the classifier also thought of it.

    Of several that they name, it is the classifier's first guess if that is among them, else the one with the
    longest cue.
    """
    heard, guesses = message(tracker), guessed(tracker)
    if heard.payload:
        return None
    likeliest = next((guess for guess in guesses if guess in wishes()), None)
    if likeliest in _all_cued(heard.text):
        return likeliest
    found = cued(heard.text)
    return found if found in guesses else None


def guessed(tracker: Tracker) -> list[str]:
    """Return the classifier's first guesses, best first."""
    ranking = (tracker.latest_message or {}).get("intent_ranking") or []
    return [str(entry.get("name")) for entry in ranking][:GUESSES]


def _plain(text: str) -> str:
    """Write words plainly, with "l" for an order number and without slips of the keyboard."""
    words = plain(NUMBER.sub(" l ", without_numbers(text, " l ").lower()))
    return " ".join(_slips().get(word, word) for word in words.split())


@cache
def _slips() -> Mapping[str, str]:
    """Read how words are mistyped."""
    return {wrong: right for right, all_wrong in phrases(SLIPS).items() for wrong in all_wrong}


def queue_of(tracker: Tracker) -> list[dict[str, Any]]:
    """Return the wishes that wait, each as {"wish", "words", "resumed"}."""
    waiting = tracker.get_slot("wish_queue")
    return (
        [dict(entry) for entry in waiting if isinstance(entry, Mapping)] if isinstance(waiting, list) else []
    )


def queued(queue: list[dict[str, Any]]) -> list[EventType]:
    """Return the events that keep a queue; `next_wish` names its head."""
    kept = queue[:LONGEST_QUEUE]
    return [SlotSet("wish_queue", kept or None), SlotSet("next_wish", kept[0]["wish"] if kept else None)]


def noted(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Return parts of a message as they wait in the queue."""
    return [{"wish": part.wish, "words": spoken(part.words, LONGEST_WORDS)} for part in parts]


def begin(wish: str, words: str, resumed: bool = False) -> list[EventType]:
    """Return the events with which a wish begins to be served; a resumed one keeps what it knows."""
    emptied = [] if resumed else [SlotSet(name, None) for name in wishes()[wish].clears]
    return [*emptied, SlotSet("wish", wish), SlotSet("wish_words", spoken(words, LONGEST_WORDS) or None)]


def serve(wish: str, words: str, resumed: bool = False) -> list[EventType]:
    """Return the events with which a wish begins, and turn to the action that serves it."""
    return [*begin(wish, words, resumed), FollowupAction(wishes()[wish].action)]


def done(wish: str) -> list[EventType]:
    """Return the events with which a wish has been served."""
    return [SlotSet("wish", None), SlotSet("wish_words", None), SlotSet("last_wish", wish)]


def left(tracker: Tracker) -> list[EventType]:
    """Return the events that leave a running form and forget what was under way."""
    emptied = {name for wish in wishes().values() for name in wish.clears if name != "last_return"} | set(
        LEFT_BEHIND
    )
    filled = [name for name in sorted(emptied) if tracker.get_slot(name) is not None]
    forgotten: list[EventType] = [SlotSet(name, None) for name in filled]
    if tracker.active_loop_name:
        forgotten = [ActiveLoop(None), SlotSet("requested_slot", None), *forgotten]
    return forgotten
