"""A conversation by hand: a tracker, the words of a customer as the NLU would give them, and the actions one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from ruamel.yaml import YAML

from tests.assistant.conftest import token

ROOT = Path(__file__).parents[3]


def read_domain() -> dict[str, Any]:
    """The domain as one map, from its files."""
    whole: dict[str, Any] = {}
    for path in sorted((ROOT / "domain").glob("*.yml")):
        for key, value in YAML(typ="safe").load(path).items():
            if isinstance(value, dict):
                whole.setdefault(key, {}).update(value)
            elif isinstance(value, list):
                whole.setdefault(key, []).extend(value)
            else:
                whole[key] = value
    return whole


DOMAIN = read_domain()


def own_buttons(response: str | None) -> list[dict[str, str]]:
    """The buttons that a response has of its own."""
    variations: list[dict[str, Any]] = DOMAIN["responses"].get(response) or [{}]
    return list(variations[0].get("buttons") or [])


class Talk:
    """A conversation in which a test says what was understood, and runs single actions."""

    def __init__(self, *, signed: bool = True, conversation: str = "web-1") -> None:
        self.signed = signed
        self.conversation = conversation
        self.events: list[dict[str, Any]] = [{"event": "session_started"}]
        self.slots: dict[str, Any] = dict.fromkeys(DOMAIN["slots"])
        self.loop: str | None = None
        self.message: dict[str, Any] = {}
        self.said: list[dict[str, Any]] = []
        self.count = 0

    def hear(
        self,
        text: str,
        intent: str = "inform",
        *,
        confidence: float = 0.95,
        ranking: list[str] | None = None,
        mood: str = "neutral",
        **entities: str,
    ) -> Talk:
        """Receive a message."""
        found = [
            {"entity": name, "value": value, "start": text.find(value), "end": text.find(value) + len(value)}
            for name, value in entities.items()
        ]
        self.count += 1
        self.message = {
            "text": text,
            "intent": {"name": intent, "confidence": confidence},
            "intent_ranking": [
                {"name": name, "confidence": confidence} for name in [intent, *(ranking or [])]
            ],
            "entities": found,
            "sentiment": {"name": mood, "confidence": 0.9},
        }
        self.events.append({"event": "user", "text": text})
        return self

    def set(self, **slots: Any) -> Talk:
        """Fill slots, as an action did some time ago."""
        self.slots.update(slots)
        users = [at for at, event in enumerate(self.events) if event["event"] == "user"]
        at = users[-1] if users else len(self.events)
        self.events[at:at] = [
            {"event": "slot", "name": name, "value": value} for name, value in slots.items()
        ]
        return self

    def within(self, form: str, asked: str | None = None) -> Talk:
        """Be in a form that asked for a slot."""
        self.loop = form
        self.slots["requested_slot"] = asked
        return self

    def tracker(self, action: str) -> Tracker:
        """The tracker that an action gets."""
        claims = {
            "sub": self.conversation,
            "act": action,
            "idem": f"{self.conversation}-{self.count}-{action}",
        }
        metadata = {"frontdesk": token(**claims)} if self.signed else {}
        return Tracker(
            self.conversation,
            dict(self.slots),
            {**self.message, "metadata": metadata},
            list(self.events),
            False,
            None,
            {"name": self.loop} if self.loop else {},
            "action_listen",
        )

    def run(self, action: Action, **candidates: Any) -> list[dict[str, Any]]:
        """Run an action and apply what it did; `candidates` are slots that the mappings filled before."""
        dispatcher = CollectingDispatcher()
        name = action.name()
        if name.startswith("validate_"):
            self.events.append({"event": "action", "name": name.removeprefix("validate_")})
            self.events += [
                {"event": "slot", "name": slot, "value": value} for slot, value in candidates.items()
            ]
            self.slots.update(candidates)
        else:
            self.events.append({"event": "action", "name": name})
        events = [dict(event) for event in asyncio.run(action.run(dispatcher, self.tracker(name), DOMAIN))]
        self.said = dispatcher.messages
        self.events += [
            {
                "event": "bot",
                "text": message.get("text") or message.get("response"),
                "metadata": {"utter_action": message.get("response")},
                "data": {"buttons": message.get("buttons") or own_buttons(message.get("response"))},
            }
            for message in self.said
        ]
        self.events += events
        for event in events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "active_loop":
                self.loop = event["name"]
        return events

    def responses(self) -> list[str]:
        """The names of the responses of the last action."""
        return [str(message.get("response")) for message in self.said]

    def told(self, response: str) -> Mapping[str, Any]:
        """What went into a response of the last action."""
        return next(message for message in self.said if message.get("response") == response)


def followups(events: list[dict[str, Any]]) -> list[str]:
    """The actions that events order next."""
    return [event["name"] for event in events if event["event"] == "followup"]
