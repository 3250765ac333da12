"""Rocket.Chat: the contract, and what is Rocket.Chat's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frontdesk.channels.rocketchat import RocketChatChannel
from frontdesk.errors import ConfigError
from tests.conftest import SECRET, Server, until
from tests.vendors.rocketchat import ADDRESS, PASSWORD, USER, RocketChat, RocketChatClient
from tests.vendors.vendor import VendorClient, WebhookContract

OPTIONS = {"user": USER, "password": "p", "server_url": "https://chat.example"}


@pytest.fixture(scope="module")
def rocketchat(serving: Callable[[str], Server]) -> Iterator[RocketChatClient]:
    with RocketChat() as vendor:
        yield RocketChatClient(serving(f"rocketchat: {{{vendor.options}}}\n"), vendor)


class TestRocketChat(WebhookContract):
    @pytest.fixture
    def client(self, rocketchat: VendorClient) -> VendorClient:
        return rocketchat


@pytest.mark.asyncio
async def test_a_login_that_has_lapsed_is_renewed(rocketchat: RocketChatClient) -> None:
    before = rocketchat.vendor.logins
    rocketchat.vendor.login = "lapsed"
    await rocketchat.say("after a while", "LAPSED", "l1")
    assert await rocketchat.texts("LAPSED", 1) == ["after a while"]
    assert rocketchat.vendor.logins == before + 1


@pytest.mark.asyncio
async def test_an_answer_that_rocket_chat_takes_for_none_would_bring_everything_again(
    rocketchat: RocketChatClient,
) -> None:
    answer = await asyncio.to_thread(rocketchat.tell, rocketchat.event("once", "ONCE", "o1"))
    assert (answer.status_code, answer.json()) == (200, {})
    assert await rocketchat.texts("ONCE", 1) == ["once"]


@pytest.mark.asyncio
async def test_a_visitor_of_livechat(rocketchat: RocketChatClient) -> None:
    told = rocketchat.livechat(
        "VISITOR", {"msg": "one", "_id": "v1"}, {"msg": "two", "_id": "v2"}, agent={"username": USER}
    )
    for _ in range(2):
        assert (await asyncio.to_thread(rocketchat.tell, told)).status_code == 200
    assert await rocketchat.texts("VISITOR", 2) == ["one", "two"]
    await asyncio.to_thread(rocketchat.tell, rocketchat.livechat("VISITOR", {"msg": "three", "_id": "v3"}))
    assert await rocketchat.texts("VISITOR", 3) == ["one", "two", "three"]


@pytest.mark.asyncio
async def test_who_logs_in_by_an_address_knows_itself() -> None:
    own = {
        "channel_id": "r",
        "user_id": "uDESK",
        "user_name": USER,
        "message_id": "m",
        "text": "my own answer",
    }
    visitor = {
        "_id": "r",
        "visitor": {},
        "agent": {"username": USER},
        "messages": [{"_id": "v", "msg": "hi"}],
    }
    with RocketChat() as vendor:
        options = {"user": ADDRESS, "password": PASSWORD, "server_url": vendor.server.url}
        channel = RocketChatChannel(options, SECRET)
        assert list(await channel.hear(own)) == []
        assert [heard.text for heard in await channel.hear(visitor)] == ["hi"], "the chat is the assistant's"
        assert (
            list(await channel.hear({**visitor, "messages": [{"_id": "w", "msg": "x", "username": USER}]}))
            == []
        )
        await channel.close()


def test_what_is_heard_without_a_token(caplog: pytest.LogCaptureFixture) -> None:
    channel = RocketChatChannel(OPTIONS, SECRET)
    assert "The rocketchat channel has no 'webhook_token'" in caplog.text
    channel.me = frozenset({USER})
    told = {
        "channel_id": "r",
        "user_id": "u",
        "message_id": "m",
        "text": "!desk hello",
        "trigger_word": "!desk",
    }
    [heard] = asyncio.run(channel.hear(told))
    assert (heard.text, heard.conversation, heard.place, heard.authenticated) == ("hello", "r_u", "r", False)


@pytest.mark.parametrize(
    ("custom", "content"),
    [
        ({"text": "x"}, {"text": "x", "roomId": "r"}),
        ({"text": "x", "room_id": "other"}, {"text": "x", "roomId": "other"}),
        ({"text": "x", "room_id": "other", "channel": "#c"}, {"text": "x", "channel": "#c"}),
    ],
)
def test_custom_json_may_name_another_room_as_in_rasa(
    custom: dict[str, Any], content: dict[str, Any]
) -> None:
    [post] = RocketChatChannel(OPTIONS, SECRET).posts({"custom": custom}, "r")
    assert post.content == content


def test_a_password_that_is_refused_is_told_and_not_shown(serving: Callable[[str], Server]) -> None:
    with RocketChat() as vendor:
        server = serving(f"rocketchat: {{{vendor.options.replace(PASSWORD, 'old-password')}}}\n")
        text = "Rocket.Chat refuses the rocketchat channel: Login: It answered with status 401."
        until(lambda: text in server.log.read_text("utf-8"), "the log says so")
        assert "old-password" not in server.log.read_text("utf-8")


@pytest.mark.parametrize("missing", sorted(OPTIONS))
def test_an_option_that_is_missing(missing: str) -> None:
    options: dict[str, Any] = {key: value for key, value in OPTIONS.items() if key != missing}
    with pytest.raises(ConfigError, match=f"The rocketchat channel has no '{missing}'"):
        RocketChatChannel(options, SECRET)
