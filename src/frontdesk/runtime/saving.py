"""Commit what a turn adds to a conversation, and pass on what was said once it is committed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from frontdesk.channels.render import render
from frontdesk.core.events import BotUttered, UserUttered
from frontdesk.core.ports import Commit, Delivery, TrackerStore
from frontdesk.core.tracker import Tracker
from frontdesk.runtime.processor import IN_REPLY_TO
from frontdesk.runtime.recent import RecentTrackers

log = logging.getLogger("frontdesk.agent")

Reply = Mapping[str, Any]
OnReply = Callable[[Reply], Awaitable[None]]


class Saver:
    """Commits what is new in a tracker, and passes on what was said once it is committed."""

    def __init__(
        self, store: TrackerStore, recent: RecentTrackers, tracker: Tracker, on_reply: OnReply | None
    ) -> None:
        self.store = store
        self.recent = recent
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
            self.recent.drop(tracker.sender_id)  # whatever happens now, what is kept must be what is stored
            await self.store.save(Commit(tracker.sender_id, new, self.offset + self.saved, delivery, replies))
            self.recent.put(tracker)
            self.saved = len(tracker)
        for event in new:
            if isinstance(event, BotUttered):
                for reply in render(event, tracker.sender_id):
                    await self._pass_on(reply)

    async def _pass_on(self, reply: Reply) -> None:
        if self.on_reply is None:
            return
        try:
            await self.on_reply(reply)
        except (
            Exception
        ) as error:  # the client is gone; that ends no turn, and it finds the replies when it is back
            log.info("A reply could not be passed on (%s).", type(error).__name__)
            self.on_reply = None


def replies_to(tracker: Tracker, message_id: str | None) -> list[dict[str, Any]]:
    """Return everything that was said to a user message, in REST form.

    That is what was said since the message (which an action may have logged once more), and at the session start that
    it caused.
    """
    said: list[BotUttered] = []
    before: list[BotUttered] = []
    heard = False
    for event in tracker.newest_first():
        if isinstance(event, UserUttered):
            if heard and event.message_id != message_id:
                break
            if event.message_id == message_id:
                heard = True
                said, before = [*said, *before], []
        elif isinstance(event, BotUttered):
            (before if heard else said).append(event)
    said += [event for event in before if event.metadata.get(IN_REPLY_TO) == message_id]
    return [reply for event in reversed(said) for reply in render(event, tracker.sender_id)]


async def pass_on(replies: Sequence[Reply], on_reply: OnReply | None) -> Sequence[Reply]:
    """Pass on stored replies, and return them."""
    for reply in replies:
        if on_reply:
            await on_reply(reply)
    return replies
