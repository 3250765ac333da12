"""A server with the assistant on a shop of its own, and the way back to the fresh shop after each task."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actions.commerce.database import Database
from actions.commerce.shop_reading import read_shop
from actions.commerce.shop_writing import shop_records
from actions.commerce.store import SqlStore
from bench.engines import ROOT, assistant
from bench.processes import serving, timed

OWN = Path(__file__).parent
PATIENCE = 60.0  # for one message
CACHE = Path(".frontdesk") / "cache"


@dataclass
class Served:
    """The running assistant: send a message, look at the conversation, look at the shop, begin afresh."""

    url: str
    token: str
    shop: Path
    template: Path

    def say(self, sender: str, text: str, message_id: str) -> list[dict[str, Any]]:
        """Send a message and return the replies."""
        body = {"sender": sender, "message": text, "message_id": message_id}
        found: list[dict[str, Any]] = self._call("/webhooks/rest/webhook", body)
        return found

    def tracker(self, sender: str) -> Mapping[str, Any]:
        """Return the conversation as the HTTP API shows it."""
        found: Mapping[str, Any] = self._call(f"/conversations/{sender}/tracker?include_events=AFTER_RESTART")
        return found

    def records(self) -> dict[str, Any]:
        """Export the shop as it is now."""
        return exported(self.shop)

    def writes(self) -> list[tuple[str, str]]:
        """List the message id and the action of every audited write, identity aside."""
        query = "select message_id, action from audit where action not like 'identity.%' order by id"
        with closing(sqlite3.connect(f"file:{self.shop}?mode=ro", uri=True)) as database:
            return [(str(row[0]), str(row[1])) for row in database.execute(query)]

    def fresh(self) -> None:
        """Put the fresh shop back, within the database that the server has open."""
        with closing(sqlite3.connect(self.template)) as source, closing(sqlite3.connect(self.shop)) as target:
            source.backup(target)

    def _call(self, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return json.load(response)


def exported(database_file: Path) -> dict[str, Any]:
    """Export the shop of a database file."""
    database = Database(f"sqlite:///{database_file}")
    try:
        records = shop_records(SqlStore(database).snapshot())
    finally:
        database.close()
    return {name.removesuffix(".json"): content for name, content in records.items()}


def imported(folder: Path, database_file: Path) -> None:
    """Import a shop's files into a new database file, and leave all of it in that one file."""
    database = Database(f"sqlite:///{database_file}")
    try:
        SqlStore(database).replace(read_shop(folder), source="import", over=True)
    finally:
        database.close()
    with closing(sqlite3.connect(database_file)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")


@contextmanager
def served(shop_folder: Path, work: Path, say: Callable[[str], None]) -> Iterator[Served]:
    """Train a copy of the assistant with the shop's policies and articles, and serve it on the imported shop."""
    engine = assistant(work / "assistant")
    if (ROOT / CACHE).is_dir():
        shutil.copytree(ROOT / CACHE, engine.folder / CACHE)
    template, live = work / "template.db", work / "shop.db"
    say("importing the shop")
    imported(shop_folder, template)
    shutil.copyfile(template, live)
    token = secrets.token_urlsafe(24)
    (engine.folder / "credentials.yml").write_text(f"rest:\n  trusted_token: {token}\n", encoding="utf-8")
    environment = {
        "FRONTDESK_POLICIES": str(OWN / "policies"),
        "FRONTDESK_ARTICLES": str(OWN / "kb"),
        "FRONTDESK_SHOP_DB": f"sqlite:///{live}",
        "FRONTDESK_OUTBOX": "manual",
    }
    say("training")
    timed(engine.train, engine.folder, environment)
    log = work / "server.log"
    command = (*engine.serve, "--enable-api")
    with serving(command, engine.folder, engine.url, {**os.environ, **environment}, log):
        running = Served(engine.url, token, live, template)
        running.say("warm-up", "hello", "warm-up")
        yield running
