"""The outbox: e-mails are written down with the change they belong to, and delivered afterwards.

    python -m actions.services.outbox            deliver what is waiting
    python -m actions.services.outbox --watch    and keep on doing so

Without more, every e-mail becomes a file in `.frontdesk/outbox/`. With FRONTDESK_SMTP_URL
(smtp://user:password@host:587 or smtps://...) it is sent by SMTP instead; FRONTDESK_MAIL_FROM names
the sender.
"""

from __future__ import annotations

import argparse
import logging
import os
import smtplib
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, RowMapping, delete, insert, or_, select, update

from actions.commerce import schema
from actions.commerce.database import Database, database_url
from actions.commerce.errors import ShopError
from actions.services.clock import Clock, utc_now
from actions.services.mail import Letter

logger = logging.getLogger(__name__)

SMTP_VARIABLE = "FRONTDESK_SMTP_URL"
SENDER_VARIABLE = "FRONTDESK_MAIL_FROM"
SENDER = "Larkspur <support@larkspur.example>"
FOLDER = Path(".frontdesk/outbox")
MOST_ATTEMPTS = 8
CLAIM = timedelta(minutes=2)  # a deliverer that dies loses its claim after this
BATCH = 50
SMTP_SECONDS = 20.0
SECRET_KINDS = ("password_reset",)  # their bodies are wiped once they are sent


def put(connection: Connection, letter: Letter, now: datetime) -> None:
    """Write an e-mail down, in the transaction of the change it tells about."""
    connection.execute(
        insert(schema.outbox),
        {
            "kind": letter.kind,
            "recipient": letter.recipient,
            "subject": letter.subject,
            "body": letter.body,
            "created_at": now,
            "next_try_at": now,
            "attempts": 0,
        },
    )


class Sink(Protocol):
    """Where e-mails go."""

    def send(self, message: EmailMessage, name: str) -> None:
        """Send one e-mail; an exception means that it has to be tried again."""


class FolderSink:
    """Writes each e-mail as an `.eml` file, which mail programs open."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    def send(self, message: EmailMessage, name: str) -> None:
        """Write the file in full or not at all; the same e-mail again replaces it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{name}.part"
        part.write_bytes(message.as_bytes())
        part.replace(self.folder / f"{name}.eml")


