"""What webhook channels share: odd requests, authenticity, who is answered after a crash, a channel of one's own on it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.channels.botframework import BotFrameworkChannel
from frontdesk.channels.facebook import FacebookChannel
from frontdesk.channels.hangouts import HangoutsChannel
from frontdesk.channels.http import Refusal
from frontdesk.channels.mattermost import MattermostChannel
from frontdesk.channels.reading import same, told_beside, within
from frontdesk.channels.rocketchat import RocketChatChannel
from frontdesk.channels.telegram import TelegramChannel
from frontdesk.channels.twilio import TwilioChannel
from frontdesk.channels.webex import WebexChannel
from frontdesk.channels.webhook import Heard, WebhookChannel
from frontdesk.channels.zendesk import ZendeskChannel
from frontdesk.core.message import UserMessage
from frontdesk.core.tracker import Tracker
from frontdesk.errors import LimitError
from frontdesk.testing.json_server import JsonServer
from tests.conftest import PATIENCE, SECRET, Server, start_server, until

URL = "https://a.example/w"
CHANNELS: list[WebhookChannel] = [
    BotFrameworkChannel({"app_id": "a", "app_password": "p"}, SECRET),
    FacebookChannel({"verify": "v", "secret": "s", "page-access-token": "t"}, SECRET),
    MattermostChannel({"url": URL, "token": "t", "webhook_url": URL, "webhook_token": "w"}, SECRET),
    RocketChatChannel({"user": "u", "password": "p", "server_url": URL, "webhook_token": "w"}, SECRET),
    TelegramChannel({"access_token": "1:t", "webhook_url": URL}, SECRET),
    TwilioChannel({"account_sid": "a", "auth_token": "t", "twilio_number": "+1"}, SECRET),
    WebexChannel({"access_token": "t", "secret": "s"}, SECRET),
    ZendeskChannel(
        {"app_id": "a", "key_id": "k", "key_secret": "s", "webhook_secret": "w", "url": URL}, SECRET
    ),
]
for begun in CHANNELS:  # these ask at the start who they are
    if isinstance(begun, MattermostChannel):
        begun.me = "desk"
    if isinstance(begun, RocketChatChannel):
        begun.me = frozenset({"u"})
NAMES = [
    "type", "message", "text", "entry", "messaging", "sender", "id", "events", "payload", "conversation", "content",
    "author", "postback", "quick_reply", "attachments", "mid", "callback_query", "data", "from", "chat", "message_id",
    "reply_markup", "inline_keyboard", "location", "photo", "channel_id", "user_id", "post_id", "context", "action",
    "trigger_word", "visitor", "messages", "_id", "msg", "agent", "From", "Body", "MessageSid", "MediaUrl0", "value",
    "channelId", "serviceUrl", "recipient", "entities", "mentioned", "user", "space", "name", "parameters", "app",
]  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["message", "user"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)
TOLD = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
@settings(max_examples=150, deadline=None)
@given(told=TOLD)
def test_whatever_is_told_breaks_nothing(channel: WebhookChannel, told: Mapping[str, Any]) -> None:
    for heard in asyncio.run(channel.hear(told)):
        assert heard.text.strip()
        assert heard.conversation
        assert heard.message_id
        assert heard.place


@settings(max_examples=150, deadline=None)
@given(told=TOLD)
def test_whatever_google_tells_breaks_nothing(told: Mapping[str, Any]) -> None:
    heard = HangoutsChannel({"project_id": "1"}, SECRET).hear(told)
    assert heard is None or heard.text


@pytest.mark.parametrize(
    ("shown", "expected", "good"),
    [
        ("a", "a", True),
        ("a", "b", False),
        (None, "a", False),
        ("", "", False),
        ("ü", "ü", True),
        ("\ud800", "a", False),
    ],
)
def test_what_is_shown(shown: str | None, expected: str, good: bool) -> None:
    assert same(shown, expected) is good


def test_a_long_id_stays_its_own() -> None:
    long = ["x" * 300 + end for end in "ab"]
    assert len(within(long[0])) == len(within(long[1])) <= 200
    assert within(long[0]) != within(long[1])
    assert within("a\0b") != within("ab")


@pytest.mark.parametrize("odd", [{"x": "y" * 60_000}, {"x": float("nan")}, {"x": object()}])
def test_what_cannot_be_kept_beside_a_message_is_left_out(odd: dict[str, Any]) -> None:
    assert told_beside({"x": [1, "ü"]}) == {"x": [1, "ü"]}
    assert told_beside(odd) == {}


class Desk:
    """A gate that refuses what is too long, and keeps the rest."""

    def __init__(self) -> None:
        self.taken: list[UserMessage] = []

    async def accept(self, message: UserMessage, _: Any) -> bool:
        if len(message.text) > 10:
            raise LimitError("It is too long.")
        new = message.message_id not in [one.message_id for one in self.taken]
        self.taken.append(message)
        return new

    async def latest(self, sender_id: str) -> Tracker:
        return Tracker.start(sender_id, {})


def test_what_is_too_long_is_told_once_and_signs_come_before_the_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel = FacebookChannel({"verify": "v", "secret": "s", "page-access-token": "t"}, SECRET)
    put: list[Mapping[str, Any]] = []
    monkeypatch.setattr(channel.lines, "put", lambda _, post, **how: put.append(post.content))
    desk: Any = Desk()

    async def run() -> None:
        for text, message_id in (("x" * 11, "m1"), ("x" * 11, "m1"), ("hi", "m2"), ("hi", "m2")):
            await channel.take(desk, Heard(text, "ann", message_id, "ann"))
        for odd in ("x" * 201, "a\0b", "\ud800"):
            with pytest.raises(Refusal) as refused:
                await channel.take(desk, Heard("hi", odd, "m3", "ann"))
            assert refused.value.status == 400

    asyncio.run(run())
    assert [one.get("sender_action") or one["message"] for one in put] == [
        {"text": "It is too long."},
        "mark_seen",
        "typing_on",
    ]
    assert [(one.text, one.message_id, one.authenticated) for one in desk.taken] == [("hi", "m2", True)] * 2


OWN = """
import re

