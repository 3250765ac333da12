"""What a tracker store asks of a database of documents (DynamoDB, MongoDB), and how it names what it keeps there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from frontdesk.core.ports import Delivery
from frontdesk.core.reminders import Reminder
from frontdesk.errors import StoreError
from frontdesk.stores import rows

SHARDS = 4
"""Lists of all conversations are kept in so many partitions: one takes only so many writes a second in DynamoDB.

It cannot be changed for a table that is in use.
"""
PIECE = 300_000
"""Characters of events that are kept in one document, as far as an event is no longer."""


@dataclass(frozen=True, slots=True)
class Item:
    """A document: `key` in the partition `of`, written `rev` times."""

    of: str
    key: str
    text: str
    rev: int


@dataclass(frozen=True, slots=True)
class Step:
    """A document that is to be written, or taken away where `text` is None.

    `seen` is the `rev` that it must have for that, 0 where it must not be there, None where that does not matter (then
    nobody else can write it at the same time). After `until`, in seconds since the epoch, the database forgets it.
    """

    of: str
    key: str
    text: str | None = None
    seen: int | None = None
    until: int | None = None


class DocumentTable(Protocol):
    """A place for documents. What is read is what was written last, wherever that was."""

    place: str

    async def there(self) -> bool:
        """Tell whether there is a place for them already, without making one."""

    async def get(self, of: str, key: str) -> Item | None:
        """Return a document."""

    async def find(
        self, of: str, low: str, high: str, most: int | None = None, *, backwards: bool = False
    ) -> list[Item]:
        """Return the documents of a partition from one key to another, in the order of the keys."""

    async def count(self, of: str) -> int:
        """Return how many documents a partition has."""

    async def write(self, steps: Sequence[Step]) -> bool:
        """Do all or nothing; False where a document was not as it was `seen`, or somebody else is writing it."""

    async def clear(self, of: str, but: str) -> bool:
        """Take away all documents of a partition but one; False where there is none."""

    async def kept(self, sender_id: str) -> Sequence[Any] | None:
        """Return the events that Rasa kept of a conversation, in wire form; None where there is none."""

    async def forget(self, sender_id: str) -> bool:
        """Take away what Rasa kept of a conversation; False where there is nothing."""

    def names(self) -> AsyncIterator[str]:
        """Yield the ids of the conversations that Rasa kept."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a conversation before its events are read.

    `born` tells it from one that was there before under its name. It has `count` events; the latest session begins with
    event `start`, which is in the document of event `piece`; the last document is that of event `last`. `opens`: its
    last event is one that may begin a session. `stamp` is when it last went on, in microseconds, and later than before.
    """

    born: str = ""
    count: int = 0
    start: int = 0
    piece: int = 0
    last: int = 0
    opens: bool = False
    fence: int = 0
    stamp: int = 0
    rev: int = 0

    @classmethod
    def read(cls, item: Item | None) -> Head:
        """Return what a document says; that of a conversation without one is empty."""
        return cls(**json.loads(item.text), rev=item.rev) if item is not None else cls()

    def step(self, sender_id: str) -> Step:
        """Return the step that writes it in place of the one that was read."""
        fields = asdict(self)
        rev = fields.pop("rev")
        return Step(conversation(sender_id), HEAD, json.dumps(fields), rev)


@dataclass(frozen=True, slots=True)
class Received:
    """A message in the inbox."""

    delivery: Delivery
    message: str | None
    begun: int
    finished: bool = False
    replies: str = "[]"
    tries: int = 0
    rev: int = 0

    @classmethod
    def read(cls, item: Item | None) -> Received | None:
        """Return what a document says."""
        if item is None:
            return None
        fields = json.loads(item.text)
        return cls(Delivery(*fields.pop("delivery")), **fields, rev=item.rev)

    def step(self, until: int | None = None) -> Step:
        """Return the step that writes it in place of the one that was read."""
        one, fields = self.delivery, asdict(self)
        rev = fields.pop("rev")
        fields["delivery"] = [one.channel, one.sender_id, one.message_id]
        return Step(*place_of(one), json.dumps(fields), rev, until)

    def waits(self) -> Step:
        """Return the step that puts it among those without an answer."""
        return replace(self.waits_no_more(), text=json.dumps(place_of(self.delivery)))

    def waits_no_more(self) -> Step:
        """Return the step that takes it from those."""
        key = f"{self.begun:020d}:{digest(' '.join(place_of(self.delivery)))}"
        return Step(shard("open", self.delivery.sender_id), key)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reminder, and when it can be leased."""

    reminder: Reminder
    free: float
    rev: int = 0

    @classmethod
    def read(cls, item: Item) -> Waiting:
        """Return what a document says. Raises ValueError."""
        fields: Mapping[str, Any] = json.loads(item.text)
        return cls(rows.reminder_from_json(fields["reminder"]), fields["free"], item.rev)

    def step(self) -> Step:
        """Return the step that writes it in place of the one that was read."""
        text = json.dumps({"free": self.free, "reminder": rows.reminder_to_json(self.reminder)})
        if len(text) > PIECE:
            what = f"The reminder of '{self.reminder.intent}' has {len(text):,} characters."
            raise StoreError(what, hint=f"At most {PIECE:,} can be kept: give it fewer entities.")
        return replace(due_step(self.reminder), text=text, seen=self.rev)


