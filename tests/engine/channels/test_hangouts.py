"""Google Chat: the contract, and what is Google's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frontdesk.channels.hangouts import HangoutsChannel, answer
from frontdesk.testing.contracts.channel import ChannelContract, Client
from tests.conftest import SECRET, Server
from tests.vendors.hangouts import CHAT, PROJECT, GoogleKeys, HangoutsClient


@pytest.fixture(scope="module")
def google() -> Iterator[GoogleKeys]:
    keys = GoogleKeys()
    with keys.server:
        yield keys


@pytest.fixture(scope="module")
def chat(serving: Callable[[str], Server], google: GoogleKeys) -> HangoutsClient:
    return HangoutsClient(serving(f"hangouts: {{project_id: {PROJECT}, {google.options}}}\n"), google)


class TestHangouts(ChannelContract):
    @pytest.fixture
    def client(self, chat: HangoutsClient) -> Client:
        return chat

    async def test_what_is_not_signed_is_refused_and_says_nothing(self, client: HangoutsClient) -> None:
        answers = await asyncio.to_thread(client.forged, client.message("forged", "FORGED", "f1"))
        assert {one.status_code for one in answers} == {401}
        await client.say("signed", "FORGED", "f2")
        assert await self.heard(client, "FORGED") == ["signed"]
        assert client.google.looked == 1, "an unknown key is not looked for again and again"

    async def test_what_says_nothing_is_not_answered(self, client: HangoutsClient) -> None:
        by_bot = client.message("by a bot", "OTHERS", "o1")
        by_bot["message"]["sender"] = {"name": "users/bot", "type": "BOT"}
        for told in (
            by_bot,
            client.message("  ", "OTHERS", "o2"),
            client.event("WIDGET_UPDATED", "OTHERS"),
            {"type": "MESSAGE"},
            {"type": ["MESSAGE"], "message": "x"},
        ):
            found = await asyncio.to_thread(client.tell, told)
            assert (found.status_code, found.json()) == (200, {})
        await client.say("the end", "OTHERS", "o3")
        assert await self.heard(client, "OTHERS") == ["the end"]

    async def test_a_payload_that_is_longer_than_a_button_takes(self, client: HangoutsClient) -> None:
        await client.say("/show_long", "LONGER", "l1")
        [said] = await client.told("LONGER", 1)
        await client.choose(said, 0, "LONGER", "l2")
        assert (await self.heard(client, "LONGER"))[1].startswith('/show_custom{"kind": "long long')

    async def test_several_replies_are_one_message(self, client: HangoutsClient) -> None:
        await client.say("one\n\ntwo", "SEVERAL", "s1")
        assert [said.text for said in await client.told("SEVERAL", 2)] == ["one", "two"]


def test_people_are_known_by_their_id_and_in_rooms_by_the_room(google: GoogleKeys) -> None:
    client = HangoutsClient.__new__(HangoutsClient)
    channel = HangoutsChannel({"project_id": PROJECT}, SECRET)
    direct = channel.hear(client.message("hi", "ann", "m1"))
    assert direct is not None
    assert (direct.sender_id, direct.message_id, direct.authenticated) == (
        "ann",
        "spaces/Sann/messages/m1",
        True,
    )
    told = client.message("@Desk hi", "ann", "m2", argumentText=" hi")
    told["space"] |= {"type": "ROOM", "displayName": "Town"}
    room = channel.hear(told)
    assert room is not None
    assert (room.text, room.sender_id, room.metadata) == ("hi", "ann_Sann", {"room": "Town"})


@pytest.mark.parametrize(
    ("kind", "room", "text"),
    [
        ("ADDED_TO_SPACE", False, "/user_added"),
        ("ADDED_TO_SPACE", True, "/room_added"),
        ("REMOVED_FROM_SPACE", True, "/bot_removed"),
    ],
)
def test_being_added_and_removed_is_said_as_in_rasa(kind: str, room: bool, text: str) -> None:
    client = HangoutsClient.__new__(HangoutsClient)
    told = client.event(kind, "ann")
    told["space"]["type"] = "ROOM" if room else "DM"
    heard = HangoutsChannel({"project_id": PROJECT}, SECRET).hear(told)
    assert heard is not None
    assert heard.text == text


def test_a_card_of_one_s_own_says_its_method_as_in_rasa() -> None:
    client = HangoutsClient.__new__(HangoutsClient)
    told = client.event("CARD_CLICKED", "ann", action={"actionMethodName": "/show_image"})
    heard = HangoutsChannel({"project_id": PROJECT}, SECRET).hear(told)
    assert heard is not None
    assert heard.text == "/show_image"


def test_from_the_first_card_on_everything_stands_on_cards() -> None:
    image = {"image": "https://a.example/p.png"}
    found = answer(
        [{"text": "first <b>"}, image, {"text": "last <b>"}, {"custom": {"thread": {"name": "t"}}}]
    )
    assert found["text"] == "first <b>"
    assert found["thread"] == {"name": "t"}
    widgets = [card["card"]["sections"][0]["widgets"] for card in found["cardsV2"]]
    assert widgets == [
        [{"image": {"imageUrl": "https://a.example/p.png"}}],
        [{"textParagraph": {"text": "last &lt;b&gt;"}}],
    ]


def test_nobody_s_words_call_everybody_or_hide_an_address() -> None:
    text = "<users/all> <https://evil.example|https://bank.example> 1 < 2"
    assert answer([{"text": text}])["text"] == (
        "<\u200busers/all> <\u200bhttps://evil.example|https://bank.example> 1 < 2"
    )


def test_an_answer_that_is_too_long_is_cut_and_told(caplog: pytest.LogCaptureFixture) -> None:
    assert len(answer([{"text": "ü" * 20_000}])["text"].encode()) == 30_000
    assert "An answer for Google Chat was cut" in caplog.text


def test_tokens_that_are_made_for_the_address(serving: Callable[[str], Server], google: GoogleKeys) -> None:
    url = "https://desk.example/webhooks/hangouts/webhook"
    client = HangoutsClient(serving(f"hangouts: {{endpoint_url: '{url}', {google.options}}}\n"), google)
    good: dict[str, Any] = {
        "iss": "https://accounts.google.com",
        "aud": url,
        "email": CHAT,
        "email_verified": True,
    }
    told = client.message("hi", "ANN", "e1")
    assert client.send(told, google.signer.token(good)).json() == {"text": "hi"}
    for changed in (
        {"email": "somebody@example.com"},
        {"email_verified": False},
        {"aud": PROJECT},
        {"iss": CHAT},
    ):
        assert client.send(told, google.signer.token({**good, **changed})).status_code == 401


def test_without_a_project_nobody_is_certain(caplog: pytest.LogCaptureFixture) -> None:
    heard = HangoutsChannel({}, SECRET).hear(
        HangoutsClient.__new__(HangoutsClient).message("hi", "ann", "m1")
    )
    assert heard is not None
    assert not heard.authenticated
    assert "The hangouts channel has no 'project_id'" in caplog.text
