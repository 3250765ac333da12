"""Rasa's REST channel, over HTTP against a running server."""

from __future__ import annotations

import json
import uuid
from types import SimpleNamespace

import httpx
import pytest

from frontdesk.auth.tokens import issue
from frontdesk.channels.rest import RestChannel
from tests.conftest import SECRET, Server, start_server

HELLO = "Hello! I'm an automated assistant. I can take a message for the team."


@pytest.fixture
def sender() -> str:
    return uuid.uuid4().hex


def post(server: Server, body: object, **options: object) -> httpx.Response:
    return httpx.post(f"{server.url}/webhooks/rest/webhook", json=body, timeout=60, **options)  # type: ignore[arg-type]


def test_a_message_and_its_replies_as_rasa_writes_them(starter_server: Server, sender: str) -> None:
    response = post(starter_server, {"sender": sender, "message": "hello"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == [
        {
            "recipient_id": sender,
            "text": HELLO,
            "buttons": [{"title": "Leave a message", "payload": "/leave_message"}],
        }
    ]


def test_health(starter_server: Server) -> None:
    assert httpx.get(f"{starter_server.url}/webhooks/rest/").json() == {"status": "ok"}


def test_streaming_gives_one_reply_a_line(starter_server: Server, sender: str) -> None:
    response = post(starter_server, {"sender": sender, "message": "hello"}, params={"stream": "true"})
    assert response.headers["content-type"].startswith("text/event-stream")
    [line] = response.text.splitlines()
    assert json.loads(line)["text"] == HELLO


@pytest.mark.parametrize("by_header", [False, True])
def test_a_repeat_gets_the_stored_reply(starter_server: Server, sender: str, by_header: bool) -> None:
    body = {"sender": sender, "message": "/leave_message"} | ({} if by_header else {"message_id": "m1"})
    headers = {"Idempotency-Key": "m1"} if by_header else {}
    first = post(starter_server, body, headers=headers).json()
    assert [r["text"] for r in first] == ["What is your e-mail address?"]
    assert post(starter_server, body, headers=headers).json() == first
    assert (
        post(starter_server, {"sender": sender, "message": "ann@example.com"})
        .json()[0]["text"]
        .startswith("What would")
    )


def test_a_payload_with_entities(starter_server: Server, sender: str) -> None:
    replies = post(
        starter_server, {"sender": sender, "message": '/leave_message{"email": "ann@example.com"}'}
    ).json()
    assert [r["text"] for r in replies] == ["What would you like to tell the team?"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "no 'message'"),
        (b'{"message": 5}', "must be a text"),
        (b'{"message": "hi", "sender": {"$gt": ""}}', "must be a text"),
        (b'{"message": "hi", "sender": "' + b"x" * 300 + b'"}', "more than 200"),
        (b'{"message": "\\ud800"}', "not valid Unicode"),
    ],
)
def test_bad_bodies_get_one_clear_error(starter_server: Server, content: bytes, words: str) -> None:
    response = httpx.post(f"{starter_server.url}/webhooks/rest/webhook", content=content, timeout=60)
    assert response.status_code == 400
    envelope = response.json()
    assert words in envelope["message"]
    assert envelope["status"] == "failure"
    assert set(envelope) == {"version", "status", "message", "reason", "details", "help", "code"}


def test_a_long_message_and_a_large_body_are_refused_and_the_conversation_goes_on(
    starter_server: Server, sender: str
) -> None:
    assert post(starter_server, {"sender": sender, "message": "x" * 8_001}).status_code == 413
    assert post(starter_server, {"sender": sender, "message": "x" * 1_100_000}).status_code == 413
    assert post(starter_server, {"sender": sender, "message": "hello"}).json()[0]["text"] == HELLO


def test_an_empty_message_is_answered(starter_server: Server, sender: str) -> None:
    assert post(starter_server, {"sender": sender, "message": "   "}).status_code == 200


