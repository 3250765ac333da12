"""What a SQL tracker store reads and writes: each function is one piece of work within a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from frontdesk.core.events import Event, SessionStarted
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Conversation, Delivery
from frontdesk.core.tracker import SESSION_START
from frontdesk.errors import LockLost
from frontdesk.stores import rows
from frontdesk.stores.recent import RecentSessions, Session
from frontdesk.stores.refusals import answered, stale
from frontdesk.stores.schema import conversations, events, inbox

Complain = Callable[[str, int, ValueError], None]
"""Told of (table, row, reason) for each row that cannot be read."""

_sender: BindParameter[str] = bindparam("sender")
_of_sender = events.c.sender_id == _sender
_newest = select(func.max(events.c.id)).where(_of_sender).scalar_subquery()
_POSITION = select(conversations, _newest.label("newest")).where(conversations.c.sender_id == _sender)
_POSITION_LOCKED = _POSITION.with_for_update(of=conversations)
_COUNT = select(func.count(), func.max(events.c.id)).where(_of_sender, events.c.id > bindparam("after"))
_KEPT_AT = select(events.c.timestamp).where(_of_sender, events.c.id == bindparam("last")).scalar_subquery()
_COUNT_BETWEEN = select(func.count().label("rows"), _KEPT_AT.label("at")).where(
    _of_sender, events.c.id >= bindparam("first"), events.c.id <= bindparam("last")
)
_STARTED = select(func.max(events.c.id)).where(_of_sender, events.c.type_name == SessionStarted.type_name)
_BEFORE = (
    select(events.c.id, events.c.type_name, events.c.action_name)
    .where(_of_sender, events.c.id < bindparam("before"))
    .order_by(events.c.id.desc())
    .limit(1)
)
_EVENTS = (
    select(events.c.id, events.c.data)
    .where(_of_sender, events.c.id >= bindparam("first"))
    .order_by(events.c.id)
)
_ADD_EVENTS = insert(events)
_ADD_CONVERSATION = insert(conversations)
_MOVE_ON = (
    update(conversations)
    .where(conversations.c.sender_id == _sender)
    .values(
        events=bindparam("total"),
        session_id=bindparam("session"),
        last_id=bindparam("last"),
        fence=bindparam("number"),
    )
)
_ADMIT = update(conversations).where(conversations.c.sender_id == _sender).values(fence=bindparam("number"))
_LAST = select(func.max(events.c.id)).where(_of_sender)

_this_delivery = and_(
    inbox.c.channel == bindparam("in_channel"),
    inbox.c.sender_id == _sender,
    inbox.c.message_id == bindparam("in_message_id"),
)
_DELIVERY = select(inbox.c.finished, inbox.c.replies).where(_this_delivery)
# One row, whatever is there: whether there is a conversation costs no question of its own.
_ARRIVED = select(
    select(conversations.c.sender_id)
    .where(conversations.c.sender_id == _sender)
    .scalar_subquery()
    .label("known"),
    *(
        select(column).where(_this_delivery).scalar_subquery().label(column.name)
        for column in (inbox.c.message_id, inbox.c.finished, inbox.c.replies)
    ),
)
_RECEIVE = insert(inbox)
_FINISH = (
    update(inbox)
    .where(_this_delivery, inbox.c.finished.is_(None))
    .values(finished=bindparam("now"), replies=bindparam("said"))
)
_TRIED = update(inbox).where(_this_delivery, inbox.c.finished.is_(None)).values(tries=inbox.c.tries + 1)
_REOPEN = (
    update(inbox)
    .where(_this_delivery, inbox.c.finished.is_not(None), inbox.c.message.is_not(None))
    .values(finished=None, replies=None, tries=0)
)
_TRIES = select(inbox.c.tries).where(_this_delivery, inbox.c.finished.is_(None))
_UNFINISHED = (
    select(inbox.c.channel, inbox.c.sender_id, inbox.c.message_id, inbox.c.message)
    .where(inbox.c.finished.is_(None), inbox.c.begun <= bindparam("until"))
    .order_by(inbox.c.begun, inbox.c.message_id)
)
_UNFINISHED_OF = _UNFINISHED.where(inbox.c.sender_id == _sender)
_inbox_key = (inbox.c.channel, inbox.c.sender_id, inbox.c.message_id)
_OLD = select(*_inbox_key).where(inbox.c.finished < bindparam("until")).limit(bindparam("most"))
_PRUNE = delete(inbox).where(tuple_(*_inbox_key).in_(_OLD))
_FORGET = delete(inbox).where(_this_delivery)
_SENDERS = (
    select(events.c.sender_id)
    .distinct()
    .where(events.c.sender_id > bindparam("after"))
    .order_by(events.c.sender_id)
    .limit(bindparam("most"))
)

_NEWEST = (
    select(events.c.id, events.c.sender_id)
    .where(events.c.id <= bindparam("last"))
    .order_by(events.c.id.desc())
    .limit(bindparam("most"))
)
_LOOK_AT = 2_000
"""Events that are looked at in one go for who spoke last, at most ten times."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a conversation is: events ever stored, the row its latest session begins with, the last row.

    `known` is False where no side-table row says so yet, as in a database that Rasa made. `fence` is that of the
    last writer, or of whoever was announced since.
    """

    events: int
    session_id: int
    last_id: int
    known: bool
    fence: int = 0


def position(connection: Connection, sender_id: str, *, lock: bool = False) -> Position:
    """Return how far a conversation is; what another program added to `events` counts, too."""
    statement = _POSITION_LOCKED if lock else _POSITION
    row = connection.execute(statement, {"sender": sender_id}).one_or_none()
    if row is not None and row.newest in (row.last_id, None):
        return Position(row.events, row.session_id, row.last_id, True, row.fence)
    before, after, fence = (row.events, row.last_id, row.fence) if row is not None else (0, 0, 0)
    new, newest = connection.execute(_COUNT, {"sender": sender_id, "after": after}).one()
    session_id = _session_id(connection, sender_id)
    return Position(before + new, session_id, newest or after, row is not None, fence)


def _session_id(connection: Connection, sender_id: str) -> int:
    started = connection.execute(_STARTED, {"sender": sender_id}).scalar()
    if started is None:
        return 0
    row = connection.execute(_BEFORE, {"sender": sender_id, "before": started}).one_or_none()
    own = row is not None and row.type_name == "action" and row.action_name == SESSION_START
    return int(row.id if row is not None and own else started)


def load(connection: Connection, sender_id: str, complain: Complain, recent: RecentSessions) -> Conversation:
    """Return the latest session, reading only those of its rows that `recent` does not have.

    The offset is what is missing of the number of events ever stored. So a row that cannot be read moves the
    offset, and never makes the next writer look late.
    """
    spot = position(connection, sender_id)
    if not spot.events:  # it may have been erased by another process, which gives its rows' ids to others
        recent.drop(sender_id)
        return Conversation()
    known = recent.get(sender_id)
    if known is None or not _still_there(connection, sender_id, spot, known):
        known = Session(spot.session_id, spot.session_id - 1, 0, ())
    new = connection.execute(_EVENTS, {"sender": sender_id, "first": known.last + 1}).all()
    if new:
        events = (*known.events, *_read(new, complain))
        known = Session(spot.session_id, new[-1][0], known.rows + len(new), events)
        recent.put(sender_id, known)
    return Conversation(known.events, spot.events - len(known.events))


def _still_there(connection: Connection, sender_id: str, spot: Position, known: Session) -> bool:
    """Tell whether a session that was read is still the latest, and no row of it was deleted by hand.

    SQLite gives the ids of rows that were erased to others, which are of another time.
    """
    if known.first != spot.session_id or not known.events:
        return False
    bounds = {"sender": sender_id, "first": known.first, "last": known.last}
    found = connection.execute(_COUNT_BETWEEN, bounds).one()
    return bool(found.rows == known.rows and found.at == known.events[-1].timestamp)


def load_whole(connection: Connection, sender_id: str, complain: Complain) -> Conversation:
    """Return all events; the offset counts those that cannot be read."""
    spot = position(connection, sender_id)
    read = _read(connection.execute(_EVENTS, {"sender": sender_id, "first": 0}), complain)
    return Conversation(tuple(read), spot.events - len(read))


def _read(found: Iterable[Any], complain: Complain) -> list[Event]:
    return rows.readable(
        ((row.id, row.data) for row in found),
        rows.event_from_json,
        lambda number, why: complain("events", number, why),
    )


def save(
    connection: Connection, commit: Commit, new: Sequence[Mapping[str, Any]], replies: str, now: float
) -> None:
    """Add rows to a conversation, and finish its delivery. Raises StaleConversation, LockLost."""
    sender_id = commit.sender_id
    spot = position(connection, sender_id, lock=True)
    if 0 < commit.fence < spot.fence:
        raise LockLost(spot.fence)
    if spot.events != commit.expected:
        raise stale(commit.expected, spot.events)
    if new:
        connection.execute(_ADD_EVENTS, [{"sender_id": sender_id, **row} for row in new])
        last = connection.execute(_LAST, {"sender": sender_id}).scalar_one()
        starts = any(row["type_name"] == SessionStarted.type_name for row in new)
        # SQLite gives out ids again after its last rows were deleted by hand; the session's first row is gone then.
        again = last <= spot.last_id
        session = _session_id(connection, sender_id) if starts or again else spot.session_id
        total, fence = spot.events + len(new), max(spot.fence, commit.fence)
        if spot.known:
            moved = {"sender": sender_id, "total": total, "session": session, "last": last, "number": fence}
            connection.execute(_MOVE_ON, moved)
        else:
            row = {"sender_id": sender_id, "events": total, "session_id": session, "last_id": last}
            connection.execute(_ADD_CONVERSATION, {**row, "fence": fence})
    if commit.delivery is not None:
        _finish(connection, commit.delivery, replies, now)


def admit(connection: Connection, sender_id: str, fence: int) -> None:
    """Refuse from now on what writers with a lower fence commit."""
    spot = position(connection, sender_id, lock=True)
    if fence <= spot.fence:
        return
    if spot.known:
        connection.execute(_ADMIT, {"sender": sender_id, "number": fence})
    else:
        row = {"sender_id": sender_id, "events": spot.events, "session_id": spot.session_id}
        connection.execute(_ADD_CONVERSATION, {**row, "last_id": spot.last_id, "fence": fence})


def _finish(connection: Connection, delivery: Delivery, replies: str, now: float) -> None:
    key = _key(delivery)
    if connection.execute(_FINISH, {**key, "said": replies, "now": now}).rowcount:
        return
    if connection.execute(_DELIVERY, key).one_or_none() is not None:
        raise answered()
    row = {"channel": delivery.channel, "sender_id": delivery.sender_id, "message_id": delivery.message_id}
    connection.execute(_RECEIVE, {**row, "begun": now, "finished": now, "replies": replies})


def begin(
    connection: Connection, delivery: Delivery, message: str, now: float
) -> tuple[bool, list[Mapping[str, Any]] | None]:
    """Write a message down unless it is there; return whether its conversation is, and replies to one answered."""
    row = connection.execute(_ARRIVED, _key(delivery)).one()
    known = row.known is not None
    if row.message_id is not None:
        return known, rows.replies_from_json(row.replies) if row.finished is not None else None
    received = {
        "channel": delivery.channel,
        "sender_id": delivery.sender_id,
        "message_id": delivery.message_id,
    }
    connection.execute(_RECEIVE, {**received, "message": message, "begun": now})
    return known, None


def _key(delivery: Delivery) -> dict[str, str]:
    return {
        "in_channel": delivery.channel,
        "sender": delivery.sender_id,
        "in_message_id": delivery.message_id,
    }


def prune(connection: Connection, until: float, most: int) -> int:
    """Delete answered messages from before a time, at most so many at once; return how many."""
    if connection.dialect.name == "mysql":  # which can't delete what it looks for in the same table
        old = connection.execute(_OLD, {"until": until, "most": most}).all()
        for row in old:
            connection.execute(_FORGET, _key(Delivery(row.channel, row.sender_id, row.message_id)))
        return len(old)
    return connection.execute(_PRUNE, {"until": until, "most": most}).rowcount


def unfinished(
    connection: Connection, until: float, sender_id: str | None, complain: Complain
) -> list[tuple[Delivery, UserMessage]]:
    """Return messages from before a time that were never answered, oldest first."""
    found: list[tuple[Delivery, UserMessage]] = []
    statement = _UNFINISHED if sender_id is None else _UNFINISHED_OF
    for number, row in enumerate(connection.execute(statement, {"until": until, "sender": sender_id})):
        try:
            message = rows.message_from_json(row.message)
        except ValueError as error:
            complain("frontdesk_inbox", number, error)
            continue
        found.append((Delivery(row.channel, row.sender_id, row.message_id), message))
    return found


def tried(connection: Connection, delivery: Delivery) -> int:
    """Count one more try to finish a message; 0 where it is answered."""
    connection.execute(_TRIED, _key(delivery))
    return int(connection.execute(_TRIES, _key(delivery)).scalar() or 0)


def reopen(connection: Connection, delivery: Delivery) -> bool:
    """Take an answered message as one that was not."""
    return bool(connection.execute(_REOPEN, _key(delivery)).rowcount)


def senders(connection: Connection, after: str, most: int) -> Sequence[str]:
    """Return the next ids of conversations in order."""
    return connection.execute(_SENDERS, {"after": after, "most": most}).scalars().all()


def newest(connection: Connection, most: int) -> list[str]:
    """Return the ids of the conversations that the newest events belong to, newest first."""
    found: dict[str, None] = {}
    last = connection.execute(select(func.max(events.c.id))).scalar() or 0
    for _ in range(10):
        read = connection.execute(_NEWEST, {"last": last, "most": _LOOK_AT}).all()
        found.update(dict.fromkeys(row.sender_id for row in read))
        if len(read) < _LOOK_AT or len(found) >= most:
            break
        last = read[-1].id - 1
    return list(found)[:most]
