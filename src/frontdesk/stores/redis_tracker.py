"""Conversations kept in Redis: each commit is one step there."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from frontdesk.core.events import ActionExecuted, Event, SessionStarted, same
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Conversation, Delivery
from frontdesk.core.reminders import Reminder, after
from frontdesk.core.tracker import SESSION_START
from frontdesk.errors import LockLost
from frontdesk.stores import redis_tracker_scripts as scripts
from frontdesk.stores import rows
from frontdesk.stores.recent import RecentSessions, Session, unnoticed
from frontdesk.stores.redis_erasure import RedisErasure
from frontdesk.stores.redis_options import as_store_error, connect, failures, read_redis_options
from frontdesk.stores.redis_outbox import RedisOutbox
from frontdesk.stores.redis_reminders import RedisReminders
from frontdesk.stores.refusals import answered, closed, stale
from frontdesk.stores.sections import days, positive

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger("frontdesk.stores")

SECTION = "tracker_store"
AGAIN_AFTER = 0.1
"""Seconds until a step is tried again while Redis is away."""
OURS = frozenset(["record_exp", "inbox_retention_days"])


class RedisTrackerStore(RedisErasure, RedisOutbox, RedisReminders):
    """Keeps conversations in Redis: only as safe as that writes to its disk (`appendonly yes`, `appendfsync always`).

    >>> store = RedisTrackerStore({"url": "localhost", "port": 6379, "db": 0})

    Options as in Rasa's endpoints.yml: `url` or `host` (a host, or a whole address), `port`, `db`, `username`,
    `password`, `use_ssl`, `ssl_certfile`, `ssl_keyfile`, `ssl_ca_certs`, `key_prefix`, `record_exp` (seconds after its
    last event at which a conversation is forgotten; never, if not given); also `timeout` (seconds to wait for a Redis
    that is away, 4.5), `socket_timeout`, `inbox_retention_days` (7). A conversation that Rasa kept there goes on; what
    Rasa wrote stays as it is.

    It is for one Redis (or the primary of a replicated one), not for a cluster. One object belongs to one event loop.
    """

    local = False

    def __init__(
        self, options: Mapping[str, Any] | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.options = dict(options or {})
        self._at = read_redis_options(self.options, SECTION, "tracker:", OURS)
        self._retention = math.ceil(days(self.options, "inbox_retention_days", 7))
        given = self.options.get("record_exp")
        self._expires = math.ceil(positive(self.options, "record_exp", 1.0)) if given is not None else 0
        self._clock = clock
        self._recent = RecentSessions()
        self._client: Redis | None = None
        self._scripts: dict[str, Any] = {}
        self._closed = False
        self.nothing_of: Callable[[str], None] = unnoticed

    async def load(self, sender_id: str, *, whole: bool = False) -> Conversation:
        """Return the latest session (all events where `whole`); an unknown conversation is empty."""
        rows.check_sender(sender_id)
        return await self._load(sender_id, None if whole else self._recent.get(sender_id), whole=whole)

    async def _load(self, sender_id: str, known: Session | None, *, whole: bool) -> Conversation:
        """Read what comes after a session that was read before."""
        bounds = (known.first, known.last) if known else (-1, -1)
        start, first, found, before = await self._run(scripts.LOAD, sender_id, int(whole), *bounds)
        if before:
            await self._adopt(sender_id, before)
            return await self._load(sender_id, None, whole=whole)
        events = self._events(found, first)
        if known is not None and first > start:
            if not events or not same(events[0], known.events[-1]):
                self._recent.drop(sender_id)  # it was forgotten, and perhaps began anew
                return await self._load(sender_id, None, whole=whole)
            events = [*known.events, *events[1:]]
        end = first + len(found)
        if not whole and len(events) == end - start > 0:
            self._recent.put(sender_id, Session(start, end - 1, end - start, tuple(events)))
        return Conversation(tuple(events), end - len(events))

    def _events(self, found: Iterable[object], first: int = 0, of: str = "") -> list[Event]:
        complain = self._complain
        numbered = enumerate(found, first)
        return rows.readable(numbered, rows.event_from_json, lambda n, why: complain(f"event {n}{of}", why))

    async def _adopt(self, sender_id: str, text: str) -> None:
        """Begin a conversation with what Rasa kept of it, as far as that can be read."""
        try:
            kept = json.loads(text)
            wires = [json.dumps(wire) for wire in kept["events"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            wires = []
            self._complain("what Rasa kept of a conversation", ValueError(type(error).__name__))
        events = self._events(wires, of=" of Rasa's")
        # Of two servers that come at once, one is told that it is late; then the other has done it.
        state = await self._store(Commit(sender_id, events or [SessionStarted(timestamp=self._clock())], 0))
        if state[0] not in ("ok", "stale"):
            raise _refusal(state, 0)

    async def save(self, commit: Commit) -> None:
        """Add events, all or none. Raises StaleConversation, and LockLost where a higher fence is known."""
        rows.check_sender(commit.sender_id)
        if commit.delivery is not None:
            rows.check_delivery(commit.delivery)
        while (state := await self._store(commit))[0] == "again":
            continue  # somebody changed the conversation's reminders in between
        if state[0] != "ok":
            raise _refusal(state, commit.expected)

    async def _store(self, commit: Commit) -> Sequence[str]:
        now = self._clock()
        texts = [str(rows.event_row(event, now)["data"]) for event in commit.events]
        start = rows.session_start(commit.events)
        changes, gone, new = await self._changed(commit)
        come = [part for one in new for part in (one.id, repr(one.due), rows.reminder_to_json(one))]
        found: Sequence[str] = await self._run(
            scripts.SAVE,
            commit.sender_id,
            commit.expected,
            commit.fence,
            int(start == 0 and isinstance(commit.events[0], SessionStarted)),
            -1 if start is None else start,
            int(_opens(commit.events)),
            repr(now),
            _name(commit.delivery) if commit.delivery is not None else "",
            rows.replies_to_json(commit.replies),
            self._retention,
            self._expires,
            changes,
            int(commit.announced),
            *(len(texts), *texts),
            *(len(gone), *gone),
            *(len(new), *come),
        )
        return found

    async def _changed(self, commit: Commit) -> tuple[str, list[str], list[Reminder]]:
        """Return how often reminders changed so far, those that go with a commit, and those that it brings."""
        firing = commit.firing.id if commit.firing else None
        done = [firing] if firing and commit.delivery is not None else []
        if not commit.reminders:
            return "-1", done, []
        changes, found = await self._run(scripts.REMINDERS, commit.sender_id)
        own = [reminder for reminder in self._reminders(found) if reminder.id != firing]
        gone, new = after(own, commit.reminders)
        return changes, [*(reminder.id for reminder in gone), *done], list(new)

    async def admit(self, sender_id: str, fence: int) -> None:
        """Refuse from now on what writers with a lower fence commit to a conversation."""
        rows.check_sender(sender_id)
        await self._run(scripts.ADMIT, sender_id, fence, self._expires)

    async def begin(self, delivery: Delivery, message: UserMessage) -> Sequence[Mapping[str, Any]] | None:
        """Write a message into the inbox, or return the stored replies where it was already answered."""
        rows.check_delivery(delivery)
        text = rows.message_to_json(message)
        step = (scripts.BEGIN, delivery.sender_id, _name(delivery), text, repr(self._clock()))
        known, found = await self._run(*step)
        if not known:
            self.nothing_of(delivery.sender_id)
        return rows.replies_from_json(found) if found is not None else None

    async def unfinished(
        self, older_than: float, sender_id: str | None = None
    ) -> list[tuple[Delivery, UserMessage]]:
        """Return messages (of one conversation) that began so many seconds ago and were not answered, oldest first."""
        which = "open" if sender_id is None else f"open:{sender_id}"
        found = await self._run(scripts.UNFINISHED, which, repr(self._clock() - older_than))
        pairs = list(zip(found[::2], found[1::2], strict=True))
        return rows.readable(enumerate(pairs), _received, lambda n, why: self._complain(f"message {n}", why))

    async def tried(self, delivery: Delivery) -> int:
        """Count one more try to finish an unanswered message, and return how many there were."""
        return int(await self._run(scripts.TRIED, _name(delivery)))

    async def reopen(self, delivery: Delivery) -> bool:
        """Take an answered message as one that was not; False where there is no such one."""
        return bool(int(await self._run(scripts.REOPEN, delivery.sender_id, _name(delivery))))

    async def senders(self) -> AsyncIterator[str]:
        """Yield the ids of all conversations, also of those that only Rasa knows."""
        client, prefix = self._opened(), self._at.prefix
        seen, cursor, newest = set[str](), 0, f"{prefix}newest"
        while True:
            cursor, found = await self._page(lambda at: client.zscan(newest, at, count=500), cursor)
            for sender_id in await self._there([name for name, _ in found if name not in seen]):
                seen.add(sender_id)
                yield sender_id
            if not cursor:
                break
        own = "".join(f"[{c}]" if c in "*?[" else c for c in prefix) + "*"
        while True:
            cursor, keys = await self._page(lambda at: client.scan(at, own, 500, "string"), cursor)
            for key in keys:
                if (sender_id := key.removeprefix(prefix)) not in seen:
                    seen.add(sender_id)
                    yield sender_id
            if not cursor:
                return

    async def _page(self, read: Callable[[int], Any], cursor: int) -> tuple[int, list[Any]]:
        cursor, found = await self._patiently(lambda: read(cursor))
        return int(cursor), list(found)

    async def _there(self, names: Sequence[str]) -> list[str]:
        """Return those of some conversations that did not expire."""
        client = self._opened()
        if not self._expires or not names:
            return list(names)
        async with client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.exists(f"{self._at.prefix}events:{name}")
            found = await self._patiently(pipeline.execute)
        return [name for name, there in zip(names, found, strict=True) if there]

    async def newest(self, most: int) -> list[str]:
        """Return the ids of the conversations that went on last, newest first."""
        client = self._opened()
        found = await self._patiently(lambda: client.zrevrange(f"{self._at.prefix}newest", 0, most - 1))
        return await self._there(list(found))

    async def close(self) -> None:
        """Let go of connections."""
        self._closed = True
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _opened(self) -> Redis:
        if self._closed:
            raise closed()
        if self._client is None:
            self._client = connect(self._at, "A tracker store in Redis")
        return self._client

    async def _run(self, script: str, *arguments: Any) -> Any:
        client = self._opened()
        made = self._scripts.get(script)
        if made is None:
            made = self._scripts[script] = client.register_script(script)
        return await self._patiently(lambda: made([], [self._at.prefix, *arguments]))

    async def _patiently(self, step: Callable[[], Any]) -> Any:
        """Do a step, again where Redis is away for a short time.

        That is safe where only the answer got lost: `save` then finds that the conversation went on, and says so.
        """
        until = time.monotonic() + self._at.timeout
        while True:
            try:
                return await step()
            except failures() as error:
                if time.monotonic() >= until or not _passes(error):
                    what = "The database of conversations"
                    raise as_store_error(error, what, self._at.place, SECTION) from error
            await asyncio.sleep(AGAIN_AFTER)

    def _complain(self, what: str, why: ValueError) -> None:
        log.error("%s: %s cannot be read (%s); it is passed over.", self._at.place, what, why)


def _refusal(state: Sequence[str], expected: int) -> Exception:
    if state[0] == "lost":
        return LockLost(int(state[1]))
    return answered() if state[0] == "answered" else stale(expected, int(state[1]))


def _passes(error: Exception) -> bool:
    """Tell whether a failure is one that may pass by itself: no connection, or a server that starts."""
    from redis import exceptions

    passing = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.BusyLoadingError)
    lasting = (exceptions.AuthenticationError, exceptions.AuthorizationError)
    return isinstance(error, (*passing, OSError)) and not isinstance(error, lasting)


def _name(delivery: Delivery) -> str:
    return json.dumps([delivery.channel, delivery.sender_id, delivery.message_id])


def _received(pair: object) -> tuple[Delivery, UserMessage]:
    name, text = pair if isinstance(pair, tuple) else ("", "")
    return Delivery(*json.loads(name)), rows.message_from_json(text)


def _opens(events: Sequence[Event]) -> bool:
    last = events[-1] if events else None
    return isinstance(last, ActionExecuted) and last.name == SESSION_START
