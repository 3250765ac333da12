"""Replies on their way to a vendor: kept until it has them, and brought again where a server ended before."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from frontdesk.core.events import ReminderCancelled
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Bringing, Commit, TrackerStore
from frontdesk.core.reminders import OWED, Reminder
from frontdesk.core.tracker import Tracker
from frontdesk.errors import StaleConversation, StoreError
from frontdesk.runtime.outlets import Outlets
from frontdesk.runtime.processor import resumes
from frontdesk.runtime.saving import Reply, Saver
from frontdesk.runtime.turns import Turns

log = logging.getLogger("frontdesk.agent")

LEASE = 15.0
"""Seconds after which others bring replies again for whose sake nobody gives a sign of life."""
FORGOTTEN = 86_400.0
"""Seconds for which replies wait for a server that has their channel."""
LARGEST = 100_000
"""Characters of replies that are kept; more than that is brought, and lost with the process."""


class Owing:
    """Sees to it that replies reach a vendor, at least once.

    What is owed is a reminder of the conversation, which is written with the commit of what was said, and called off
    once the vendor has all of it. Until then its lease is renewed; that of a server that ended runs out, and whoever
    looks after reminders brings it, or at once whoever goes on with its turn.
    """

    def __init__(
        self,
        store: TrackerStore,
        outlets: Callable[[], Outlets],
        clock: Callable[[], float] = time.time,
        *,
        alone: bool = False,
    ) -> None:
        self._store, self._outlets, self._clock, self._alone = store, outlets, clock, alone
        self._at_work: set[str] = set()
        self._told: set[str] = set()
        self._tasks = Turns()

    async def attend(self, saver: Saver, known: Tracker, message: UserMessage, *, cut: bool) -> None:
        """Note from now on what is said to a message, where somebody tells that it arrived.

        What was said to it before its turn was `cut` off comes first. Raises StoreError.
        """
        if not isinstance(saver.on_reply, Bringing):
            return
        saver.noting = _Noting(self, message, saver.on_reply)
        if cut or resumes(known, message.message_id):
            await self._bring_first(message)

    async def _bring_first(self, message: UserMessage) -> None:
        """Bring what a server that ended left; where nobody else brings anything, also what it had said before."""
        for owed in await self._store.pending_reminders(message.sender_id):
            if owed.intent != OWED or owed.id in self._at_work:
                continue
            left = self._alone or owed.entities["message_id"] == message.message_id
            if left and await self._store.keep_reminder(owed, self._clock() + LEASE):
                await self.bring(owed)

    def note(self, message: UserMessage, replies: Sequence[Reply]) -> Reminder | None:
        """Return what is to be committed with replies to a message."""
        if not replies:
            return None
        about = {"message_id": message.message_id, "metadata": message.metadata, "replies": list(replies)}
        if len(json.dumps(about, default=str)) > LARGEST:
            log.warning(
                "Replies are too long to be kept: they are lost if the server ends before '%s' has brought them.",
                message.channel,
            )
            return None
        due = self._clock() + LEASE
        made = Reminder(uuid.uuid4().hex, message.sender_id, "", OWED, due, about, False, message.channel)
        return dataclasses.replace(made, name=made.id, authenticated=message.authenticated)

    def see_to(self, owed: Reminder, bring: Bringing, seen: int | None = None) -> None:
        """Call it off once all is brought; `seen` is how many events the conversation had, where that is known."""
        self._at_work.add(owed.id)
        self._tasks.begin(self._until_brought(owed, bring, seen)).add_done_callback(
            lambda _: self._at_work.discard(owed.id)
        )

    async def bring(self, owed: Reminder) -> None:
        """Bring what a server left behind."""
        if owed.id in self._at_work:
            return
        about: dict[str, Any] = owed.entities
        message = UserMessage(
            "",
            owed.sender_id,
            owed.channel,
            about["message_id"],
            about["metadata"],
            authenticated=owed.authenticated,
        )
        bring = self._outlets().answering(message)
        if bring is None:
            await self._leave(owed)
            return
        self._at_work.add(owed.id)
        log.warning("Replies are brought again that a server did not bring to its end.")
        for reply in about["replies"]:
            try:
                await bring(reply)
            except Exception:  # whatever the channel makes of it; tried again, it would go no better
                log.exception("A reply that was owed on the channel '%s' cannot be brought.", owed.channel)
            except BaseException:  # called off in between: whoever comes next tries again
                self._at_work.discard(owed.id)
                raise
        if isinstance(bring, Bringing):
            self.see_to(owed, bring)
        else:
            self._at_work.discard(owed.id)
            await self._give_up(owed)

    async def _leave(self, owed: Reminder) -> None:
        """Leave replies to a server that has their channel, as long as there may be one."""
        now = self._clock()
        if now >= owed.due + FORGOTTEN:
            log.error("Replies that were owed on the channel '%s' cannot be brought any more.", owed.channel)
            await self._give_up(owed)
            return
        if owed.channel not in self._told:
            self._told.add(owed.channel)
            log.warning(
                "Replies that are owed on the channel '%s' wait for a server that has it (credentials.yml), for a day.",
                owed.channel,
            )
        with suppress(StoreError):
            await self._store.keep_reminder(owed, now + LEASE)

    async def _give_up(self, owed: Reminder) -> None:
        with suppress(StoreError):  # then it is found again
            await self._call_off(owed)

    async def _until_brought(self, owed: Reminder, bring: Bringing, seen: int | None) -> None:
        waiting = asyncio.create_task(bring.brought())
        try:
            while not (await asyncio.wait([waiting], timeout=LEASE / 3))[0]:
                with suppress(StoreError):
                    await self._store.keep_reminder(owed, self._clock() + LEASE)
            if waiting.result():
                await self._call_off(owed, seen)
        except StoreError as error:
            log.error("Replies may be brought twice: %s", error)
        finally:
            waiting.cancel()

    async def _call_off(self, owed: Reminder, seen: int | None = None) -> None:
        gone = ReminderCancelled(owed.name)
        while True:
            if seen is None:  # the conversation went on, or somebody else began it
                known = await self._store.load(owed.sender_id)
                seen = known.offset + len(known.events)
            try:
                await self._store.save(Commit(owed.sender_id, (), seen, reminders=[gone]))
                return
            except StaleConversation:
                seen = None

    async def end(self, seconds: float) -> None:
        """Give what is on its way some time; the next start brings what takes longer."""
        await self._tasks.end(seconds)


@dataclasses.dataclass(frozen=True, slots=True)
class _Noting:
    """Notes the replies to one message that something brings."""

    owing: Owing
    message: UserMessage
    bring: Bringing

    def note(self, replies: Sequence[Reply]) -> Reminder | None:
        return self.owing.note(self.message, replies)

    def see_to(self, noted: Reminder, seen: int) -> None:
        self.owing.see_to(noted, self.bring, seen)
