"""The assistant as a whole: takes messages from channels, keeps their order, answers each exactly once."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from frontdesk.core.events import (
    ActionExecuted,
    BotUttered,
    Event,
    SessionStarted,
    UserUtteranceReverted,
    UserUttered,
    stamped,
)
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery, Hold, LockStore, TrackerStore
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.errors import AuthError, LimitError, PackageError, StaleConversation, StoreError
from frontdesk.measures import count, stop
from frontdesk.runtime.deliveries import AtWork
from frontdesk.runtime.line import Line
from frontdesk.runtime.loop import FAILED, Save
from frontdesk.runtime.outlets import Outlets
from frontdesk.runtime.owing import Owing
from frontdesk.runtime.processor import RESERVED, Processor, guarded, resumes, retire
from frontdesk.runtime.recent import RecentTrackers
from frontdesk.runtime.saving import NOWHERE, OnReply, Origin, Reply, Saver, pass_on
from frontdesk.runtime.turns import Turns
from frontdesk.settings import Settings
from frontdesk.stores.exchange import exchange_of
from frontdesk.telemetry import about

log = logging.getLogger("frontdesk.agent")

T = TypeVar("T")
Answering = asyncio.Task[Sequence[Reply]]
Step = Callable[[Processor, Tracker, Save], Awaitable[Tracker]]
"""Adds to a conversation: gets its latest session, and a function that commits what is new in a tracker."""

TAKE_OVER_AFTER = (
    15.0  # seconds that a message waits for the server that received it, before others take it up
)
ATTEMPTS = 5  # at one message, while other servers write to the same conversation
LAST = 10.0  # seconds for replies on their way when the server ends
STARTS = 3  # at which an unanswered message is begun again; then it is taken to be what ends the server
APOLOGY = "Sorry, something went wrong on my side and I couldn't finish that. Please try again in a moment."


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that is written down: `alone` where nobody else can answer it, `again` where a crash cut it off.

    `later` where nobody waits for the answer: then what was said to it before is not said once more. `fence` is that of
    the hold under which it is answered.
    """

    delivery: Delivery
    message: UserMessage
    on_reply: OnReply | None = None
    alone: bool = False
    again: bool = False
    later: bool = False
    fence: int = 0

    @property
    def origin(self) -> Origin:
        """What its turn comes from."""
        return Origin(self.message.channel, self.message.authenticated, fence=self.fence)


