"""Bring the shop outside into the database, or bring what is there up to date.

python -m actions.adapters.importing [--database URL] [--replace] [--leave-out]
python -m actions.adapters.importing --ages [--database URL]      how old what is kept here is

Everything is read before anything is written, and written in one transaction. What only we know stays: returns,
exchanges, what was made good, receipts, tickets, the audit trail.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from actions.adapters.settings import load_adapters
from actions.adapters.woocommerce_reading import GUEST
from actions.commerce.database import Database, database_url
from actions.commerce.errors import ShopError, StoreError
from actions.commerce.mirror import SOURCE, MirroredShop, Outside
from actions.commerce.model import Customer, Order, Product, Shop
from actions.commerce.rows import email_key
from actions.commerce.transfer import counted, report

LONGEST_EMAIL = 254

Progress = Callable[[str, int, int], None]


class Whole(Outside, Protocol):
    """A shop outside that can be read as a whole."""

    def count(self, kind: str) -> int:
        """Tell how many customers, orders or products there are."""

    def every(self, kind: str, problems: list[str]) -> Any:
        """Read all customers, orders or products; what can't be read is described in `problems`."""


class Unreadable(ShopError):
    """A shop outside has records that can't be kept."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        shown = "\n".join(f"  {problem}" for problem in problems[:20])
        more = f"\n  ... and {len(problems) - 20} more" if len(problems) > 20 else ""
        super().__init__(
            f"The shop can't be brought as a whole, nothing was changed:\n{shown}{more}\n"
            "Correct these there, or bring the rest with --leave-out."
        )


def read_whole(outside: Whole, progress: Progress) -> tuple[Shop, list[str]]:
    """Read a whole shop outside, and say what of it can't be kept."""
    problems: list[str] = []
    found: dict[str, list[Any]] = {}
    for kind in ("products", "customers", "orders"):
        total, found[kind] = outside.count(kind), []
        for entry in outside.every(kind, problems):
            found[kind].append(entry)
            progress(f"reading {kind}", min(len(found[kind]), total), total)
    products: list[Product] = found["products"]
    customers = _checked_customers(found["customers"], problems)
    known = {customer.id for customer in customers}
    orders = [order for order in found["orders"] if _wanted(order, known, problems)]
    return Shop(products=tuple(products), customers=tuple(customers), orders=tuple(orders)), problems


def bring(outside: Whole, url: str, *, replace: bool, leave_out: bool, progress: Progress) -> Shop:
    """Read a shop outside and take it over, or change nothing."""
    database = Database(url, source=SOURCE)
    try:
        mirror = MirroredShop(database, outside, lambda: datetime.now(UTC))
        if not replace:
            mirror.check()
        asked_at = datetime.now(UTC)
        shop, problems = read_whole(outside, progress)
        if problems and not leave_out:
            raise Unreadable(problems)
        for problem in problems:
            sys.stderr.write(f"left out: {problem}\n")
        mirror.bring(shop, asked_at, progress, replace=replace)
    finally:
        database.close()
    return shop


def _checked_customers(customers: Sequence[Customer], problems: list[str]) -> list[Customer]:
    """Leave out customers who can't be told from others."""
    seen: dict[str, str] = {}
    kept = []
    for customer in customers:
        address = email_key(customer.email)
        wrong = None
        if not address or len(address) > LONGEST_EMAIL:
            wrong = f"it has no e-mail address of up to {LONGEST_EMAIL} characters."
        elif address in seen:
            wrong = f"it has the same e-mail address as customer {seen[address]}."
        if wrong is None:
            seen[address] = customer.id
            kept.append(customer)
        else:
            problems.append(f"customer {customer.id}: {wrong}")
    return kept


def _wanted(order: Order, known: set[str], problems: list[str]) -> bool:
    """Tell whether an order belongs to somebody; one whose customer is left out is a problem, a guest's isn't."""
    if order.customer_id in known:
        return True
    if not order.customer_id.startswith(GUEST):  # theirs are read when they are named
        problems.append(f"order {order.number}: its customer {order.customer_id} isn't there.")
    return False


def _print_ages(outside: Outside, url: str) -> None:
    """Say how much is kept of each kind, and when it was asked for."""
    database = Database(url, source=SOURCE)
    try:
        now = datetime.now(UTC)
        for age in MirroredShop(database, outside, lambda: now).ages():
            newest = f"{(now - age.newest).total_seconds():.0f} s" if age.newest else "never"
            oldest = f"{(now - age.oldest).total_seconds():.0f} s" if age.oldest else "never"
            sys.stdout.write(f"{age.kind}: {age.count}, asked between {oldest} and {newest} ago\n")
    finally:
        database.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the shop from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.adapters.importing", description="Bring the shop outside into the database."
    )
    parser.add_argument("--database", metavar="URL", help="default: FRONTDESK_SHOP_DB or the project's file")
    parser.add_argument(
        "--replace", action="store_true", help="put it in place of another shop that is there"
    )
    parser.add_argument("--leave-out", action="store_true", help="leave out records that can't be read")
    parser.add_argument("--ages", action="store_true", help="only say how old what is kept here is")
    options = parser.parse_args(arguments)
    url = database_url(options.database)
    try:
        settings = load_adapters().commerce
        if settings is None:
            raise StoreError("adapters.yml names no shop outside; see docs/adapters.md.")
        from actions.adapters.woocommerce import WooCommerceShop

        outside = WooCommerceShop(settings)
        try:
            if options.ages:
                _print_ages(outside, url)
                return 0
            shop = bring(outside, url, replace=options.replace, leave_out=options.leave_out, progress=report)
        finally:
            outside.close()
    except (ShopError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{counted(len(shop.products), len(shop.customers), len(shop.orders))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
