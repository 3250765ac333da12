"""Run test conversations as a user would have them: the actions run, against the project's scratch environment."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontdesk.core.codec import to_wire
from frontdesk.core.events import ActionExecuted, Event
from frontdesk.core.message import UserMessage
from frontdesk.core.tracker import Tracker
from frontdesk.evaluation.environment import Environment
from frontdesk.formats.test_stories import Conversation, Expectation
from frontdesk.formats.test_stories import Turn as Step
from frontdesk.runtime.agent import Agent

TRUSTED_CHANNELS = frozenset({"chat", "cmdline"})
"""Channels whose conversations belong to a token that the server issued; a test of another one is a bare sender."""


@dataclass(frozen=True)
class StepResult:
    """What happened at one step: what the user said, what they read, and what does not hold."""

    user: str
    said: tuple[str, ...]
    failures: tuple[str, ...] = ()
    seconds: float = 0.0
    intent: str | None = None
    actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConversationResult:
    """A conversation as it went."""

    name: str
    place: str
    steps: tuple[StepResult, ...] = ()
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Tell whether everything held."""
        return self.error is None and not any(step.failures for step in self.steps)


@dataclass
class Run:
    """Runs conversations one after the other, each in a folder and a conversation of its own."""

    agent: Agent
    environment: Environment
    progress: Callable[[ConversationResult], None] = field(default=lambda _: None)

    async def all(self, conversations: Sequence[Conversation]) -> list[ConversationResult]:
        """Return the results in order."""
        results = []
        try:
            for conversation in conversations:
                with tempfile.TemporaryDirectory(prefix="frontdesk-test-") as folder:
                    self.environment.begin(Path(folder))
                    results.append(await self.one(conversation))
                self.progress(results[-1])
        finally:
            self.environment.end()
        return results

    async def one(self, conversation: Conversation) -> ConversationResult:
        """Return how one conversation went; it ends at the first step that does not hold or cannot be done."""
        sender = f"test-{uuid.uuid4().hex}"
        place = str(conversation.place) if conversation.place else ""
        steps: list[StepResult] = []
        error: str | None = None
        for step in conversation.steps:
            try:
                steps.append(await self._step(step, sender, conversation.channel))
            except (
                Exception
            ) as problem:  # of the assistant or of the project's own checks: the other tests go on
                error = f"{step.place}: '{step.user}' could not be tested ({problem!r})"
                break
            if steps[-1].failures:
                break
        return ConversationResult(conversation.name, place, tuple(steps), error)

    async def _step(self, step: Step, sender: str, channel: str) -> StepResult:
        before = len(await self.agent.tracker(sender))
        begun = time.perf_counter()
        authenticated = channel in TRUSTED_CHANNELS
        replies: Sequence[Mapping[str, Any]] = ()
        if step.user is not None:
            message = UserMessage(step.user, sender, channel, authenticated=authenticated)
            replies = await self.agent.receive(message)
        seconds = time.perf_counter() - begun
        tracker = await self.agent.tracker(sender)
        events = tracker.since(before)
        said = tuple(line for reply in replies for line in readable(reply))
        failures = [*texts_missing(step.bot or (), said), *state_missing(step, tracker, events)]
        for key, expected in step.extra.items():
            failures += self.environment.check(key, expected)
        intent = tracker.latest_message.intent if tracker.latest_message else None
        return StepResult(
            step.user or "", said, tuple(failures), seconds, intent, tuple(action_names(events))
        )


def readable(reply: Mapping[str, Any]) -> list[str]:
    """Return what a person reads of a reply, a line each."""
    lines = [str(reply[key]) for key in ("text", "image", "attachment") if reply.get(key)]
    if reply.get("custom"):
        lines.append(str(reply["custom"]))
    lines += [f"[{button.get('title')}]" for button in reply.get("buttons") or ()]
    lines += [f"see: {source.get('title')}" for source in (reply.get("metadata") or {}).get("sources", ())]
    return lines


def texts_missing(expected: Sequence[Expectation], said: Sequence[str]) -> list[str]:
    """Return what a person should, or should not, have read."""
    text = "\n".join(said)
    words = {"contains": "did not say", "lacks": "should not have said", "matches": "nothing said matches"}
    return [f"{words[wanted.kind]} '{wanted.text}'" for wanted in expected if not wanted.holds(text)]


def state_missing(step: Step, tracker: Tracker, events: Sequence[Event]) -> list[str]:
    """Return what intent, slots, events or actions are not as the step says."""
    failures = []
    intent = tracker.latest_message.intent if tracker.latest_message else None
    if step.intent is not None and intent != step.intent:
        failures.append(f"understood '{intent}', expected '{step.intent}'")
    for name, value in step.slots.items():
        if tracker.slots.get(name) != value:
            failures.append(f"slot '{name}' is {tracker.slots.get(name)!r}, expected {value!r}")
    wires = [to_wire(event) for event in events]
    for wanted in step.events:
        if not any(all(wire.get(k) == v for k, v in wanted.items()) for wire in wires):
            failures.append(f"no event {dict(wanted)}")
    if step.actions is not None and action_names(events) != list(step.actions):
        failures.append(f"ran {action_names(events)}, expected {list(step.actions)}")
    return failures


def action_names(events: Sequence[Event]) -> list[str]:
    """Return the actions of a turn, without those that begin a session."""
    names = [event.name for event in events if isinstance(event, ActionExecuted) and event.name]
    if "action_session_start" in names:
        names = names[names.index("action_session_start") + 1 :]
        names = names[1:] if names[:1] == ["action_listen"] else names
    return names
