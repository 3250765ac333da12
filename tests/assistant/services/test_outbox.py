"""The outbox: every e-mail once, in a file or by SMTP, tried again when it fails."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.commerce import schema
from actions.commerce.errors import ShopError
from actions.services import outbox as module
from actions.services.container import Courier, Services
from actions.services.mail import Letter
from actions.services.outbox import FolderSink, Outbox, SmtpSink
from frontdesk.testing.servers import free_port
from tests.conftest import until

from ..conftest import Clock, Letters


def put(
    shop: Services, count: int = 1, recipient: str = "anna.bennett@example.com", kind: str = "note"
) -> None:
    with shop.database.write() as connection:
        for n in range(count):
            module.put(
                connection, Letter(kind, recipient, f"Letter {n}", f"Grüße, Nr. {n}\n"), shop.outbox._clock()
            )


def rows(shop: Services) -> list[dict[str, object]]:
    with shop.database.read() as connection:
        return [dict(row) for row in connection.execute(select(schema.outbox)).mappings()]


def test_files_that_mail_programs_open(shop: Services, tmp_path: Path) -> None:
    put(shop, 2)
    folder = tmp_path / "outbox"
    outbox = Outbox(shop.database, FolderSink(folder), shop.outbox._clock)
    assert outbox.deliver() == 2
    assert outbox.deliver() == 0
    files = sorted(folder.iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    message = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    assert (message["To"], message["Subject"]) == ("anna.bennett@example.com", "Letter 0")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content() == "Grüße, Nr. 0\n"
    assert all(row["sent_at"] for row in rows(shop))


def test_a_failure_is_tried_again_later(shop: Services, letters: Letters, clock: Clock) -> None:
    put(shop, 2)
    letters.failures = 1
    assert shop.outbox.deliver() == 1
    assert shop.outbox.deliver() == 0
    clock.forward(seconds=61)
    assert shop.outbox.deliver() == 1
    assert [row["attempts"] for row in rows(shop)] == [2, 1]


def test_after_eight_attempts_it_is_given_up(shop: Services, letters: Letters, clock: Clock) -> None:
    put(shop)
    letters.failures = 100
    for _ in range(12):
        shop.outbox.deliver()
        clock.forward(hours=3)
    [row] = rows(shop)
    assert (row["attempts"], row["sent_at"]) == (8, None)
    assert row["failed_at"] is not None
    assert "no route" in str(row["last_error"])


def test_several_deliverers_send_each_e_mail_once(shop: Services, letters: Letters) -> None:
    put(shop, 30)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: shop.outbox.deliver(), range(4)))
    assert sum(sent) == len(letters.sent) == 30
    assert len({message["Subject"] for message in letters.sent}) == 30


def test_a_deliverer_that_died_loses_its_claim(shop: Services, letters: Letters, clock: Clock) -> None:
    put(shop)
    assert len(shop.outbox._claim()) == 1
    assert shop.outbox.deliver() == 0
    clock.forward(minutes=3)
    assert shop.outbox.deliver() == 1


def test_a_recipient_with_a_line_break_sends_nothing(shop: Services, letters: Letters) -> None:
    put(shop, recipient="a@example.com\nBcc: everyone@example.com")
    put(shop)
    assert shop.outbox.deliver() == 1
    assert letters.sent[0]["To"] == "anna.bennett@example.com"


class MailServer(threading.Thread):
    """As much of an SMTP server as a client needs, on a port of its own."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.received: list[bytes] = []

    def run(self) -> None:
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 ready\r\n")
            body: list[bytes] | None = None
            for line in lines:
                if body is not None:
                    if line == b".\r\n":
                        self.received.append(b"".join(body))
                        body = None
                        connection.sendall(b"250 taken\r\n")
                    else:
                        body.append(line)
                elif line.upper().startswith(b"DATA"):
                    body = []
                    connection.sendall(b"354 go on\r\n")
                elif line.upper().startswith(b"QUIT"):
                    connection.sendall(b"221 bye\r\n")
                    break
                else:
                    connection.sendall(b"250 fine\r\n")
        self.socket.close()


def test_smtp(shop: Services) -> None:
    server = MailServer()
    server.start()
    put(shop)
    assert (
        Outbox(shop.database, SmtpSink(f"smtp://127.0.0.1:{server.port}"), shop.outbox._clock).deliver() == 1
    )
    server.join(timeout=60)
    assert b"Subject: Letter 0" in server.received[0]
    assert b"To: anna.bennett@example.com" in server.received[0]


def test_a_mail_server_that_is_away(shop: Services) -> None:
    put(shop)
    away = SmtpSink(f"smtp://127.0.0.1:{free_port()}")
    assert Outbox(shop.database, away, shop.outbox._clock).deliver() == 0
    assert "ConnectionRefusedError" in str(rows(shop)[0]["last_error"])


@pytest.mark.parametrize("url", ["mail.example.com", "http://host", "smtp://", ""])
def test_bad_smtp_urls_are_named(url: str) -> None:
    with pytest.raises(ShopError, match="FRONTDESK_SMTP_URL"):
        SmtpSink(url)


def test_the_command(
    shop: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRONTDESK_SMTP_URL", raising=False)
    put(shop, 3)
    url = str(shop.database.url)
    assert module.main(["--database", url]) == 0
    assert capsys.readouterr().out == "3 e-mails delivered\n"
    assert len(list((tmp_path / ".frontdesk" / "outbox").glob("*.eml"))) == 3
    assert module.main(["--database", "sqlite://"]) == 1
    assert "in-memory" in capsys.readouterr().err


def test_the_courier_delivers_soon(shop: Services, letters: Letters) -> None:
    courier = Courier(shop.deliver, every=0.01)
    courier.start()
    put(shop)
    until(lambda: letters.sent, "the letter is sent")
    courier.stop()
    assert len(letters.sent) == 1
