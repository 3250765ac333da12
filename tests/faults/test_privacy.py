"""What a user types stays out of the logs, and what happens inside stays out of the answers."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from tests.faults.probe import APOLOGY, Desk, locked, post

ADDRESS = "ann.o'hara+test@mail.example.co.uk"
PLAIN = "ann@example.com"


@pytest.mark.parametrize(
    "environment",
    [{"LOG_LEVEL": "DEBUG"}, {"LOG_LEVEL": "DEBUG", "FORCE_JSON_LOGGING": "true"}],
    ids=["plain", "json"],
)
def test_no_address_reaches_the_log(desk: Desk, environment: dict[str, str]) -> None:
    endpoints = desk.folder / "endpoints.yml"
    endpoints.write_text(f"{endpoints.read_text()}  timeout: 0.3\n")
    server = desk.start(**environment)
    for address in (PLAIN, ADDRESS):
        assert desk.say(f'/raise{{"kind": "{address}"}}') == [APOLOGY]
        desk.say(f"my mail is {address} and my card 4111 1111 1111 1111")
        desk.say(f'/greet{{"kind": "{address}"}} and {address}')
        post(server, f"{address} " * 400)
        httpx.post(f"{server.url}/webhooks/rest/webhook", content=f'{{"message": "{address}'.encode())
        httpx.get(f"{server.url}/{address}")
        with locked(desk.conversations):
            assert post(server, f"my mail is {address}").status_code == 503
    log = desk.log()
    assert "action_raise" in log
    assert "locked" in log
    # Four digits are in times and ids by chance, but not by themselves.
    for private in (
        re.escape(PLAIN),
        "@mail[.]example",
        "hara[+]test",
        "41111111",
        r"(?<![\w.])4111(?!\w|\.\d)",
    ):
        assert not re.search(private, log), [line for line in log.splitlines() if re.search(private, line)]
    if "FORCE_JSON_LOGGING" in environment:
        lines = [line for line in log.splitlines() if line.startswith("{")]
        assert all(json.loads(line)["message"] for line in lines)


def test_no_inside_reaches_the_client(desk: Desk) -> None:
    endpoints = desk.folder / "endpoints.yml"
    endpoints.write_text(f"{endpoints.read_text()}  timeout: 0.3\n")
    server = desk.start()
    hook = f"{server.url}/webhooks/rest/webhook"
    session = httpx.post(f"{server.url}/webhooks/chat/session").json()
    given = {"Authorization": f"Bearer {session['token']}"}
    chat = f"{server.url}/webhooks/chat/webhook"
    answers = [
        httpx.get(f"{server.url}/nowhere"),
        httpx.get(f"{server.url}/static/../../../etc/passwd"),
        httpx.get(f"{server.url}/static/%2e%2e/app.py"),
        httpx.get(hook),
        httpx.put(hook, json={}),
        httpx.post(hook, content=b"\xff\xfe"),
        httpx.post(hook, json=[1, 2]),
        httpx.post(hook, json={"message": {"$gt": ""}}),
        httpx.post(hook, content=b"[" * 100_000),
        httpx.post(hook, json={"message": "hi", "sender": "\x00"}),
        httpx.post(hook, json={"message": "hi", "metadata": {"a": "x" * 100_000}}),
        httpx.post(hook, json={"message": "x" * 1_000_001}),
        httpx.post(hook, json={"message": "/raise"}),
        httpx.post(hook, json={"message": "/raise"}, params={"stream": "true"}),
        httpx.post(chat, json={"message": "/raise"}, headers=given),
        httpx.post(chat, json={"message": 5}, headers=given),
        httpx.post(chat, json={"message": "hi"}, headers={"Authorization": "Bearer x.y.z"}),
    ]
    with locked(desk.conversations):
        answers += [
            httpx.post(hook, json={"message": "hello"}),
            httpx.post(hook, json={"message": "hello"}, params={"stream": "true"}),
            httpx.post(chat, json={"message": "hello"}, headers=given),
        ]
        assert [answer.status_code for answer in answers[-3:]] == [503] * 3
    for answer in answers:
        assert answer.status_code < 500 or answer.status_code == 503, (answer.url, answer.text)
        for inside in ("Traceback", 'File "', str(desk.folder), "ValueError", "sqlite", "site-packages"):
            assert inside not in answer.text, (answer.url, answer.text)
    assert desk.say("hello") == ["Hello!"]