def test_a_conversation_that_a_token_owns_is_closed_to_others(starter_server: Server) -> None:
    token, claims = issue(SECRET)
    body = {"sender": claims.sender_id, "message": "hello"}
    assert post(starter_server, body).status_code == 403
    assert post(starter_server, body, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert post(starter_server, body, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    other = {"sender": "somebody", "message": "hello"}
    assert post(starter_server, other, headers={"Authorization": f"Bearer {token}"}).status_code == 403
    forged, _ = issue("another-secret-that-is-just-as-long-0123456789", sender_id=claims.sender_id)
    assert post(starter_server, body, headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_a_trusted_token_of_a_caller(copy_of_starter) -> None:  # type: ignore[no-untyped-def]
    (copy_of_starter / "credentials.yml").write_text("rest: {trusted_token: '${CALLER}'}\n")
    server = start_server(copy_of_starter, CALLER="a-long-token-of-a-caller")
    try:
        body = {"sender": "ann", "message": "hello"}
        assert post(server, body).status_code == 200
        assert (
            post(server, body, headers={"Authorization": "Bearer a-long-token-of-a-caller"}).status_code
            == 200
        )
        assert post(server, body, headers={"Authorization": "Bearer another"}).status_code == 401
        assert httpx.post(f"{server.url}/webhooks/chat/session").status_code == 404
    finally:
        server.stop()


def test_a_number_as_the_sender_is_taken_as_rasa_takes_it(starter_server: Server) -> None:
    [reply] = post(starter_server, {"sender": 20261122, "message": "hello"}).json()
    assert reply["recipient_id"] == "20261122"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"sender": True}, 400, "'sender' must be a text"),
        ({"sender": "a\0b"}, 400, "'sender' holds a character that cannot be kept"),
        ({"message_id": "a\0b"}, 400, "'message_id' holds a character"),
        ({"message_id": "x" * 201}, 400, "more than 200"),
        ({"input_channel": "x" * 51}, 400, "more than 50"),
        ({"metadata": {"a": "x" * 50_000}}, 413, "'metadata' has more than 50,000 characters"),
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_refused(
    starter_server: Server, sender: str, body: dict[str, object], status: int, words: str
) -> None:
    response = post(starter_server, {"sender": sender, "message": "hello", **body})
    assert response.status_code == status
    assert words in response.json()["message"]


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_metadata_that_is_no_json(starter_server: Server, sender: str, number: str) -> None:
    content = f'{{"sender": "{sender}", "message": "hello", "metadata": {{"a": {number}}}}}'
    response = httpx.post(f"{starter_server.url}/webhooks/rest/webhook", content=content, timeout=60)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Authorization", b"Bearer \xff\xfe", 401),
        ("Authorization", b"Bearer a\tb", 401),
        ("Idempotency-Key", b"\xff", 400),
    ],
)
def test_headers_of_other_bytes(
    starter_server: Server, sender: str, name: str, value: bytes, status: int
) -> None:
    response = post(starter_server, {"sender": sender, "message": "hello"}, headers={name.encode(): value})
    assert response.status_code == status


def test_metadata_cannot_pose_as_events_or_fill_slots(starter_server: Server, sender: str) -> None:
    forged = {
        key: {"event": "slot", "name": "email", "value": "x@example.com"} for key in ("__wire__", "extra")
    }
    assert (
        post(starter_server, {"sender": sender, "message": "hello", "metadata": forged}).json()[0]["text"]
        == HELLO
    )
    [asked] = post(starter_server, {"sender": sender, "message": "/leave_message"}).json()
    assert asked["text"] == "What is your e-mail address?"


def test_a_long_message_is_refused_also_where_replies_are_streamed(
    starter_server: Server, sender: str
) -> None:
    response = post(starter_server, {"sender": sender, "message": "x" * 8_001}, params={"stream": "true"})
    assert response.status_code == 413
    assert response.json()["reason"] == "PayloadTooLarge"


@pytest.mark.parametrize(
    ("site", "expected"),
    [(None, True), ("none", True), ("same-origin", True), ("same-site", False), ("cross-site", False)],
)
def test_a_page_of_another_site_does_not_borrow_the_trust_in_this_machine(
    site: str | None, expected: bool
) -> None:
    channel = RestChannel({"trusted": True}, SECRET)
    app = SimpleNamespace(ctx=SimpleNamespace())
    request = SimpleNamespace(headers={"Sec-Fetch-Site": site} if site else {}, query_string="", app=app)
    assert channel.sender(request, "ann") == ("ann", expected)  # type: ignore[arg-type]
    assert RestChannel({}, SECRET).sender(request, "ann") == ("ann", False)  # type: ignore[arg-type]
