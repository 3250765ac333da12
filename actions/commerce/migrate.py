"""Bring the shop's tables to another revision, with all that is in them.

python -m actions.commerce.migrate state [--database URL]
python -m actions.commerce.migrate up    [--database URL] [REVISION]
python -m actions.commerce.migrate down  [--database URL] REVISION     what later revisions added is lost

A server does the first two by itself when it opens a database.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select, text

from actions.commerce import schema
from actions.commerce.database import Database, database_url
from actions.commerce.errors import ShopError, StoreError, StoreMismatch

if TYPE_CHECKING:  # at run time where it is needed: a server imports this module at each start
    from alembic.config import Config

FOLDER = Path(__file__).with_name("migrations")


def config(connection: Connection | None = None) -> Config:
    """Make Alembic's settings; its steps run in the transaction of this connection."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.attributes["connection"] = connection
    return settings


def revisions() -> list[tuple[str, str]]:
    """List every revision with what it did, the first one first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    return [(script.revision, (script.doc or "").splitlines()[0]) for script in scripts][::-1]


def current(connection: Connection) -> str | None:
    """Read the revision of a database; None where there is no shop.

    Databases made before revisions were counted hold a version instead.
    """
    tables = set(inspect(connection).get_table_names())
    if schema.alembic_version.name in tables:
        return connection.execute(select(schema.alembic_version.c.version_num)).scalar()
    if "shop_meta" in tables:
        version = connection.execute(text("SELECT version FROM shop_meta")).scalar()
        return f"{version:04d}" if version is not None else None
    return None


def move(connection: Connection, to: str) -> None:
    """Take every step up or down to a revision; StoreMismatch where one of the two is unknown."""
    from alembic import command
    from alembic.util import CommandError

    known = [revision for revision, _ in revisions()]
    now = current(connection)
    if now not in known:
        raise StoreMismatch(
            f"The shop's database has revision {now}; this program knows {known[0]} to {known[-1]}. "
            "Use the program that made it, or export the shop with that one and import it into a new database."
        )
    if to not in known:
        raise StoreError(f"There is no revision {to}; there are {', '.join(known)}.")
    settings = config(connection)
    try:
        if schema.alembic_version.name not in inspect(connection).get_table_names():
            command.stamp(settings, now)
        step = command.upgrade if known.index(to) >= known.index(now) else command.downgrade
        step(settings, to)
    except CommandError as error:
        raise StoreMismatch(f"The shop's tables couldn't be brought to revision {to}: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Show or change the revision from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.commerce.migrate",
        description="Show or change the revision of the shop's tables.",
    )
    parser.add_argument("step", choices=("state", "up", "down"))
    parser.add_argument(
        "revision", nargs="?", metavar="REVISION", help="up: the newest one, if none is named"
    )
    parser.add_argument("--database", metavar="URL", help="default: FRONTDESK_SHOP_DB or the project's file")
    options = parser.parse_intermixed_args(arguments)
    if options.step == "down" and not options.revision:
        parser.error("name the REVISION to go down to")
    try:
        _run(options.step, options.revision or schema.REVISION, database_url(options.database))
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(step: str, to: str, url: str) -> None:
    """Show the revision, or go to another one and say so."""
    database = Database(url)
    try:
        with database.unprepared() as connection:
            before = current(connection)
            if before is None:
                raise StoreError(
                    "There is no shop in this database yet; a server makes it when it first starts."
                )
            if step != "state":
                move(connection, to)
            after = current(connection)
    finally:
        database.close()
    for revision, what in revisions():
        sys.stdout.write(f"{'*' if revision == after else ' '} {revision}  {what}\n")
    if after != before:
        sys.stdout.write(f"From {before} to {after}.\n")


if __name__ == "__main__":
    sys.exit(main())
