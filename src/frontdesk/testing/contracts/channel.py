"""What every channel does, seen from outside: a client talks over it with an assistant that gives back what is said."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import pytest

CUSTOM: Mapping[str, Any] = {
    "text": "Custom",
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*Custom*"}}],
}
BUTTONS = (("Yes, please", "/show_image"), ("No", '/show_custom{"kind": "a"}'))
IMAGE = "https://pictures.example/lamp.png"
LONGEST = 8_000  # characters of a message

PROJECT = {
    "config.yml": """
recipe: default.v1
language: en
assistant_id: contract
pipeline:
- name: WhitespaceTokenizer
- name: KeywordIntentClassifier
- name: FallbackClassifier
  threshold: 0.5
policies:
- name: RulePolicy
""",
    "domain.yml": """
version: "3.1"
intents: [show_buttons, show_image, show_custom]
slots:
  said:
    type: text
    influence_conversation: false
    mappings:
    - type: from_text
responses:
  utter_said:
  - text: "{said}"
  utter_buttons:
  - text: "Which one?"
    buttons:
    - title: "Yes, please"
      payload: /show_image
    - title: "No"
      payload: '/show_custom{"kind": "a"}'
  utter_image:
  - image: https://pictures.example/lamp.png
  utter_custom:
  - custom:
      text: Custom
      blocks:
      - type: section
        text:
          type: mrkdwn
          text: "*Custom*"
""",
    "data/nlu.yml": """
version: "3.1"
nlu:
- intent: show_buttons
  examples: |
    - show me buttons
- intent: show_image
  examples: |
    - show me an image
""",
    "data/rules.yml": """
version: "3.1"
rules:
- rule: whatever is said
  steps:
  - intent: nlu_fallback
  - action: utter_said
- rule: buttons
  steps:
  - intent: show_buttons
  - action: utter_buttons
- rule: an image
  steps:
  - intent: show_image
  - action: utter_image
- rule: custom JSON
  steps:
  - intent: show_custom
  - action: utter_custom
""",
    "endpoints.yml": """
tracker_store:
  type: sql
  db: .frontdesk/conversations.db
""",
}
"""Files of the assistant that the client talks with; credentials.yml opens the channel."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that the client was told, whatever it looks like on the channel.

    A button's payload is None where the channel shows choices as text.
    """

    text: str | None = None
    buttons: tuple[tuple[str, str | None], ...] = ()
    image: str | None = None
    custom: Mapping[str, Any] | None = None


class Client(Protocol):
    """A client of the channel. `url` is the server's address, `name` the channel's."""

    url: str
    name: str

    async def say(self, text: str, sender: str, message_id: str) -> None:
        """Send a message as the channel's clients do, whether or not it is taken."""

    async def choose(self, said: Said, number: int, sender: str, message_id: str) -> None:
        """Press a button of what somebody was told, as the channel's clients do."""

    async def told(self, sender: str, count: int) -> list[Said]:
        """Wait until somebody was told so many things, and return all that they were told."""

    def conversation(self, sender: str) -> str:
        """Return the id of somebody's conversation."""


def squeezed(text: str) -> str:
    """Return a text without what parts words."""
    return "".join(text.split())


def is_offer(said: Said) -> bool:
    """Tell whether the two buttons were offered, whole."""
    titles = [title for title, _ in said.buttons] == [title for title, _ in BUTTONS]
    payloads = [payload for _, payload in said.buttons] in ([p for _, p in BUTTONS], [None, None])
    return said.text == "Which one?" and titles and payloads


