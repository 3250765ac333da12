"""Operations on conversations: read them, add to them, let the assistant act in them.

Whatever is written goes through the conversation's line and is committed at once, as a user's message is.
"""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sanic.response import HTTPResponse
from sanic.response import json as json_response
from sanic.response import text as text_response

from frontdesk.channels.http import Refusal, text_field
from frontdesk.channels.render import plain, render
from frontdesk.core.codec import Verbosity, to_wire, tracker_to_wire
from frontdesk.core.domain import Domain
from frontdesk.core.events import BotUttered, Event, Restarted, UserUttered, stamped
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Turn
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import Tracker
from frontdesk.runtime.external import external, kept_closed
from frontdesk.runtime.loop import Save
from frontdesk.runtime.processor import Processor
from frontdesk.runtime.saving import LATEST as LATEST_CHANNEL
from frontdesk.runtime.saving import Origin
from frontdesk.server.api_context import Call, bad_parameter
from frontdesk.server.api_events import (
    begin_a_session,
    entities_in,
    events_in,
    json_object,
    required_text,
    verbosity,
)
from frontdesk.server.api_stories import sessions, test_stories

COLLECTOR = "collector"
"""The channel of what is said in answer to the API, if no other one is asked for; Rasa's name for it."""

REPLACED = "replaced"
LATEST = 1e11  # seconds since 1970; far beyond any timestamp
Work = Callable[[Processor, Turn, Save], Awaitable[Tracker]]


async def get_tracker(call: Call) -> HTTPResponse:
    """Return a conversation; one that is new is shown as it would begin, and not stored."""
    shown, until = verbosity(call), call.number("until", 0, LATEST)
    tracker = visible(await call.agent.tracker(call.conversation_id))
    if not len(tracker):
        turn = await call.agent.processor.begin(tracker, _message(call), only_if_new=True)
        tracker = turn.tracker
    return _state(tracker if until is None else _as_of(tracker, until), shown)


async def append_events(call: Call) -> HTTPResponse:
    """Add events to a conversation; with their side effects, what is said is sent, and reminders are scheduled."""
    shown, events = verbosity(call), events_in(call.request)
    if not events:
        message = "Couldn't extract a proper event from the request body."
        raise bad_parameter("", "body", message)

    async def step(processor: Processor, tracker: Tracker, _: Save) -> Tracker:
        if not begin_a_session(events):
            tracker = (await processor.begin(tracker, _message(call), only_if_new=True)).tracker
        return tracker.extend(_now(kept_closed(tracker, events)))

    effects = call.flag("execute_side_effects")
    origin = Origin(_channel(call), schedules=effects)
    tracker = await call.agent.change(call.conversation_id, step, origin)
    if effects:
        await _push(call, tracker, [event for event in events if isinstance(event, BotUttered)])
    return _state(latest(tracker), shown)


async def replace_events(call: Call) -> HTTPResponse:
    """Let a conversation consist of these events.

    Stores only add: what was before is kept behind a restart that says so, unless the new events go on from it.
    """
    shown, events = verbosity(call), events_in(call.request)

    async def step(processor: Processor, tracker: Tracker, _: Save) -> Tracker:
        whole = visible(await call.agent.tracker(call.conversation_id))
        if _goes_on(whole.events(), events):
            return tracker.extend(_now(kept_closed(tracker, events[len(whole) :])))
        if not (len(tracker) or tracker.offset):
            return tracker.extend(_now(events))
        mark = Restarted(metadata={"reason": REPLACED})
        return tracker.extend(_now([mark, *kept_closed(tracker, events)]))

    return _state(await call.agent.change(call.conversation_id, step), shown)


def _goes_on(before: Sequence[Event], events: Sequence[Event]) -> bool:
    """Tell whether events begin with all those before; in wire form, since events compare only in what policies see."""
    return 0 < len(before) <= len(events) and all(
        to_wire(old) == to_wire(new) for old, new in zip(before, events, strict=False)
    )


async def get_story(call: Call) -> HTTPResponse:
    """Return a conversation, or its latest session, as a test story."""
    until, everything = call.number("until", 0, LATEST), call.flag("all_sessions")
    parts = sessions((await _existing(call)).events())
    if not everything:
        parts = parts[-1:]
    if until is not None:
        parts = [kept for part in parts if (kept := _before(part, until))]
    return text_response(test_stories(call.conversation_id, parts))


