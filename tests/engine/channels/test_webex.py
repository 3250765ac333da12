"""Webex: the contract, and what is Webex's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frontdesk.channels.webex import WebexChannel
from frontdesk.errors import ConfigError
from tests.conftest import SECRET, Server
from tests.vendors.vendor import VendorClient, WebhookContract
from tests.vendors.webex import HOOK, TOKEN, Webex, WebexClient


@pytest.fixture(scope="module")
def webex(serving: Callable[[str], Server]) -> Iterator[WebexClient]:
    with Webex() as vendor:
        yield WebexClient(serving(f"webexteams: {{{vendor.options}, cards: true}}\n"), vendor)


class TestWebex(WebhookContract):
    @pytest.fixture
    def client(self, webex: VendorClient) -> VendorClient:
        return webex


@pytest.mark.asyncio
async def test_a_message_that_cannot_be_fetched_now_is_not_acknowledged(webex: WebexClient) -> None:
    told = webex.event("at last", "FETCH", "f1")
    webex.vendor.down = 1
    refused = await asyncio.to_thread(webex.tell, told)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert (await asyncio.to_thread(webex.tell, told)).status_code == 200
    assert await webex.texts("FETCH", 1) == ["at last"]


@pytest.mark.asyncio
async def test_what_is_not_signed_fetches_nothing(webex: WebexClient) -> None:
    told = webex.event("forged", "NOTHING", "n1")
    await asyncio.to_thread(webex.forged, told)
    assert told["data"]["id"] not in webex.vendor.fetched


@pytest.mark.asyncio
async def test_what_is_said_in_a_group(webex: WebexClient) -> None:
    told = webex.event("Desk where is it?", "GROUP", "g1", roomType="group")
    await asyncio.to_thread(webex.tell, told)
    assert await webex.texts("GROUP", 1) == ["where is it?"]
    files = ["https://webexapis.com/v1/contents/1"]
    await asyncio.to_thread(webex.tell, webex.event("", "FILES", "g2", files=files))
    assert await webex.texts("FILES", 1) == files


@pytest.mark.asyncio
async def test_a_press_is_said_where_its_card_stands(webex: WebexClient) -> None:
    options = {"access_token": TOKEN, "secret": HOOK, "api_url": f"{webex.vendor.server.url}/v1"}
    channel = WebexChannel(options, SECRET)
    for kind, own in (("direct", "roomP"), ("group", "roomP:personP")):
        told = webex.submit({"action": "/yes", "direct": True, "roomType": "direct"}, "P", kind, kind)
        [heard] = await channel.hear(told)
        assert (heard.text, heard.conversation) == ("/yes", own), "whatever a client sends"
    del webex.vendor.written["messages/card-P-group"]
    assert list(await channel.hear(told)) == []
    await channel.close()


def test_people_of_a_group_have_conversations_of_their_own() -> None:
    channel = WebexChannel({"access_token": "t", "secret": "s", "room": "roomALL"}, SECRET)
    message = {"id": "m", "roomId": "roomG", "roomType": "group", "personId": "p1", "text": "hi"}
    [heard] = channel._written(message)
    assert (heard.conversation, heard.place) == ("roomG:p1", "roomALL")
    assert channel.home("roomG:p1") == "roomALL"
    assert WebexChannel({"access_token": "t", "secret": "s"}, SECRET).home("roomG:p1") == "roomG"


def test_without_cards_choices_are_a_list(caplog: pytest.LogCaptureFixture) -> None:
    channel = WebexChannel({"access_token": "t"}, SECRET)
    assert "The webexteams channel has no 'secret'" in caplog.text
    [post] = channel.posts({"text": "Which?", "buttons": [{"title": "Yes", "payload": "/yes"}]}, "r")
    assert post.content == {"roomId": "r", "text": "Which?\n1. Yes"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no 'access_token'"),
        ({"access_token": "t", "cards": "yes"}, "'cards' of the webexteams channel is 'yes'"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        WebexChannel(options, SECRET)