class ChannelContract:
    """What is said arrives, whole, in order and once; the heir gives a fixture `client`.

    The server answers with PROJECT and runs with `--enable-api --auth-token TOKEN`.
    """

    pytestmark = pytest.mark.asyncio
    TOKEN = "a-token-of-the-api-that-nobody-guesses"  # noqa: S105  # of a server that lives for a test

    async def events(self, client: Client, sender: str) -> list[Mapping[str, Any]]:
        """Return a conversation."""
        path = f"{client.url}/conversations/{client.conversation(sender)}/tracker"
        async with httpx.AsyncClient(timeout=60) as http:
            found: list[Mapping[str, Any]] = (await http.get(path, params={"token": self.TOKEN})).json()[
                "events"
            ]
        return found

    async def heard(self, client: Client, sender: str) -> list[str]:
        """Return what somebody said, as it is kept."""
        return [event["text"] for event in await self.events(client, sender) if event["event"] == "user"]

    @pytest.mark.parametrize(
        "text",
        [
            "Where is it?",
            "1 < 2 & 3 > 2, &amp; too",
            "<!channel> <@U1> <https://a.example|b>",
            "Grüße 🙂 こんにちは مرحبا",
            "{said} ${HOME} %s {{ 1 }} \\n",
            '<img src=x onerror="alert(1)">',
            "one line\nanother line",
            "x" * 7_000,
        ],
        ids=lambda text: text[:20],
    )
    async def test_a_text_comes_back_as_it_was_said(self, client: Client, text: str) -> None:
        sender = f"TEXT{zlib.crc32(text.encode())}"
        await client.say(text, sender, "m1")
        told = ""
        count = 0
        while len(told) < len(squeezed(text)):
            count += 1
            said = await client.told(sender, count)
            told = "".join(squeezed(found.text or "") for found in said)
        assert told == squeezed(text)
        assert await self.heard(client, sender) == [text]

    async def test_a_blank_line_parts_two_texts(self, client: Client) -> None:
        await client.say("one\n\ntwo", "PARTS", "m1")
        assert [found.text for found in await client.told("PARTS", 2)] == ["one", "two"]

    async def test_buttons_say_their_payload(self, client: Client) -> None:
        await client.say("show me buttons", "BUTTONS", "m1")
        [said] = await client.told("BUTTONS", 1)
        assert is_offer(said)
        await client.choose(said, 0, "BUTTONS", "m2")
        assert await client.told("BUTTONS", 2) == [said, Said(image=IMAGE)]
        assert await self.heard(client, "BUTTONS") == ["show me buttons", "/show_image"]

    async def test_an_image(self, client: Client) -> None:
        await client.say("show me an image", "IMAGE", "m1")
        assert await client.told("IMAGE", 1) == [Said(image=IMAGE)]

    async def test_custom_json_arrives_as_it_is(self, client: Client) -> None:
        await client.say("/show_custom", "CUSTOM", "m1")
        assert await client.told("CUSTOM", 1) == [Said(custom=CUSTOM)]

    async def test_messages_are_answered_in_their_order(self, client: Client) -> None:
        texts = [f"number {n}" for n in range(12)]
        for n, text in enumerate(texts):
            await client.say(text, "ORDER", f"m{n}")
        assert [found.text for found in await client.told("ORDER", 12)] == texts
        assert await self.heard(client, "ORDER") == texts

    async def test_a_repeat_does_nothing_twice(self, client: Client) -> None:
        await asyncio.gather(*(client.say("again", "REPEAT", "m1") for _ in range(10)))
        await client.say("again", "REPEAT", "m1")
        await client.say("then", "REPEAT", "m2")
        said: Sequence[Said] = []
        while Said("then") not in said:
            said = await client.told("REPEAT", len(said) + 1)
        assert {found.text for found in said} == {"again", "then"}
        assert await self.heard(client, "REPEAT") == ["again", "then"]
        bot = [event["text"] for event in await self.events(client, "REPEAT") if event["event"] == "bot"]
        assert bot == ["again", "then"]

    async def test_a_message_that_is_too_long_changes_nothing(self, client: Client) -> None:
        await client.say("x" * (LONGEST + 1), "LONG", "m1")
        await client.say("short", "LONG", "m2")
        said: Sequence[Said] = []
        while Said("short") not in said:
            said = await client.told("LONG", len(said) + 1)
        assert all(len(found.text or "") < 200 for found in said), "it may be told so, and is not given back"
        assert await self.heard(client, "LONG") == ["short"]

    async def test_other_methods_and_addresses_are_refused(self, client: Client) -> None:
        async with httpx.AsyncClient(base_url=client.url, timeout=60) as http:
            assert (await http.get(f"/webhooks/{client.name}/")).json() == {"status": "ok"}
            for method in ("PUT", "DELETE", "PATCH"):
                assert (await http.request(method, f"/webhooks/{client.name}/")).status_code == 405
                answer = await http.request(method, f"/webhooks/{client.name}/webhook")
                assert answer.status_code in (404, 405)
            assert (await http.post(f"/webhooks/{client.name}/elsewhere", json={})).status_code == 404
        await client.say("still there", "METHODS", "m1")
        assert [found.text for found in await client.told("METHODS", 1)] == ["still there"]


class PushingChannelContract(ChannelContract):
    """What every channel does that can send something unasked."""

    async def test_what_is_said_unasked_arrives(self, client: Client) -> None:
        await client.say("hello", "UNASKED", "m1")
        await client.told("UNASKED", 1)
        path = f"{client.url}/conversations/{client.conversation('UNASKED')}/trigger_intent"
        for count, channel in enumerate(("latest", client.name), 2):
            async with httpx.AsyncClient(timeout=60) as http:
                asked = {"token": self.TOKEN, "output_channel": channel}
                answer = await http.post(path, params=asked, json={"name": "show_buttons"})
                assert answer.status_code == 200
            assert is_offer((await client.told("UNASKED", count))[-1])
