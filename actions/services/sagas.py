"""Sagas: what systems outside have to do for a write, done in order and once, or undone together with it.

In the transaction of the write its steps are noted. They are done after the commit: at once where the customer has to
know how it ends, else by the courier, again and again while a system is down or gives no clear answer. A step that is
refused for good undoes what was done before, the last first, and so does the write itself where that is possible;
everywhere else a person is told. Whoever dies in between loses the claim, and another goes on where that one stopped.

    under_way   steps are still to be done
    undoing     one was refused: those that were done are being undone
    done        all of them are done
    undone      none of them is, nor the write
    person      a person was told: a step was refused and nothing could be undone
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Select, select, update

from actions.adapters.errors import AdapterError, NotYet, Rejected
from actions.commerce import saga_tables
from actions.commerce.database import Database
from actions.services.clock import Clock, utc_now
from actions.services.saga_notes import (
    CLAIM,
    DONE,
    PERSON,
    UNDER_WAY,
    UNDOING,
    UNDONE,
    Content,
    Saga,
    Step,
    read_saga,
    read_step,
)

if TYPE_CHECKING:
    from actions.services.order_writes import OrderWrite
    from actions.services.writes import Write

logger = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=1)


class CannotUndo(Rejected):
    """What was done can't be taken back."""

    def __init__(self, why: str) -> None:
        super().__init__("The shop", 409, why)


class Lost(Exception):
    """Somebody else has taken the saga on meanwhile."""


def nothing(step: Step) -> Content:
    """Do nothing outside."""
    return {}


def no_note(connection: Connection, step: Step) -> None:
    """Note nothing else."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How steps of one kind are done and undone.

    `do` and `undo` talk to the system outside, and may be called again: the step's key tells it that it's the same.
    They raise Rejected where it is refused for good, and another AdapterError where it has to be tried again.
    `noted` and `unnoted` write to the shop in the very transaction in which the step counts as done, or undone; what
    has no part outside happens there, exactly once, and only there may these two raise Rejected.
    """

    do: Callable[[Step], Content] = nothing
    noted: Callable[[Connection, Step], None] = no_note
    undo: Callable[[Step], object] | None = None  # None: it can't be
    unnoted: Callable[[Connection, Step], None] = no_note
    at_once: bool = False  # whether the customer waits for it
    quiet: bool = False  # whether nobody but the log is told where it is refused


class Telling(Protocol):
    """Who tells customers and the shop's people how a saga ended."""

    def undone(self, connection: Connection, saga: Saga, now: datetime) -> None:
        """Tell that the write was undone."""

    def needs_person(self, connection: Connection, saga: Saga, step: Step, now: datetime) -> None:
        """Tell that a step was refused, or can't be undone, so that a person has to act."""


