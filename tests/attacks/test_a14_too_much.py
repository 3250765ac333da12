"""A-14, A-15, A-24: requests that are too large, too slow, too many, or that another site's page lets a browser send."""

from __future__ import annotations

import json
import socket
import zlib
from urllib.parse import urlsplit

import httpx
import pytest

from tests.attacks.conftest import Guarded
from tests.conftest import PATIENCE
from tests.widget import widget

REST = "/webhooks/rest/webhook"


def raw(guarded: Guarded, *pieces: bytes) -> bytes:
    """Send bytes, and return what is answered until the server hangs up or says nothing more."""
    parts = urlsplit(guarded.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while b"\r\n\r\n" not in answer and (part := connection.recv(65_536)):
                answer += part
        except (BrokenPipeError, ConnectionResetError):  # it hung up on what it had refused
            pass
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def post(guarded: Guarded, content: bytes, **headers: str) -> httpx.Response:
    given = {"Content-Type": "application/json", **headers}
    return httpx.post(f"{guarded.url}{REST}", content=content, headers=given)


def test_a_body_that_is_too_large(guarded: Guarded) -> None:
    answer = post(guarded, b'{"sender": "x", "message": "' + b"a" * 1_000_000 + b'"}')
    assert answer.status_code == 413
    assert answer.json()["message"] == "The body of the request has more than 1,000,000 bytes."
    # One that only says how large it will be is refused before it is sent.
    head = f"POST {REST} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n".encode()
    assert status(raw(guarded, head, b"a" * 1_100_000)) == 413
    # And one that does not say.
    chunks = b"".join(b"10000\r\n" + b"a" * 65_536 + b"\r\n" for _ in range(20))
    head = f"POST {REST} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert status(raw(guarded, head, chunks)) == 413


def test_a_head_that_is_too_large(guarded: Guarded) -> None:
    for head in (
        b"X: " + b"a" * 20_000,
        b"\r\n".join(b"X-%d: y" % n for n in range(3_000)),
        b"Cookie: " + b"a=b; " * 5_000,
    ):
        answer = raw(guarded, b"GET /health HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        assert status(answer) == 431, answer[:200]
    answer = raw(guarded, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status(answer) == 431
    assert httpx.get(f"{guarded.url}/health", headers={"X": "a" * 12_000}).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b'{"sender": "x", "message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"sender": "x", "message": "a"' + b"}" * 5,
        b"\xff\xfe\x00",
        b"",
        b"null",
        b'{"sender": "x", "message": "\\ud800"}',
        b'{"sender": "x\\u0000", "message": "a"}',
        json.dumps({"sender": "x" * 201, "message": "a"}).encode(),
        json.dumps({"sender": {"a": 1}, "message": "a"}).encode(),
    ],
    ids=range(10),
)
def test_a_body_that_is_no_message(guarded: Guarded, content: bytes) -> None:
    answer = post(guarded, content)
    assert answer.status_code == 400, answer.text
    assert answer.json()["status"] == "failure"
    assert "Traceback" not in answer.text


def test_a_message_and_metadata_that_are_too_large(guarded: Guarded) -> None:
    for body in ({"message": "a" * 8_001}, {"message": "a", "metadata": {"x": "a" * 60_000}}):
        answer = post(guarded, json.dumps({"sender": "large", **body}).encode())
        assert answer.status_code == 413, answer.text


def test_what_is_packed_is_not_unpacked(guarded: Guarded) -> None:
    bomb = zlib.compress(b"a" * 50_000_000)
    assert post(guarded, bomb, **{"Content-Encoding": "deflate"}).status_code == 400


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 50",
        b"Content-Length: -5",
        b"Content-Length: x",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: xchunked",
    ],
)
def test_a_length_that_can_be_read_in_two_ways(guarded: Guarded, head: bytes) -> None:
    """Of two servers in a row, one would take for a second request what the other takes for the body of the first."""
    inner = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(
        guarded, b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n0\r\n\r\n" + inner
    )
    assert status(answer) in (0, 400, 413, 501), answer[:300]
    assert b"minimum_compatible_version" not in answer


