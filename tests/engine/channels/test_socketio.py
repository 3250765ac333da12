"""Rasa's Socket.IO channel, as its official Python client speaks with a running server, over both transports."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import socketio

from frontdesk.auth.tokens import issue
from frontdesk.channels.socketio import SocketIOChannel, as_sent
from frontdesk.errors import ConfigError
from tests.conftest import PATIENCE, SECRET, Server, start_server
from tests.engine.channels.test_rest import HELLO
from tests.widget import widget

GREETING = {
    "text": HELLO,
    "quick_replies": [{"content_type": "text", "title": "Leave a message", "payload": "/leave_message"}],
}
KEY = "a key of the site that is long enough for the algorithm which it names"


def serving(project: Path, options: str, *arguments: str) -> Iterator[Server]:
    (project / "credentials.yml").write_text(f"rest:\nsocketio: {{{options}}}\n", "utf-8")
    server = start_server(project, *arguments)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def project(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sockets") / "project"
    shutil.copytree(starter, folder, ignore=shutil.ignore_patterns("*.log", "conversations.db*"))
    return folder


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[Server]:
    """A server whose sessions outlive connections, open to one other site."""
    yield from serving(project, "session_persistence: true", "--cors", "https://shop.example")


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_a_conversation_goes_on_after_a_new_connection(server: Server, transport: str) -> None:
    async with widget(server, transport) as one:
        assert one.client.transport() == transport
        session = await one.session()
        assert await one.say("hello", session_id=session) == {"status": "ok"}
        assert await one.told() == GREETING
        await one.say("/leave_message", session_id=session)
        assert await one.told() == {"text": "What is your e-mail address?"}
    async with widget(server, transport) as two:
        assert await two.session(session) == session
        await two.say("ann@example.com", session_id=session)
        assert await two.told() == {"text": "What would you like to tell the team?"}


async def test_two_tabs_of_one_session_see_the_same_and_strangers_see_nothing(server: Server) -> None:
    async with widget(server) as one, widget(server) as two, widget(server) as stranger:
        session = await one.session()
        assert await two.session(session) == session
        assert await stranger.session() != session
        await one.say("hello", session_id=session)
        assert await one.told() == await two.told() == GREETING
        own = await stranger.session()
        await stranger.say("hello", session_id=own)
        assert await stranger.told() == GREETING
        assert stranger.got.empty()
        assert one.got.empty()


async def test_a_session_cannot_be_taken_over_by_its_conversations_name(server: Server) -> None:
    async with widget(server) as owner, widget(server) as thief:
        session = await owner.session()
        await owner.say("hello", session_id=session)
        await owner.told()
        conversation = jwt.decode(session, options={"verify_signature": False})["sub"]
        forged, _ = issue("another-secret-that-is-just-as-long-0123456789", sender_id=conversation)
        expired, _ = issue(SECRET, lifetime=-5, sender_id=conversation)
        for bad in (conversation, forged, expired, f"{session}x"):
            assert (await thief.session(bad)) not in (bad, session)
            refused = await thief.say("/leave_message", session_id=bad)
            assert (refused["status"], refused["reason"]) == ("failure", "NotAuthenticated")
        body = {"sender": conversation, "message": "hello"}
        assert httpx.post(f"{server.url}/webhooks/rest/webhook", json=body).status_code == 403
        await owner.say("hello", session_id=session)
        assert await owner.told() == GREETING
        assert thief.got.empty()


async def test_an_id_that_the_client_made_up_is_taken_as_in_rasa(server: Server) -> None:
    made_up = uuid.uuid4().hex
    async with widget(server) as one:
        assert await one.session(made_up) == made_up
        await one.say("hello", session_id=made_up)
        assert await one.told() == GREETING
    body = {"sender": made_up, "message": "/leave_message"}
    asked = httpx.post(f"{server.url}/webhooks/rest/webhook", json=body, timeout=PATIENCE).json()
    assert [reply["text"] for reply in asked] == ["What is your e-mail address?"], (
        "it is the same conversation"
    )


async def test_a_repeat_gets_the_stored_reply(server: Server) -> None:
    async with widget(server) as one:
        session = await one.session()
        for _ in range(2):
            await one.say("/leave_message", session_id=session, message_id="m1")
            assert await one.told() == {"text": "What is your e-mail address?"}
        await one.say("ann@example.com", session_id=session, message_id="m2")
        assert await one.told() == {"text": "What would you like to tell the team?"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"message": "hello"}, "NotAuthenticated"),
        ({"message": 5, "session_id": "mine"}, "BadRequest"),
        ({"message": "hello", "session_id": "mine", "metadata": "{"}, "BadRequest"),
        ({"message": "hello", "session_id": "x" * 300}, "NotAuthenticated"),
        ({"message": "x" * 8_001, "session_id": "mine"}, "LimitError"),
        ("hello", "BadRequest"),
        (None, "BadRequest"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_taken_is_refused_and_the_connection_stays(
    server: Server, content: Any, reason: str
) -> None:
    async with widget(server) as one:
        answer = await one.client.call("user_uttered", content, timeout=PATIENCE)
        assert (answer["status"], answer["reason"]) == ("failure", reason)
        session = await one.session()
        await one.say("hello", session_id=session, metadata='{"page": "/a"}')
        while (told := await one.told()) != GREETING:
            assert "8,001 characters" in told["text"], "a long message is answered"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_pages_of_other_sites_connect_only_where_they_are_named(server: Server, transport: str) -> None:
    for origin in ("https://shop.example", server.url):
        async with widget(server, transport, headers={"Origin": origin}) as one:
            assert await one.session()
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with widget(server, transport, headers={"Origin": "https://elsewhere.example"}):
            pass


async def test_every_option_of_rasa(project: Path) -> None:
    options = (
        "user_message_evt: asks, bot_message_evt: answers, namespace: /desk, socketio_path: /talk, "
        f"session_persistence: false, jwt_key: '{KEY}', jwt_method: HS512, metadata_key: customData"
    )
    made = serving(project, options)
    server = next(made)
    try:
        good = jwt.encode({"sub": "anybody", "aud": "a site"}, KEY, "HS512")
        place = {"namespace": "/desk", "said": "answers", "path": "talk"}
        async with widget(server, **place, auth={"token": good}) as one:
            await one.say("/leave_message", "asks", customData={"language": "en"})
            assert await one.told() == {"text": "What is your e-mail address?"}
        async with widget(server, **place, auth={"token": f"Bearer {good}"}) as two:
            await two.say("ann@example.com", "asks")
            assert await two.told() != {"text": "What would you like to tell the team?"}, "a new conversation"
        for bad in (None, {}, {"token": 5}, {"token": jwt.encode({}, KEY, "HS256")}, {"token": f"{good}x"}):
            with pytest.raises(socketio.exceptions.ConnectionError):
                async with widget(server, **place, auth=bad):
                    pass
        assert httpx.get(f"{server.url}/webhooks/socketio/").json() == {"status": "ok"}
    finally:
        made.close()


async def test_the_server_ends_while_clients_are_connected(copy_of_starter: Path) -> None:
    made = serving(copy_of_starter, "session_persistence: true")
    server = next(made)
    async with widget(server, "websocket") as one, widget(server, "polling") as two:
        assert await one.session()
        assert await two.session()
        server.process.terminate()
        assert await asyncio.to_thread(server.process.wait, PATIENCE) == 0
    assert "Traceback" not in server.log.read_text("utf-8")
    made.close()


def test_an_algorithm_that_signs_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="'none'"):
        SocketIOChannel({"jwt_key": "x", "jwt_method": "none"}, SECRET)


@pytest.mark.parametrize(
    ("reply", "sent"),
    [
        ({"text": "One.\n\nTwo."}, [{"text": "One."}, {"text": "Two."}]),
        (
            {"text": "Which?\n\nChoose.", "buttons": [{"title": "A", "payload": "/a", "type": "postback"}]},
            [
                {"text": "Which?"},
                {
                    "text": "Choose.",
                    "quick_replies": [{"content_type": "text", "title": "A", "payload": "/a"}],
                },
            ],
        ),
        (
            {"image": "https://x/i.png"},
            [{"attachment": {"type": "image", "payload": {"src": "https://x/i.png"}}}],
        ),
        ({"attachment": {"type": "video"}}, [{"attachment": {"type": "video"}}]),
        ({"custom": {"data": {"a": 1}, "room": "somebody"}}, [{"a": 1}]),
        ({"custom": {"a": 1}}, [{"a": 1}]),
        (
            {"text": "T : S", "buttons": [], "metadata": {"element": {"title": "T", "subtitle": "S"}}},
            [
                {
                    "attachment": {
                        "type": "template",
                        "payload": {"template_type": "generic", "elements": {"title": "T", "subtitle": "S"}},
                    }
                }
            ],
        ),
    ],
)
def test_replies_have_the_form_that_widgets_read(reply: dict[str, Any], sent: list[Any]) -> None:
    assert list(as_sent({"recipient_id": "ann", **reply})) == sent
