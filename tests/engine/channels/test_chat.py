"""The chat page's channel, over HTTP against a running server."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from frontdesk.auth.tokens import issue
from frontdesk.channels.chat import history
from frontdesk.core.events import AgentUttered, BotUttered, Restarted, UserUttered
from frontdesk.core.tracker import Tracker
from tests.conftest import SECRET, Server


@pytest.fixture
def session(starter_server: Server) -> dict[str, Any]:
    response = httpx.post(f"{starter_server.url}/webhooks/chat/session")
    assert response.status_code == 200
    return response.json()


def headers(session: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['token']}"}


def send(server: Server, session: dict[str, Any], **body: Any) -> list[tuple[str, Any]]:
    response = httpx.post(
        f"{server.url}/webhooks/chat/webhook", json=body, headers=headers(session), timeout=30
    )
    assert response.status_code == 200
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
    return [
        (name.removeprefix("event: "), json.loads(found.removeprefix("data: "))) for name, found in blocks
    ]


def test_a_conversation_and_its_history(starter_server: Server, session: dict[str, Any]) -> None:
    events = send(starter_server, session, message="hello", message_id="1", metadata={"title": "Hi"})
    assert [name for name, _ in events] == ["message", "done"]
    assert "automated assistant" in events[0][1]["text"]
    past = httpx.get(f"{starter_server.url}/webhooks/chat/history", headers=headers(session)).json()[
        "messages"
    ]
    assert [(m["role"], m.get("title")) for m in past] == [("user", "Hi"), ("bot", None)]
    assert past[1]["buttons"][0]["title"] == "Leave a message"


def test_a_repeat_is_answered_the_same(starter_server: Server, session: dict[str, Any]) -> None:
    first = send(starter_server, session, message="hello", message_id="1")
    assert send(starter_server, session, message="hello", message_id="1") == first
    past = httpx.get(f"{starter_server.url}/webhooks/chat/history", headers=headers(session)).json()[
        "messages"
    ]
    assert len(past) == 2


@pytest.mark.parametrize("authorization", [None, "Bearer x", "Basic abc", "Bearer"])
def test_without_a_token_there_is_nothing(starter_server: Server, authorization: str | None) -> None:
    given = {"Authorization": authorization} if authorization else {}
    for call in (
        httpx.get(f"{starter_server.url}/webhooks/chat/history", headers=given),
        httpx.post(f"{starter_server.url}/webhooks/chat/webhook", json={"message": "hi"}, headers=given),
    ):
        assert call.status_code == 401
        assert call.json()["reason"] == "NotAuthenticated"


def test_an_expired_token(starter_server: Server) -> None:
    token, _ = issue(SECRET, lifetime=-10)
    response = httpx.get(
        f"{starter_server.url}/webhooks/chat/history", headers={"Authorization": f"Bearer {token}"}
    )
    assert response.status_code == 401
    assert "expired" in response.json()["message"]


def test_each_session_is_a_conversation_of_its_own(starter_server: Server, session: dict[str, Any]) -> None:
    other = httpx.post(f"{starter_server.url}/webhooks/chat/session").json()
    assert other["sender_id"] != session["sender_id"]
    assert httpx.get(f"{starter_server.url}/webhooks/chat/history", headers=headers(other)).json() == {
        "messages": []
    }


def test_what_the_page_is_called(starter_server: Server) -> None:
    about = httpx.get(f"{starter_server.url}/webhooks/chat/").json()
    assert about == {"status": "ok", "title": "My assistant"}


def test_history_begins_at_the_last_restart_and_has_every_voice() -> None:
    events = [
        UserUttered("old"),
        Restarted(),
        UserUttered("hi"),
        BotUttered("a\n\nb", metadata={"sources": [{"title": "T", "url": "/t"}]}),
        AgentUttered("I am here"),
    ]
    lines = history(Tracker.start("ann", {}, events))
    assert [(line["role"], line["text"]) for line in lines] == [
        ("user", "hi"), ("bot", "a"), ("bot", "b"), ("agent", "I am here"),
    ]  # fmt: skip
    assert lines[2]["metadata"] == {"sources": [{"title": "T", "url": "/t"}]}
