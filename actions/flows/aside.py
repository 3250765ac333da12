"""What is beside the business: small talk, other subjects, other languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.done_told import tell_done
from actions.flows.meaning import goes_on
from actions.flows.turn import message
from actions.flows.wishes import clear_wish, serve
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("languages.yml")
ENOUGH = 2  # ordinary words of a language
MOST = 0.5  # share of a message that they have to make up


@cache
def languages() -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    """Read by which words a language is told."""
    table = yaml.read(TABLE)
    return {
        name: (frozenset(map(str, row["sure"])), frozenset(map(str, row["words"])))
        for name, row in table.items()
    }


def language_of(text: str) -> str | None:
    """Return the language of the words, if it is one that the assistant doesn't speak."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    best, most = None, 0
    for name, (sure, usual) in languages().items():
        hits = sum(word in usual or word in sure for word in words)
        telling = bool(sure & set(words)) or hits >= ENOUGH
        if telling and hits > most and hits >= MOST * len(words):
            best, most = name, hits
    return best


def answer_language(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Say which languages are spoken here; tell whether the words were in another one."""
    spoken = language_of(message(tracker).text)
    if spoken is None:
        return False
    dispatcher.utter_message(response="utter_language_spanish" if spoken == "spanish" else "utter_language")
    return True


class ActionSmallTalk(Action):
    """Take part in small talk; within a form without asking what is wanted."""

    def name(self) -> str:
        """Name the action."""
        return "action_small_talk"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say something friendly."""
        if answer_language(dispatcher, tracker):
            return []
        running = bool(tracker.active_loop_name)
        dispatcher.utter_message(response="utter_small_talk_in_form" if running else "utter_small_talk")
        return []


class ActionPraise(Action):
    """Take a kind word; "did that work?" sounds like one and is a question."""

    def name(self) -> str:
        """Name the action."""
        return "action_praise"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say thank you, unless it is asked what was done."""
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        dispatcher.utter_message(response="utter_praise")
        return []


class ActionOutOfScope(Action):
    """Say what the assistant is for, or which languages are spoken here."""

    def name(self) -> str:
        """Name the action."""
        return "action_out_of_scope"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Decline, within a form briefly; what the words name or go on with is served after all."""
        if answer_language(dispatcher, tracker):
            return []
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        running = bool(tracker.active_loop_name)
        wish = None if running else clear_wish(tracker) or goes_on(tracker)
        if wish:
            return serve(wish, message(tracker).text)
        dispatcher.utter_message(response="utter_out_of_scope_in_form" if running else "utter_out_of_scope")
        return []
