"""Rasa's callback channel: replies are posted to an address, in order, and again where that fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdesk.channels.callback import CallbackChannel
from frontdesk.errors import ConfigError
from tests.conftest import SECRET, Server, start_server
from tests.engine.channels.test_rest import HELLO


class Receiver:
    """A server that takes posts, and answers the first ones with what `answers` says."""

    def __init__(self) -> None:
        self.posts: list[Any] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                receiver.posts.append(json.loads(content))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/bot"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def server(copy_of_starter: Path, receiver: Receiver) -> Iterator[Server]:
    (copy_of_starter / "credentials.yml").write_text(f"callback: {{url: '{receiver.url}', token: abc}}\n")
    started = start_server(copy_of_starter)
    yield started
    started.stop()


def post(server: Server, message: str, **more: Any) -> httpx.Response:
    body = {"sender": "ann", "message": message, **more}
    return httpx.post(f"{server.url}/webhooks/callback/webhook", json=body, timeout=30)


def test_replies_are_posted_in_order_and_the_caller_hears_success(server: Server, receiver: Receiver) -> None:
    assert httpx.get(f"{server.url}/webhooks/callback/").json() == {"status": "ok"}
    response = post(server, "hello", message_id="m1")
    assert (response.status_code, response.text) == (200, "success")
    buttons = [{"title": "Leave a message", "payload": "/leave_message"}]
    assert receiver.posts == [{"recipient_id": "ann", "text": HELLO, "buttons": buttons}]
    assert receiver.paths == ["/bot?token=abc"]
    post(server, "/leave_message")
    assert [p["text"] for p in receiver.posts[1:]] == ["What is your e-mail address?"]


def test_a_receiver_that_fails_is_asked_again_and_a_refusal_is_final(
    server: Server, receiver: Receiver
) -> None:
    receiver.answers = [503, 429]
    assert post(server, "hello").status_code == 200
    assert [p["text"] for p in receiver.posts] == [HELLO] * 3
    receiver.answers = [400]
    assert post(server, "/leave_message").status_code == 200
    assert len(receiver.posts) == 4
    assert post(server, "ann@example.com").status_code == 200
    assert receiver.posts[-1]["text"] == "What would you like to tell the team?", "the conversation went on"
    assert "could not be posted" in server.log.read_text("utf-8")


def test_bad_requests_are_refused(server: Server, receiver: Receiver) -> None:
    assert post(server, "hello", sender={}).status_code == 400
    assert post(server, "hello", sender="web-somebody").status_code == 403
    assert receiver.posts == []


def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigError, match="no address"):
        CallbackChannel({"url": "bot"}, SECRET)
