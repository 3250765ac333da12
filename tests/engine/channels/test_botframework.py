"""Microsoft's Bot Framework: the contract, and what is Microsoft's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frontdesk.channels import keys
from frontdesk.channels.botframework import BotFrameworkChannel
from frontdesk.channels.lines import NotTaken
from frontdesk.channels.vendor import Post
from frontdesk.core.message import UserMessage
from frontdesk.errors import ConfigError, MissingExtra
from tests.conftest import SECRET, Server, until
from tests.vendors.botframework import APP, PASSWORD, BotFramework, BotFrameworkClient
from tests.vendors.vendor import VendorClient, WebhookContract

OPTIONS = {"app_id": APP, "app_password": "p"}


@pytest.fixture(scope="module")
def bot(serving: Callable[[str], Server]) -> Iterator[BotFrameworkClient]:
    with BotFramework() as vendor:
        yield BotFrameworkClient(serving(f"botframework: {{{vendor.options}}}\n"), vendor)


class TestBotFramework(WebhookContract):
    @pytest.fixture
    def client(self, bot: VendorClient) -> VendorClient:
        return bot


@pytest.mark.asyncio
async def test_the_token_for_replies_is_kept_and_renewed_when_it_is_refused(bot: BotFrameworkClient) -> None:
    await bot.say("one", "TOKEN", "t1")
    await bot.texts("TOKEN", 1)
    before = len(bot.vendor.tokens)
    await bot.say("two", "TOKEN", "t2")
    await bot.texts("TOKEN", 2)
    assert len(bot.vendor.tokens) == before
    bot.vendor.good = "revoked"
    await bot.say("three", "TOKEN", "t3")
    assert await bot.texts("TOKEN", 3) == ["one", "two", "three"]
    assert len(bot.vendor.tokens) == before + 1


@pytest.mark.asyncio
async def test_mentions_values_and_attachments(bot: BotFrameworkClient) -> None:
    mention = {"type": "mention", "mentioned": {"id": "28:desk"}, "text": "<at>Desk</at>"}
    other = {"type": "mention", "mentioned": {"id": "29:bob"}, "text": "<at>Bob</at>"}
    told = bot.event("<at>Desk</at> ask <at>Bob</at>", "MENTION", "m1", entities=[mention, other])
    await asyncio.to_thread(bot.tell, told)
    assert await bot.texts("MENTION", 1) == ["ask <at>Bob</at>"]
    await asyncio.to_thread(bot.tell, bot.event("", "VALUE", "m2", value="/show_image"))
    assert (await bot.told("VALUE", 1))[0].image
    files = [{"contentType": "image/png", "contentUrl": "https://a.example/p.png"}]
    await asyncio.to_thread(bot.tell, bot.event("", "FILES", "m3", attachments=files))
    assert await bot.texts("FILES", 1) == ["https://a.example/p.png"]


def test_who_somebody_is_and_where() -> None:
    channel = BotFrameworkChannel(OPTIONS, SECRET)
    told = {
        "type": "message", "id": "1", "channelId": "msteams", "serviceUrl": "https://smba.trafficmanager.net/emea/",
        "from": {"id": "29:ann"}, "recipient": {"id": "28:desk"}, "conversation": {"id": "19:x@thread.tacv2;messageid=1"},
        "text": "hi",
    }  # fmt: skip

    def own(**more: Any) -> str:
        [heard] = asyncio.run(channel.hear({**told, **more}))
        return heard.conversation

    [heard] = asyncio.run(channel.hear(told))
    url = "https://smba.trafficmanager.net/emea/v3/conversations/19%3Ax%40thread.tacv2%3Bmessageid%3D1/activities"
    assert json.loads(heard.place)["url"] == url
    assert own() == "msteams:29:ann"
    assert own(channelId="telegram") == "telegram:29:ann", "ids of two channels never meet"
    groups = {own(conversation={"id": room, "isGroup": True}) for room in ("g1", "g2")}
    assert len(groups) == 2
    assert all(group.startswith("msteams:29:ann:") for group in groups)
    chosen = own(channelId="webchat", conversation={"id": "conv1"})
    assert chosen == "webchat:conv1", "the client chose who it is, and the service the conversation"
    assert len(own(**{"from": {"id": "x" * 500}})) < 200


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://smba.trafficmanager.net/amer/", True),
        ("https://webchat.botframework.com/", True),
        ("https://smba.infra.gcc.teams.microsoft.com/", True),
        ("http://smba.trafficmanager.net/", False),
        ("https://evil.trafficmanager.net/", False),
        ("https://evilbotframework.com/", False),
        ("https://botframework.com.evil.example/", False),
        ("https://smba.trafficmanager.net@evil.example/", False),
        ("https://a:b@smba.trafficmanager.net/", False),
        ("https://evil.example\\.botframework.com/", False),
        ("https://[/", False),
        ("", False),
    ],
)
def test_the_token_goes_to_connectors_alone(url: str, good: bool) -> None:
    channel = BotFrameworkChannel(OPTIONS, SECRET)
    assert channel._is_connector(url) is good
    if not good:
        with pytest.raises(NotTaken, match="not one of its connectors"):
            asyncio.run(channel.bring(Post(url, {})))


def test_who_brings_an_answer_after_a_crash() -> None:
    channel = BotFrameworkChannel(OPTIONS, SECRET)
    place = {"out_channel": '{"url": "u", "bot": "b", "user": "c", "channel": "msteams"}'}
    message = UserMessage("hi", "msteams:x", "botframework", "m", place, authenticated=True)
    bringing = channel.answering(message)
    assert bringing is not None
    assert bringing.place == place["out_channel"]
    assert channel.answering(UserMessage("hi", "msteams:x", "botframework", "m", place)) is None
    for own, said in [("web-x", place), ("msteams:x", {}), ("msteams:x", {"out_channel": "x"})]:
        made_up = UserMessage("hi", own, "botframework", "m", said, authenticated=True)
        assert channel.answering(made_up) is None, "a caller's own metadata leads nowhere"


def test_custom_json_has_rasa_s_defaults() -> None:
    channel = BotFrameworkChannel(OPTIONS, SECRET)
    [post] = channel.posts({"custom": {"text": "x", "speak": "y"}}, '{"url": "u", "bot": "b", "user": "c"}')
    assert post.path == "u"
    assert post.content == {
        "type": "message", "from": {"id": "b"}, "recipient": {"id": "c"}, "text": "x", "speak": "y",
        "channelData": {"notification": {"alert": "true"}},
    }  # fmt: skip


def test_keys_that_cannot_be_fetched_are_no_refusal(serving: Callable[[str], Server]) -> None:
    with BotFramework() as vendor:
        options = vendor.options.replace("/v1/.well-known", "/nothing")
        client = BotFrameworkClient(serving(f"botframework: {{{options}}}\n"), vendor)
        assert client.tell(client.event("hi", "KEYS", "k1")).status_code == 503
        until(lambda: "cannot be looked up" in client.log, "the log says so")
        assert PASSWORD not in client.log


@pytest.mark.parametrize("missing", sorted(OPTIONS))
def test_an_option_that_is_missing(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"The botframework channel has no '{missing}'"):
        BotFrameworkChannel({key: value for key, value in OPTIONS.items() if key != missing}, SECRET)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys.jwt.algorithms, "has_crypto", False)
    with pytest.raises(MissingExtra, match="pip install 'frontdesk\\[rsa\\]'"):
        BotFrameworkChannel(OPTIONS, SECRET)
