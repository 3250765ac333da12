"""Mattermost: the contract, and what is Mattermost's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from frontdesk.channels.mattermost import MattermostChannel
from frontdesk.errors import ConfigError
from tests.conftest import SECRET, Server, until
from tests.vendors.mattermost import BOT, HOOK, ME, Mattermost, MattermostClient
from tests.vendors.vendor import VendorClient, WebhookContract

OPTIONS = {"url": "https://m.example/api/v4", "token": "t", "webhook_url": "https://a.example/w"}


@pytest.fixture(scope="module")
def mattermost(serving: Callable[[str], Server]) -> Iterator[MattermostClient]:
    with Mattermost() as vendor:
        yield MattermostClient(serving(f"mattermost: {{{vendor.options}}}\n"), vendor)


class TestMattermost(WebhookContract):
    @pytest.fixture
    def client(self, mattermost: VendorClient) -> VendorClient:
        return mattermost


@pytest.mark.asyncio
async def test_a_form_is_read_too_and_the_trigger_is_left_out(mattermost: MattermostClient) -> None:
    told = mattermost.event("#desk\nwhere is it?", "FORM", "f1", trigger_word="#desk", token="another")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await asyncio.to_thread(mattermost.deliver, urlencode(told), kind)
    assert (answer.status_code, answer.json()) == (200, {})
    assert await mattermost.texts("FORM", 1) == ["where is it?"]


@pytest.mark.asyncio
async def test_a_button_is_good_in_its_channel_alone(mattermost: MattermostClient) -> None:
    await mattermost.say("show me buttons", "OWN", "b1")
    [said] = await mattermost.told("OWN", 1)
    pressed = mattermost.press(said, 0, "OWN", "b2")
    answer = await asyncio.to_thread(mattermost.tell, {**pressed, "channel_id": "cOTHER"})
    assert answer.status_code == 401
    changed = {**pressed, "context": {**pressed["context"], "action": "/show_custom"}}
    assert (await asyncio.to_thread(mattermost.tell, changed)).status_code == 401


@pytest.mark.asyncio
async def test_it_does_not_answer_itself_before_it_knows_who_it_is() -> None:
    told = {"channel_id": "c", "user_id": ME, "post_id": "p", "text": "my own answer"}
    with Mattermost() as vendor:
        channel = MattermostChannel({**OPTIONS, "url": f"{vendor.server.url}/api/v4", "token": BOT}, SECRET)
        assert list(await channel.hear(told)) == []
        await channel.close()


@pytest.mark.asyncio
async def test_nobody_s_words_call_everybody(mattermost: MattermostClient) -> None:
    await mattermost.say("@channel @all @here @hereford ann@all.example", "CALLS", "c1")
    [text] = await mattermost.texts("CALLS", 1)
    assert text == "@\u200bchannel @\u200ball @\u200bhere @hereford ann@\u200ball.example"


def test_without_a_token_nobody_is_certain(
    serving: Callable[[str], Server], caplog: pytest.LogCaptureFixture
) -> None:
    channel = MattermostChannel(OPTIONS, SECRET)
    assert "The mattermost channel has no 'webhook_token': whoever reaches it can speak there" in caplog.text
    channel.me = "desk"
    told = {"token": HOOK, "channel_id": "c", "user_id": "u", "post_id": "p", "text": "hi"}
    [heard] = asyncio.run(channel.hear(told))
    assert (heard.conversation, heard.authenticated) == ("c_u", False)
    [pressed] = asyncio.run(channel.hear({**told, "context": {"action": "/yes"}}))
    assert (pressed.text, pressed.authenticated) == ("/yes", False), (
        "else what is typed next would be refused"
    )
    with Mattermost() as vendor:
        options = vendor.options.replace("the-token-of-the-bot", "old")
        server = serving(f"mattermost: {{{options}}}\n")
        text = "Mattermost refuses the mattermost channel: It answered with status 401."
        until(lambda: text in server.log.read_text("utf-8"), "the log says so")


def test_custom_json_and_links() -> None:
    channel = MattermostChannel(OPTIONS, SECRET)
    [post] = channel.posts({"custom": {"channel_id": "other", "props": {"card": "x"}}}, "c")
    assert post.content == {"channel_id": "other", "message": "", "props": {"card": "x"}}
    [post] = channel.posts({"text": "Look:", "buttons": [{"title": "Page", "url": "https://a.example"}]}, "c")
    assert post.content == {"channel_id": "c", "message": "Look:\nPage: https://a.example"}


@pytest.mark.parametrize("missing", sorted(OPTIONS))
def test_an_option_that_is_missing(missing: str) -> None:
    options: dict[str, Any] = {key: value for key, value in OPTIONS.items() if key != missing}
    with pytest.raises(ConfigError, match=f"The mattermost channel has no '{missing}'"):
        MattermostChannel(options, SECRET)
