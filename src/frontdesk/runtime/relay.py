"""Tell an event broker what happened: everything that was committed, in the order of each conversation."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

from frontdesk.core.ports import Announcement, BatchBroker, EventBroker, Outbox, Outgoing
from frontdesk.errors import ConfigError, FrontdeskError
from frontdesk.measures import count
from frontdesk.runtime.agent import Agent

log = logging.getLogger("frontdesk.events")

LOOK_EVERY = 1.0
"""Seconds between two looks at what other processes have committed; what this one commits wakes it."""
LEASE = 30.0
"""Seconds for which one of several servers is the one that sends."""
PATIENCE = 20.0
"""Seconds that an event broker has for a batch."""
LAST = 2.0
"""Seconds that a server which ends has for what still waits."""
MOST = 200
"""Commits that are sent in one batch."""
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds until the broker is tried again, after the first failure, the second ..."""
ALONE = "this one"


class Relay:
    """Sends what waits in the outbox of an agent's store, and forgets it once the event broker has it.

    >>> relay = Relay(agent, broker)
    >>> await relay.start()
    >>> await relay.stop()

    One server at a time sends, so that the events of a conversation arrive in order. Whoever dies between the broker's
    word and the forgetting leaves events that are sent once more, under the same ids.
    """

    def __init__(self, agent: Agent, broker: EventBroker, *, clock: Callable[[], float] = time.time) -> None:
        self.broker, self.clock = broker, clock
        self.announced = agent.announced or asyncio.Event()
        self.outbox = outbox_of(agent.store)
        self.holder = ALONE if agent.local else uuid.uuid4().hex
        self.failures = 0
        self._leads_until = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin. Raises StoreError where the broker must be there (`raise_on_failure`) and is not."""
        if getattr(self.broker, "raise_on_failure", False) and isinstance(self.broker, BatchBroker):
            await self.broker.check()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Send what waits, if that can be done soon, and let another server go on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with suppress(FrontdeskError, TimeoutError):
            async with asyncio.timeout(LAST):
                if not self.failures:
                    await self.send_all()
                if self._leads_until:
                    await self.outbox.lead(self.holder, self.clock(), self.clock())
        await self.broker.close()

    async def send_all(self) -> None:
        """Send until nothing waits, if it is for this server to do so. Raises StoreError."""
        while await self._leads():
            waiting = await self.outbox.outgoing(MOST)
            if not waiting:
                return
            numbers = [one.number for one in waiting]
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._publish(waiting)
            except Exception:
                if not getattr(self.broker, "should_keep_unpublished_messages", True):
                    await self.outbox.sent(numbers)
                    log.error("The events of %d commits are dropped, as the options ask for.", len(waiting))
                raise
            await self.outbox.sent(numbers)
            self._succeeded()

    async def _leads(self) -> bool:
        """Tell whether this server sends, for long enough to send a batch."""
        now = self.clock()
        if now + PATIENCE < self._leads_until:
            return True
        until = now + LEASE
        led = await self.outbox.lead(self.holder, now, until)
        self._leads_until = until if led else 0.0
        return led

    async def _publish(self, waiting: list[Outgoing]) -> None:
        batch = [
            Announcement(f"{one.number}-{n}", one.sender_id, event)
            for one in waiting
            for n, event in enumerate(one.events)
        ]
        if isinstance(self.broker, BatchBroker):
            await self.broker.publish_all(batch)
            return
        for one in batch:
            await self.broker.publish(one.sender_id, one.event)

    async def _run(self) -> None:
        while True:
            self.announced.clear()
            try:
                await self.send_all()
            except Exception as error:  # whatever a broker or a database says; this has to outlive it
                await self._failed(error)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self.announced.wait()

    async def _failed(self, error: Exception) -> None:
        if not self.failures:
            said = str(error) or type(error).__name__
            log.error("Events cannot be published at the moment; they wait and are tried again: %s", said)
        count("frontdesk_retries", "broker")
        pause = PAUSES[min(self.failures, len(PAUSES) - 1)]
        self.failures += 1
        await asyncio.sleep(pause)

    def _succeeded(self) -> None:
        if self.failures:
            log.info("Events are published again.")
        self.failures = 0


def outbox_of(store: object) -> Outbox:
    """Return a tracker store's outbox. Raises ConfigError where it has none."""
    if isinstance(store, Outbox):
        return store
    what = f"The tracker store {type(store).__name__} keeps no events for an event broker."
    hint = "Use one of Frontdesk's own, or give it what frontdesk.core.ports.Outbox asks for."
    raise ConfigError(what, where="endpoints.yml: event_broker", hint=hint)
