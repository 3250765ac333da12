"""Zendesk messaging: the contract, and what is Zendesk's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frontdesk.channels.zendesk import ZendeskChannel
from frontdesk.core.message import UserMessage
from frontdesk.errors import ConfigError
from tests.conftest import SECRET, Server
from tests.vendors.vendor import VendorClient, WebhookContract
from tests.vendors.zendesk import APP, Zendesk, ZendeskClient

OPTIONS = {
    "app_id": APP,
    "key_id": "k",
    "key_secret": "s",
    "webhook_secret": "w",
    "url": "https://a.example/sc",
}


@pytest.fixture(scope="module")
def zendesk(serving: Callable[[str], Server]) -> Iterator[ZendeskClient]:
    with Zendesk() as vendor:
        yield ZendeskClient(serving(f"zendesk: {{{vendor.options}}}\n"), vendor)


class TestZendesk(WebhookContract):
    @pytest.fixture
    def client(self, zendesk: VendorClient) -> VendorClient:
        return zendesk


async def tell(client: VendorClient, told: Any) -> int:
    return (await asyncio.to_thread(client.tell, told)).status_code


@pytest.mark.asyncio
async def test_several_events_in_one_request_keep_their_order(zendesk: ZendeskClient) -> None:
    told = [zendesk.event(f"number {n}", "SEVERAL", f"s{n}") for n in range(5)]
    together = {**told[0], "events": [event for one in told for event in one["events"]]}
    assert [await tell(zendesk, together) for _ in range(2)] == [200, 200]
    assert await zendesk.texts("SEVERAL", 5) == [f"number {n}" for n in range(5)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"type": "image", "mediaUrl": "https://a.example/p.png"}, "https://a.example/p.png"),
        ({"type": "file", "mediaUrl": "https://a.example/f.pdf", "text": "my receipt"}, "my receipt"),
        ({"type": "location", "coordinates": {"lat": 48.2, "long": 16.4}}, '{"lng": 16.4, "lat": 48.2}'),
        ({"type": "formResponse", "fields": [], "textFallback": "Name: Ann"}, "Name: Ann"),
    ],
)
async def test_other_kinds_of_content(zendesk: ZendeskClient, content: dict[str, Any], text: str) -> None:
    sender = f"KIND-{content['type']}"
    assert await tell(zendesk, zendesk.event("", sender, "k1", content)) == 200
    assert await zendesk.texts(sender, 1) == [text]


@pytest.mark.asyncio
async def test_a_postback_and_people_of_a_group(zendesk: ZendeskClient) -> None:
    user = {"id": "user-1"}
    told = zendesk.events("conversation:postback", "POSTBACK", postback={"payload": "/show_image"}, user=user)
    assert [await tell(zendesk, told) for _ in range(2)] == [200, 200]
    assert (await zendesk.told("POSTBACK", 1))[0].image
    group = zendesk.event("in a group", "GROUP", "g1")
    group["events"][0]["payload"]["conversation"]["type"] = "sdkGroup"
    assert await tell(zendesk, group) == 200
    assert await zendesk.texts("GROUP", 1) == ["in a group"]
    contract = TestZendesk()
    own = "GROUP_user-GROUP"
    zendesk_of = [event["text"] for event in await contract.events(zendesk, own) if event["event"] == "user"]
    assert zendesk_of == ["in a group"]


@pytest.mark.asyncio
async def test_a_conversation_is_passed_on_behind_what_was_said(zendesk: ZendeskClient) -> None:
    metadata = '{"kind": "x"}'
    await zendesk.say("before", "PASSED", "p1")
    await zendesk.say("/pass_on" + metadata, "PASSED", "p2")
    await zendesk.told("PASSED", 3)
    paths = [asked.path.rpartition("/")[2] for asked in zendesk.posted("PASSED")]
    assert paths == ["messages", "messages", "passControl"]
    assert zendesk.posted("PASSED")[2].body == {
        "switchboardIntegration": "next",
        "metadata": {"from": "desk"},
    }


@pytest.mark.parametrize("missing", ["app_id", "key_id", "key_secret", "webhook_secret", "url"])
def test_an_option_that_is_missing(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"The zendesk channel has no '{missing}'"):
        ZendeskChannel({key: value for key, value in OPTIONS.items() if key != missing}, SECRET)


def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigError, match="'url' of the zendesk channel is 'acme'"):
        ZendeskChannel({**OPTIONS, "url": "acme"}, SECRET)


@pytest.mark.parametrize(
    ("active", "answered"),
    [
        (None, True),
        ({"name": "desk", "integrationType": "custom"}, True),
        ({"id": "desk", "integrationType": "custom"}, True),
        ({"name": "another", "integrationType": "custom"}, False),
        ({"name": "agents", "integrationType": "zd:agentWorkspace"}, False),
    ],
)
def test_only_who_has_the_conversation_answers(active: dict[str, str] | None, answered: bool) -> None:
    channel = ZendeskChannel({**OPTIONS, "integration": "desk"}, SECRET)
    client = ZendeskClient.__new__(ZendeskClient)
    told = client.event("hello", "C1", "m1")
    told["events"][0]["payload"]["conversation"]["activeSwitchboardIntegration"] = active
    heard = asyncio.run(channel.hear(told))
    assert [one.text for one in heard] == ["hello"] * answered


def test_a_link_stays_beside_what_can_be_pressed() -> None:
    channel = ZendeskChannel({**OPTIONS, "display_name": "Desk"}, SECRET)
    buttons = [{"title": "Page", "url": "https://a.example"}, {"title": "Yes", "payload": "/yes"}]
    [post] = channel.posts({"text": "Which?", "buttons": buttons}, "c1")
    assert post.path == f"/v2/apps/{APP}/conversations/c1/messages"
    assert post.content["author"] == {"type": "business", "displayName": "Desk"}
    assert post.content["content"]["actions"] == [
        {"type": "link", "text": "Page", "uri": "https://a.example"},
        {"type": "postback", "text": "Yes", "payload": "/yes"},
    ]


def test_a_file_and_what_cannot_be_sent() -> None:
    channel = ZendeskChannel(OPTIONS, SECRET)
    [post] = channel.posts({"attachment": {"url": "https://a.example/f.pdf"}}, "c1")
    assert post.content["content"] == {"type": "file", "mediaUrl": "https://a.example/f.pdf"}
    for reply in ({"custom": [1]}, {"attachment": {"name": "x"}}):
        with pytest.raises(ValueError, match="is not an object|has no 'url'"):
            channel.posts(reply, "c1")


def test_who_brings_an_answer_after_a_crash() -> None:
    channel = ZendeskChannel(OPTIONS, SECRET)
    bringing = channel.answering(UserMessage("hi", "c1_u1", "zendesk", "m1"))
    assert bringing is not None
    assert bringing.place == "c1"
    assert channel.answering(UserMessage("hi", "../../x", "zendesk", "m1")) is None


def test_the_older_form_of_a_webhook_is_told(caplog: pytest.LogCaptureFixture) -> None:
    told = {"trigger": "message:appUser", "app": {"_id": APP}, "messages": [{"text": "hi"}]}
    assert asyncio.run(ZendeskChannel(OPTIONS, SECRET).hear(told)) == []
    assert "make the webhook with version v2" in caplog.text
