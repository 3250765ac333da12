"""Commit what a turn adds to a conversation, and pass on what was said once it is committed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from frontdesk.channels.render import render
from frontdesk.core.events import IN_REPLY_TO, BotUttered, Event, SessionStarted, UserUttered
from frontdesk.core.ports import Commit, Delivery, TrackerStore
from frontdesk.core.reminders import Change, Reminder, changes
from frontdesk.core.tracker import Tracker
from frontdesk.measures import count, passing
from frontdesk.runtime.recent import RecentTrackers

log = logging.getLogger("frontdesk.agent")

Reply = Mapping[str, Any]
OnReply = Callable[[Reply], Awaitable[None]]


LATEST = "latest"
"""Stands for the channel of the user's last message, as in Rasa's API."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What makes a conversation go on: on which channel, and whether that vouches for the user.

    A turn that answers a `delivery` ends with its replies stored under it; one may answer a reminder (`firing`). Where
    `schedules` is False, events of reminders are only kept. `fence` is that of the hold under which it goes on.
    """

    channel: str = ""
    authenticated: bool = False
    schedules: bool = True
    delivery: Delivery | None = None
    firing: Reminder | None = None
    fence: int = 0


NOWHERE = Origin(schedules=False)
"""Of a conversation that is copied or rewritten: what was scheduled in the original is not scheduled once more."""


class Noting(Protocol):
    """Notes in a commit what is said with it, and takes the note away when whoever it was said to has it."""

    def note(self, replies: Sequence[Reply]) -> Reminder | None:
        """Return what is to be committed with replies that are passed on then; None for none."""

    def see_to(self, noted: Reminder, seen: int) -> None:
        """Take it away once all that was passed on so far is brought; `seen` events were stored with it and before."""


class Saver:
    """Commits what is new in a tracker, and passes on what was said once it is committed.

    What is said is kept until it is brought where there is something `noting` it. `rescheduled` is set when reminders
    were scheduled, `announced` (where there is an event broker) when there is something to be told to it.
    """

    def __init__(
        self,
        store: TrackerStore,
        recent: RecentTrackers,
        tracker: Tracker,
        on_reply: OnReply | None = None,
        origin: Origin = NOWHERE,
        rescheduled: asyncio.Event | None = None,
        announced: asyncio.Event | None = None,
    ) -> None:
        self.store = store
        self.origin = origin
        self.rescheduled, self.announced = rescheduled, announced
        self.recent = recent
        self.saved = len(tracker)
        self.offset = tracker.offset
        self.on_reply = on_reply
        self.noting: Noting | None = None
        self.another_session = False

    async def save(self, tracker: Tracker) -> Tracker:
        """Commit the new events of a turn that goes on."""
        await self._commit(tracker, None, ())
        return tracker

    async def finish(
        self, tracker: Tracker, delivery: Delivery, replies: Sequence[Reply] | None = None, *, how: str = ""
    ) -> Sequence[Reply]:
        """Commit the rest, and the replies under their delivery: what was said to the message, unless others are given.

        They are returned. A message is counted by `how` it ended.
        """
        if replies is None:
            replies = replies_to(tracker, delivery.message_id)
        await self._commit(tracker, delivery, replies)
        if how:
            count("csr_messages_processed", how)
        return replies

    async def end(self, tracker: Tracker) -> Tracker:
        """Commit the rest; of a turn that answers a delivery, the replies, too."""
        delivery = self.origin.delivery
        if delivery is None:
            return await self.save(tracker)
        await self.finish(tracker, delivery)
        return tracker

    async def _commit(self, tracker: Tracker, delivery: Delivery | None, replies: Sequence[Reply]) -> None:
        new = tracker.since(self.saved)
        said = [
            reply
            for event in new
            if isinstance(event, BotUttered)
            for reply in render(event, tracker.sender_id)
        ]
        noted = self.noting.note(said) if self.noting is not None else None
        if new or delivery:
            self.recent.drop(tracker.sender_id)  # whatever happens now, what is kept must be what is stored
            commit = Commit(
                tracker.sender_id,
                new,
                self.offset + self.saved,
                delivery,
                replies,
                [*self._reminders(tracker, new), *([noted] if noted is not None else [])],
                self.origin.firing,
                self.origin.fence,
                self.announced is not None,
            )
            with passing("commit"):
                await self.store.save(commit)
            if self.announced is not None:
                self.announced.set()
            if commit.reminders and self.rescheduled is not None:
                self.rescheduled.set()
            self.another_session |= self._begins_another_session(new)
            if not self.another_session:
                self.recent.put(tracker)
            self.saved = len(tracker)
        for reply in said:
            await self._pass_on(reply)
        if noted is not None and self.noting is not None:
            self.noting.see_to(noted, self.offset + self.saved)

    def _reminders(self, tracker: Tracker, new: Sequence[Event]) -> list[Change]:
        if not self.origin.schedules:
            return []
        channel = self.origin.channel
        if channel == LATEST:
            channel = tracker.latest_channel or ""
        authenticated = self.origin.authenticated
        return changes(new, tracker.sender_id, time.time(), channel=channel, authenticated=authenticated)

    def _begins_another_session(self, new: Sequence[Event]) -> bool:
        """Tell whether a session begins after an earlier one, which the next message is not to see any more."""
        begun = sum(isinstance(event, SessionStarted) for event in new)
        return begun > (0 if self.saved or self.offset else 1)

    async def _pass_on(self, reply: Reply) -> None:
        if self.on_reply is None:
            return
        try:
            with passing("send"):
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
