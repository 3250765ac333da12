"""F-05: an action server that answers anything but what it should: an apology, one effect, and on it goes."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest

from frontdesk.testing.servers import free_port
from tests.conftest import SECRET
from tests.faults.probe import APOLOGY, Desk

DEADLINE = 6
FINE = {"events": [{"event": "slot", "name": "noted", "value": 1}], "responses": [{"text": "Noted."}]}


class Stub(ThreadingHTTPServer):
    """An action server that has its effect under the call's key, and then answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Callable[[Handler], None] = fine
        self.calls: list[str] = []
        self.effects: set[str] = set()
        self.released = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        self.thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        context = body["tracker"]["latest_message"]["metadata"]["frontdesk"]
        key = jwt.decode(context, SECRET, ["HS256"], audience="actions")["idem"]
        self.server.calls.append(key)
        self.server.effects.add(key)
        try:
            self.server.answer(self)
        except OSError:
            self.close_connection = True  # the assistant has given up

    def reply(self, content: bytes, status: int = 200, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


def fine(handler: Handler) -> None:
    handler.reply(json.dumps(FINE).encode())


def plain(content: bytes, status: int = 200, kind: str = "application/json") -> Callable[[Handler], None]:
    return lambda handler: handler.reply(content, status, kind)


def wire(answer: Any, status: int = 200) -> Callable[[Handler], None]:
    return plain(json.dumps(answer).encode(), status)


def hang(handler: Handler) -> None:
    handler.server.released.wait(60)


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.server.released.wait(0.1):
        handler.wfile.write(b" ")


def cut(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"events": [')
    handler.close_connection = True


def die(handler: Handler) -> None:
    """End the connection as a process that is killed would, after the effect and before the answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


BROKEN = {
    "500": wire({"error": "it broke", "action_name": "action_note"}, 500),
    "500 with a page": plain(b"<html>Traceback (most recent call last)</html>", 500, "text/html"),
    "503": plain(b"", 503),
    "302": plain(b"", 302),
    "404": wire({"error": "no", "action_name": "action_note"}, 404),
    "no JSON": plain(b"this is no JSON"),
    "half of a JSON": plain(b'{"events": [], "responses": [{"text": "Half'),
    "nothing": plain(b""),
    "a number": plain(b"42"),
    "a list": plain(b"[]"),
    "deep": plain(b"[" * 200_000),
    "not UTF-8": plain(b'{"events": [], "responses": [{"text": "\xff\xfe"}]}'),
    "ten megabytes": wire({"events": [], "responses": [{"text": "x" * 10_000_000}]}),
    "events of another kind": wire({"events": {"noted": 1}, "responses": []}),
    "responses of another kind": wire({"events": [], "responses": "Noted."}),
    "hangs": hang,
    "drips": drip,
    "is cut off": cut,
    "dies": die,
}  # fmt: skip


@pytest.fixture
def stub(desk: Desk) -> Iterator[Stub]:
    server = Stub()
    endpoints = desk.folder / "endpoints.yml"
    url = f"url: http://127.0.0.1:{server.server_address[1]}/webhook"
    endpoints.write_text(endpoints.read_text().replace("actions_module: actions", url))
    yield server
    server.close()


def test_whatever_is_answered_the_user_hears_an_apology_and_the_conversation_goes_on(
    desk: Desk, stub: Stub
) -> None:
    desk.start(FRONTDESK_ACTION_DEADLINE=str(DEADLINE), FRONTDESK_ACTIONS_SECRET=SECRET)
    assert desk.say("/note") == ["Noted."]
    for number, (name, answer) in enumerate(BROKEN.items()):
        sender, message_id = f"user {number}", f"m{number}"
        stub.answer = answer
        before = len(stub.effects)
        assert desk.say("/note", sender, message_id) == [APOLOGY], name
        assert len(stub.effects) == before + 1, name
        stub.answer = fine
        assert desk.say("/note", sender, message_id) == [APOLOGY], (
            f"{name}: the same delivery has the same answer"
        )
        assert len(stub.effects) == before + 1, f"{name}: and no second effect"
        assert desk.say("hello", sender) == ["Hello!"], name
        assert desk.say("/note", sender) == ["Noted."], name
        assert not any("Half" in line or "x" * 100 in line for line in desk.history(sender)), name
    log = desk.log()
    assert "Traceback (most recent call last):\n" not in log
    assert max(map(len, log.splitlines())) < 5000, "what was answered is not written into the log"


@pytest.mark.parametrize(
    "event", [{"event": "slot"}, {"event": "explode", "now": True}, {"name": "noted"}, 42, None, []]
)
def test_events_that_are_none_change_nothing(desk: Desk, stub: Stub, event: Any) -> None:
    desk.start(FRONTDESK_ACTIONS_SECRET=SECRET)
    stub.answer = wire(
        {"events": [event, {"event": "slot", "name": "noted", "value": 7}], "responses": [{"text": "Noted."}]}
    )
    assert desk.say("/note") in (["Noted."], [APOLOGY])
    stub.answer = fine
    assert desk.say("hello") == ["Hello!"]
    assert desk.say("/note") == ["Noted."]
    assert "slot: noted=1" in desk.history()
    assert "Traceback (most recent call last):\n" not in desk.log()


def test_a_rejection_after_which_nothing_is_to_be_done_is_no_silence(desk: Desk, stub: Stub) -> None:
    desk.start(FRONTDESK_ACTIONS_SECRET=SECRET)
    stub.answer = wire({"error": "not now", "action_name": "action_note"}, 400)
    assert desk.say("/note", message_id="m1") == [APOLOGY], "nothing else to do is in this project"
    assert "action_execution_rejected: action_note" in desk.history()
    assert len(stub.effects) == 1
    stub.answer = fine
    assert desk.say("hello") == ["Hello!"]
    assert desk.say("/note") == ["Noted."]


def test_a_server_that_died_after_the_effect_finds_it_done(desk: Desk, stub: Stub) -> None:
    desk.start(FRONTDESK_ACTION_DEADLINE=str(DEADLINE), FRONTDESK_ACTIONS_SECRET=SECRET)
    assert desk.say("/note", message_id="m1") == ["Noted."]
    answers = iter([die, fine])
    stub.answer = lambda handler: next(answers)(handler)
    said = desk.say("/note", message_id="m2")
    assert said in (["Noted."], [APOLOGY]), "tried again on a new connection, or not at all"
    assert len(set(stub.calls[1:])) == 1, "with the same key"
    assert len(stub.effects) == 2


def test_a_port_where_nobody_listens(desk: Desk) -> None:
    endpoints = desk.folder / "endpoints.yml"
    url = f"url: http://127.0.0.1:{free_port()}/webhook"
    endpoints.write_text(endpoints.read_text().replace("actions_module: actions", url))
    desk.start(FRONTDESK_ACTIONS_SECRET=SECRET)
    assert desk.say("/note") == [APOLOGY]
    assert desk.say("hello") == ["Hello!"]
    assert desk.log().count("Is the action server running?") == 1