def test_a_conversation_has_its_limit_and_says_when_to_come_back(guarded: Guarded) -> None:
    def say(number: int) -> httpx.Response:
        body = {"sender": "busy", "message": "hello", "message_id": str(number)}
        return post(guarded, json.dumps(body).encode())

    answers = [say(number) for number in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    refused = answers[-1]
    assert 1 <= int(refused.headers["Retry-After"]) <= 30 * 24 * 3600
    found = refused.json()
    assert (found["status"], found["reason"], found["code"]) == ("failure", "TooManyRequests", 429)
    assert "more than 5 per month" in found["message"]
    assert post(guarded, b'{"sender": "calm", "message": "hello"}').status_code == 200


async def test_nor_over_a_socket(guarded: Guarded) -> None:
    async with widget(guarded.server) as client:
        session = await client.session()
        answers = [await client.say("hello", session_id=session) for _ in range(6)]
    assert answers[:5] == [{"status": "ok"}] * 5
    assert answers[5]["code"] == 429
    assert "Too many messages" in answers[5]["message"]


def test_an_address_has_its_limit_and_nobody_gets_another_by_saying_so(guarded: Guarded) -> None:
    """The proxy on this machine adds the address that it sees behind whatever the client wrote."""

    def ask(number: int) -> int:
        told = f"8.8.{number}.8, 127.0.0.1, 9.9.9.9"
        others = {
            "Forwarded": f"for=8.8.8.{number}",
            "X-Real-IP": f"8.8.8.{number}",
            "X-Client-IP": "127.0.0.1",
        }
        return httpx.get(f"{guarded.url}/version", headers={"X-Forwarded-For": told, **others}).status_code

    assert [ask(number) for number in range(24)] == [200] * 20 + [429] * 4
    # Another customer behind the same proxy is not held up, nor is whoever the proxy belongs to.
    assert httpx.get(f"{guarded.url}/version", headers={"X-Forwarded-For": "9.9.9.10"}).status_code == 200
    assert httpx.get(f"{guarded.url}/version").status_code == 200


async def test_nor_in_ever_new_conversations_over_one_socket(guarded: Guarded) -> None:
    async with widget(guarded.server, "websocket", headers={"X-Forwarded-For": "9.9.9.12"}) as client:
        answers = [await client.say("hello", session_id=f"made-up-{number}") for number in range(22)]
    assert [answer["status"] for answer in answers[:15]] == ["ok"] * 15
    assert answers[-1]["code"] == 429
    assert "from this address" in answers[-1]["message"]


def test_what_is_too_much_is_refused_before_its_body_is_there(guarded: Guarded) -> None:
    for _ in range(21):
        httpx.get(f"{guarded.url}/version", headers={"X-Forwarded-For": "9.9.9.11"})
    head = f"POST {REST} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.11\r\nContent-Length: 500000\r\n\r\n".encode()
    answer = raw(guarded, head)
    assert status(answer) == 429
    assert b"Retry-After" in answer or b"retry-after" in answer


def test_a_key_has_its_limit_whether_good_or_not(guarded: Guarded) -> None:
    with httpx.Client() as client:
        for shown, first in ((guarded.keys.add("busy", "agent")[0], 200), ("guess", 401)):
            headers = {"X-API-Key": shown}
            found = [client.get(f"{guarded.url}/status", headers=headers).status_code for _ in range(303)]
            assert found == [first] * 300 + [429] * 3


def test_headers_that_browsers_obey_are_on_every_answer(guarded: Guarded) -> None:
    answers = [
        httpx.get(f"{guarded.url}{path}")
        for path in (
            "/",
            "/health",
            "/status",
            "/nowhere",
            "/static/chat.js",
            "/inspector",
            "/docs",
            "/webhooks/rest/",
        )
    ]
    answers.append(post(guarded, b"{"))
    answers.append(post(guarded, b"a" * 1_100_000))
    answers.append(httpx.put(f"{guarded.url}{REST}"))
    answers.append(httpx.get(f"{guarded.url}/socket.io/", params={"EIO": "4", "transport": "polling"}))
    for answer in answers:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], answer.url
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "set-cookie" not in answer.headers
        assert "server" not in {name.lower() for name in answer.headers}
        if answer.headers.get("Content-Type", "").startswith("application/json"):
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /x HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ],
    ids=["nonsense", "version", "head", "path"],
)
def test_also_on_those_to_what_is_no_request(guarded: Guarded, sent: bytes) -> None:
    answer = raw(guarded, sent).lower()
    assert status(answer) in (400, 404, 431), answer
    assert b"x-content-type-options: nosniff" in answer
    assert b"content-security-policy: default-src 'none'" in answer


def test_pages_of_other_sites_read_nothing(guarded: Guarded) -> None:
    for origin in (
        "https://evil.example",
        "null",
        guarded.url.replace("127.0.0.1", "127.0.0.1.evil.example"),
    ):
        page = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for path in (REST, "/conversations/ann/tracker", "/inspector/api/about", "/webhooks/chat/session"):
            for answer in (
                httpx.options(f"{guarded.url}{path}", headers=page),
                httpx.get(f"{guarded.url}{path}", headers=page),
            ):
                assert not [
                    name for name in answer.headers if name.lower().startswith("access-control-allow")
                ]


@pytest.mark.parametrize("part", ["a head", "a body", "a body in pieces", "one that is refused anyway"])
def test_what_does_not_come_is_not_waited_for(guarded: Guarded, part: str) -> None:
    """The server was given three seconds for all of a request to arrive; ten minutes would be for its answer."""
    for _ in range(21):
        httpx.get(f"{guarded.url}/version", headers={"X-Forwarded-For": "9.9.9.12"})
    start = f"POST {REST} HTTP/1.1\r\nHost: x\r\n".encode()
    pieces = {
        "a head": start,
        "a body": start + b"Content-Length: 500\r\n\r\n{",
        "a body in pieces": start + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        "one that is refused anyway": start + b"X-Forwarded-For: 9.9.9.12\r\nContent-Length: 500\r\n\r\n{",
    }
    parts = urlsplit(guarded.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as connection:
        connection.sendall(pieces[part])
        answer = b""
        while received := connection.recv(65_536):  # until it hangs up
            answer += received
    assert status(answer) == (429 if part == "one that is refused anyway" else 408), answer[:300]
    assert b'"status":"failure"' in answer