from frontdesk.channels.reading import needed, same, unsigned
from frontdesk.channels.texts import Limit
from frontdesk.channels.vendor import Post, Vendor
from frontdesk.channels.webhook import Heard, WebhookChannel


class PagerChannel(WebhookChannel):
    name = "pager"
    vendor = "the pager"
    known = frozenset({"url", "key"})
    conversations = re.compile("([a-z]+)")
    limit = Limit(40)

    def api(self):
        self.key = needed(self.options, "key", self.name, "the pager's back")
        return Vendor(self.options["url"])

    async def check(self, request):
        if not same(request.headers.get("X-Key"), self.key):
            raise unsigned(self.vendor)

    async def hear(self, told):
        return [Heard(told["words"], told["who"], told["id"], told["who"])]

    def text(self, text, place):
        return Post("/page", {"to": place, "words": text})

    def custom(self, custom, place):
        return Post("/page", {"to": place, **custom})
"""


def test_a_channel_of_one_s_own_by_its_path(talking: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(talking, tmp_path / "project"))
    (folder / "own_pager.py").write_text(OWN, "utf-8")
    with JsonServer(lambda _: {}) as pager:
        text = f"rest:\nown_pager.PagerChannel: {{url: '{pager.url}', key: the-key}}\n"
        (folder / "credentials.yml").write_text(text, "utf-8")
        server = start_server(folder)
        try:
            talk(server, pager)
            for channel, status in (("pager", 403), ("kiosk", 200)):
                said = {"sender": "bob", "message": "hi", "input_channel": channel}
                answer = httpx.post(f"{server.url}/webhooks/rest/webhook", json=said, timeout=PATIENCE)
                assert answer.status_code == status, "nobody else may speak on a channel that posts to people"
        finally:
            server.stop()


def talk(server: Server, pager: JsonServer) -> None:
    """Say something over the pager; what is too long for it comes in parts, and buttons are a list."""

    def tell(words: str, own: str, key: str = "the-key") -> int:
        told = {"words": words, "who": "ann", "id": own}
        path = f"{server.url}/webhooks/pager/webhook"
        return httpx.post(
            path, content=json.dumps(told), headers={"X-Key": key}, timeout=PATIENCE
        ).status_code

    assert [tell("hello", "p1", "another"), tell("word " * 15, "p1"), tell("word " * 15, "p1")] == [
        401,
        200,
        200,
    ]
    assert tell("show me buttons", "p2") == 200
    until(lambda: len(pager.asked) == 3, "it is paged", lambda: str(pager.asked))
    assert [asked.body["words"] for asked in pager.asked] == [
        "word word word word word word word word",
        "word word word word word word word",
        "Which one?\n1. Yes, please\n2. No",
    ]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_another_channel_s_conversation_is_not_this_one_s(
    channel: WebhookChannel, caplog: pytest.LogCaptureFixture
) -> None:
    for foreign in ("../x", "", "a b", "web-x/y?z", "x" * 500):
        assert channel.home(foreign) is None
        asyncio.run(channel.send(foreign, {"text": "hi"}))
        assert channel.answering(UserMessage("hi", foreign, channel.name, "m")) is None
    assert f"no conversation of {channel.vendor}" in caplog.text


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_a_custom_reply_is_an_object(channel: WebhookChannel) -> None:
    for custom in ([1], "words", 5):
        with pytest.raises(ValueError, match="'custom' is not an object"):
            channel.posts({"custom": custom}, "1")


FETCHING = ("zendesk", "telegram", "twilio", "facebook", "webexteams")
"""Channels whose vendor fetches what is attached."""


@pytest.mark.parametrize(
    "channel", [one for one in CHANNELS if one.name in FETCHING], ids=lambda channel: channel.name
)
def test_an_attachment_names_its_address_in_either_form(channel: WebhookChannel) -> None:
    address = "https://a.example/f.pdf"
    for attached in ({"url": address}, {"payload": {"src": address}}):
        [post] = channel.posts({"attachment": attached}, "1")
        assert address in json.dumps(dict(post.content))
    with pytest.raises(ValueError, match="the attachment has no 'url'"):
        channel.posts({"attachment": {"name": "x"}}, "1")
