"""Fire reminders when they are due: each once, however many servers look after them and whichever of them ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from frontdesk.core.events import ActionExecuted, UserUttered
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.core.reminders import OWED, Reminder
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.errors import FrontdeskError
from frontdesk.runtime.agent import Agent, Step
from frontdesk.runtime.external import outdated, reminded
from frontdesk.runtime.loop import Save
from frontdesk.runtime.processor import Processor, guarded, resumes
from frontdesk.runtime.saving import Origin, replies_to
from frontdesk.runtime.turns import Turns

log = logging.getLogger("frontdesk.reminders")

LOOK_EVERY = 5.0
"""Seconds between two looks at what other servers have scheduled; what this one schedules wakes it."""
AGAIN_AFTER = 5.0
"""Seconds until a reminder is tried again that could not be stored."""
LEASE_MORE = 30.0
"""Seconds that a lease is longer than a turn may take."""
MOST = 50
"""Reminders that one server is at, at the same time."""


class ReminderScheduler:
    """Looks after the reminders of an agent's store.

    >>> scheduler = ReminderScheduler(agent)
    >>> await scheduler.start()
    >>> await scheduler.stop()

    A reminder is leased before it is fired; the lease of a server that died runs out, and another one takes it. Its
    turn waits in the conversation's line, is committed under a delivery id of the reminder's own, and takes the
    reminder away in the same transaction: so whoever else is at it as well finds that it was answered.
    """

    def __init__(self, agent: Agent, *, clock: Callable[[], float] = time.time) -> None:
        self.agent = agent
        self.clock = clock
        self.lease = agent.settings.turn_deadline + LEASE_MORE
        self._firing = Turns()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin. What is due takes its place in line at once, before any message that comes later.

        Where nobody else writes to the store, what is under lease was left by a process that ended in the middle of it.
        """
        pause = await self._look(taken=self.agent.local)
        self._task = asyncio.create_task(self._run(pause))

    async def stop(self) -> None:
        """Fire nothing more, and finish the turns under way; the next start takes up what takes too long."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._firing.end(self.agent.settings.action_deadline)

    async def fire_due(self, *, taken: bool = False) -> float | None:
        """Begin to fire what is due, and return when to look again; with `taken` what is under lease, too.

        Raises StoreError.
        """
        room = MOST - len(self._firing)
        if not room or not self.agent.ready:
            return None
        store, now = self.agent.store, self.clock()
        at = await store.next_reminder()
        if taken or (at is not None and at <= now):
            for reminder in await store.lease_reminders(now, now + self.lease, room, taken=taken):
                self._firing.begin(self._fire(reminder)).add_done_callback(self._fired)
            at = await store.next_reminder()
        return at

    async def settled(self) -> None:
        """Wait until nothing is being fired."""
        await self._firing.ended()

    def _fired(self, _: asyncio.Task[None]) -> None:
        if len(self._firing) == MOST // 2:  # there may be more that wait for room
            self.agent.rescheduled.set()

    async def _run(self, pause: float) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.agent.rescheduled.wait()
            pause = await self._look()

    async def _look(self, *, taken: bool = False) -> float:
        """Fire what is due, and return for how many seconds there is nothing to do."""
        self.agent.rescheduled.clear()
        try:
            at = await self.fire_due(taken=taken)
        except Exception as error:  # whatever the database says; the scheduler has to outlive it
            log.error("Reminders cannot be looked after at the moment: %s", error)
            return LOOK_EVERY
        return LOOK_EVERY if at is None else min(LOOK_EVERY, max(0.0, at - self.clock()))

    async def _fire(self, reminder: Reminder) -> None:
        if reminder.intent == OWED:
            await self.agent.owing.bring(reminder)
            return
        try:
            tracker = await self.agent.change(reminder.sender_id, self._step(reminder), _origin(reminder))
        except _Gone:
            return
        except FrontdeskError as error:  # it could not be stored, or there is no model
            log.error("A reminder could not be fired and is tried again: %s", error)
            with suppress(FrontdeskError):
                await self.agent.store.keep_reminder(reminder, self.clock() + AGAIN_AFTER)
            return
        except Exception:  # nobody waits for an answer, so nothing is said; the conversation goes on
            log.exception("A reminder could not be fired.")
            await self._give_up(reminder)
            return
        replies = replies_to(tracker, reminder.message_id)
        await self.agent.outlets.push(reminder.channel, reminder.sender_id, replies)

    def _step(self, reminder: Reminder) -> Step:
        async def step(processor: Processor, tracker: Tracker, save: Save) -> Tracker:
            now = await self._still_there(reminder)
            if not resumes(tracker, reminder.message_id):
                if _was_heard(tracker, reminder):  # its turn was cut off, and the user has written since
                    return tracker
                why = outdated(reminder, tracker, processor.domain.session)
                if why is not None:
                    log.info("The reminder of '%s' is dropped: %s.", reminder.intent, why)
                    return tracker
            message = UserMessage(
                "",
                reminder.sender_id,
                reminder.channel,
                reminder.message_id,
                authenticated=reminder.authenticated and guarded(tracker),
            )
            return await processor.trigger(
                processor.turn(tracker, message), reminded(reminder, tracker, now), save
            )

        return step

    async def _still_there(self, reminder: Reminder) -> float:
        """Renew the lease, now that the turn begins, and return the time. Raises _Gone."""
        now = self.clock()
        if not await self.agent.store.keep_reminder(reminder, now + self.lease):
            raise _Gone
        return now

    async def _give_up(self, reminder: Reminder) -> None:
        """End the turn of a reminder that cannot be answered."""

        async def step(_: Processor, tracker: Tracker, __: Save) -> Tracker:
            now = await self._still_there(reminder)
            if not resumes(tracker, reminder.message_id):
                return tracker
            return tracker.append(ActionExecuted(LISTEN, timestamp=now))

        try:
            await self.agent.change(reminder.sender_id, step, _origin(reminder))
        except _Gone:
            return
        except FrontdeskError as error:
            log.error("A reminder could not be taken away and is tried again: %s", error)


def _origin(reminder: Reminder) -> Origin:
    delivery = Delivery(reminder.channel, reminder.sender_id, reminder.message_id)
    return Origin(reminder.channel, reminder.authenticated, delivery=delivery, firing=reminder)


def _was_heard(tracker: Tracker, reminder: Reminder) -> bool:
    return any(
        isinstance(event, UserUttered) and event.message_id == reminder.message_id
        for event in tracker.newest_first()
    )


class _Gone(Exception):
    """Ends the turn of a reminder that was fired, replaced or called off in the meantime."""
