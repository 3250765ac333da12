"""What happened in this turn: the words that a flow may use, and what the assistant did last.

A message belongs to one wish. When it holds two, `action_acknowledge` and `action_next_wish` put the words
of the wish that is being served into the slot `wish_words`; a message that another flow has used is not read
again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.flows.buttons import Button, chosen
from actions.flows.yes_words import agrees
from actions.services.orders import order_number
from frontdesk.redaction import without_cards

EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}")
POSTCODE = re.compile(r"(?<![\w#-])(\d{5})(?:-\d{4})?(?![\w-])")

WIDE = re.compile(r"\s{2,}|[^\S\n ]")  # what a single space, or a single break, stands for

# Actions that may run before a flow reads the message: none of them uses it up.
PRELUDE = frozenset(
    {"action_acknowledge", "action_listen", "action_extract_slots", "action_validate_slot_mappings"}
)
# Intents with which people answer a question; with any other one they ask for something else.
ANSWERS = frozenset(
    {"inform", "correct", "affirm", "deny", "nlu_fallback", "out_of_scope", "small_talk", "complain"}
)
NAMES = frozenset(
    {"order_number", "email", "postcode", "product"}
)  # entities that stand for words in a payload
SURE = 0.6
# What was meant as an order number, well or badly written.
LIKE_A_NUMBER = re.compile(r"\bl[\do]{5,8}\w*\b|\bl(?: ?[\do]){5,8}\b|\border (?:no|number|nr)\b|\b\d{4,9}\b")
HESITATES = re.compile(
    r"\b(?:but|wait|not|except|instead|however|hold on|unless|if|maybe|perhaps|possibly|depends|guess"
    r"|h+m+|u+m+|u+h+(?! ?-?huh)|er+m*|(?:let me|i'?ll|have to|need to) (?:think|see|check|ask))\b"
)
# "yes, drop it"
LETS_GO = re.compile(r"\b(?:let (?:it|that) (?:go|be)|(?:drop|skip) (?:it|that)\b(?! off)|abort)\b")
ASKS_BACK = re.compile(
    r"^(?:so |and |but |ok(?:ay)? )*(?:did|does|has|was|how|what|why|when|where|who)\b"
)  # "did it go through?" is no yes
THUMBS = "\N{THUMBS UP SIGN}\N{THUMBS DOWN SIGN}\N{WHITE HEAVY CHECK MARK}\N{OK HAND SIGN}"
SHORT = 7  # words of a fragment
BARE = 3  # words around a bare number


@dataclass(frozen=True)
class Said:
    """The customer's words as far as they are meant for the flow that reads them.

    `text` is empty when the message was used up by another flow. `payload` says that a button was pressed.
    """

    text: str = ""
    intent: str = ""
    confidence: float = 0.0
    entities: tuple[Mapping[str, Any], ...] = ()
    payload: bool = False

    @property
    def email(self) -> str | None:
        """The e-mail address in the words, in lower case."""
        value = self.entity("email")
        found = EMAIL.search(value or self.text)
        return found.group().lower() if found else None

    @property
    def number(self) -> str | None:
        """The order number in the words, as the shop writes it."""
        value = self.entity("order_number")
        return (order_number(value) if value else None) or order_number(EMAIL.sub(" ", self.text))

    @property
    def postcode(self) -> str | None:
        """The ZIP code in the words."""
        found = POSTCODE.search(self.entity("postcode") or EMAIL.sub(" ", self.text))
        return found.group() if found else None

    @property
    def answers(self) -> bool:
        """Tell whether this can be an answer to the question that was asked last."""
        if not self.text:
            return False
        return self.payload or self.intent in ANSWERS or self.confidence < SURE or self.bare

    @property
    def bare(self) -> bool:
        """Tell whether it is hardly more than an e-mail address, an order number or a ZIP code."""
        if not (self.email or self.number or self.postcode):
            return False
        return sum(not re.search(r"[@\d]", word) for word in self.text.split()) <= BARE

    @property
    def meant(self) -> bool:
        """Tell whether it says something: a word, a button, or a thumb; a lone mark doesn't."""
        return self.payload or any(mark.isalnum() or mark in THUMBS for mark in self.text)

    @property
    def short(self) -> bool:
        """Tell whether it is a fragment rather than a sentence with a story."""
        return len(self.text.split()) <= SHORT

    @property
    def plain_yes(self) -> bool:
        """Tell whether it is a yes without a doubt in it."""
        sure = self.intent == "affirm" and self.confidence >= SURE
        doubtful = any(map(self.has, (HESITATES, ASKS_BACK, LETS_GO)))
        return (sure or self.agrees) and self.meant and not doubtful

    @property
    def agrees(self) -> bool:
        """Tell whether the words themselves are a yes, whatever the sentence sounds like."""
        return not self.payload and not self.number and agrees(self.text)

    def entity(self, name: str) -> str | None:
        """Return the first value of an entity."""
        return next(
            (str(e["value"]) for e in self.entities if e.get("entity") == name and e.get("value")), None
        )

    def values(self, name: str) -> list[str]:
        """Return every value of an entity, in the order of the words."""
        return [str(e["value"]) for e in self.entities if e.get("entity") == name and e.get("value")]

    def has(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the words match a pattern."""
        return bool(pattern.search(self.text.lower()))


def message(tracker: Tracker) -> Said:
    """Return the whole last message, whoever it was meant for."""
    latest: Mapping[str, Any] = tracker.latest_message or {}
    intent: Mapping[str, Any] = latest.get("intent") or {}
    entities = tuple(entity for entity in latest.get("entities") or [] if isinstance(entity, Mapping))
    text = str(latest.get("text") or "").strip()
    payload = text.startswith("/")
    if not payload:
        entities = _moved(str(latest.get("text") or ""), entities)
        text = single_spaced(text)
    else:
        named = [str(entity.get("value") or "") for entity in entities if entity.get("entity") in NAMES]
        text = " ".join(named) or str(intent.get("name") or "")
    return Said(
        text, str(intent.get("name") or ""), float(intent.get("confidence") or 0.0), entities, payload
    )


def single_spaced(text: str) -> str:
    """Write one space for each run of white space, or one break where there is one: patterns walk runs twice."""
    return WIDE.sub(lambda run: "\n" if "\n" in run.group() else " ", text.strip())


def _moved(text: str, entities: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
    """Return the entities of a text where they stand once it is single-spaced."""
    ahead = len(text) - len(text.lstrip())
    if not (ahead or WIDE.search(text)):
        return entities
    ends, gone = [0], [ahead]  # from an end on, so many characters less stand before
    for run in WIDE.finditer(text, ahead):
        ends.append(run.end())
        gone.append(gone[-1] + len(run.group()) - 1)
    return tuple(
        {
            **entity,
            **{
                key: entity[key] - gone[bisect_right(ends, entity[key]) - 1]
                for key in ("start", "end")
                if isinstance(entity.get(key), int)
            },
        }
        for entity in entities
    )


def pressed(heard: Said, buttons: Sequence[Button]) -> Said | None:
    """Return typed words as the button that they stand for: its title, or its place in the list that was shown."""
    found = [] if heard.payload else chosen(heard.text, buttons)
    if not found:
        return None
    entities = tuple({"entity": name, "value": value} for each in found for name, value in each.entities)
    named = [str(entity["value"]) for entity in entities if entity["entity"] in NAMES]
    return Said(", ".join(named) or found[0].intent, found[0].intent, 1.0, entities, payload=True)


def in_danger(tracker: Tracker) -> bool:
    """Tell whether the last message speaks of danger to somebody."""
    heard = message(tracker)
    return bool(heard.entity("danger")) or (heard.intent == "emergency" and heard.confidence >= SURE)


def message_before(tracker: Tracker) -> str:
    """Return what the customer wrote before the last message; nothing where it was a button."""
    before = ["", *written(tracker)[-2:-1]][-1]
    return "" if before.startswith("/") else before


def written(tracker: Tracker) -> list[str]:
    """Return what the customer wrote, oldest first."""
    users = (event for event in tracker.events if event.get("event") == "user")
    return [single_spaced(str(event.get("text") or "")) for event in users]


def said(tracker: Tracker, flow: str) -> Said:
    """Return the words of this turn that `flow` may use; empty words when another flow has used them."""
    events = turn_events(tracker)
    words: str | None = None
    wish: str | None = None
    used: list[str] = []
    for event in events:
        kind = event.get("event")
        if kind == "slot" and event.get("name") == "wish_words" and event.get("value"):
            words, used = str(event["value"]), []
        elif kind == "slot" and event.get("name") == "wish" and event.get("value"):
            wish = str(event["value"])
        elif kind == "action" and event.get("name") not in PRELUDE:
            used.append(str(event.get("name")))
    if used and used[-1] == flow:
        used.pop()
    if used:
        return Said()
    whole = message(tracker)
    if words is None:
        return pressed(whole, shown_buttons(tracker)) or whole
    inside = tuple(e for e in whole.entities if whole.payload or _mentioned(e, whole.text, words))
    return Said(words, wish or whole.intent, whole.confidence, inside, whole.payload)


def shown_buttons(tracker: Tracker) -> Sequence[Button]:
    """Return the buttons that the customer saw last, if that was in the turn before this one."""
    for event in reversed(turn_events(tracker, back=1)):
        data = (event.get("data") or {}) if event.get("event") == "bot" else {}
        if data.get("buttons"):
            return [Button.of(each) for each in data["buttons"] if isinstance(each, Mapping)]
    return []


def _mentioned(entity: Mapping[str, Any], text: str, words: str) -> bool:
    """Tell whether an entity of the whole message stands in these words."""
    start, end = entity.get("start"), entity.get("end")
    if isinstance(start, int) and isinstance(end, int) and text[start:end]:
        return text[start:end] in words
    return str(entity.get("value") or "\0").lower() in words.lower()


def turn_events(tracker: Tracker, back: int = 0) -> list[Mapping[str, Any]]:
    """Return the events since the last message, or those of the turn `back` turns before."""
    starts = [index for index, event in enumerate(tracker.events) if event.get("event") == "user"]
    if len(starts) <= back:
        return []
    end = len(tracker.events) if back == 0 else starts[-back]
    return list(tracker.events[starts[-1 - back] + 1 : end])


def last_message(tracker: Tracker) -> int:
    """Return the position of the last message among the events."""
    return max(
        (index for index, event in enumerate(tracker.events) if event.get("event") == "user"), default=0
    )


def summed_up(tracker: Tracker, responses: tuple[str, ...], slots: Iterable[str]) -> bool:
    """Tell whether the turn before ended with this summary, and nothing in it has changed since."""
    told = said_in(turn_events(tracker, back=1), responses)
    return told and all(_value_then(tracker, name) == tracker.get_slot(name) for name in slots)


def said_in(events: Sequence[Mapping[str, Any]], responses: str | tuple[str, ...]) -> bool:
    """Tell whether a response whose name begins like this was said."""
    return any(
        str((event.get("metadata") or {}).get("utter_action")).startswith(responses)
        for event in events
        if event.get("event") == "bot"
    )


def _value_then(tracker: Tracker, slot: str) -> Any:
    """Return the value that a slot had when the last message came."""
    value = None
    for event in tracker.events[: last_message(tracker)]:
        if event.get("event") == "slot" and event.get("name") == slot:
            value = event.get("value")
    return value


def told_now(tracker: Tracker, response: str) -> bool:
    """Tell whether a response was said in this turn."""
    return any(
        (event.get("metadata") or {}).get("utter_action") == response for event in turn_events(tracker)
    )


def actions_of(tracker: Tracker, back: int = 0) -> list[str]:
    """Return the names of the actions of a turn."""
    return [str(event.get("name")) for event in turn_events(tracker, back) if event.get("event") == "action"]


def turn_number(tracker: Tracker) -> int:
    """Count the messages of the customer in this session."""
    count = 0
    for event in reversed(tracker.events):
        if event.get("event") == "session_started":
            break
        count += event.get("event") == "user"
    return count


def set_in_last_turn(tracker: Tracker, slot: str) -> bool:
    """Tell whether a slot got its value in the turn before this one."""
    return _was_set(turn_events(tracker, back=1), [slot])


def set_in_this_turn(tracker: Tracker, slots: Collection[str]) -> bool:
    """Tell whether one of these slots got its value since the last message."""
    return _was_set(turn_events(tracker), slots)


def noted(tracker: Tracker, changes: dict[str, Any]) -> dict[str, Any]:
    """Write changes of slots among this turn's events, so that a yes to what was said before them doesn't count."""
    tracker.events.extend({"event": "slot", "name": name, "value": value} for name, value in changes.items())
    return changes


def _was_set(events: Sequence[Mapping[str, Any]], slots: Collection[str]) -> bool:
    return any(
        event.get("event") == "slot" and event.get("name") in slots and event.get("value") is not None
        for event in events
    )


def feels_bad(tracker: Tracker, least: float = SURE) -> bool:
    """Tell whether the last message sounds annoyed or hurt."""
    mood: Any = (tracker.latest_message or {}).get("sentiment") or {}
    if not isinstance(mood, Mapping) or mood.get("name") != "negative":
        return False
    return float(mood.get("confidence") or 0.0) >= least


def spoken(text: str, limit: int) -> str:
    """Shorten words of a customer to one line of at most `limit` characters; a card number is taken out."""
    line = without_cards(" ".join(without_cards(text).split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def spoken_after(before: Sequence[str], text: str, limit: int) -> str:
    """Put words after earlier ones, a line each and `limit` characters at most; the oldest are shortened first."""
    lines, room = list[str](), limit
    for words in (text, *reversed(before)):
        line = spoken(words, room) if room > 1 else ""
        if line:
            lines.insert(0, line)
            room -= len(line) + 1
    return "\n".join(lines)


def handoff(tracker: Tracker, reason: str, ticket: str, summary: str) -> list[EventType]:
    """Return the event that hands the conversation to a person; none for an engine (Rasa) that knows no such event.

    The engine that does is known by the context that it sends along.
    """
    if "frontdesk" not in ((tracker.latest_message or {}).get("metadata") or {}):
        return []
    event = {"event": "handoff", "reason": reason, "ticket": ticket, "summary": summary, "timestamp": None}
    return [event]