class Agent:
    """Answers messages of many conversations at once.

    >>> agent = Agent(processor, store, locks, Settings())
    >>> replies = await agent.receive(UserMessage("hello", "ann"))

    A delivery (channel, sender, message id) that was answered before gets the stored replies and does nothing twice. A
    message is acknowledged once it is in the inbox; replies leave only after they are committed. A turn that cannot be
    committed is owed: it is tried again before the conversation's next message, and by `settle`.
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
        announces: bool = False,
    ) -> None:
        self.processor, self.store, self.locks = processor, store, locks
        self.settings, self.ready, self.model_id, self.facts = settings, True, model_id, facts or {}
        self._line, self.exchange = Line(locks, store), exchange_of(locks)
        self.local, self.recent, self.outlets = self._line.local, RecentTrackers(store), Outlets()
        self.announced = asyncio.Event() if announces else None  # there is something to tell an event broker
        self.rescheduled = asyncio.Event()  # there may be a reminder that is due earlier than all before
        self._turns, self._at_work = Turns(), AtWork()
        self.owing = Owing(store, lambda: self.outlets, alone=self.local)
        self.apologised: Callable[[Delivery], Awaitable[None]] = _nothing_more

    async def start(self) -> None:
        """Get ready: load the project's actions and the encoder, so that the first message does not wait for them.

        Raises ActionImportError where the actions cannot be imported.
        """
        await self.processor.server.names()
        await self.processor.understanding.parse("hello")

    async def swap(self, processor: Processor, model_id: str, facts: Mapping[str, Any]) -> None:
        """Answer with another model from the next message on; turns under way end with the one they began with."""
        await processor.understanding.parse("hello")
        before, self.processor = self.processor, processor
        self.model_id, self.facts, self.ready = model_id, facts, True
        self._turns.begin(retire(before, processor, self._turns.current()))

    async def unload(self, empty: Processor) -> None:
        """Take no more messages, end the turns under way with their model, then keep only `empty` in its place.

        A message that was written down but not begun stays in the inbox; after `swap`, `take_up` answers it.
        """
        self.ready = False
        await self._turns.ended()
        if self.ready:  # another one was loaded meanwhile, and stays
            return
        before, self.processor, self.model_id, self.facts = self.processor, empty, "", {}
        await before.close(but=empty)

    @stop("message")
    async def receive(self, message: UserMessage, on_reply: OnReply | None = None) -> Sequence[Reply]:
        """Handle a message and return its replies.

        Raises LimitError where it is too long, StoreError where it cannot be written down, PackageError where no model
        is loaded, AuthError where the conversation belongs to an authenticated caller and the message is not.
        """
        taken = await self._take(message, on_reply)
        if not isinstance(taken, asyncio.Task):
            return await pass_on(taken, on_reply)
        return await asyncio.shield(taken)  # a client that hangs up does not leave a turn half done

    @stop("message")
    async def accept(self, message: UserMessage, on_reply: OnReply) -> bool:
        """Write a message down and return; it is answered in its turn. False where it was answered before.

        `on_reply` gets each reply as soon as it is committed, and none that was said before. Raises as `receive` does.
        """
        taken = await self._take(message, on_reply, later=True)
        if not isinstance(taken, asyncio.Task):
            return False
        taken.add_done_callback(_tell)
        return True

    async def _take(
        self, message: UserMessage, on_reply: OnReply | None, *, later: bool = False
    ) -> asyncio.Task[Sequence[Reply]] | Sequence[Reply]:
        """Write a message down; returns its turn, or the replies where it was answered before."""
        self._need_model()
        check_length(message.text, self.settings.max_message)
        message, delivery = identified(message)
        later |= self.outlets.answering(message) is not None  # whoever answers it also brings the replies
        with self._at_work.at(delivery) as alone:
            stored = await self._write_down(delivery, message)
            count("frontdesk_deliveries" if stored is None else "frontdesk_repeats")
            if stored is not None:
                return stored
            self._need_model()  # it may have gone while the message was written down
            # Where nobody else can answer it in the meantime, it need not be looked up again when its turn comes.
            return self._begin(Incoming(delivery, message, on_reply, alone=self.local and alone, later=later))

    @stop("inbox")
    async def _write_down(self, delivery: Delivery, message: UserMessage) -> Sequence[Reply] | None:
        """Put a message into the inbox, or return the replies where it was answered already. Raises AuthError."""
        stored = await self.store.begin(delivery, message)
        if stored is not None and not message.authenticated and guarded(await self._load(message.sender_id)):
            raise not_yours()
        return stored

    def _begin(self, incoming: Incoming) -> asyncio.Task[Sequence[Reply]]:
        """Let a message take its place in the conversation's line; it is answered whether or not somebody waits."""
        turn = self._turns.begin(self._in_line(incoming))
        self._at_work.enter(incoming.delivery)
        turn.add_done_callback(lambda _: self._at_work.leave(incoming.delivery))
        return turn

    @stop("turn")
    async def _in_line(self, incoming: Incoming) -> Sequence[Reply]:
        with self._line.owed.unless_answered(incoming.delivery, incoming.message):
            return await self._line.enter(incoming.message.sender_id, partial(self._in_turn, incoming))

    async def _in_turn(self, incoming: Incoming, hold: Hold) -> Sequence[Reply]:
        """Answer a message whose turn it is, and before it what is to be answered earlier."""
        earlier, waits = await self._line.ahead_of(incoming.delivery)
        for pair in earlier:
            again = self._unwaited(*pair, again=not hold.clean)
            again = dataclasses.replace(again, fence=hold.fence)
            await self._line.answer_before(pair, partial(self._answer, again))
        incoming = dataclasses.replace(incoming, alone=incoming.alone or waits, fence=hold.fence)
        return await self._answer(incoming)

    async def _answer(self, incoming: Incoming) -> Sequence[Reply]:
        """Answer a message whose turn it is. Raises StoreError where the answer cannot be committed."""
        # Counted here, so that what only waits behind such a message is not given up with it.
        if incoming.again and await self.store.tried(incoming.delivery) > STARTS:
            log.error("A message is given up: the server ended %d times while it was answered.", STARTS + 1)
            return await self._apologise(incoming)
        for _ in range(ATTEMPTS):
            try:
                async with asyncio.timeout(self.settings.turn_deadline):
                    return await self._turn(incoming)
            except StaleConversation:
                incoming = dataclasses.replace(incoming, alone=False)
                _tell_again()
            except (StoreError, AuthError):
                raise
            except Exception:  # whatever went wrong, the user hears of it and the conversation goes on
                log.exception("A message could not be answered.")
                break
        return await self._apologise(incoming)

    async def _turn(self, incoming: Incoming) -> Sequence[Reply]:
        delivery, message, processor = incoming.delivery, incoming.message, self.processor
        known = await self._load(message.sender_id, processor)
        about(message.sender_id, message.text, known.slots)
        # Looked up after loading: whatever another server answers from now on makes `known` stale. What was read just
        # now may hold the answer of another process, also where there should be none.
        alone = incoming.alone and (self.recent.keeps(known) or not known.offset + len(known))
        stored = None if alone else await self._write_down(delivery, message)
        if stored is not None:  # it arrived twice at once, or another server has answered it
            return await pass_on(stored, None if incoming.later else incoming.on_reply)
        saver = self._saver(known, incoming.origin, incoming.on_reply)
        if guarded(known) and not message.authenticated:
            await saver.finish(known, delivery, ())
            raise not_yours()
        await self.owing.attend(saver, known, message, cut=incoming.again)
        after = await processor.handle(known, message, saver.save, live=incoming.on_reply is not None)
        return await saver.finish(after, delivery, how="success")

    async def _apologise(self, incoming: Incoming) -> Sequence[Reply]:
        message, tracker = incoming.message, await self._load(incoming.message.sender_id)
        after = tracker.extend(stamped(event, time.time()) for event in apology(tracker, message))
        saver = self._saver(tracker, incoming.origin, incoming.on_reply)
        await self.owing.attend(saver, tracker, message, cut=incoming.again)
        replies = await saver.finish(after, incoming.delivery, how="error")
        await self.apologised(incoming.delivery)
        return replies

    async def resume(self, older_than: float = 0.0) -> int:
        """Answer messages whose turn was cut off by a crash; returns how many."""
        turns = await self.take_up(older_than)
        await asyncio.gather(*turns, return_exceptions=True)
        return len(turns)

    async def take_up(self, older_than: float = 0.0, *, crashed: bool = True) -> list[Answering]:
        """Let messages whose turn was cut off take their places in line, before any that comes later.

        One that was begun at several starts already gets an apology: it seems to end the server. Raises StoreError.
        """
        pending = [pair for pair in await self.store.unfinished(older_than) if pair[0] not in self._at_work]
        return [self._begin(self._unwaited(*pair, again=crashed)) for pair in pending]

    async def answer(self, delivery: Delivery, message: UserMessage, *, crashed: bool) -> Sequence[Reply]:
        """Answer a message that is written down, in its turn; its channel brings the replies where it can."""
        return await asyncio.shield(self._begin(self._unwaited(delivery, message, again=crashed)))

    async def settle(self) -> None:
        """Try again to answer messages whose turn could not be committed, also those of servers that ended."""
        if not self.ready:
            return
        turns = [self._begin(self._unwaited(*pair)) for pair in self._line.owed.all()]
        with suppress(StoreError):
            if not self.local:  # a place in line behind a server that is still at it does no harm
                await self.take_up(TAKE_OVER_AFTER)
        await asyncio.gather(*turns, return_exceptions=True)

    def _unwaited(self, delivery: Delivery, message: UserMessage, *, again: bool = False) -> Incoming:
        return Incoming(delivery, message, self.outlets.answering(message), again=again, later=True)

    async def change(self, sender_id: str, step: Step, origin: Origin = NOWHERE) -> Tracker:
        """Let `step` add to a conversation in its line and in one commit; returns the latest session."""
        self._need_model()
        return await asyncio.shield(self._turns.begin(self._change(sender_id, step, origin)))

    async def _change(self, sender_id: str, step: Step, origin: Origin) -> Tracker:
        async def change(hold: Hold) -> Tracker:
            async with asyncio.timeout(self.settings.turn_deadline):
                for _ in range(ATTEMPTS):
                    known = await self._load(sender_id)
                    saver = self._saver(known, dataclasses.replace(origin, fence=hold.fence))
                    with suppress(StaleConversation):
                        return await saver.end(await step(self.processor, known, saver.save))
                raise StaleConversation("Other servers keep writing to the conversation.")

        return await self._line.enter(sender_id, change)

    def _saver(self, tracker: Tracker, origin: Origin, on_reply: OnReply | None = None) -> Saver:
        return Saver(self.store, self.recent, tracker, on_reply, origin, self.rescheduled, self.announced)

    def _need_model(self) -> None:
        if not self.ready:
            raise PackageError("No model is loaded.", hint="Load one: PUT /model.")

    async def tracker(self, sender_id: str) -> Tracker:
        """Return a conversation with all its events."""
        return await self._load(sender_id, whole=True)

    async def latest(self, sender_id: str) -> Tracker:
        """Return a conversation's latest session."""
        return await self._load(sender_id)

    async def _load(self, sender_id: str, by: Processor | None = None, *, whole: bool = False) -> Tracker:
        initial = (by or self.processor).domain.initial_slots
        return await self.recent.load(self.store, sender_id, initial, whole=whole, alone=self.local)

    async def close(self, *last: Callable[[], Awaitable[None]]) -> None:
        """Finish the turns under way, do what is left, then let go of the store, connections and the NLU thread."""
        await self._turns.end(self.settings.action_deadline)
        await self.owing.end(LAST)
        for step in (*last, self.processor.close, self.locks.close, self.store.close):
            await step()


