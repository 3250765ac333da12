"""Conversations that are easy to get wrong, and questions about what a store gave back."""

from __future__ import annotations

from typing import Any

from frontdesk.core import events as ev
from frontdesk.core.message import Entity
from frontdesk.core.ports import Conversation, TrackerStore

ONE_OF_EACH: list[ev.Event] = [
    ev.ActionExecuted("action_session_start", confidence=1.0, timestamp=1.0),
    ev.SessionStarted(timestamp=1.5),
    ev.ActionExecuted("action_listen", policy="RulePolicy", confidence=0.5, timestamp=2.0),
    ev.UserUttered(
        "I am Zoë \N{WAVING HAND SIGN} \x00 'quoted' \\ end",
        {"intent": {"name": "inform", "confidence": 0.9}, "entities": [], "text": "I am Zoë"},
        (Entity("name", "Zoë", 5, 8, role="own", extractor="crf", processors=("map",)),),
        input_channel="rest",
        message_id="m1",
        timestamp=1_700_000_000.123456,
        metadata={"page": "/a", "deep": {"list": [1, 2.5, None, True]}},
    ),
    ev.UserFeaturized(False, timestamp=3.0),
    ev.EntitiesAdded((Entity("size", 42),), timestamp=3.0),
    ev.SlotSet("name", ["Zoë", {"a": 1}], timestamp=3.0),
    ev.SlotSet("name", None, timestamp=3.0),
    ev.BotUttered(
        "Hello", {"buttons": [{"title": "Yes", "payload": "/yes"}]}, timestamp=3.0, metadata={"x": 1}
    ),
    ev.ActiveLoop("form", timestamp=3.0),
    ev.LoopInterrupted(True, timestamp=3.0),
    ev.ActionExecutionRejected("form", "RulePolicy", 0.1, timestamp=3.0),
    ev.FollowupAction("action_x", timestamp=3.0),
    ev.ReminderScheduled("remind", "2030-01-01T00:00:00+00:00", None, "r1", False, timestamp=3.0),
    ev.ReminderCancelled("r1", timestamp=3.0),
    ev.ActionReverted(timestamp=3.0),
    ev.UserUtteranceReverted(timestamp=3.0),
    ev.AllSlotsReset(timestamp=3.0),
    ev.StoryExported("a.yml", timestamp=3.0),
    ev.ConversationPaused(timestamp=3.0),
    ev.ConversationResumed(timestamp=3.0),
    ev.AgentUttered("A person here", {}, timestamp=3.0),
    ev.HandoffRequested("asked", "T-1", "summary", timestamp=3.0),
    ev.ActionExecuted(None, action_text="Said end to end", hide_rule_turn=True, timestamp=3.0),
    ev.Restarted(timestamp=3.0),
    ev.UnknownEvent({"event": "from_the_future", "timestamp": 4.0, "deep": {"a": [1]}}, timestamp=4.0),
]
"""One event of every kind (the unknown kind, too), with values that are easy to lose."""


def said(text: str, **more: Any) -> ev.UserUttered:
    """Return what a user said."""
    return ev.UserUttered(text, {"intent": {"name": "inform", "confidence": 1.0}}, timestamp=10.0, **more)


def session(*following: ev.Event) -> list[ev.Event]:
    """Return the events that begin a session, and more."""
    return [ev.ActionExecuted("action_session_start"), ev.SessionStarted(), *following]


def stored(conversation: Conversation) -> int:
    """Return how many events the store says there are."""
    return conversation.offset + len(conversation.events)


def texts(conversation: Conversation) -> list[str | None]:
    """Return what users said."""
    return [event.text for event in conversation.events if isinstance(event, ev.UserUttered)]


async def all_senders(store: TrackerStore) -> list[str]:
    """Return the ids of all conversations, sorted."""
    found: list[str] = []
    async for sender_id in store.senders():
        found.append(sender_id)
    return sorted(found)
