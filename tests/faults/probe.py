"""Look at a running project from outside: over HTTP, and at what it left on the disk."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pymysql

from frontdesk.testing import servers
from tests.conftest import PATIENCE, Server, until

APOLOGY = "Sorry, something went wrong on our side and I could not do that. Please try again in a moment."


def post(server: Server, text: str, sender: str = "ann", message_id: str | None = None) -> httpx.Response:
    """Send a message on the REST channel."""
    body = {"sender": sender, "message": text} | ({"message_id": message_id} if message_id else {})
    return httpx.post(f"{server.url}/webhooks/rest/webhook", json=body, timeout=60)


def texts(response: httpx.Response) -> list[str]:
    """Return what was said."""
    assert response.status_code == 200, response.text
    return [reply["text"] for reply in response.json()]


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, none where the database or the table is not there yet."""
    if not file.exists():
        return []
    connection = sqlite3.connect(file, timeout=30)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise
    finally:
        connection.close()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of a SQLite file against all other writers, as a program that hangs would."""
    connection = sqlite3.connect(file, timeout=30, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def locked_for(seconds: float, file: Path) -> Iterator[threading.Event]:
    """Hold the lock of a SQLite file for some seconds from now on; the event tells that it is free again."""
    held, released = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(file):
            held.set()
            time.sleep(seconds)
            released.set()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE)
    yield released
    thread.join()


class Desk:
    """A project with servers on it: `start` one, `say` something, look at what is on the disk."""

    def __init__(self, folder: Path, serve: Callable[..., Server]) -> None:
        self.folder = folder
        self._serve = serve
        self.conversations = folder / ".frontdesk" / "conversations.db"
        self.at_gate, self.gate = folder / "at-gate", folder / "gate-open"
        self._pool = ThreadPoolExecutor(64)

    def start(self, *arguments: str, **environment: str) -> Server:
        """Start a server, on which an action may wait at a gate for as long as a busy machine takes."""
        self.server = self._serve(
            self.folder, *arguments, **{"FRONTDESK_ACTION_DEADLINE": "40", **environment}
        )
        return self.server

    def say(
        self, text: str, sender: str = "ann", message_id: str | None = None, *, to: Server | None = None
    ) -> list[str]:
        """Send a message and return what is said."""
        return texts(post(to or self.server, text, sender, message_id))

    def send(
        self, text: str, sender: str = "ann", message_id: str | None = None, *, to: Server | None = None
    ) -> Future[httpx.Response]:
        """Send a message, and wait until it is in the inbox, not until it is answered."""
        before = len(self.inbox())
        future = self._pool.submit(post, to or self.server, text, sender, message_id)
        until(lambda: len(self.inbox()) > before or future.done(), "the message is in the inbox")
        return future

    def send_to_gate(
        self, text: str, sender: str = "ann", message_id: str | None = None, *, to: Server | None = None
    ) -> Future[httpx.Response]:
        """Send a message, and wait until its action waits at the gate."""
        future = self._pool.submit(post, to or self.server, text, sender, message_id)
        until(self.at_gate.exists, "the action is at the gate")
        return future

    def open_gate(self) -> None:
        """Let everything pass that waits at the gate, and whatever comes later."""
        self.gate.touch()

    def inbox(self) -> list[tuple[str, bool]]:
        """Return the ids of messages that came in, and whether each was answered, oldest first."""
        query = "SELECT message_id, finished IS NOT NULL FROM frontdesk_inbox ORDER BY begun"
        return [(name, bool(done)) for name, done in self.stored(query)]

    def stored(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows of the database of conversations."""
        return rows(self.conversations, query)

    def until_answered(self, *message_ids: str) -> None:
        """Wait until messages are answered, without sending anything."""
        wanted = {(message_id, True) for message_id in message_ids}
        until(lambda: wanted <= set(self.inbox()), f"{message_ids} are answered")

    def owed(self) -> int:
        """Return how many reminders there are; without any of an assistant, replies that a vendor may not have."""
        return len(self.stored("SELECT id FROM frontdesk_reminders"))

    def until_nothing_is_owed(self) -> None:
        """Wait until vendors are known to have everything: else it is brought again after the server was killed."""
        until(lambda: not self.owed(), "nothing is owed")

    def effects(self) -> list[str]:
        """Return the ids of the messages that had an effect, in the order of the effects."""
        return [
            name
            for (name,) in rows(self.folder / "effects.db", "SELECT message FROM effects ORDER BY number")
        ]

    def tries(self) -> list[tuple[str, str]]:
        """Return (key, message id) of each try of an effect."""
        return rows(self.folder / "effects.db", "SELECT key, message FROM tries")

    def history(self, sender: str = "ann") -> list[str]:
        """Return a conversation in short: `user: text`, `bot: text`, `action: name`, `slot: name=value`."""
        query = f"SELECT data FROM events WHERE sender_id = '{sender}' ORDER BY id"
        return [line for (data,) in self.stored(query) if (line := short(json.loads(data)))]

    def log(self) -> str:
        """Return what the server wrote."""
        return self.server.log.read_text()


ENDPOINTS = """
action_endpoint:
  actions_module: actions

tracker_store:
  type: sql
  url: {database}
  timeout: {timeout}

lock_store:
  type: redis
  url: {redis}
  lifetime: {lifetime}
  timeout: {timeout}
"""


class SharedDesk(Desk):
    """A project whose conversations are in PostgreSQL, and their locks in Redis: for any number of servers.

    A server that gives no sign of life for `lifetime` seconds loses its locks, which a test that kills none need not
    wait for; `timeout` is how long a database may be away until clients are told.
    """

    def __init__(
        self,
        folder: Path,
        serve: Callable[..., Server],
        database: servers.Server,
        redis: servers.Server,
        *,
        lifetime: float = 2,
        timeout: float = 40,
    ) -> None:
        super().__init__(folder, serve)
        self.database, self.redis, self.lifetime, self.timeout = database, redis, lifetime, timeout
        url = database.new_database()
        self._name = url.rpartition("/")[2]
        where = redis.new_database()
        servers.run_redis(where, "FLUSHDB")
        (folder / "endpoints.yml").write_text(
            ENDPOINTS.format(database=url, redis=where, lifetime=lifetime, timeout=timeout)
        )

    def stored(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows of the database of conversations; none where it is away, or has no tables yet."""
        ask = servers.run_mysql if self.database.name == "mysql" else servers.run_sql
        try:
            return ask(self.database.port, query, self._name)
        except (psycopg.errors.UndefinedTable, psycopg.OperationalError, pymysql.err.MySQLError):
            return []

    def log(self) -> str:
        """Return what all servers wrote."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("server-*.log")))


def short(event: dict[str, Any]) -> str | None:
    """Return an event in one line; None for those that no test looks at."""
    kind = event["event"]
    if kind in ("user", "bot"):
        return f"{kind}: {event['text']}"
    if kind == "action":
        return (
            None if event["name"] in ("action_listen", "action_session_start") else f"action: {event['name']}"
        )
    if kind == "slot":
        return f"slot: {event['name']}={event['value']}"
    return f"{kind}: {event['name']}" if kind in ("action_failed", "action_execution_rejected") else None
