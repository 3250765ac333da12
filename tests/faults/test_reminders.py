"""A reminder whose server is killed, or down when it is due: it fires once, after the start."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from datetime import datetime, timedelta

import httpx

from tests.conftest import PATIENCE, until
from tests.faults.probe import Desk, rows

REMIND = '/remind{{"kind": "{}"}}'
FIRED = ["user: EXTERNAL: EXTERNAL_remind", "slot: kind=reminded", "action: action_gate_last"]


def waiting(desk: Desk) -> int:
    return len(rows(desk.conversations, "SELECT id FROM frontdesk_reminders"))


def metadata(desk: Desk) -> dict[str, object]:
    [(text,)] = rows(desk.conversations, "SELECT data FROM events WHERE intent_name = 'EXTERNAL_remind'")
    found: dict[str, object] = json.loads(text)["metadata"]
    return found


def test_killed_between_lease_and_commit(desk: Desk) -> None:
    desk.start()
    assert desk.say(REMIND.format(0.2)) == ["In 0.2 seconds."]
    until(desk.at_gate.exists, "its action waits at the gate, after its effect")
    assert waiting(desk) == 1
    for _ in range(2):
        desk.server.kill()
        desk.at_gate.unlink()
        desk.start()
        until(desk.at_gate.exists, "the turn is taken up again")
    desk.server.kill()
    desk.open_gate()
    desk.start()
    until(lambda: waiting(desk) == 0, "the reminder is gone")
    assert len(desk.effects()) == 1
    assert len(desk.tries()) == 4
    assert len(set(desk.tries())) == 1, "each try has the same key"
    assert [line for line in desk.history() if line in FIRED or "Done" in line] == [
        *FIRED,
        "bot: Done under 1.",
    ]
    desk.server.stop()
    desk.start()
    assert desk.say("hello") == ["Hello!"]
    assert len(desk.effects()) == 1


def test_due_while_the_server_was_down(desk: Desk) -> None:
    desk.open_gate()
    desk.start()
    assert desk.say(REMIND.format(3600)) == ["In 3600 seconds."]
    desk.server.kill()
    half_an_hour_ago = (datetime.now() - timedelta(minutes=30)).timestamp()
    let_time_pass(desk, half_an_hour_ago)
    desk.start()
    until(lambda: waiting(desk) == 0, "the reminder is gone")
    assert desk.history()[-4:] == [*FIRED[1:], "bot: Done under 1.", "slot: noted=1"]
    late = metadata(desk)["late_seconds"]
    assert isinstance(late, float)
    assert late > 1799
    assert len(desk.effects()) == 1


def let_time_pass(desk: Desk, due: float) -> None:
    """Make the reminder due at another time, as if its hour had come in the meantime."""
    connection = sqlite3.connect(desk.conversations, timeout=30)
    [(text,)] = connection.execute("SELECT data FROM frontdesk_reminders").fetchall()
    changed = json.dumps({**json.loads(text), "due": due})
    connection.execute("UPDATE frontdesk_reminders SET due = ?, free = ?, data = ?", (due, due, changed))
    connection.commit()
    connection.close()


def test_called_off_and_killed(desk: Desk) -> None:
    desk.open_gate()
    desk.start()
    desk.say(REMIND.format(3600))
    assert desk.say("/forget") == ["Forgotten."]
    desk.server.kill()
    desk.start()
    assert waiting(desk) == 0
    assert desk.say("hello") == ["Hello!"]


def test_the_holder_of_the_token_hears_of_it(desk: Desk) -> None:
    desk.open_gate()
    server = desk.start()
    session = httpx.post(f"{server.url}/webhooks/chat/session").json()
    given = {"Authorization": f"Bearer {session['token']}"}
    hook, news = f"{server.url}/webhooks/chat/webhook", f"{server.url}/webhooks/chat/news"
    assert "In 1 seconds." in httpx.post(hook, json={"message": REMIND.format(1)}, headers=given).text
    # The request waits until there is something to tell: from the beginning on, since the reminder may have come by now.
    found = httpx.get(news, params={"after": 0}, headers=given).json()
    assert [(line["role"], line["text"]) for line in found["messages"]] == [("bot", "Done under 1.")]
    past = httpx.get(f"{server.url}/webhooks/chat/history", headers=given).json()
    assert past["position"] == found["position"]
    assert [line["text"] for line in past["messages"]][-1] == "Done under 1."
    assert "EXTERNAL" not in json.dumps(past)
    assert httpx.get(news, params={"after": 0}).status_code == 401


def test_pages_that_wait_for_news_do_not_keep_the_server_from_ending(desk: Desk) -> None:
    server = desk.start()
    token = httpx.post(f"{server.url}/webhooks/chat/session").json()["token"]
    asked, answers = threading.Event(), list[str]()

    def trace(what: str, _: object) -> None:
        if what == "http11.send_request_headers.complete":
            asked.set()

    def listen() -> None:
        """Ask again and again, as a page does, over one connection."""
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
            with contextlib.suppress(httpx.TransportError):  # the server is gone
                while True:
                    answer = client.get(f"{server.url}/webhooks/chat/news", extensions={"trace": trace})
                    answers.append(answer.headers["connection"])

    page = threading.Thread(target=listen)
    page.start()
    assert asked.wait(PATIENCE)
    for _ in range(2):  # what was sent before these has been read when they are answered
        httpx.get(f"{server.url}/health")
    server.process.terminate()
    assert server.process.wait(60) == 0
    page.join(60)
    assert answers == ["close"]
