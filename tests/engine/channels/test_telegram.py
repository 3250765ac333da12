"""Telegram: the contract, and what is Telegram's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frontdesk.channels.telegram import TelegramChannel
from frontdesk.errors import ConfigError
from tests.conftest import SECRET, Server, until
from tests.vendors.telegram import BOT, TOKEN, Telegram, TelegramClient
from tests.vendors.vendor import VendorClient, WebhookContract

OPTIONS = {"access_token": TOKEN, "verify": "desk_bot", "webhook_url": "https://a.example/w"}


@pytest.fixture(scope="module")
def telegram(serving: Callable[[str], Server]) -> Iterator[TelegramClient]:
    with Telegram() as vendor:
        vendor.unreachable = 1
        yield TelegramClient(serving(f"telegram: {{{vendor.options}}}\n"), vendor)


class TestTelegram(WebhookContract):
    @pytest.fixture
    def client(self, telegram: VendorClient) -> VendorClient:
        return telegram


def test_the_webhook_is_set_at_the_start_with_a_secret(telegram: TelegramClient) -> None:
    asked = telegram.vendor.webhook
    assert asked["url"] == "https://desk.example/webhooks/telegram/webhook"
    assert asked["allowed_updates"] == ["message", "callback_query"]
    assert len(asked["secret_token"]) == 64
    assert "Telegram cannot be reached yet: It answered with status 502." in telegram.log


@pytest.mark.asyncio
async def test_a_press_is_noted_and_told_twice_it_is_one(telegram: TelegramClient) -> None:
    await telegram.say("show me buttons", "PRESS", "b1")
    [said] = await telegram.told("PRESS", 1)
    for _ in range(2):
        await telegram.choose(said, 0, "PRESS", "b2")
    assert (await telegram.told("PRESS", 2))[1].image
    await asyncio.to_thread(
        until, lambda: telegram.vendor.answered.count("query-b2") == 1, "the press is noted"
    )
    await telegram.say("then", "PRESS", "b3")
    assert (await telegram.texts("PRESS", 3))[2] == "then"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"location": {"longitude": 16.4, "latitude": 48.2}}, '{"lng": 16.4, "lat": 48.2}'),
        ({"photo": [{"file_id": "f1"}], "caption": "my lamp"}, "my lamp"),
        ({"text": "/bot how are you"}, "how are you"),
    ],
)
async def test_other_kinds_of_messages(telegram: TelegramClient, content: dict[str, Any], text: str) -> None:
    sender = f"KIND {text}"
    told = {"update_id": 1, "message": telegram.message(sender, "k1", **content)}
    assert (await asyncio.to_thread(telegram.tell, told)).status_code == 200
    assert await telegram.texts(sender, 1) == [text]


@pytest.mark.asyncio
async def test_people_of_a_group_have_conversations_of_their_own(telegram: TelegramClient) -> None:
    for name, text in (("ANN", "I am Ann"), ("BOB", "I am Bob")):
        told = telegram.event(text, "GROUP", f"g-{name}")
        told["message"]["chat"]["type"] = "supergroup"
        told["message"]["from"]["id"] = telegram.chat(name)
        told["message"] |= {"message_thread_id": 7, "is_topic_message": True}
        await asyncio.to_thread(telegram.tell, told)
    assert set(await telegram.texts("GROUP", 2)) == {"I am Ann", "I am Bob"}
    assert {asked.body["message_thread_id"] for asked in telegram.posted("GROUP")} == {7}
    contract = TestTelegram()
    for name, text in (("ANN", "I am Ann"), ("BOB", "I am Bob")):
        own = f"{telegram.chat('GROUP')}_{telegram.chat(name)}"
        answer = await contract.events(_Named(telegram, own), "")
        assert [event["text"] for event in answer if event["event"] == "user"] == [text]


class _Named(TelegramClient):
    """Somebody whose conversation has this very id."""

    def __init__(self, client: TelegramClient, own: str) -> None:
        self.url, self.own = client.url, own

    def conversation(self, sender: str) -> str:
        return self.own


def test_a_restart_begins_anew_as_in_rasa() -> None:
    channel = TelegramChannel(OPTIONS, SECRET)
    user = {"id": 5, "is_bot": False}
    message = {"message_id": 1, "from": user, "chat": {"id": 5, "type": "private"}, "text": "/restart"}
    heard = asyncio.run(channel.hear({"message": message}))
    assert [(one.text, one.message_id) for one in heard] == [("/restart", "5:1"), ("/start", "5:1:start")]


@pytest.mark.parametrize(
    ("custom", "method"),
    [
        ({"photo": "https://a.example/p.png", "caption": "x"}, "sendPhoto"),
        ({"latitude": 1, "longitude": 2}, "sendLocation"),
        ({"latitude": 1, "longitude": 2, "title": "Shop", "address": "Road 1"}, "sendVenue"),
        ({"phone_number": "1", "first_name": "Ann"}, "sendContact"),
        ({"text": "*bold*", "parse_mode": "MarkdownV2"}, "sendMessage"),
    ],
)
def test_custom_json_goes_to_the_method_for_it(custom: dict[str, Any], method: str) -> None:
    channel = TelegramChannel(OPTIONS, SECRET)
    [post] = channel.posts({"custom": custom}, "5")
    assert post.path == f"/bot{TOKEN}/{method}"
    assert post.content == {"chat_id": 5, **custom}
    with pytest.raises(ValueError, match="nothing that Telegram has a method for"):
        channel.posts({"custom": {"x": 1}}, "5")


def test_short_buttons_stand_beside_one_another_and_links_open() -> None:
    channel = TelegramChannel(OPTIONS, SECRET)
    buttons = [{"title": f"B{n}", "payload": f"/b{n}"} for n in range(4)]
    buttons[3] = {"title": "Page", "url": "https://a.example"}
    [post] = channel.posts({"text": "Which?", "buttons": buttons}, "5")
    rows = post.content["reply_markup"]["inline_keyboard"]
    assert [len(row) for row in rows] == [3, 1]
    assert rows[1] == [{"text": "Page", "url": "https://a.example"}]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"access_token": ""}, "no 'access_token'"),
        ({"webhook_url": None}, "no 'webhook_url'"),
        ({"webhook_url": "desk"}, "'webhook_url' of the telegram channel is 'desk'"),
        ({"secret_token": "a b"}, "'secret_token' of the telegram channel cannot be used"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        TelegramChannel({**OPTIONS, **options}, SECRET)


def test_the_wrong_bot_and_a_refused_token_are_told(serving: Callable[[str], Server]) -> None:
    with Telegram() as vendor:
        server = serving(f"telegram: {{{vendor.options.replace('verify: desk_bot', 'verify: another')}}}\n")
        client = TelegramClient(server, vendor)
        text = f"'verify' of the telegram channel is 'another', and the bot is '{BOT['username']}'."
        assert text in client.log
    with Telegram() as vendor:
        server = serving(f"telegram: {{{vendor.options.replace(TOKEN, '1:old')}}}\n")
        text = "Telegram refuses the telegram channel: It answered with status 401."
        until(lambda: text in server.log.read_text("utf-8"), "the log says so")
        assert "1:old" not in server.log.read_text("utf-8")
