"""Slack's Socket Mode: what comes over the socket is what would come over HTTP, and the socket is opened again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import Server, start_server, until
from tests.engine.channels.test_rest import HELLO
from tests.engine.channels.test_slack import EMAIL, NOTE
from tests.slack import ANN, APP_TOKEN, DIRECT, Slack, Sockets, command, event, press


@dataclass
class Office:
    """A server, and Slack around it."""

    server: Server
    slack: Slack
    sockets: Sockets


def opened(folder: Path, token: str) -> Iterator[Office]:
    with Slack() as slack, Sockets(slack) as sockets:
        (folder / "credentials.yml").write_text(f"slack: {{{slack.options}, app_token: {token}}}\n", "utf-8")
        server = start_server(folder)
        try:
            yield Office(server, slack, sockets)
        finally:
            server.stop()
        log = server.log.read_text("utf-8")
        assert server.process.returncode == 0, log
        assert not any(word in log for word in ("Traceback", "Unclosed", "xapp-", "xoxb-")), log


@pytest.fixture(scope="module")
def office_of_all(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("socket") / "project"
    shutil.copytree(starter, folder, ignore=shutil.ignore_patterns("*.log", "conversations.db*"))
    yield from opened(folder, APP_TOKEN)


@pytest.fixture
def office(office_of_all: Office) -> Office:
    """Slack and a server, with nothing said yet in Ann's conversation."""
    office_of_all.sockets.acknowledged.clear()
    office_of_all.sockets.tell("events_api", event("/restart"), "first")
    office_of_all.sockets.until_acknowledged("first")
    office_of_all.sockets.acknowledged.clear()
    office_of_all.slack.posts.clear()
    office_of_all.slack.responses.clear()
    return office_of_all


def test_events_buttons_and_commands(office: Office) -> None:
    slack, sockets = office.slack, office.sockets
    sockets.tell("events_api", event("hello"), "e1")
    slack.until_said(HELLO)
    sockets.until_acknowledged("e1")
    told = press(slack.posts[0], response_url=slack.response_url("r"))
    sockets.tell("interactive", told, "e2")
    slack.until_said(HELLO, EMAIL)
    until(lambda: slack.responses, "the button is gone")
    sockets.tell("slash_commands", command("ann@example.com", response_url=slack.response_url("c")), "e3")
    until(lambda: len(slack.responses) == 2, "the command is answered")
    assert slack.responses[1][1]["text"] == NOTE
    sockets.tell("slash_commands", command(""), "e4")
    sockets.until_acknowledged("e1", "e2", "e3", "e4")
    shown = {found["envelope_id"]: found.get("payload") for found in sockets.acknowledged}
    assert shown["e4"]["response_type"] == "ephemeral"
    assert [shown[name] for name in ("e1", "e2", "e3")] == [None, None, None]
    assert httpx.post(f"{office.server.url}/webhooks/slack/webhook", json={}).status_code == 404, (
        "no other way in"
    )


def test_what_is_told_again_is_acknowledged_and_not_said_again(office: Office) -> None:
    told = event("/leave_message")
    for n in range(10):
        office.sockets.tell("events_api", told, f"again{n}")
    office.sockets.tell("events_api", event("ann@example.com"), "next")
    office.slack.until_said(EMAIL, NOTE)
    office.sockets.until_acknowledged("next", *(f"again{n}" for n in range(10)))


def test_what_is_no_message_is_acknowledged(office: Office) -> None:
    for number, payload in enumerate(({}, {"event": 5}, event("hello", event={"bot_id": "B1"}))):
        office.sockets.tell("events_api", payload, f"odd{number}")
    office.sockets.tell("of_a_new_kind", {}, "odd3")
    office.sockets.until_acknowledged("odd0", "odd1", "odd2", "odd3")
    assert office.slack.posts == []


def test_the_socket_is_opened_again(office: Office) -> None:
    slack, sockets = office.slack, office.sockets
    before = sockets.connections
    sockets.open[-1].send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
    until(lambda: sockets.connections == before + 1, "another socket is open, as Slack asked for")
    sockets.tell("events_api", event("/leave_message"), "e1")
    slack.until_said(EMAIL)
    sockets.open[-1].close()
    until(lambda: sockets.connections == before + 2, "another socket is open after the first one broke")
    sockets.tell("events_api", event("ann@example.com"), "e2")
    slack.until_said(EMAIL, NOTE)
    assert {post["channel"] for post in slack.posts} == {DIRECT}
    assert ANN not in office.server.log.read_text("utf-8")


def test_a_token_that_slack_refuses_is_told_once(copy_of_starter: Path) -> None:
    made = opened(copy_of_starter, "xapp-of-somebody-else")
    office = next(made)
    text = "Slack refuses 'app_token' (invalid_auth): nothing is heard from it."
    until(lambda: text in office.server.log.read_text("utf-8"), "the log says so")
    made.close()
    assert office.server.log.read_text("utf-8").count(text) == 1
