"""What the words of a customer say about their account: what they ask for, and the new name or number in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from actions.commerce.model import Customer
from actions.flows.names import is_other
from actions.flows.phrases import phrases, plain
from actions.flows.turn import EMAIL, POSTCODE, Said
from actions.services.phone import phone_number, spoken_number
from actions.services.profile import OFF, ON, full_name

TABLE = Path(__file__).with_name("account_words.yml")
# Topics that change something: the field, and its value where the topic says it.
CHANGES: Mapping[str, tuple[str, str | None]] = {
    "change_phone": ("phone", None),
    "change_name": ("name", None),
    "marketing_off": ("marketing", OFF),
    "marketing_on": ("marketing", ON),
}
LAST_NAME = re.compile(r"\b(?:last name|surname|family name|married name|maiden name)\b", re.IGNORECASE)
FIRST_NAME = re.compile(r"\b(?:first name|given name)\b", re.IGNORECASE)
BEFORE_NAME = re.compile(
    r"^.*\b(?:name(?:'?s)?(?: on (?:my|the) account)?(?: is| to| should be| as|:)?(?: now)?"
    r"|should be|to|it'?s|spelled)\s+",
    re.IGNORECASE,
)
AFTER_NAME = re.compile(
    r"[,.;!?].*$|(?<!\s)\s+(?:please|instead|now|not|rather|from|because|since|thanks)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
MOST_WORDS = 4

ENDING = re.compile(  # a percentage or a time is none
    r"(?<![\w$-])\d{2,4}(?![\w-])(?! ?(?:%|percent|(?:second|minute|min|hour|hr|day|week|month)s?\b))",
    re.IGNORECASE,
)
OTHERWISE = re.compile(
    r"^(?:no|nope|sorry|wait|oops|actually)\b(?! problem)"
    r"|\bat the end\b(?! of)|\b(?:ends?|ending) (?:in|with)\b|\blast (?:two|three|four|[234]|digits?)\b"
)


def topics() -> Mapping[str, tuple[str, ...]]:
    """Return by which words a topic is told."""
    return phrases(TABLE)


def topic_of(heard: Said) -> str | None:
    """Return the topic whose longest cue stands in the words; of two topics to be told, both are "everything"."""
    named = heard.entity("account_topic")
    if named in topics():
        return named
    text = f" {plain(EMAIL.sub(' ', heard.text))} "
    found = {name: cue for name in topics() if (cue := _matched(text, name))}
    asked = [name for name in found if not _changes(name)]
    within = " / ".join(found[name] for name in asked)  # "do I get your newsletter" asks, and changes nothing
    changes = [name for name in found if _changes(name) and found[name] not in within]
    if changes:
        return max(changes, key=lambda name: len(found[name]))
    if len(asked) > 1 and not _one_thing(asked):
        return "everything"
    return max(asked, key=lambda name: len(found[name]), default=None)


def _matched(text: str, topic: str) -> str:
    """Return the longest cue of a topic that stands in the words; nothing where none does."""
    return next((cue for cue in topics()[topic] if f" {cue} " in text), "")


def _changes(topic: str) -> bool:
    """Tell whether a topic is a change, even if only to be explained."""
    return topic in CHANGES or topic in ("change_email", "cards")


def _one_thing(asked: list[str]) -> bool:
    """Tell whether the topics found are words for the same thing: an "e-mail address" is no address."""
    return set(asked) in ({"addresses", "email"}, {"marketing", "email"}, {"loyalty", "name"})


def value_in(heard: Said, field: str, customer: Customer, *, asked: bool) -> str | None:
    """Return the new value in the words, written as the account keeps it."""
    if field == "phone":
        number = phone_number(heard.text)
        return spoken_number(number) if number else None
    return _name_in(heard.text, customer, asked=asked)


def other_ending(heard: Said, number: str) -> str | None:
    """Return a phone number with its last digits as the words correct them: "no, 0189 at the end"."""
    if heard.intent == "affirm" or not (heard.intent in ("correct", "deny") or heard.has(OTHERWISE)):
        return None
    words = POSTCODE.sub(" ", EMAIL.sub(" ", heard.text))
    endings, digits = ENDING.findall(words), re.sub(r"\D", "", number)
    if len(endings) != 1 or len(digits) <= len(endings[0]):
        return None
    corrected = phone_number(digits[: -len(endings[0])] + endings[0])
    return spoken_number(corrected) if corrected else None


def _name_in(text: str, customer: Customer, *, asked: bool) -> str | None:
    """Return the full new name; of a last or first name alone, the other one is kept."""
    told = BEFORE_NAME.match(text)
    if not told and not asked:
        return None
    rest = AFTER_NAME.sub("", text[told.end() :] if told else text).strip(" \"'")
    words = rest.split()
    if not 0 < len(words) <= MOST_WORDS or any(map(is_other, words)):
        return None
    if len(words) == 1:
        first = bool(FIRST_NAME.search(text))
        last = bool(LAST_NAME.search(text)) or not first
        return full_name(f"{customer.first_name} {rest}" if last else f"{rest} {customer.last_name}")
    return full_name(rest)
