"""Import and export a whole shop, in the format of docs/shop-format.md.

python -m actions.commerce.transfer import DIR [--database URL] [--replace]
python -m actions.commerce.transfer export DIR [--database URL] [--overwrite]
python -m actions.commerce.transfer demo [--database URL] [--replace]    the demo shop again, as of today

A shop outside, which adapters.yml names, is brought by python -m actions.adapters.importing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from actions.commerce import schema
from actions.commerce.database import Database, database_url
from actions.commerce.errors import ShopError, StoreError, StoreMismatch
from actions.commerce.model import Shop
from actions.commerce.shop_reading import FILES, read_shop
from actions.commerce.shop_writing import write_shop
from actions.commerce.store import SqlStore

STEPS = 10  # progress lines per file


def import_shop(folder: Path, url: str, *, replace: bool = False) -> Shop:
    """Read a shop and put it into a database, or change nothing."""
    shop = read_shop(folder, report)
    return _put(shop, url, source="import", replace=replace)


def export_shop(folder: Path, url: str, *, overwrite: bool = False) -> Shop:
    """Write the shop of a database as files."""
    taken = [name for name in FILES if (folder / name).exists()]
    if taken and not overwrite:
        raise StoreError(f"{folder} already has {', '.join(taken)}. Add --overwrite to replace them.")
    database = Database(url)
    try:
        shop = SqlStore(database).snapshot()
    finally:
        database.close()
    if not shop.products and not shop.customers:
        raise StoreError("The database holds no shop.")
    write_shop(shop, folder)
    return shop


def reset_demo(url: str, *, replace: bool = False) -> Shop:
    """Put a fresh demo shop, with dates that end today, in place of an older one; of another shop only on demand."""
    from actions.commerce.demo.shop import demo_shop  # only this needs the generator

    held = None if replace else _held(url)
    if held:
        raise StoreMismatch(
            f"The database holds a shop of its own: {held}. To keep it, name another database with --database, or "
            "save it with 'export DIR' first. Add --replace to put the demo shop in its place."
        )
    return _put(demo_shop(datetime.now(UTC)), url, source="demo", replace=True)


def _held(url: str) -> str | None:
    """Count what a database holds that isn't a demo shop; None where there is nothing of that kind."""
    database = Database(url)
    tables = (schema.products, schema.customers, schema.orders)
    try:
        with database.read() as connection:
            source = connection.execute(select(schema.shop_meta.c.source)).scalar()
            counts = [
                connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
            ]
    finally:
        database.close()
    return None if source == "demo" or not any(counts) else counted(*counts)


def counted(products: int, customers: int, orders: int) -> str:
    """Write how much a shop holds."""
    return f"{products} products, {customers} customers, {orders} orders"


def _put(shop: Shop, url: str, *, source: str, replace: bool) -> Shop:
    """Write a shop into a database in one transaction."""
    database = Database(url)
    try:
        SqlStore(database).replace(shop, source=source, over=replace, progress=report)
    finally:
        database.close()
    return shop


def report(what: str, done: int, total: int) -> None:
    """Show progress on a terminal as one line, elsewhere as a few."""
    if not total or (done < total and done % max(total // STEPS, 1)):
        return
    if sys.stderr.isatty():
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\r{what}: {done} of {total}\033[K{end}")
    elif done >= total:
        sys.stderr.write(f"{what}: {total}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Import or export from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.commerce.transfer", description="Import or export a whole shop."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="import|export|demo")
    reading = commands.add_parser("import", help="read a shop from a folder into the database")
    writing = commands.add_parser("export", help="write the database's shop into a folder")
    demo = commands.add_parser("demo", help="put a fresh demo shop in place of an older one")
    for command in (reading, writing):
        command.add_argument("folder", type=Path, metavar="DIR", help=f"folder with {', '.join(FILES)}")
    for command in (reading, writing, demo):
        command.add_argument(
            "--database", metavar="URL", help="default: FRONTDESK_SHOP_DB or the project's file"
        )
    for command in (reading, demo):
        command.add_argument(
            "--replace", action="store_true", help="put this shop in place of the one that is there"
        )
    writing.add_argument("--overwrite", action="store_true", help="replace files that are there")
    options = parser.parse_args(arguments)
    url = database_url(options.database)
    try:
        if options.command == "import":
            shop = import_shop(options.folder, url, replace=options.replace)
        elif options.command == "export":
            shop = export_shop(options.folder, url, overwrite=options.overwrite)
        else:
            shop = reset_demo(url, replace=options.replace)
    except (ShopError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{counted(len(shop.products), len(shop.customers), len(shop.orders))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