HEAD, LEADER = "head", "leader"
EVENTS = ("e:", "e;")
MESSAGES = ("m:", "m;")
REMINDERS = ("r:", "r;")
ALL = ("0", "~")


def digest(text: str) -> str:
    """Return a short name for any text: keys have a limit, and names of users none that fits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def conversation(sender_id: str) -> str:
    """Return the partition of a conversation."""
    return f"c:{sender_id}"


def event_key(number: int) -> str:
    """Return the key of the document that begins with an event."""
    return f"{EVENTS[0]}{number:012d}"


def place_of(delivery: Delivery) -> tuple[str, str]:
    """Return the partition and the key of a message: it is with its conversation, and goes with it."""
    key = digest(json.dumps([delivery.channel, delivery.message_id]))
    return conversation(delivery.sender_id), MESSAGES[0] + key


def shard(kind: str, sender_id: str) -> str:
    """Return the partition in which a list has its entries of a conversation."""
    return f"{kind}:{int(digest(sender_id), 16) % SHARDS}"


def shards(kind: str) -> list[str]:
    """Return the partitions of a list."""
    return [f"{kind}:{number}" for number in range(SHARDS)]


def listed(kind: str, sender_id: str, stamp: int, text: str | None = None) -> Step:
    """Return the step that puts an entry of a conversation into a list by time, or takes it away."""
    return Step(shard(kind, sender_id), f"{stamp:020d}:{digest(sender_id)}", text)


def due_key(due: float) -> str:
    """Return a time as the beginning of a key."""
    return f"{min(max(round(due * 1e6), 0), 10**20 - 1):020d}"


def due_step(reminder: Reminder) -> Step:
    """Return the step that takes a reminder from those that are due some day."""
    return Step(shard("due", reminder.sender_id), f"{due_key(reminder.due)}:{digest(reminder.id)}")


def own_step(reminder: Reminder) -> Step:
    """Return the step that takes a reminder from those of its conversation."""
    return Step(conversation(reminder.sender_id), REMINDERS[0] + digest(reminder.id))


def pieces(texts: Sequence[str], first: int) -> list[tuple[int, list[str]]]:
    """Return events in documents of about one size: the number of the first of each, and its events."""
    found: list[tuple[int, list[str]]] = []
    size = 0
    for number, text in enumerate(texts, first):
        if not found or size + len(text) > PIECE:
            found.append((number, []))
            size = 0
        found[-1][1].append(text)
        size += len(text) + 1
    return found
