"""Conversations, domains and turns in a few words."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from frontdesk.actions.responses import DomainResponses
from frontdesk.core.domain import REQUESTED_SLOT, Domain, EntityType, Form, Intent, Response, SessionConfig
from frontdesk.core.events import ActionExecuted, Event, UserUttered
from frontdesk.core.message import Entity
from frontdesk.core.ports import ActionCall, ActionResult, KnowledgeBase, Turn
from frontdesk.core.slots import Slot, SlotMapping
from frontdesk.core.tracker import LISTEN, Tracker

SECRET = "a secret of more than thirty-two bytes"


class ScriptedServer:
    """Answers each action with what a test says; remembers what was asked."""

    def __init__(self, script: Mapping[str, Any]) -> None:
        self.script = dict(script)
        self.calls: list[tuple[str, Tracker, ActionCall]] = []

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        self.calls.append((name, tracker, call))
        answer = self.script[name]
        if callable(answer):
            answer = answer(tracker)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, ActionResult):
            return answer
        return ActionResult(events=answer)

    async def names(self) -> frozenset[str]:
        return frozenset(self.script)

    async def close(self) -> None:
        self.script.clear()

    @property
    def asked(self) -> list[str]:
        return [name for name, _, _ in self.calls]


class Builder:
    """Makes the values that tests are about."""

    secret = SECRET

    def mapping(self, type: str, conditions: Sequence[Mapping[str, Any]] = (), **options: Any) -> SlotMapping:
        return SlotMapping(type, options, tuple(conditions))

    def slot(self, name: str, *mappings: SlotMapping, type: str = "text", **rest: Any) -> Slot:
        return Slot(name, type, mappings=mappings, **rest)

    def domain(
        self,
        *slots: Slot,
        forms: Mapping[str, Sequence[str]] | None = None,
        ignored: Sequence[str] = (),
        responses: Mapping[str, str | Sequence[Response]] | None = None,
        actions: Sequence[str] = (),
        intents: Sequence[str] = ("greet", "inform", "affirm", "deny", "start", "other"),
        entities: Sequence[str] = ("city", "name", "size"),
        carry_over: bool = True,
        wire: Mapping[str, Any] | None = None,
        **rest: Any,
    ) -> Domain:
        known = {slot.name: slot for slot in slots}
        known.setdefault(REQUESTED_SLOT, Slot(REQUESTED_SLOT, "text", influence_conversation=False))
        said = {
            name: (Response(text=value),) if isinstance(value, str) else tuple(value)
            for name, value in (responses or {}).items()
        }
        return Domain(
            intents={name: Intent(name) for name in intents},
            entities={name: EntityType(name) for name in entities},
            slots=known,
            responses=said,
            forms={name: Form(name, tuple(wanted), tuple(ignored)) for name, wanted in (forms or {}).items()},
            actions=tuple(actions),
            session=SessionConfig(carry_over_slots=carry_over),
            wire=wire or {},
            **rest,
        )

    def user(
        self,
        text: str = "hello",
        intent: str | None = "inform",
        *entities: Entity | tuple[str, Any],
        **parse: Any,
    ) -> UserUttered:
        found = tuple(e if isinstance(e, Entity) else Entity(*e) for e in entities)
        data = {"text": text, "intent": {"name": intent, "confidence": 0.9}, "entities": [], **parse}
        return UserUttered(
            text=text, parse_data=data, entities=found, input_channel="rest", message_id=f"m-{text}"
        )

    def tracker(self, domain: Domain, *events: Event) -> Tracker:
        return Tracker.start("ann", domain.initial_slots, events)

    def said(
        self,
        tracker: Tracker,
        text: str = "hello",
        intent: str | None = "inform",
        *entities: Any,
        **parse: Any,
    ) -> Tracker:
        return tracker.extend([ActionExecuted(LISTEN), self.user(text, intent, *entities, **parse)])

    def turn(
        self,
        tracker: Tracker,
        domain: Domain,
        server: Any = None,
        knowledge: KnowledgeBase | None = None,
        facts: Mapping[str, Any] | None = None,
        call: ActionCall = ActionCall(channel="rest"),
        metadata: Mapping[str, Any] | None = None,
    ) -> Turn:
        nlg = DomainResponses(domain, facts, random.Random(0))
        return Turn(
            tracker, domain, "rest", nlg, server or ScriptedServer({}), call, knowledge, metadata or {}
        )

    def server(self, **script: Any) -> ScriptedServer:
        return ScriptedServer(script)


@pytest.fixture
def build() -> Builder:
    return Builder()


@pytest.fixture
def write_package(tmp_path: Path) -> Callable[..., Path]:
    """Write a package of Python files (`name="source"`; `__` stands for a dot in the path) and return its folder's parent."""

    def write(package: str, **files: str) -> Path:
        for name, source in {"__init__": "", **files}.items():
            file = tmp_path / package / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(source), "utf-8")
        return tmp_path

    return write


@pytest.fixture(autouse=True)
def actions_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_ACTIONS_SECRET", SECRET)
