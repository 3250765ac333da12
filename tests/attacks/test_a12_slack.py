"""A-12: whoever is not Slack says nothing, a recorded request says nothing twice, and nothing leads us elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from frontdesk.channels.slack_client import SlackClient
from frontdesk.testing.json_server import JsonServer
from tests.conftest import Server, start_server, until
from tests.slack import (
    ANN,
    FORM,
    JSON,
    SIGNING,
    TEAM,
    Slack,
    command,
    deliver,
    event,
    mention,
    press,
    signed,
    tell,
    tell_form,
)

EMAIL = "What is your e-mail address?"


@pytest.fixture(scope="module")
def slack_of_all() -> Iterator[Slack]:
    with Slack() as made:
        yield made


@pytest.fixture(scope="module")
def server(starter: Path, slack_of_all: Slack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("slack") / "project"
    shutil.copytree(starter, folder, ignore=shutil.ignore_patterns("*.log", "conversations.db*"))
    options = f"{slack_of_all.options}, slack_signing_secret: {SIGNING}, app_id: A0001"
    (folder / "credentials.yml").write_text(f"rest:\nslack: {{{options}}}\n", "utf-8")
    running = start_server(folder)
    yield running
    running.stop()


@pytest.fixture
def slack(slack_of_all: Slack, server: Server) -> Slack:
    tell(server, event("/restart"))
    tell(server, event("/bot_challenge"))  # with its answer, all that was said before is there
    until(
        lambda: slack_of_all.said()[-1:] == ["I'm an automated assistant, not a person."],
        "nothing is on its way",
    )
    slack_of_all.posts.clear()
    slack_of_all.responses.clear()
    return slack_of_all


def nothing_was_said(server: Server, slack: Slack) -> None:
    """Show that only what is said now is answered."""
    assert tell(server, event("/leave_message")).status_code == 200
    slack.until_said(EMAIL)


CONTENT = json.dumps(event("/leave_message")).encode()
BODIES = {
    "json": (CONTENT, JSON),
    "form": (urlencode(command("/leave_message")).encode(), FORM),
    "challenge": (b'{"type": "url_verification", "challenge": "c"}', JSON),
    "not json": (b"{", JSON),
    "not text": (b"\xff\xfe", JSON),
    "nothing": (b"", JSON),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    "forged",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v1"},
        {"X-Slack-Signature": "v0=\u00e9".encode("latin-1")},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "1" * 400},
        {"X-Slack-Request-Timestamp": "\u00b2".encode("latin-1")},
        {"X-Slack-Request-Timestamp": "4102444800"},
    ],
    ids=str,
)
def test_a_signature_that_is_missing_or_forged(
    server: Server, slack: Slack, body: str, forged: dict[str, Any]
) -> None:
    content, kind = BODIES[body]
    headers = {
        name: value for name, value in {"Content-Type": kind, **signed(content), **forged}.items() if value
    }
    answer = httpx.post(f"{server.url}/webhooks/slack/webhook", content=content, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (401, "NotAuthenticated")


def test_a_signature_of_something_else(server: Server, slack: Slack) -> None:
    for age in (301, 3600, -360):
        assert deliver(server, CONTENT, JSON, **signed(CONTENT, age=age)).status_code == 401, (
            "old, or of the future"
        )
    assert deliver(server, CONTENT, JSON, **signed(CONTENT, secret="another secret")).status_code == 401
    assert deliver(server, CONTENT + b" ", JSON, **signed(CONTENT)).status_code == 401, "another body"
    nothing_was_said(server, slack)


def test_a_recorded_request_says_nothing_twice(server: Server, slack: Slack) -> None:
    headers = {"Content-Type": JSON, **signed(CONTENT)}
    again = {**json.loads(CONTENT), "event_id": "Ev-another"}
    for _ in range(5):
        assert (
            httpx.post(f"{server.url}/webhooks/slack/webhook", content=CONTENT, headers=headers).status_code
            == 200
        )
    assert tell(server, again).status_code == 200, "the same message under another event id"
    tell(server, event("ann@example.com"))
    slack.until_said(EMAIL, "What would you like to tell the team?")


def test_the_kinds_of_content(server: Server, slack: Slack) -> None:
    told = json.dumps(event("/leave_message")).encode()
    assert deliver(server, told, "Application/JSON; charset=utf-8").status_code == 200
    slack.until_said(EMAIL)
    for kind in ("text/plain", "multipart/form-data; boundary=x", "", "application/jsonp"):
        assert deliver(server, CONTENT, kind).status_code == 415
    for content, kind in (
        (b"{", JSON), (b"[]", JSON), (b"", JSON), (b"payload=%7B", FORM), (b"payload=5", FORM),
        (b"&".join(b"a%d=1" % n for n in range(500)), FORM), (b"[" * 100_000, JSON),
        (b"payload=" + b"[" * 100_000, FORM),
    ):  # fmt: skip
        assert deliver(server, content, kind).status_code == 400, content[:20]
    assert deliver(server, b"x" * 1_100_000, JSON).status_code == 413
    for odd in ({}, {"event": []}, {"event": {"type": "message", "user": 5}}, {"type": "app_rate_limited"}):
        assert tell(server, {"api_app_id": "A0001", **odd}).status_code == 200
    assert httpx.get(f"{server.url}/webhooks/slack/webhook").status_code == 405


def test_a_challenge_is_given_back_only_as_json(server: Server) -> None:
    told = {"type": "url_verification", "challenge": "<script>alert(1)</script>", "token": "legacy"}
    answer = tell(server, told)
    assert answer.json() == {"challenge": told["challenge"]}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_meant_for_another_app(server: Server, slack: Slack) -> None:
    for told in (event("hello", api_app_id="A0002"), event("hello", api_app_id=None)):
        assert tell(server, told).status_code == 403
    assert tell_form(server, command("hello", api_app_id="A0002")).status_code == 403
    nothing_was_said(server, slack)


def test_a_text_cannot_mention_everybody(server: Server, slack: Slack) -> None:
    tell(server, event("/leave_message"))
    tell(server, event("&lt;!channel&gt;@x.example"))
    tell(server, event("ann@x.example &lt;!channel&gt;"))
    until(lambda: len(slack.posts) >= 3, "all is answered")
    assert "<" not in json.dumps(slack.posts)


def test_a_response_address_elsewhere_is_never_called(server: Server, slack: Slack) -> None:
    tell(server, event("hello"))
    until(lambda: slack.posts, "there is a button")
    with JsonServer(lambda _: {}) as canary:
        hidden = f"{slack.server.url}@{canary.url.removeprefix('http://')}/x"
        for number, address in enumerate((canary.url, hidden, "file:///etc/passwd", "http://[::1")):
            tell_form(server, press(slack.posts[0], response_url=address))
            tell_form(server, command("hello", response_url=address, user_id=f"U{number}"))
        until(lambda: len(slack.posts) == 9, "all is answered, by the Web API")
        assert canary.asked == []
    assert slack.responses == []


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://hooks.slack.com/actions/T1/2/3", True),
        ("https://hooks.slack.com:443/actions/T1/2/3", True),
        ("http://hooks.slack.com/actions", False),
        ("https://hooks.slack.com.evil.example/", False),
        ("https://evil.example/hooks.slack.com", False),
        ("https://hooks.slack.com@evil.example/", False),
        ("https://evil.example\\@hooks.slack.com/", False),
        ("https://hooks.slack.com:8443/", False),
        ("https://hooks.slack.com:x/", False),
        ("//hooks.slack.com/", False),
        ("https://hooks.slack.com /", False),
        ("", False),
        (None, False),
    ],
)
def test_which_response_addresses_are_slacks(address: str | None, good: bool) -> None:
    client = SlackClient("xoxb", "https://slack.com/api/", "https://hooks.slack.com", None)
    assert client.may_answer_at(address) is good


def test_a_conversation_of_slack_cannot_be_entered_by_rest(server: Server, slack: Slack) -> None:
    nothing_was_said(server, slack)
    for channel in ("rest", "slack"):
        body = {"sender": f"{TEAM}_{ANN}", "message": "hello", "input_channel": channel}
        assert httpx.post(f"{server.url}/webhooks/rest/webhook", json=body).status_code == 403
    tell(server, mention("ann@x.example"))
    slack.until_said(EMAIL, "What would you like to tell the team?")
