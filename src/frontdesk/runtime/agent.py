"""The assistant as a whole: takes messages from channels, keeps their order, answers each exactly once."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from frontdesk.channels.render import render
from frontdesk.core.events import BotUttered, Event, UserUttered
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery, LockStore, TrackerStore
from frontdesk.core.tracker import Tracker
from frontdesk.errors import LimitError, StaleConversation
from frontdesk.runtime.processor import IN_REPLY_TO, Processor
from frontdesk.settings import Settings

log = logging.getLogger("frontdesk.agent")

Reply = Mapping[str, Any]
OnReply = Callable[[Reply], Awaitable[None]]

APOLOGY = "Sorry, something went wrong on my side and I couldn't finish that. Please try again in a moment."


class Agent:
    """Answers messages of many conversations at once.

    >>> agent = Agent(processor, store, locks, Settings())
    >>> replies = await agent.receive(UserMessage("hello", "ann"))

    A delivery (channel, sender, message id) that was answered before gets the stored replies and does nothing twice. A
    message is acknowledged once it is in the inbox; replies leave only after they are committed.
    """

    def __init__(
        self,
        processor: Processor,
        store: TrackerStore,
        locks: LockStore,
        settings: Settings,
        *,
        model_id: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.processor = processor
        self.store = store
        self.locks = locks
        self.settings = settings
        self.model_id = model_id
        self.facts = facts or {}

    async def start(self) -> None:
        """Get ready: load the project's actions and the encoder, so that the first message does not wait for them.

        Raises ActionImportError where the actions cannot be imported.
        """
        await self.processor.server.names()
        await self.processor.understanding.parse("hello")

    async def swap(self, processor: Processor, model_id: str, facts: Mapping[str, Any]) -> None:
        """Answer with another model from the next message on; turns under way end with the one they began with."""
        await processor.understanding.parse("hello")
        self.processor, self.model_id, self.facts = processor, model_id, facts

    async def receive(self, message: UserMessage, on_reply: OnReply | None = None) -> Sequence[Reply]:
        """Handle a message and return its replies.

        Raises LimitError where it is too long, StoreError where it cannot be written down.
        """
        if len(message.text) > self.settings.max_message:
            raise LimitError(
                f"The message has {len(message.text):,} characters; at most {self.settings.max_message:,} are read.",
                hint="Please shorten it.",
            )
        if not message.message_id:
            message = dataclasses.replace(message, message_id=uuid.uuid4().hex)
        delivery = Delivery(message.channel, message.sender_id, message.message_id or "")
        stored = await self.store.begin(delivery, message)
        if stored is None:
            # Shielded: a client that hangs up does not leave a turn half done.
            return await asyncio.shield(self._answer(delivery, message, on_reply))
        return await _pass_on(stored, on_reply)

    async def _answer(
        self, delivery: Delivery, message: UserMessage, on_reply: OnReply | None
    ) -> Sequence[Reply]:
        async with self.locks.lock(message.sender_id):
            for _ in range(2):
                stored = await self.store.begin(delivery, message)
                if (
                    stored is not None
                ):  # it arrived twice at once, or was committed though the turn seemed to fail
                    return await _pass_on(stored, on_reply)
                try:
                    async with asyncio.timeout(self.settings.turn_deadline):
                        return await self._turn(delivery, message, on_reply)
                except StaleConversation:
                    log.warning(
                        "Another server wrote to a conversation in between; the message is handled again."
                    )
                except (
                    Exception
                ):  # whatever went wrong in a turn, the user hears of it and the conversation goes on
                    log.exception("A message could not be answered.")
                    break
            stored = await self.store.begin(delivery, message)
            if stored is not None:
                return await _pass_on(stored, on_reply)
            return await self._apologise(delivery, message, on_reply)

    async def _turn(
        self, delivery: Delivery, message: UserMessage, on_reply: OnReply | None
    ) -> Sequence[Reply]:
        processor = self.processor
        before = await self._load(message.sender_id)
        saver = _Saver(self.store, before, on_reply)
        after = await processor.handle(before, message, saver.save)
        replies = replies_to(after, message.message_id)
        await saver.finish(after, delivery, replies)
        return replies

    async def _apologise(
        self, delivery: Delivery, message: UserMessage, on_reply: OnReply | None
    ) -> Sequence[Reply]:
        tracker = await self._load(message.sender_id)
        events: list[Event] = []
        now = time.time()
        if not any(
            isinstance(e, UserUttered) and e.message_id == message.message_id for e in tracker.newest_first()
        ):
            heard = {"text": message.text, "intent": {"name": None, "confidence": 0.0}, "entities": []}
            events.append(
                UserUttered(
                    message.text,
                    heard,
                    input_channel=message.channel,
                    message_id=message.message_id,
                    timestamp=now,
                )
            )
        events.append(BotUttered(APOLOGY, timestamp=now, metadata={"reason": "turn_failed"}))
        after = tracker.extend(events)
        replies = replies_to(after, message.message_id)
        await _Saver(self.store, tracker, on_reply).finish(after, delivery, replies)
        return replies

    async def resume(self, older_than: float = 0.0) -> int:
        """Answer messages whose turn was cut off by a crash; returns how many."""
        pending = await self.store.unfinished(older_than)
        for delivery, message in pending:
            log.info("Resuming a turn that was cut off.")
            await self._answer(delivery, message, None)
        return len(pending)

    async def tracker(self, sender_id: str) -> Tracker:
        """Return a conversation with all its events."""
        return await self._load(sender_id, whole=True)

    async def _load(self, sender_id: str, *, whole: bool = False) -> Tracker:
        found = await self.store.load(sender_id, whole=whole)
        return Tracker.start(
            sender_id, self.processor.domain.initial_slots, found.events, offset=found.offset
        )

    async def close(self) -> None:
        """Let go of the store, the action server and the NLU thread."""
        self.processor.understanding.close()
        await self.processor.server.close()
        await self.store.close()


class _Saver:
    """Commits what is new in a tracker, and passes on what was said once it is committed."""

    def __init__(self, store: TrackerStore, tracker: Tracker, on_reply: OnReply | None) -> None:
        self.store = store
        self.saved = len(tracker)
        self.offset = tracker.offset
        self.on_reply = on_reply

    async def save(self, tracker: Tracker) -> Tracker:
        """Commit the new events of a turn that goes on."""
        await self._commit(tracker, None, ())
        return tracker

    async def finish(self, tracker: Tracker, delivery: Delivery, replies: Sequence[Reply]) -> None:
        """Commit the rest, and the replies under their delivery."""
        await self._commit(tracker, delivery, replies)

    async def _commit(self, tracker: Tracker, delivery: Delivery | None, replies: Sequence[Reply]) -> None:
        new = tracker.since(self.saved)
        if new or delivery:
            await self.store.save(Commit(tracker.sender_id, new, self.offset + self.saved, delivery, replies))
            self.saved = len(tracker)
        for event in new:
            if self.on_reply and isinstance(event, BotUttered):
                for reply in render(event, tracker.sender_id):
                    await self.on_reply(reply)


def replies_to(tracker: Tracker, message_id: str | None) -> list[dict[str, Any]]:
    """Return everything that was said to a user message, in REST form.

    That is what was said since the message, and at the session start that it caused.
    """
    said: list[BotUttered] = []
    heard = False
    for event in tracker.newest_first():
        if isinstance(event, UserUttered):
            if heard:
                break
            heard = event.message_id == message_id
        elif isinstance(event, BotUttered) and (not heard or event.metadata.get(IN_REPLY_TO) == message_id):
            said.append(event)
    return [reply for event in reversed(said) for reply in render(event, tracker.sender_id)]


async def _pass_on(replies: Sequence[Reply], on_reply: OnReply | None) -> Sequence[Reply]:
    for reply in replies:
        if on_reply:
            await on_reply(reply)
    return replies
