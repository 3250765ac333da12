"""What test conversations run in: a freshly filled scratch shop, one copy for each conversation."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from actions.commerce.database import VARIABLE
from actions.services import close_services, services
from actions.services.container import DELIVERY_VARIABLE


class Environment:
    """Gives every conversation its own copy of the demo shop, and counts rows for `shop: {table: number}`.

    `shop: {returns: 1}` demands so many rows; a string such as "+1" so many more than in the fresh shop.
    """

    def __init__(self) -> None:
        self._before = {name: os.environ.get(name) for name in (VARIABLE, DELIVERY_VARIABLE)}
        self._template = Path(tempfile.mkdtemp(prefix="frontdesk-shop-")) / "shop.db"
        os.environ[DELIVERY_VARIABLE] = "manual"
        self._use(self._template)
        services().commerce.customer_by_email("nobody@example.com")  # the first question fills the shop
        close_services()
        self._shop = self._template

    def begin(self, folder: Path) -> None:
        """Copy the shop into the conversation's folder, and let the services use it."""
        close_services()
        self._shop = folder / "shop.db"
        shutil.copyfile(self._template, self._shop)
        self._use(self._shop)

    def check(self, key: str, expected: Any) -> list[str]:
        """Compare the rows of the shop's tables."""
        if key != "shop":
            return [f"'{key}' is not a key that can be checked; use 'shop: {{table: rows}}'."]
        return [line for table, wanted in expected.items() if (line := self._rows_differ(table, wanted))]

    def end(self) -> None:
        """Put the environment back."""
        close_services()
        shutil.rmtree(self._template.parent, ignore_errors=True)
        for name, value in self._before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    def _use(self, file: Path) -> None:
        os.environ[VARIABLE] = f"sqlite:///{file}"

    def _rows_differ(self, table: str, wanted: Any) -> str | None:
        rows = _count(self._shop, table)
        number = _count(self._template, table) + int(wanted) if isinstance(wanted, str) else int(wanted)
        return None if rows == number else f"the shop has {rows} rows in '{table}', expected {number}"


def _count(file: Path, table: str) -> int:
    with sqlite3.connect(file) as connection:
        known = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if table not in known:
            raise KeyError(f"The shop has no table '{table}'; it has {', '.join(sorted(known))}.")
        (number,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
    return int(number)