async def execute_action(call: Call) -> HTTPResponse:
    """Run one action in a conversation; the policies are not asked."""
    shown, found = verbosity(call), json_object(call.request)
    name = required_text(found, "name", "Name of the action not provided in request body.")
    confidence = found.get("confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float | None):
        raise bad_parameter("confidence", "body", "'confidence' must be a number.")
    if name not in action_names(call.agent.processor.domain):
        raise bad_parameter("name", "body", f"The action {name} does not exist in the domain.")
    prediction = Prediction(name, float(confidence or 0.0), text_field(found, "policy") or "")
    await _existing(call)

    async def work(processor: Processor, turn: Turn, save: Save) -> Tracker:
        return await processor.loop.act(turn, prediction)

    return await _act(call, work, shown)


async def trigger_intent(call: Call) -> HTTPResponse:
    """Let the assistant answer an intent as if the user had expressed it."""
    shown, found = verbosity(call), json_object(call.request)
    name = required_text(found, "name", "Name of the intent not provided in request body.")
    entities = entities_in(found.get("entities"))
    if name not in call.agent.processor.domain.intents:
        raise Refusal(404, "NotFound", f"The intent {name} does not exist in the domain.")

    async def work(processor: Processor, turn: Turn, save: Save) -> Tracker:
        message_id = turn.call.message_id
        heard = external(turn.tracker, name, entities, message_id=message_id, now=time.time())
        return await processor.trigger(turn, heard, save)

    return await _act(call, work, shown)


async def predict_next(call: Call) -> HTTPResponse:
    """Return what the assistant would do next; nothing is done."""
    await _existing(call)
    found: list[Prediction] = []

    async def step(processor: Processor, tracker: Tracker, _: Save) -> Tracker:
        tracker = (await processor.begin(tracker, _message(call))).tracker
        found[:] = [processor.loop.predict(tracker, processor.domain)]
        return tracker

    tracker = latest(await call.agent.change(call.conversation_id, step, Origin(_channel(call))))
    answer = prediction_to_wire(found[0], tracker, call.agent.processor.domain, Verbosity.AFTER_RESTART)
    answer["scores"].sort(key=lambda row: (-row["score"], row["action"]))
    return json_response(answer)


async def add_message(call: Call) -> HTTPResponse:
    """Add a user's message to a conversation; the assistant does not answer it."""
    shown, found = verbosity(call), json_object(call.request)
    sender, said = text_field(found, "sender"), text_field(found, "text")
    if sender != "user":
        message = "Currently, only user messages can be passed to this endpoint. "
        message += f"Messages of sender '{sender}' cannot be handled."
        raise bad_parameter("sender", "body", message)
    if said is None:
        raise bad_parameter("text", "body", "No 'text' in the request body.")
    if len(said) > call.agent.settings.max_message:
        message = (
            f"The message has {len(said):,} characters; at most {call.agent.settings.max_message:,} are read."
        )
        raise Refusal(413, "PayloadTooLarge", message)
    parsed = _parse_data(found.get("parse_data"))
    message_id = uuid.uuid4().hex

    async def step(processor: Processor, tracker: Tracker, _: Save) -> Tracker:
        message = dataclasses.replace(_message(call), text=said, message_id=message_id)
        turn = await processor.begin(tracker, message)
        heard = await processor.understand(message) if parsed is None else _heard(message, parsed)
        # It came through no channel: the latest one is unknown, as in Rasa.
        [closed] = kept_closed(turn.tracker, [dataclasses.replace(heard, input_channel=None)])
        return (await processor.hear(turn, closed)).tracker

    return _state(latest(await call.agent.change(call.conversation_id, step, Origin(_channel(call)))), shown)


def _parse_data(found: Any) -> dict[str, Any] | None:
    """Return what the caller has understood of a message already, or None."""
    if found is None:
        return None
    if not isinstance(found, dict):
        raise bad_parameter("parse_data", "body", "'parse_data' must be an object.")
    intent = found.get("intent")
    if not isinstance(intent, dict) or not isinstance(intent.get("name"), str | None):
        raise bad_parameter("parse_data", "body", "'parse_data' needs an 'intent' with a 'name'.")
    entities_in(found.get("entities"))
    return {"intent_ranking": [], "confidence": 1.0, **found}


def _heard(message: UserMessage, parsed: dict[str, Any]) -> UserUttered:
    intent = {"confidence": 1.0, **parsed["intent"]}
    entities = entities_in(parsed.get("entities"))
    parsed = {k: v for k, v in parsed.items() if k not in ("confidence", "metadata", "message_id")}
    return UserUttered(
        text=message.text,
        parse_data={
            **parsed,
            "text": message.text,
            "intent": intent,
            "message_id": message.message_id,
            "metadata": {},
        },
        entities=entities,
        message_id=message.message_id,
        timestamp=time.time(),
    )


def prediction_to_wire(
    prediction: Prediction, tracker: Tracker, domain: Domain, shown: Verbosity
) -> dict[str, Any]:
    """Return a prediction in Rasa's form; all actions but the chosen one have the score 0."""
    chosen = prediction.action
    names = action_names(domain)
    scores = [{"action": name, "score": prediction.confidence if name == chosen else 0.0} for name in names]
    return {
        "scores": scores,
        "policy": prediction.policy or None,
        "confidence": prediction.confidence,
        "tracker": tracker_to_wire(tracker, shown),
    }


def action_names(domain: Domain) -> list[str]:
    """Return every action of a domain, also texts of end-to-end stories."""
    return list(dict.fromkeys([*domain.action_names, *domain.e2e_action_texts]))


def visible(tracker: Tracker) -> Tracker:
    """Return a conversation without what was replaced through the API."""
    events = tracker.events()
    for number in range(len(events) - 1, -1, -1):
        event = events[number]
        if isinstance(event, Restarted) and event.metadata.get("reason") == REPLACED:
            return Tracker.start(tracker.sender_id, tracker.initial, events[number + 1 :])
    return tracker


def latest(tracker: Tracker) -> Tracker:
    """Return the latest session alone, which is what operations that write answer with, as in Rasa."""
    tracker = visible(tracker)
    parts = sessions(tracker.events())
    return tracker if len(parts) < 2 else Tracker.start(tracker.sender_id, tracker.initial, parts[-1])


async def _act(call: Call, work: Work, shown: Verbosity) -> HTTPResponse:
    """Let the assistant do something, and return the conversation with what was said."""
    # One id for every attempt, so that a custom action gets the same idempotency key again.
    message_id = uuid.uuid4().hex
    before = 0

    async def step(processor: Processor, tracker: Tracker, save: Save) -> Tracker:
        nonlocal before
        before = len(tracker)
        message = dataclasses.replace(_message(call, tracker), message_id=message_id)
        return await work(processor, await processor.begin(tracker, message), save)

    origin = Origin(_channel(call), authenticated=call.caller.owns(call.conversation_id))
    tracker = await call.agent.change(call.conversation_id, step, origin)
    said = [event for event in tracker.since(before) if isinstance(event, BotUttered)]
    messages = [plain(reply) for reply in await _push(call, tracker, said)]
    return json_response({"tracker": tracker_to_wire(latest(tracker), shown), "messages": messages})


async def _push(call: Call, tracker: Tracker, said: Sequence[BotUttered]) -> list[dict[str, Any]]:
    """Send what was said to the channel that was asked for, where it can be sent there; returns it."""
    replies = [bubble for event in said for bubble in render(event, call.conversation_id)]
    channel = _channel(call, tracker)
    if channel != COLLECTOR:
        await call.agent.outlets.push(channel, call.conversation_id, replies)
    return replies


def _channel(call: Call, tracker: Tracker | None = None) -> str:
    """Return the channel that was asked for; `latest` stands for that of the last message, if it is known."""
    channel = call.text("output_channel") or COLLECTOR
    if channel == LATEST_CHANNEL and tracker is not None:
        channel = tracker.latest_channel or COLLECTOR
    return channel[:50]


def _message(call: Call, tracker: Tracker | None = None) -> UserMessage:
    """Return an empty message that stands for the caller: on which channel, and whether the user is certain."""
    channel = _channel(call, tracker)
    return UserMessage(
        "",
        call.conversation_id,
        channel,
        uuid.uuid4().hex,
        authenticated=call.caller.owns(call.conversation_id),
    )


async def _existing(call: Call) -> Tracker:
    tracker = visible(await call.agent.tracker(call.conversation_id))
    if not len(tracker):
        raise Refusal(404, "Not found", "Conversation ID not found.")
    return tracker


def _as_of(tracker: Tracker, until: float) -> Tracker:
    return Tracker.start(tracker.sender_id, tracker.initial, _before(tracker.events(), until))


def _before(events: Sequence[Event], until: float) -> list[Event]:
    kept: list[Event] = []
    for event in events:
        if event.timestamp > until:
            break
        kept.append(event)
    return kept


def _now(events: Sequence[Event]) -> list[Event]:
    now = time.time()
    return [stamped(event, now) for event in events]


def _state(tracker: Tracker, shown: Verbosity) -> HTTPResponse:
    return json_response(tracker_to_wire(visible(tracker), shown))