class SmtpSink:
    """Sends each e-mail by SMTP, encrypted where the server offers it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ShopError(f"{SMTP_VARIABLE} has to look like smtp://user:password@host:587.")
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (465 if self._secure else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")

    def send(self, message: EmailMessage, name: str) -> None:
        """Send one e-mail over its own connection."""
        kind = smtplib.SMTP_SSL if self._secure else smtplib.SMTP
        with kind(self._host, self._port, timeout=SMTP_SECONDS) as server:
            server.ehlo()
            if not self._secure and server.has_extn("starttls"):
                server.starttls()
                server.ehlo()
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)


class Outbox:
    """Delivers what is waiting, each e-mail by one deliverer at a time.

    >>> Outbox(database, FolderSink()).deliver()
    """

    def __init__(self, database: Database, sink: Sink, clock: Clock = utc_now) -> None:
        self._database = database
        self._sink = sink
        self._clock = clock

    def deliver(self) -> int:
        """Send everything that is due and tell how many were sent.

        An e-mail that can't be sent is tried again after 1, 2, 4 ... minutes, eight times in all. One that
        was sent by a deliverer that died before it could say so is sent again with the same Message-ID.
        """
        sent = 0
        if not self._is_waiting():
            return sent
        self._drop_blind()
        while claimed := self._claim():
            for row in claimed:
                sent += self._send(row)
        return sent

    def _is_waiting(self) -> bool:
        """Tell whether there is anything to do, without locking the database."""
        table = schema.outbox
        due = or_(table.c.recipient == "", table.c.next_try_at <= self._clock())
        query = select(table.c.id).where(table.c.sent_at.is_(None), table.c.failed_at.is_(None), due).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def _drop_blind(self) -> None:
        """Drop the e-mails without a recipient (see accounts.py)."""
        with self._database.write() as connection:
            connection.execute(delete(schema.outbox).where(schema.outbox.c.recipient == ""))

    def _claim(self) -> Sequence[RowMapping]:
        """Take some due e-mails, so that nobody else sends them meanwhile."""
        now = self._clock()
        table = schema.outbox
        due = (
            select(table)
            .where(table.c.sent_at.is_(None), table.c.failed_at.is_(None), table.c.next_try_at <= now)
            .where(table.c.recipient != "")
            .order_by(table.c.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        with self._database.write() as connection:
            found = connection.execute(due).mappings().all()
            for row in found:
                connection.execute(
                    update(table)
                    .where(table.c.id == row["id"])
                    .values(attempts=row["attempts"] + 1, next_try_at=now + CLAIM)
                )
        return found

    def _send(self, row: RowMapping) -> int:
        """Send one claimed e-mail and note how it went."""
        name = f"{row['created_at']:%Y%m%dT%H%M%S}-{row['id']:06d}-{row['kind']}"
        table = schema.outbox
        attempt = row["attempts"] + 1
        values: dict[str, object]
        try:
            self._sink.send(_message(row), name)
        except Exception as error:  # whatever a mail server does, the others still go out
            logger.warning("e-mail %s wasn't sent (attempt %d): %s", row["id"], attempt, type(error).__name__)
            wait = timedelta(minutes=2 ** (attempt - 1))
            now = self._clock()
            values = {"last_error": f"{type(error).__name__}: {error}"[:300], "next_try_at": now + wait}
            if attempt >= MOST_ATTEMPTS:
                values["failed_at"] = now
        else:
            values = {"sent_at": self._clock(), "last_error": None}
            if row["kind"] in SECRET_KINDS:
                values["body"] = "(sent; the text held a secret link and was removed)"
        with self._database.write() as connection:
            connection.execute(update(table).where(table.c.id == row["id"]).values(**values))
        return int("sent_at" in values)


def _message(row: RowMapping) -> EmailMessage:
    """Make the e-mail of a row; a line break in a header is refused by EmailMessage."""
    message = EmailMessage()
    message["From"] = os.environ.get(SENDER_VARIABLE) or SENDER
    message["To"] = row["recipient"]
    message["Subject"] = row["subject"]
    message["Date"] = format_datetime(row["created_at"])
    message["Message-ID"] = f"<outbox-{row['id']}.{row['created_at']:%Y%m%d%H%M%S%f}@larkspur.example>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(row["body"])
    return message


def sink_from_environment() -> Sink:
    """Choose where e-mails go: an SMTP server if one is named, the project's folder otherwise."""
    url = os.environ.get(SMTP_VARIABLE)
    return SmtpSink(url) if url else FolderSink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Deliver from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.services.outbox", description="Deliver waiting e-mails."
    )
    parser.add_argument("--database", metavar="URL", help="the shop's database (default: FRONTDESK_SHOP_DB)")
    parser.add_argument("--watch", action="store_true", help="keep on delivering until interrupted")
    parser.add_argument(
        "--every", type=float, default=5.0, metavar="SECONDS", help="how often to look (default: 5)"
    )
    options = parser.parse_args(arguments)
    try:
        return _deliver(database_url(options.database), options.every if options.watch else None)
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 0


def _deliver(url: str, every: float | None) -> int:
    """Deliver once, or again and again."""
    database = Database(url)
    try:
        outbox = Outbox(database, sink_from_environment())
        while True:
            count = outbox.deliver()
            if count or every is None:
                sys.stdout.write(f"{count} e-mail{'' if count == 1 else 's'} delivered\n")
                sys.stdout.flush()
            if every is None:
                return 0
            time.sleep(every)
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(main())
