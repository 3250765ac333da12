"""The chat page's channel, over HTTP against a running server."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from frontdesk.auth.tokens import issue
from frontdesk.channels import chat
from frontdesk.channels.chat import ChatChannel, history, said_unasked
from frontdesk.channels.http import Refusal
from frontdesk.core.events import (
    IN_REPLY_TO,
    ActionExecuted,
    AgentUttered,
    BotUttered,
    Event,
    Restarted,
    UserUttered,
)
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
        f"{server.url}/webhooks/chat/webhook", json=body, headers=headers(session), timeout=60
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
        httpx.get(f"{starter_server.url}/webhooks/chat/news", headers=given),
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
        "messages": [],
        "position": 0,
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


OUTSIDE = {"is_external": True}
LISTEN = ActionExecuted("action_listen")
TALK: list[Event] = [
    BotUttered("Welcome", metadata={IN_REPLY_TO: "m1"}),
    LISTEN,
    UserUttered("hi", message_id="m1"),
    BotUttered("Hello"),
    LISTEN,
    UserUttered("EXTERNAL: remind", metadata=OUTSIDE),
    BotUttered("It is time"),
    LISTEN,
    UserUttered("thanks"),
    AgentUttered("I am Eve"),
    BotUttered("You are welcome"),
    LISTEN,
    BotUttered("An action of the API"),
]


def test_only_what_answers_no_message_is_news() -> None:
    tracker = Tracker.start("ann", {}, TALK, offset=100)
    lines = said_unasked(tracker, 0)
    assert [(line["role"], line["text"]) for line in lines] == [
        ("bot", "It is time"), ("agent", "I am Eve"), ("bot", "An action of the API"),
    ]  # fmt: skip
    assert [line["text"] for line in said_unasked(tracker, 107)] == ["I am Eve", "An action of the API"]
    assert said_unasked(tracker, 113) == []


def test_what_came_from_outside_was_not_said_by_the_user() -> None:
    lines = history(Tracker.start("ann", {}, TALK))
    assert [line["text"] for line in lines if line["role"] == "user"] == ["hi", "thanks"]


class Talk:
    """A gate to one conversation."""

    def __init__(self) -> None:
        self.events = TALK[:5]
        self.looks = 0

    async def latest(self, sender_id: str) -> Tracker:
        self.looks += 1
        return Tracker.start(sender_id, {}, self.events)


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A channel, the gate to its conversation, and a function that asks for news after a position."""
    channel, talk = ChatChannel({}, SECRET), Talk()
    token, claims = issue(SECRET, lifetime=60)

    async def ask(after: object, wait: float = 30.0, most: float = 3600.0) -> dict[str, Any]:
        monkeypatch.setattr(chat, "WAIT", wait)
        request: Any = SimpleNamespace(
            headers={"Authorization": f"Bearer {token}"},
            args={"after": str(after)},
            app=SimpleNamespace(ctx=SimpleNamespace(), config=SimpleNamespace(RESPONSE_TIMEOUT=most)),
        )
        return dict(json.loads((await channel.news(request, talk)).body or b""))

    return SimpleNamespace(channel=channel, talk=talk, ask=ask, owner=claims.sender_id)


async def test_news_come_as_soon_as_they_are_pushed(news: Any) -> None:
    asked = asyncio.create_task(news.ask(5))
    other = asyncio.create_task(news.ask(5))
    async with asyncio.timeout(60):
        while news.talk.looks < 2:
            await asyncio.sleep(0)
        await news.channel.send("somebody else", {"text": "x"})
        news.talk.events = TALK[:8]
        await news.channel.send(news.owner, {"text": "It is time"})
        for found in await asyncio.gather(asked, other):
            assert [line["text"] for line in found["messages"]] == ["It is time"]
            assert found["position"] == 8
    assert news.channel._waiting == {}


async def test_news_that_are_there_already_are_not_waited_for(news: Any) -> None:
    news.talk.events = TALK
    async with asyncio.timeout(60):
        assert len((await news.ask(0, wait=3600.0))["messages"]) == 3


async def test_a_server_that_gives_answers_little_time_still_gets_one(news: Any) -> None:
    async with asyncio.timeout(60):
        assert await news.ask(5, wait=3600.0, most=0.02) == {"messages": [], "position": 5}


async def test_after_a_while_there_are_none(news: Any) -> None:
    assert await news.ask(5, wait=0.01) == {"messages": [], "position": 5}
    assert news.channel._waiting == {}


@pytest.mark.parametrize("after", ["-1", "x", "", "1e3", "\u0663", "9" * 20])
async def test_a_position_that_is_none(news: Any, after: str) -> None:
    with pytest.raises(Refusal, match="'after' must be a number"):
        await news.ask(after)


async def test_not_everybody_may_wait_at_once(news: Any) -> None:
    waiting = [asyncio.create_task(news.ask(5)) for _ in range(chat.MOST_WAITING)]
    async with asyncio.timeout(60):
        while news.talk.looks < chat.MOST_WAITING:
            await asyncio.sleep(0)
        with pytest.raises(Refusal) as refused:
            await news.ask(5)
        assert refused.value.status == 429
        await news.channel.send(news.owner, {})
        await asyncio.gather(*waiting)
