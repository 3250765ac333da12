"""Answer questions from the articles under an engine that has none: Frontdesk itself does without this action.

Listed in the domain as `action_answer_question`, so that Rasa knows the name. The index is that of the model which
`frontdesk train` wrote last.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.turn import turn_events
from frontdesk.core.ports import KnowledgeBase
from frontdesk.errors import FrontdeskError
from frontdesk.runtime.model import load_articles

MODELS = Path("models")
UNPACKED = Path(".frontdesk/unpacked")
HISTORY = 5


@cache
def knowledge() -> KnowledgeBase | None:
    """Return the articles of the newest model, or None where nothing was trained."""
    try:
        return load_articles(MODELS, UNPACKED)
    except FrontdeskError:
        return None


def waiting_question(tracker: Tracker) -> str | None:
    """Return the question that waited and has its turn now, rather than the last message."""
    turn = [event for event in turn_events(tracker) if event.get("event") == "slot"]
    told = [str(event["value"]) for event in turn if event.get("name") == "question" and event.get("value")]
    return told[-1] if told else None


class AnswerQuestion(Action):
    """Answers the last message from the articles, or says that they do not say."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_answer_question"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say the answer, with its sources in the message's metadata."""
        said = [
            e["text"] for e in tracker.events_after_latest_restart() if e["event"] == "user" and e.get("text")
        ]
        articles = await asyncio.to_thread(knowledge)
        question = waiting_question(tracker) or (said[-1] if said else "")
        found = await articles.answer(question, said[:-1][-HISTORY:]) if articles and question else None
        if found is None or not found.known or not found.text.strip():
            dispatcher.utter_message(response="utter_no_answer")
            return []
        sources = [{"title": source.title, "url": source.url} for source in found.sources]
        dispatcher.utter_message(
            text=found.text, utter_action=self.name(), sources=sources, confidence=found.confidence
        )
        return []
