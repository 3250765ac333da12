"""Twilio: the contract, and what is Twilio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlparse

import pytest
from twilio.request_validator import RequestValidator, add_port, remove_port

from frontdesk.channels.http import Refusal
from frontdesk.channels.twilio import TwilioChannel, signature
from frontdesk.errors import ConfigError
from tests.conftest import SECRET, Server
from tests.vendors.twilio import ACCOUNT, NUMBER, TOKEN, Twilio, TwilioClient
from tests.vendors.vendor import VendorClient, WebhookContract

OPTIONS = {"account_sid": ACCOUNT, "auth_token": TOKEN, "twilio_number": NUMBER}


@pytest.fixture(scope="module")
def twilio(serving: Callable[[str], Server]) -> Iterator[TwilioClient]:
    with Twilio() as vendor:
        yield TwilioClient(serving(f"twilio: {{{vendor.options}}}\n"), vendor)


class TestTwilio(WebhookContract):
    @pytest.fixture
    def client(self, twilio: VendorClient) -> VendorClient:
        return twilio


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("https://a.example/webhooks/twilio/webhook", {"Body": "hi", "From": "+1", "AaB": "", "Aab": "x"}),
        (
            "https://a.example/w?bodySHA256=x&y=%20",
            {"Body": "Grüße 🙂 a+b &=", "MediaUrl10": "1", "MediaUrl1": "2"},
        ),
        ("http://a.example:8443/w", {}),
    ],
)
def test_it_signs_as_twilio_s_own_sdk_does(url: str, fields: dict[str, str]) -> None:
    expected = RequestValidator(TOKEN).compute_signature(url, fields)
    assert signature(TOKEN, url, list(fields.items())) == expected


def test_the_address_that_twilio_knows_can_be_named() -> None:
    class Request:
        headers = {"Host": "inside:5005"}  # noqa: RUF012
        path, query_string = "/webhooks/twilio/webhook", "a=1"

    request: Any = Request()
    named = TwilioChannel({**OPTIONS, "webhook_url": "https://desk.example/w"}, SECRET)
    assert named._addresses(request) == ["https://desk.example/w"]
    found = TwilioChannel(OPTIONS, SECRET)._addresses(request)
    assert found == [f"{scheme}://inside:5005/webhooks/twilio/webhook?a=1" for scheme in ("https", "http")]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "url",
    [
        "https://desk.example/w?a=1", "https://desk.example:443/w?a=1", "https://desk.example:8443/w", "http://desk.example",
        "http://desk.example:8080/w", "https://desk.example/w/a:80/b", "https://desk.example?a=b:80/c",
    ],
)  # fmt: skip
async def test_the_port_may_be_signed_or_not_as_for_twilio_s_own_sdk(url: str) -> None:
    fields = {"Body": "hi", "From": "+1"}
    validator, parsed = RequestValidator(TOKEN), urlparse(url)
    channel = TwilioChannel({**OPTIONS, "webhook_url": url}, SECRET)
    for spelled in (remove_port(parsed), add_port(parsed)):
        request: Any = SimpleNamespace(
            headers={"X-Twilio-Signature": validator.compute_signature(spelled, fields)},
            body=urlencode(fields).encode(),
        )
        await channel.check(request)
    request.headers["X-Twilio-Signature"] = validator.compute_signature("https://desk.example:1/w", fields)
    with pytest.raises(Refusal):
        await channel.check(request)


@pytest.mark.asyncio
@pytest.mark.parametrize("sender", ["12345", "123456789", "TELEGRAM", "a_b", "+49 1", "whatsapp:"])
async def test_what_is_no_number_is_nobody(sender: str) -> None:
    told = {"From": sender, "MessageSid": "SM1", "Body": "hi"}
    assert list(await TwilioChannel(OPTIONS, SECRET).hear(told)) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"NumMedia": "1", "MediaUrl0": "https://a.example/0", "MediaContentType0": "image/png"},
            "https://a.example/0",
        ),
        ({"Latitude": "48.2", "Longitude": "16.4"}, '/locationData{"Latitude": "48.2", "Longitude": "16.4"}'),
        ({"Body": "ann¡example.com"}, "ann@example.com"),
        ({"Body": "¡Hola! ¡Qué tal!"}, "¡Hola! ¡Qué tal!"),
        ({"Body": "Yes", "ButtonPayload": "/show_image", "ButtonText": "Yes"}, "/show_image"),
    ],
)
async def test_other_kinds_of_messages(twilio: TwilioClient, fields: dict[str, str], text: str) -> None:
    sender = f"KIND{len(text)}"
    told = twilio.event(fields.pop("Body", ""), sender, "k1", **fields)
    assert (await asyncio.to_thread(twilio.tell, told)).status_code == 204
    await twilio.told(sender, 1)
    assert await TestTwilio().heard(twilio, sender) == [text]


@pytest.mark.asyncio
async def test_a_title_that_is_typed_chooses_and_an_old_list_does_not(twilio: TwilioClient) -> None:
    await twilio.say("show me buttons", "TYPED", "t1")
    await twilio.told("TYPED", 1)
    await twilio.say("yes,  please", "TYPED", "t2")
    assert (await twilio.told("TYPED", 2))[1].image
    await twilio.say("1", "TYPED", "t3")
    assert (await twilio.texts("TYPED", 3))[2] == "1", "nothing was offered last"


def test_custom_json_has_the_names_of_the_sdk_or_of_the_api() -> None:
    channel = TwilioChannel({**OPTIONS, "messaging_service_sid": "MG1"}, SECRET)
    [post] = channel.posts({"custom": {"body": "x", "media_url": ["a", "b"], "from_": "+2"}}, "+1")
    assert post.content == {"To": "+1", "Body": "x", "MediaUrl": ["a", "b"], "From": "+2"}
    [post] = channel.posts({"custom": {"ContentSid": "HX1", "content_variables": {"1": "x"}}}, "+1")
    assert post.content == {
        "To": "+1", "MessagingServiceSid": "MG1", "ContentSid": "HX1", "ContentVariables": '{"1": "x"}',
    }  # fmt: skip


@pytest.mark.parametrize("missing", sorted(OPTIONS))
def test_an_option_that_is_missing(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"The twilio channel has no '{missing}'"):
        TwilioChannel({key: value for key, value in OPTIONS.items() if key != missing}, SECRET)
