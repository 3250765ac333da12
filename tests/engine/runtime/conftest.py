"""A small assistant made by hand: keyword understanding, scripted policy, scripted actions, real stores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from frontdesk.actions.catalog import action_for, is_custom
from frontdesk.actions.responses import DomainResponses
from frontdesk.core.domain import Domain, Response, SessionConfig
from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import ActionCall, ActionResult, Commit
from frontdesk.core.prediction import Prediction
from frontdesk.core.slots import Slot
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.errors import ActionError, StoreError
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.loop import Loop
from frontdesk.runtime.processor import Processor
from frontdesk.runtime.understanding import Understanding
from frontdesk.settings import Settings
from frontdesk.stores.locks import MemoryLockStore
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.stores.sql import SqlTrackerStore

DOMAIN = Domain(
    slots={"count": Slot("count", "any")},
    responses={"utter_hello": (Response(text="Hello!"),), "utter_bye": (Response(text="Bye!"),)},
    actions=("action_count", "action_fail", "action_slow"),
    session=SessionConfig(0),
)


def understand(texts: Sequence[str]) -> list[Message]:
    """Take the first word as the intent."""
    return [
        Message(text, intent=IntentScore(text.split()[0] if text.split() else None, 1.0)) for text in texts
    ]


class ScriptedPolicy:
    """Runs the actions that the script has for an intent, one after the other, then listens."""

    options: dict[str, Any] = {}

    def __init__(self, script: dict[str, list[str]]) -> None:
        self.script = script

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction:
        intent = tracker.latest_message.intent if tracker.latest_message else None
        planned = self.script.get(intent or "", [])
        done = 0
        for event in tracker.newest_first():
            if event.type_name == "user":
                break
            done += event.type_name == "action"
        return Prediction(planned[done] if done < len(planned) else LISTEN, 1.0, "Scripted")


@dataclass
class ScriptedServer:
    """An action server whose effects can be counted by idempotency key."""

    calls: list[ActionCall] = field(default_factory=list)
    before: Callable[[str], Any] | None = None
    closed: bool = False

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        self.calls.append(call)
        if self.before is not None:
            outcome = self.before(name)
            if asyncio.iscoroutine(outcome):
                await outcome
        if name == "action_fail":
            raise ActionError("It is broken.")
        number = (tracker.slots.get("count") or 0) + 1
        event = {"event": "slot", "name": "count", "value": number}
        return ActionResult([event], [{"text": f"Number {number}"}])

    async def names(self) -> frozenset[str]:
        return frozenset(DOMAIN.actions)

    async def close(self) -> None:
        self.closed = True


SCRIPT = {
    "hello": ["utter_hello"],
    "count": ["action_count"],
    "twice": ["action_count", "action_count"],
    "fail": ["action_fail"],
    "restart": ["action_restart"],
    "forever": ["utter_hello"] * 50,
}


@dataclass
class Desk:
    """An agent and what is around it."""

    agent: Agent
    server: ScriptedServer
    store: Any


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return (
        MemoryTrackerStore({})
        if request.param == "memory"
        else SqlTrackerStore({"db": str(tmp_path / "c.db")})
    )


@pytest.fixture
async def desk(store: Any) -> Any:
    made = make_desk(store)
    yield made
    await made.agent.close()


def make_desk(store: Any, **settings: Any) -> Desk:
    server = ScriptedServer()
    loop = Loop(
        policies=[ScriptedPolicy(SCRIPT)],
        choose=lambda proposals, tracker, domain: proposals[0],
        action_for=action_for,
        is_custom=lambda name: is_custom(name, DOMAIN),
    )
    processor = Processor(DOMAIN, Understanding(understand), loop, DomainResponses(DOMAIN), server)
    return Desk(Agent(processor, store, MemoryLockStore({}), Settings(**settings)), server, store)


def fill_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let answers fail to be committed so many times."""
    save, failures = desk.store.save, iter(range(times))

    async def failing(commit: Commit) -> None:
        if commit.delivery and next(failures, None) is not None:
            raise StoreError("The disk is full.")
        await save(commit)

    monkeypatch.setattr(desk.store, "save", failing)
