"""Conversations kept in MongoDB."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from frontdesk.core.options import tell_unknown
from frontdesk.errors import ConfigError, MissingExtra, StoreError
from frontdesk.stores.document_tracker import DocumentTrackerStore
from frontdesk.stores.documents import Item, Step
from frontdesk.stores.refusals import closed
from frontdesk.stores.sections import WHERE, days, positive

T = TypeVar("T")
KNOWN = frozenset(
    {"type", "url", "host", "db", "username", "password", "auth_source", "collection", "timeout"}
    | {"inbox_retention_days"}
)
OURS = "frontdesk_{}"
"""The name of our collection, from the name of Rasa's."""
CONNECTIONS = 16
AGAIN_AFTER = 0.1
TRANSIENT, UNKNOWN = "TransientTransactionError", "UnknownTransactionCommitResult"
PASSING = frozenset([6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436, 112])
"""Codes of what MongoDB says while its primary changes or starts, or where two write at once."""


class MongoTrackerStore(DocumentTrackerStore):
    """Keeps conversations in MongoDB: a replica set (one of a single server does), since it needs transactions.

    >>> store = MongoTrackerStore({"url": "mongodb://localhost:27017", "db": "rasa"})

    Options as in Rasa's endpoints.yml: `url` (mongodb://localhost:27017), `db` (rasa), `username`, `password`,
    `auth_source` (admin), `collection` (conversations); also `timeout` (seconds to wait for a MongoDB that is away,
    4.5) and `inbox_retention_days` (7). Ours is the collection `frontdesk_` with Rasa's name behind it; a conversation
    that Rasa kept goes on, and what Rasa wrote stays as it is. One object belongs to one event loop.
    """

    def __init__(
        self, options: Mapping[str, Any] | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.options = dict(options or {})
        at = _read(self.options)
        retention = days(self.options, "inbox_retention_days", 7)
        super().__init__(MongoTable(at), timeout=at.timeout, retention=retention, clock=clock)


@dataclass(frozen=True, slots=True)
class _Place:
    url: str
    database: str
    collection: str
    timeout: float
    account: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Name it for an error message, without the password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{self.database}"


def _read(options: Mapping[str, Any]) -> _Place:
    tell_unknown(WHERE, sorted(options), KNOWN)
    url = str(options.get("url") or options.get("host") or "mongodb://localhost:27017")
    if "://" not in url:
        url = f"mongodb://{url}"
    if not url.startswith(("mongodb://", "mongodb+srv://")):
        hint = "Write it like mongodb://localhost:27017 or mongodb+srv://cluster.example.com."
        raise ConfigError("The address of MongoDB cannot be read.", where=WHERE, hint=hint)
    database = str(options.get("db") or "rasa")
    collection = str(options.get("collection") or "conversations")
    for name, value, bad in (("db", database, '/\\. "$\0'), ("collection", collection, "$\0")):
        if any(character in value for character in bad):
            hint = "It holds a character that MongoDB takes in no such name."
            raise ConfigError(f"'{name}' is '{value}'.", where=WHERE, hint=hint)
    account = {}
    if options.get("username"):
        account = {
            "username": str(options["username"]),
            "password": str(options.get("password") or ""),
            "authSource": str(options.get("auth_source") or "admin"),
        }
    return _Place(url, database, collection, positive(options, "timeout", 4.5), account)


class MongoTable:
    """Our collection in MongoDB, and what can be read of Rasa's: all on the primary, and what a majority has."""

    def __init__(self, at: _Place) -> None:
        try:
            import pymongo
            from pymongo import errors
        except ImportError as error:
            raise MissingExtra("A tracker store in MongoDB", "mongodb") from error
        self._pymongo: Any = pymongo
        self._errors: Any = errors
        self._at = at
        self.place = at.name
        self._client: Any = None
        self._ours: Any = None
        self._kept: Any = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def there(self) -> bool:
        """Tell whether our collection is there, without making it."""

        async def found(ours: Any) -> bool:
            return ours.name in await ours.database.list_collection_names()

        return await self._do(found, make=False)

    async def get(self, of: str, key: str) -> Item | None:
        """Return a document."""
        found = await self._do(lambda ours: ours.find_one({"_id": _id(of, key)}))
        return _item(found) if found is not None else None

    async def find(
        self, of: str, low: str, high: str, most: int | None = None, *, backwards: bool = False
    ) -> list[Item]:
        """Return the documents of a partition from one key to another, in the order of the keys."""
        wanted = {"of": of, "key": {"$gte": low, "$lte": high}}

        async def found(ours: Any) -> list[Item]:
            cursor = ours.find(wanted).sort("key", -1 if backwards else 1).limit(most or 0)
            return [_item(one) async for one in cursor]

        return await self._do(found)

    async def count(self, of: str) -> int:
        """Return how many documents a partition has."""
        return await self._do(lambda ours: ours.count_documents({"of": of}))

    async def write(self, steps: Sequence[Step]) -> bool:
        """Do all or nothing; False where a document was not as it was `seen`, or somebody else is writing it."""
        if len(steps) == 1:
            return await self._do(lambda ours: self._one(ours, steps[0], None))
        return await self._do(lambda ours: self._all(ours, steps))

    async def _all(self, ours: Any, steps: Sequence[Step]) -> bool:
        async with self._client.start_session() as session:
            await session.start_transaction()
            try:
                for step in steps:
                    if not await self._one(ours, step, session):
                        await session.abort_transaction()
                        return False
            except self._errors.PyMongoError as error:
                await session.abort_transaction()
                if error.has_error_label(TRANSIENT):
                    return False
                raise
            return await self._committed(session)

    async def _committed(self, session: Any) -> bool:
        """Commit, and ask again where it is not known whether that was done."""
        until = time.monotonic() + self._at.timeout
        while True:
            try:
                await session.commit_transaction()
                return True
            except self._errors.PyMongoError as error:
                if error.has_error_label(TRANSIENT):
                    return False
                if not error.has_error_label(UNKNOWN) or time.monotonic() >= until:
                    raise self._as_store_error(error) from error
            await asyncio.sleep(AGAIN_AFTER)

    async def _one(self, ours: Any, step: Step, session: Any) -> bool:
        which: dict[str, Any] = {"_id": _id(step.of, step.key)}
        if step.text is None:
            expected = {} if step.seen is None else {"rev": step.seen}
            done = await ours.delete_one({**which, **expected}, session=session)
            return step.seen is None or bool(done.deleted_count)
        document = {**which, "of": step.of, "key": step.key, "text": step.text, "rev": (step.seen or 0) + 1}
        if step.until is not None:
            document["until"] = datetime.fromtimestamp(step.until, UTC)
        if step.seen == 0:
            try:
                await ours.insert_one(document, session=session)
            except self._errors.DuplicateKeyError:
                return False
            return True
        if step.seen is None:
            await ours.replace_one(which, document, upsert=True, session=session)
            return True
        done = await ours.replace_one({**which, "rev": step.seen}, document, session=session)
        return bool(done.matched_count)

    async def clear(self, of: str, but: str) -> bool:
        """Take away all documents of a partition but one; False where there is none."""
        wanted = {"of": of, "key": {"$ne": but}}
        done: Any = await self._do(lambda ours: ours.delete_many(wanted))
        return bool(done.deleted_count)

    async def kept(self, sender_id: str) -> Sequence[Any] | None:
        """Return the events that Rasa kept of a conversation, in wire form; None where there is none."""
        found = await self._do(lambda _: self._kept.find_one(_of_rasa(sender_id)))
        if found is None:
            return None
        events = found.get("events", [])
        if not isinstance(events, list):
            raise ValueError("its events are no list")
        return events

    async def forget(self, sender_id: str) -> bool:
        """Take away what Rasa kept of a conversation; False where there is nothing."""
        done: Any = await self._do(lambda _: self._kept.delete_many(_of_rasa(sender_id)))
        return bool(done.deleted_count)

    async def names(self) -> AsyncIterator[str]:
        """Yield the ids of the conversations that Rasa kept."""
        last: Any = None
        while True:
            after = {"_id": {"$gt": last}} if last is not None else {}

            async def page(_: Any, after: dict[str, Any] = after) -> list[Any]:
                return [
                    one async for one in self._kept.find(after, {"sender_id": 1}).sort("_id", 1).limit(500)
                ]

            found = await self._do(page)
            for one in found:
                if one.get("sender_id") is not None:
                    yield str(one["sender_id"])
            if len(found) < 500:
                return
            last = found[-1]["_id"]

    async def close(self) -> None:
        """Let go of connections."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _do(self, work: Callable[[Any], Awaitable[T]], *, make: bool = True) -> T:
        """Do something, again where MongoDB is away for a short time."""
        until = time.monotonic() + self._at.timeout
        while True:
            if self._closed:
                raise closed()
            try:
                return await work(await self._opened(make))
            except (self._errors.PyMongoError, OSError) as error:
                if time.monotonic() >= until or not self._passes(error):
                    raise self._as_store_error(error) from error
            await asyncio.sleep(AGAIN_AFTER)

    async def _opened(self, make: bool) -> Any:
        async with self._opening:
            if self._client is None:
                self._client = self._connected()
            if self._ours is None:
                await self._check()
                ours, kept = self._collections()
                if not make:
                    return ours
                await ours.create_index([("of", 1), ("key", 1)], unique=True)
                await ours.create_index("until", expireAfterSeconds=0)
                self._ours, self._kept = ours, kept
            return self._ours

    def _connected(self) -> Any:
        late = max(1000, int(self._at.timeout * 1000))
        return self._pymongo.AsyncMongoClient(
            self._at.url,
            **self._at.account,
            serverSelectionTimeoutMS=min(late, 3000),
            connectTimeoutMS=min(late, 3000),
            socketTimeoutMS=late,
            maxPoolSize=CONNECTIONS,
            heartbeatFrequencyMS=1000,  # a new primary is found within a second, not ten
            retryWrites=True,
            tz_aware=True,
        )

    async def _check(self) -> None:
        hello = await self._client.admin.command("hello")
        if not hello.get("setName") and hello.get("msg") != "isdbgrid":
            what = "This MongoDB is no replica set, and has no transactions."
            hint = "Start it with --replSet rs0 and run rs.initiate() once; a set of one server does."
            raise StoreError(what, where=self.place, hint=hint)

    def _collections(self) -> tuple[Any, Any]:
        """Return ours, and Rasa's."""
        from pymongo.read_concern import ReadConcern
        from pymongo.write_concern import WriteConcern

        database = self._client.get_database(
            self._at.database,
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern("majority"),
            read_preference=self._pymongo.ReadPreference.PRIMARY,
        )
        return database[OURS.format(self._at.collection)], database[self._at.collection]

    def _passes(self, error: Exception) -> bool:
        lost = (self._errors.AutoReconnect, self._errors.WaitQueueTimeoutError, OSError)
        return isinstance(error, lost) or getattr(error, "code", None) in PASSING

    def _as_store_error(self, error: Exception) -> StoreError:
        reason = str(error).partition(", full error:")[0].partition(", Timeout:")[0].partition("\n")[0]
        hint = "Check that MongoDB is there, and the options of tracker_store."
        return StoreError(
            f"The database of conversations failed: {reason or type(error).__name__}.",
            where=self.place,
            hint=hint,
        )


def _id(of: str, key: str) -> str:
    return f"{of} {key}"  # no key holds a space


def _of_rasa(sender_id: str) -> dict[str, Any]:
    wanted: list[Any] = [sender_id]
    if sender_id.isascii() and sender_id.isdigit() and len(sender_id) < 19:
        wanted.append(int(sender_id))  # as old versions of Rasa did
    return {"sender_id": {"$in": wanted}}


def _item(found: Mapping[str, Any]) -> Item:
    return Item(found["of"], found["key"], found["text"], found["rev"])
