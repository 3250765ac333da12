"""Facebook Messenger: the contract, and what is Facebook's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from frontdesk.channels.facebook import FacebookChannel
from frontdesk.errors import ConfigError
from frontdesk.testing.json_server import Reply
from tests.conftest import SECRET, Server, until
from tests.vendors.facebook import VERIFY, Facebook, FacebookClient, is_message
from tests.vendors.vendor import VendorClient, WebhookContract

OPTIONS = {"verify": "v", "secret": "s", "page-access-token": "t"}


@pytest.fixture(scope="module")
def facebook(serving: Callable[[str], Server]) -> Iterator[FacebookClient]:
    with Facebook() as vendor:
        yield FacebookClient(serving(f"facebook: {{{vendor.options}}}\n"), vendor)


class TestFacebook(WebhookContract):
    @pytest.fixture
    def client(self, facebook: VendorClient) -> VendorClient:
        return facebook


@pytest.mark.parametrize(
    ("params", "status", "content"),
    [
        (
            {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"},
            200,
            "1158201444",
        ),
        ({"hub.mode": "subscribe", "hub.verify_token": "another", "hub.challenge": "1"}, 403, None),
        ({"hub.mode": "subscribe", "hub.challenge": "1"}, 403, None),
        ({"hub.verify_token": VERIFY, "hub.challenge": "1"}, 403, None),
    ],
)
def test_the_webhook_is_verified(
    facebook: FacebookClient, params: dict[str, str], status: int, content: str | None
) -> None:
    answer = httpx.get(f"{facebook.url}/webhooks/facebook/webhook", params=params)
    assert answer.status_code == status
    if content is None:
        assert answer.json()["reason"] == "NotAuthorized"
    else:
        assert (answer.text, answer.headers["content-type"]) == (content, "text/plain; charset=utf-8")


@pytest.mark.asyncio
async def test_several_events_in_one_request_are_all_heard(facebook: FacebookClient) -> None:
    told = [facebook.event(f"number {n}", "SEVERAL", f"s{n}") for n in range(4)]
    events = [event for one in told for event in one["entry"][0]["messaging"]]
    page = told[0]["entry"][0]["id"]
    together = {
        "object": "page",
        "entry": [{"id": page, "messaging": events[:3]}, {"id": page, "messaging": events[3:]}],
    }
    for _ in range(2):
        assert (await asyncio.to_thread(facebook.tell, together)).text == "success"
    assert await facebook.texts("SEVERAL", 4) == [f"number {n}" for n in range(4)]
    signs = [sign for who, sign in facebook.vendor.signs if who == "SEVERAL"]
    assert signs == ["mark_seen", "typing_on"] * 4, "once for each message"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            {"attachments": [{"type": "image", "payload": {"url": "https://a.example/p"}}]},
            "https://a.example/p",
        ),
        (
            {"attachments": [{"type": "audio", "payload": {"url": "https://a.example/sound"}}]},
            "https://a.example/sound",
        ),
        (
            {"attachments": [{"type": "location", "payload": {"coordinates": {"lat": 48.2, "long": 16.4}}}]},
            '{"lng": 16.4, "lat": 48.2}',
        ),
        ({"text": "Yes", "quick_reply": {"payload": "/show_custom"}}, "/show_custom"),
    ],
)
async def test_other_kinds_of_messages(facebook: FacebookClient, message: dict[str, Any], text: str) -> None:
    sender = f"KIND-{text[-3:-1]}-{len(text)}"
    told = facebook.events(sender, message={"mid": "k1", **message})
    await asyncio.to_thread(facebook.tell, told)
    await facebook.told(sender, 1)
    assert await TestFacebook().heard(facebook, sender) == [text]


@pytest.mark.asyncio
async def test_errors_that_pass_are_told_by_their_code(facebook: FacebookClient) -> None:
    transient = {"error": {"code": 551, "is_transient": True}}
    facebook.vendor.answers = [Reply(transient, status=400), Reply({"error": {"code": 2}}, status=400)]
    await facebook.say("it passes", "CODES", "c1")
    assert await facebook.texts("CODES", 1) == ["it passes"]
    facebook.vendor.answers = [Reply({"error": {"code": 10, "error_subcode": 2018278}}, status=400)]
    await facebook.say("too late", "CODES", "c2")
    await asyncio.to_thread(until, lambda: "status 400 (code 10)" in facebook.log, "the log says so")


def test_up_to_three_choices_stay_and_more_are_quick_replies() -> None:
    channel = FacebookChannel(OPTIONS, SECRET)
    many = [{"title": f"A long title that is cut {n}", "payload": f"/b{n}"} for n in range(5)]
    [post] = channel.posts({"text": "Which?", "buttons": many}, "p")
    assert [one["title"] for one in post.content["message"]["quick_replies"]] == ["A long title that…"] * 5
    link = [{"title": "Page", "url": "https://a.example"}]
    first, second = channel.posts({"text": "Which?", "buttons": many + link}, "p")
    assert first.content["message"] == {"text": "Page: https://a.example"}
    assert len(second.content["message"]["quick_replies"]) == 5
    long, template = channel.posts({"text": "x " * 600, "buttons": many[:2] + link}, "p")
    assert all(is_message(post.content["message"]) for post in (first, second, long, template))
    assert template.content["message"]["attachment"]["payload"]["buttons"][2]["type"] == "web_url"


def test_a_card_is_a_generic_template() -> None:
    channel = FacebookChannel(OPTIONS, SECRET)
    element = {"title": "Lamp", "subtitle": "Brass", "image_url": "https://a.example/l.png"}
    reply = {
        "text": "Lamp : Brass",
        "buttons": [{"title": "Buy", "payload": "/buy"}],
        "metadata": {"element": element},
    }
    [post] = channel.posts(reply, "p")
    buttons = [{"type": "postback", "title": "Buy", "payload": "/buy"}]
    shown = {"template_type": "generic", "elements": [{**element, "buttons": buttons}]}
    assert post.content["message"] == {"attachment": {"type": "template", "payload": shown}}


def test_a_custom_message_may_name_somebody_else_as_in_rasa() -> None:
    channel = FacebookChannel(OPTIONS, SECRET)
    [post] = channel.posts({"custom": {"text": "x", "sender": {"id": "other"}}}, "p")
    assert (post.content["recipient"], post.content["message"]) == ({"id": "other"}, {"text": "x"})


@pytest.mark.parametrize("missing", sorted(OPTIONS))
def test_an_option_that_is_missing(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"The facebook channel has no '{missing}'"):
        FacebookChannel({key: value for key, value in OPTIONS.items() if key != missing}, SECRET)