@dataclass(frozen=True)
class Sagas:
    """Carries steps out; several processes may do so at once.

    >>> sagas.register("stripe", "repay", Kind(do=..., noted=...))
    >>> sagas.deliver()
    """

    database: Database
    telling: Telling
    clock: Clock = utc_now
    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)
    # Asked about every write to an order before its commit; they may note steps by `under_way.later`.
    followers: list[Callable[[OrderWrite], None]] = field(default_factory=list)
    # Told about every change of an account before its commit, with the customer as it was.
    customer_followers: list[Callable[[Write], None]] = field(default_factory=list)

    def register(self, system: str, action: str, kind: Kind) -> None:
        """Let steps of a kind be carried out."""
        self.kinds[system, action] = kind

    def at_once(self, steps: Sequence[tuple[str, str]]) -> bool:
        """Tell whether a customer waits for any of some steps."""
        return any(self._kind(*each).at_once for each in steps)

    def find(self, saga_id: str) -> Saga | None:
        """Find a saga."""
        table = saga_tables.sagas
        with self.database.read() as connection:
            row = connection.execute(select(table).where(table.c.id == saga_id)).mappings().first()
        return read_saga(row) if row is not None else None

    def carry_on(self, saga_id: str) -> None:
        """Do what the customer waits for, right after the commit; the rest is left to the courier."""
        self._run(saga_id, 1, hurried=True)

    def waited_for(self, saga: Saga) -> bool:
        """Tell whether a customer waits for anything that is still to be done."""
        table = saga_tables.saga_steps
        query = _open(select(table.c.system, table.c.action).where(table.c.saga_id == saga.id))
        with self.database.read() as connection:
            return self.at_once([(row.system, row.action) for row in connection.execute(query)])

    def deliver(self) -> int:
        """Do everything that is due; tell how many steps were done."""
        done, down = 0, set[str]()
        table = saga_tables.sagas
        query = select(table).where(table.c.next_try_at <= self.clock())
        with self.database.read() as connection:
            due = connection.execute(query.order_by(table.c.created_at, table.c.id)).mappings().all()
        for row in due:
            step = self._next(read_saga(row))
            if step is not None and step.system in down:
                continue  # it would fare no better than the others
            if not self._claimed(row["id"], row["claims"]):
                continue
            count, failing = self._run(row["id"], row["claims"] + 1)
            done += count
            down |= {failing} if failing else set()
        return done

    def hasten(self, system: str, about: Callable[[Content], bool]) -> int:
        """Let steps of a system be tried at once, since there is news of what they are about."""
        table, steps = saga_tables.sagas, saga_tables.saga_steps
        query = _open(select(steps).where(steps.c.system == system))
        with self.database.read() as connection:
            found = {
                row["saga_id"] for row in connection.execute(query).mappings() if about(row["content"] or {})
            }
        if found:
            with self.database.write() as connection:
                waiting = update(table).where(table.c.id.in_(found), table.c.next_try_at.is_not(None))
                connection.execute(waiting.values(next_try_at=self.clock()))
        return len(found)

    def _run(self, saga_id: str, claim: int, *, hurried: bool = False) -> tuple[int, str | None]:
        """Go on with a claimed saga as far as it goes; tell how many steps, and which system stops it."""
        count = 0
        while True:
            saga = self.find(saga_id)
            assert saga is not None
            step = self._next(saga)
            try:
                if step is None:
                    self._end(saga, claim)
                    return count, None
                if hurried and saga.state == UNDER_WAY and not self.waited_for(saga):
                    self._mark(saga, claim, next_try_at=self.clock())
                    return count, None
                if not (self._undo if saga.state == UNDOING else self._do)(saga, step, claim):
                    return count, step.system
            except Lost:
                return count, None
            count += 1

    def _next(self, saga: Saga) -> Step | None:
        """Find what is to be done, or undone, next."""
        table = saga_tables.saga_steps
        query = select(table).where(table.c.saga_id == saga.id)
        if saga.state == UNDOING:
            left = query.where(table.c.done_at.is_not(None), table.c.undone_at.is_(None))
            left = left.order_by(table.c.id.desc())
        else:
            left = _open(query).order_by(table.c.id)
        with self.database.read() as connection:
            row = connection.execute(left.limit(1)).mappings().first()
        return read_step(saga, row) if row is not None else None

    def _do(self, saga: Saga, step: Step, claim: int) -> bool:
        """Do one step; False when it has to be tried again later."""
        kind = self._kind(step.system, step.action)
        try:
            done = step.with_result(kind.do(step))
            with self.database.write() as connection:
                now = self._hold(connection, saga, claim)
                kind.noted(connection, done)
                _write(connection, step, done_at=now, result=dict(done.result), last_error=None)
        except Rejected as error:
            self._refuse(saga, step, claim, error)
        except AdapterError as error:
            return self._postpone(saga, step, claim, error)
        except Lost:
            raise
        except Exception as error:  # a mistake of ours loses nothing either
            logger.exception("step %s %s of %s has failed", step.system, step.action, saga.subject)
            return self._postpone(saga, step, claim, error)
        return True

    def _undo(self, saga: Saga, step: Step, claim: int) -> bool:
        """Undo one step; False when it has to be tried again later."""
        kind = self._kind(step.system, step.action)
        try:
            if kind.undo is None:
                raise CannotUndo(f"{step.system} {step.action} can't be undone")
            kind.undo(step)
            with self.database.write() as connection:
                now = self._hold(connection, saga, claim)
                kind.unnoted(connection, step)
                _write(connection, step, undone_at=now, last_error=None)
        except Rejected as error:
            with self.database.write() as connection:
                now = self._hold(connection, saga, claim)
                _write(connection, step, last_error=str(error)[:300])
                _finish(connection, saga, PERSON, now)
                self.telling.needs_person(connection, saga, step.with_error(str(error)), now)
            return False
        except AdapterError as error:
            return self._postpone(saga, step, claim, error)
        except Lost:
            raise
        except Exception as error:
            logger.exception("step %s %s of %s isn't undone", step.system, step.action, saga.subject)
            return self._postpone(saga, step, claim, error)
        return True

    def _refuse(self, saga: Saga, step: Step, claim: int, error: Rejected) -> None:
        """Note that a step is refused for good, and begin to undo, or tell a person and go on with the rest."""
        quiet = self._kind(step.system, step.action).quiet
        level = logging.ERROR if quiet else logging.WARNING
        logger.log(level, "%s: step %s %s was refused: %s", saga.subject, step.system, step.action, error)
        with self.database.write() as connection:
            now = self._hold(connection, saga, claim)
            _write(connection, step, failed_at=now, last_error=str(error)[:300])
            table = saga_tables.sagas
            state = UNDOING if saga.undoable else UNDER_WAY
            mine = update(table).where(table.c.id == saga.id)
            connection.execute(mine.values(state=state, reason=error.reason, failures=0))
            if not saga.undoable and not quiet:
                self.telling.needs_person(connection, saga, step.with_error(str(error)), now)

    def _postpone(self, saga: Saga, step: Step, claim: int, error: Exception) -> bool:
        """Give a saga back, to be tried later."""
        logger.warning("%s: step %s %s waits: %s", saga.subject, step.system, step.action, error)
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(saga.failures, 10))
        failures = saga.failures + 1
        if isinstance(error, NotYet) and error.again is not None:
            wait, failures = error.again, 0
        with self.database.write() as connection:
            _write(connection, step, last_error=f"{type(error).__name__}: {error}"[:300])
        self._mark(saga, claim, next_try_at=self.clock() + wait, failures=failures)
        return False

    def _end(self, saga: Saga, claim: int) -> None:
        """Note that there is nothing left to do, or to undo."""
        with self.database.write() as connection:
            now = self._hold(connection, saga, claim)
            if self._appended(connection, saga):
                return
            if saga.state == UNDOING:
                _finish(connection, saga, UNDONE, now)
                self.telling.undone(connection, saga, now)
            else:
                _finish(connection, saga, PERSON if saga.reason else DONE, now)

    def _appended(self, connection: Connection, saga: Saga) -> bool:
        """Tell whether a step was added while the last one was done."""
        table = saga_tables.saga_steps
        query = _open(select(table.c.id).where(table.c.saga_id == saga.id))
        return saga.state == UNDER_WAY and connection.execute(query).first() is not None

    def _claimed(self, saga_id: str, claims: int) -> bool:
        """Take a saga on, so that nobody else does meanwhile."""
        table = saga_tables.sagas
        mine = (table.c.id == saga_id) & (table.c.claims == claims) & (table.c.next_try_at <= self.clock())
        values = {"claims": claims + 1, "next_try_at": self.clock() + CLAIM}
        with self.database.write() as connection:
            return connection.execute(update(table).where(mine).values(**values)).rowcount == 1

    def _hold(self, connection: Connection, saga: Saga, claim: int) -> datetime:
        """Keep a claim for longer, with nothing failing; Lost where it isn't ours any more."""
        now, table = self.clock(), saga_tables.sagas
        mine = update(table).where(table.c.id == saga.id, table.c.claims == claim)
        values = {"next_try_at": now + CLAIM, "failures": 0}
        if connection.execute(mine.values(**values)).rowcount != 1:
            raise Lost
        return now

    def _mark(self, saga: Saga, claim: int, **values: object) -> None:
        """Note something about a saga that is still ours."""
        table = saga_tables.sagas
        with self.database.write() as connection:
            mine = update(table).where(table.c.id == saga.id, table.c.claims == claim)
            connection.execute(mine.values(**values))

    def _kind(self, system: str, action: str) -> Kind:
        """Find how a step is done; one that this process doesn't know waits for one that does."""
        kind = self.kinds.get((system, action))
        return kind if kind is not None else UNKNOWN


def _unknown(step: Step) -> Content:
    """Leave a step to a process that has the system in its adapters.yml."""
    raise AdapterError(step.system, f"nobody here can {step.action}.", "Is it in adapters.yml?")


UNKNOWN = Kind(do=_unknown, undo=_unknown)


def _open(query: Select[Any]) -> Select[Any]:
    """Look at steps that are neither done nor refused."""
    table = saga_tables.saga_steps
    return query.where(table.c.done_at.is_(None), table.c.failed_at.is_(None))


def _write(connection: Connection, step: Step, **values: object) -> None:
    """Note something about a step."""
    table = saga_tables.saga_steps
    connection.execute(update(table).where(table.c.id == step.id).values(**values))


def _finish(connection: Connection, saga: Saga, state: str, now: datetime) -> None:
    """Note how a saga has ended; addresses and letters aren't kept beyond that, unless a person needs them."""
    table, steps = saga_tables.sagas, saga_tables.saga_steps
    mine = update(table).where(table.c.id == saga.id)
    connection.execute(mine.values(state=state, next_try_at=None, ended_at=now))
    if state != PERSON:
        connection.execute(update(steps).where(steps.c.saga_id == saga.id).values(content={}))
