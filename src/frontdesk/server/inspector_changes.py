"""Go back in a conversation, branch off from it, or go on from a correction.

Only conversations of the inspector's own are ever written to; of a customer's, a copy is made first. Stores only add:
what a change replaces is kept behind a restart that says so, as through the HTTP API.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from frontdesk.channels.http import Refusal
from frontdesk.core.codec import entity_to_wire
from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, Event, Restarted, UserFeaturized, UserUttered
from frontdesk.core.message import Entity, UserMessage
from frontdesk.core.ports import Turn
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.loop import Choose, Save, listens, pauses
from frontdesk.runtime.processor import RESERVED, Processor
from frontdesk.runtime.trace import UNTAUGHT, Stretch, stretches, trace
from frontdesk.server.api_conversations import REPLACED, visible
from frontdesk.server.inspector_views import OWN, corrected
from frontdesk.training.interactive import understood_as

CHANNEL = "inspector"
Then = Callable[[Processor, Turn, Save], Awaitable[Tracker]]
"""What happens after the events that are kept; gets the conversation that consists of them."""


def new_id() -> str:
    """Return the id of a new conversation; nobody can guess it."""
    return f"{OWN}{secrets.token_hex(8)}"


def message_in(sender_id: str, text: str) -> UserMessage:
    """Return a message to a conversation of the inspector.

    It is authenticated: the conversation's id is the server's own, and who writes has shown the inspector's key.
    """
    return UserMessage(text, sender_id, CHANNEL, uuid.uuid4().hex, authenticated=True)


async def existing(agent: Agent, sender_id: str) -> Tracker:
    """Return a conversation without what was replaced. Raises Refusal (404) where there is none."""
    tracker = visible(await agent.tracker(sender_id))
    if not len(tracker):
        raise Refusal(404, "NotFound", "There is no such conversation (any more).")
    return tracker


def stretch(events: Sequence[Event], number: int) -> Stretch:
    """Return a turn by its number. Raises Refusal (404)."""
    parts = stretches(events)
    if not 0 <= number < len(parts):
        raise Refusal(404, "NotFound", f"The conversation has no turn {number}.")
    return parts[number]


async def fork(agent: Agent, tracker: Tracker, until: int) -> str:
    """Copy a conversation up to so many events into a new one; returns its id."""
    sender_id = new_id()
    kept = tracker.events()[:until]

    async def step(_: Processor, new: Tracker, __: Save) -> Tracker:
        return new.extend(_as_of_now(kept))

    await agent.change(sender_id, step)
    return sender_id


async def go_back(agent: Agent, tracker: Tracker, until: int) -> None:
    """Let a conversation consist of its first events only."""
    await _rewrite(agent, tracker, until)


async def understand_as(
    agent: Agent, tracker: Tracker, number: int, intent: str, entities: Sequence[Entity] | None
) -> None:
    """Go on from a message as if it had been understood like this; what came after it is replaced.

    Without `entities`, those that were found stay.
    """
    part = stretch(tracker.events(), number)
    heard = tracker.events()[part.heard] if part.heard is not None else None
    if part.heard is None or not isinstance(heard, UserUttered):
        raise Refusal(400, "BadRequest", "The user said nothing in this turn.")
    message = message_in(tracker.sender_id, heard.text or "")
    right = _corrected(heard, message, intent, entities)

    async def answer(processor: Processor, turn: Turn, save: Save) -> Tracker:
        turn = await processor.hear(turn, dataclasses.replace(right, timestamp=time.time()))
        return turn.tracker if pauses(turn.tracker) else await processor.loop.run(turn, save)

    await _rewrite(agent, tracker, part.heard, message, answer)


def _corrected(
    heard: UserUttered, message: UserMessage, intent: str, entities: Sequence[Entity] | None
) -> UserUttered:
    """Return the message as it should have been understood; what was understood before is kept in its metadata."""
    before = heard.metadata.get(RESERVED, {}).get("corrected") if corrected(heard) else None
    was = before or {"intent": heard.intent, "entities": [entity_to_wire(e) for e in heard.entities]}
    metadata = {**heard.metadata, RESERVED: {"authenticated": True, "corrected": was}}
    right = understood_as(heard, intent, heard.entities if entities is None else entities)
    ranking = heard.parse_data.get("intent_ranking") or []
    others = [row for row in ranking if isinstance(row, dict) and row.get("name") != right.intent]
    return dataclasses.replace(
        right,
        parse_data={
            **right.parse_data,
            "intent_ranking": [right.parse_data["intent"], *others],
            "message_id": message.message_id,
            "metadata": metadata,
        },
        input_channel=CHANNEL,
        message_id=message.message_id,
        use_text_for_featurization=None,
        metadata=metadata,
    )


async def act_as(agent: Agent, tracker: Tracker, number: int, at: int, action: str) -> None:
    """Go on with another action from one decision of a turn (`at` is how many events it was made on)."""
    processor = agent.processor
    if action not in processor.domain.action_names:
        raise Refusal(400, "BadRequest", f"The action '{action}' does not exist in the domain.")
    events = tracker.events()
    part = stretch(events, number)
    found = await asyncio.to_thread(trace, processor.loop, processor.domain, events, part)
    if found.heard is None:
        raise Refusal(400, "BadRequest", "The user said nothing in this turn.")
    if at not in [step.at for step in found.steps]:
        raise Refusal(404, "NotFound", "There is no such decision in this turn.")
    message = message_in(tracker.sender_id, found.heard.text or "")

    async def do(processor: Processor, turn: Turn, save: Save) -> Tracker:
        before = turn.tracker
        featurized = (UserFeaturized(False),) if before.latest_action == LISTEN else ()
        reason = "chosen in the inspector"
        prediction = Prediction(action, 1.0, CHANNEL, events=featurized, reason=reason)
        if action == LISTEN:
            return processor.loop.log(before, prediction, ())
        after = await processor.loop.act(turn, prediction)
        if pauses(after) or listens(after):
            return after if listens(after) else processor.loop.log(after, Prediction(LISTEN, 1.0), ())
        loop = dataclasses.replace(processor.loop, choose=_or_wait(processor.loop.choose))
        return await loop.run(dataclasses.replace(turn, tracker=after), save)

    await _rewrite(agent, tracker, at, message, do)


def _or_wait(choose: Choose) -> Choose:
    """Wait for the user where nothing says what follows: the fallback would take back what the user said."""

    def chosen(proposals: Sequence[Prediction], tracker: Tracker, domain: Domain) -> Prediction:
        found = choose(proposals, tracker, domain)
        known = found.basis is None or found.basis.kind != "fallback"
        return found if known else Prediction(LISTEN, 1.0, reason=UNTAUGHT)

    return chosen


async def _rewrite(
    agent: Agent, tracker: Tracker, until: int, message: UserMessage | None = None, then: Then | None = None
) -> None:
    """Let an own conversation consist of its first events, and go on from there, if there is a message to answer."""
    if not tracker.sender_id.startswith(OWN):
        what = "This is a customer's conversation. Copy it first, then correct the copy."
        raise Refusal(403, "NotAuthorized", what)
    kept = tracker.events()[:until]
    answered = message or message_in(tracker.sender_id, "")

    async def step(processor: Processor, before: Tracker, save: Save) -> Tracker:
        if visible(await agent.tracker(tracker.sender_id)).events() != tracker.events():
            raise Refusal(409, "Conflict", "The conversation went on in the meantime. Please look again.")
        mark = Restarted(metadata={"reason": REPLACED}, timestamp=time.time())
        after = before.append(mark).extend(_as_of_now(kept, answered.message_id))
        if message is None or then is None:
            return after
        return await then(processor, await processor.begin(after, message), save)

    await agent.change(tracker.sender_id, step)


def _as_of_now(events: Sequence[Event], message_id: str | None = None) -> list[Event]:
    """Return copied events as if the last of them had just happened, and closed to strangers.

    Else the session would have lapsed. With `message_id`, the message that is being answered gets it, so that no action
    takes what it did for an earlier try as done.
    """
    shift = time.time() - max((event.timestamp for event in events), default=0.0)
    moved = [dataclasses.replace(event, timestamp=event.timestamp + shift) for event in events]
    return [
        _closed(event, message_id if _is_open(moved[number + 1 :]) else None)
        if isinstance(event, UserUttered)
        else event
        for number, event in enumerate(moved)
    ]


def _is_open(later: Sequence[Event]) -> bool:
    return not any(isinstance(event, ActionExecuted) and event.name == LISTEN for event in later)


def _closed(event: UserUttered, message_id: str | None) -> UserUttered:
    mark: Any = event.metadata.get(RESERVED)
    own = {**(mark if isinstance(mark, dict) else {}), "authenticated": True}
    return dataclasses.replace(
        event,
        metadata={**event.metadata, RESERVED: own},
        message_id=message_id or event.message_id,
        input_channel=CHANNEL,
    )