def apology(tracker: Tracker, message: UserMessage) -> list[Event]:
    """Return the events of a turn that failed, after which the assistant listens as before.

    What was committed of it stays. Where nothing was, the message is undone: policies do not look at it.
    """
    sorry = BotUttered(APOLOGY, metadata=FAILED)
    if resumes(tracker, message.message_id):
        return [sorry, ActionExecuted(LISTEN)]
    heard = UserUttered(
        message.text,
        {"text": message.text, "intent": {"name": None, "confidence": 0.0}, "entities": []},
        input_channel=message.channel,
        message_id=message.message_id,
        metadata={RESERVED: {"authenticated": True}} if message.authenticated else {},
    )
    begin = (
        [] if tracker.applied else [ActionExecuted(SESSION_START), SessionStarted(), ActionExecuted(LISTEN)]
    )
    return [*begin, heard, sorry, UserUtteranceReverted(), ActionExecuted(LISTEN)]


def _tell_again() -> None:
    log.warning("Somebody else wrote to a conversation; its message is handled again.")
    count("frontdesk_retries", "conversation")


def _tell(turn: asyncio.Task[Sequence[Reply]]) -> None:
    """Log why a turn that nobody waits for failed."""
    error = None if turn.cancelled() else turn.exception()
    if error is not None:
        log.error("A message that was taken is not answered yet: %s", error)


async def _nothing_more(_: Delivery) -> None:
    """Do nothing about a message that was answered with an apology only."""


def identified(message: UserMessage) -> tuple[UserMessage, Delivery]:
    """Return a message with an id, and its delivery."""
    own = message.message_id or uuid.uuid4().hex
    named = message if message.message_id else dataclasses.replace(message, message_id=own)
    return named, Delivery(message.channel, message.sender_id, own)


def check_length(text: str, most: int) -> None:
    """Raise LimitError where a message is longer than allowed."""
    if len(text) > most:
        what = f"The message has {len(text):,} characters; at most {most:,} are read."
        raise LimitError(what, hint="Please shorten it.")


def not_yours() -> AuthError:
    """Return the error for somebody who did not show to be the one whose conversation it is."""
    return AuthError("This conversation belongs to somebody who proved who they are; so must you.")
