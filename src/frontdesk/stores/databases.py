"""What a tracker store asks of a database, whichever it is."""

from __future__ import annotations

from typing import Protocol, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from frontdesk.errors import StoreError
from frontdesk.stores.lanes import Work

T = TypeVar("T")


class Database(Protocol):
    """Does pieces of work, each in a transaction of its own; the event loop never waits for one."""

    async def read(self, work: Work[T]) -> T:
        """Do work that only reads, on one state of the database."""

    async def write(self, work: Work[T]) -> T:
        """Do work that writes; returns once it is committed."""

    async def close(self) -> None:
        """Finish what waits and let go of connections."""


def as_store_error(error: Exception, place: str) -> Exception:
    """Return a StoreError for what a database said, and any other error as it is.

    The statement and its values stay out of the sentence, since they are personal data.
    """
    if not isinstance(error, SQLAlchemyError):
        return error
    said = error.orig if isinstance(error, DBAPIError) else error
    # PyMySQL's errors are a number and a sentence.
    numbered = [part for part in getattr(said, "args", ())[1:2] if isinstance(part, str)]
    reason = (numbered[0] if numbered else str(said)).strip().partition("\n")[0]
    hint = "Check that the database is there, that its disk has room, and the options of tracker_store."
    found = StoreError(f"The database of conversations failed: {reason}.", where=place, hint=hint)
    found.__cause__ = error
    return found
