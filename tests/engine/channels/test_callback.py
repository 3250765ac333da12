"""Rasa's callback channel: replies are posted to an address, in order, and again where that fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdesk.channels.callback import CallbackChannel
from frontdesk.errors import ConfigError
from frontdesk.testing.json_server import JsonServer, Reply
from tests.conftest import PATIENCE, SECRET, Server, start_server, until
from tests.engine.channels.test_rest import HELLO

EMAIL = "What is your e-mail address?"


class Receiver:
    """A server that takes posts, and answers the first ones with what `answers` says."""

    def __init__(self) -> None:
        self.answers: list[Reply] = []
        self.server = JsonServer(lambda _: self.answers.pop(0) if self.answers else Reply({}))

    @property
    def posts(self) -> list[Any]:
        return [asked.body for asked in self.server.asked]

    def until(self, *texts: str) -> None:
        """Wait until just these texts have been posted, in this order."""
        until(
            lambda: [post["text"] for post in self.posts] == list(texts),
            f"{texts} are posted",
            lambda: str(self.posts),
        )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with made.server:
        yield made


@pytest.fixture
def server(copy_of_starter: Path, receiver: Receiver) -> Iterator[Server]:
    credentials = f"rest:\nrasa: {{url: 'http://localhost:5002/api'}}\ncallback: {{url: '{receiver.server.url}/bot', token: abc}}\n"
    (copy_of_starter / "credentials.yml").write_text(credentials)
    started = start_server(copy_of_starter)
    yield started
    started.stop()


def test_beside_the_rest_channel_and_what_rasa_init_writes(server: Server, receiver: Receiver) -> None:
    said = httpx.post(
        f"{server.url}/webhooks/rest/webhook", json={"sender": "bob", "message": "hello"}, timeout=PATIENCE
    )
    assert [reply["text"] for reply in said.json()] == [HELLO]
    assert receiver.posts == []


def post(server: Server, message: str, **more: Any) -> httpx.Response:
    body = {"sender": "ann", "message": message, **more}
    return httpx.post(f"{server.url}/webhooks/callback/webhook", json=body, timeout=PATIENCE)


def test_replies_are_posted_in_order_and_the_caller_hears_success(server: Server, receiver: Receiver) -> None:
    assert httpx.get(f"{server.url}/webhooks/callback/").json() == {"status": "ok"}
    response = post(server, "hello", message_id="m1")
    assert (response.status_code, response.text) == (200, "success")
    receiver.until(HELLO)
    buttons = [{"title": "Leave a message", "payload": "/leave_message"}]
    assert receiver.posts == [{"recipient_id": "ann", "text": HELLO, "buttons": buttons}]
    [asked] = receiver.server.asked
    assert (asked.path, asked.params) == ("/bot", {"token": "abc"})
    post(server, "/leave_message")
    receiver.until(HELLO, EMAIL)


def test_a_receiver_that_fails_is_asked_again_and_a_refusal_is_final(
    server: Server, receiver: Receiver
) -> None:
    receiver.answers = [Reply(status=503), Reply(status=429)]
    assert post(server, "hello").status_code == 200
    receiver.until(HELLO, HELLO, HELLO)
    receiver.answers = [Reply(status=400)]
    assert post(server, "/leave_message").status_code == 200
    assert post(server, "ann@example.com").status_code == 200
    receiver.until(HELLO, HELLO, HELLO, EMAIL, "What would you like to tell the team?")
    assert "could not be posted" in server.log.read_text("utf-8")


def test_a_receiver_that_hangs_holds_up_no_conversation(server: Server, receiver: Receiver) -> None:
    opened = threading.Event()
    receiver.answers = [Reply({}, after=opened)]
    try:
        for text in ("hello", "/leave_message", "ann@example.com"):
            assert post(server, text).text == "success"
        until(lambda: receiver.posts, "the first reply is posted")
        assert [p["text"] for p in receiver.posts] == [HELLO], "one after the other"
        assert post(server, "hello", sender="bob").text == "success"
        until(lambda: len(receiver.posts) == 2, "bob's reply is posted")
        assert receiver.posts[1]["recipient_id"] == "bob"
    finally:
        opened.set()
    until(lambda: len(receiver.posts) == 4, "the rest is posted")
    assert [p["text"] for p in receiver.posts if p["recipient_id"] == "ann"] == [
        HELLO, EMAIL, "What would you like to tell the team?",
    ]  # fmt: skip


def test_bad_requests_are_refused(server: Server, receiver: Receiver) -> None:
    assert post(server, "hello", sender={}).status_code == 400
    assert post(server, "hello", sender="web-somebody").status_code == 403
    assert receiver.posts == []


def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigError, match="no address"):
        CallbackChannel({"url": "bot"}, SECRET)
