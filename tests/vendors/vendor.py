"""What the tests of all webhook channels share: a vendor's server, its clients, and one suite beside the contract's."""

from __future__ import annotations

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import httpx

from frontdesk.testing.contracts.channel import PushingChannelContract, Said
from frontdesk.testing.json_server import Asked, JsonServer, Reply
from tests.conftest import PATIENCE, Server, until

numbers = itertools.count(1)


class Vendor(ABC):
    """Takes what one vendor's API takes, and refuses what it refuses.

    `answers` are given to the next messages, before anything is looked at; None lets one through. What `is_held` gets
    `busy` as its answer, as long as that is so. `secrets` are what no
    log may hold, `options` a line of credentials.yml that leads here.
    """

    name: ClassVar[str]
    secrets: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self.answers: list[Reply | None] = []
        self.posts: list[Asked] = []
        self.is_held: Callable[[Asked], bool] = lambda _: False
        self.busy = Reply({}, status=429, headers={"Retry-After": "0.2"})
        self.held = 0
        self.server = JsonServer(self._answer)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)

    @property
    @abstractmethod
    def options(self) -> str:
        """Options that lead here instead of to the vendor."""

    @abstractmethod
    def api(self, asked: Asked) -> Any:
        """Answer what is no message; None for a message."""

    @abstractmethod
    def refusal(self, asked: Asked) -> Reply | None:
        """Return how the vendor refuses a message, by what it documents; None where it takes it."""

    @abstractmethod
    def taken(self, asked: Asked) -> Any:
        """Return how the vendor answers a message that it takes."""

    def _answer(self, asked: Asked) -> Any:
        answer = self.api(asked)
        if answer is not None:
            return answer
        if self.is_held(asked):
            self.held += 1
            return self.busy
        planned = self.answers.pop(0) if self.answers else None
        if planned is None:
            planned = self.refusal(asked)
        if planned is not None:
            return planned
        self.posts.append(asked)
        return self.taken(asked)


class VendorClient(ABC):
    """People who speak over a vendor with the server."""

    name: ClassVar[str]

    def __init__(self, server: Server, vendor: Vendor) -> None:
        self.server = server
        self.url = server.url
        self.vendor = vendor

    def conversation(self, sender: str) -> str:
        return sender

    @abstractmethod
    def event(self, text: str, sender: str, message_id: str) -> Any:
        """Return what the vendor tells where somebody writes."""

    @abstractmethod
    def press(self, said: Said, number: int, sender: str, message_id: str) -> Any:
        """Return what the vendor tells where somebody presses a button."""

    @abstractmethod
    def others(self, sender: str) -> list[Any]:
        """Return what the vendor tells that is nothing to answer: of the app itself, receipts, edits."""

    @abstractmethod
    def tell(self, told: Any) -> httpx.Response:
        """Send what the vendor tells, as the vendor does."""

    @abstractmethod
    def forged(self, told: Any) -> list[httpx.Response]:
        """Send what the vendor did not: not signed, signed with another secret, another body."""

    @abstractmethod
    def said(self, asked: Asked) -> Said:
        """Return what a message shows."""

    @abstractmethod
    def is_for(self, asked: Asked, sender: str) -> bool:
        """Tell whether a message goes to somebody."""

    def deliver(
        self, content: bytes | str, headers: Mapping[str, str] | Mapping[str, bytes]
    ) -> httpx.Response:
        path = f"{self.url}/webhooks/{self.name}/webhook"
        return httpx.post(path, content=content, headers=httpx.Headers(headers), timeout=PATIENCE)

    async def say(self, text: str, sender: str, message_id: str) -> None:
        answer = await asyncio.to_thread(self.tell, self.event(text, sender, message_id))
        assert answer.is_success, answer.text

    async def choose(self, said: Said, number: int, sender: str, message_id: str) -> None:
        answer = await asyncio.to_thread(self.tell, self.press(said, number, sender, message_id))
        assert answer.is_success, answer.text

    def posted(self, sender: str) -> list[Asked]:
        return [asked for asked in self.vendor.posts if self.is_for(asked, sender)]

    async def told(self, sender: str, count: int) -> list[Said]:
        def enough() -> bool:
            return len(self.posted(sender)) >= count

        await asyncio.to_thread(until, enough, f"{sender} is told {count} things", lambda: self.log)
        return [self.said(asked) for asked in self.posted(sender)]

    async def texts(self, sender: str, count: int) -> list[str | None]:
        return [said.text for said in await self.told(sender, count)]

    @property
    def log(self) -> str:
        return self.server.log.read_text("utf-8")


class WebhookContract(PushingChannelContract):
    """What every channel does whose vendor tells of messages at a webhook; the heir gives a fixture `client`."""

    async def test_what_is_not_signed_is_refused_and_says_nothing(self, client: VendorClient) -> None:
        told = client.event("forged", self.person(client, 1), self.message(client))
        answers = await asyncio.to_thread(client.forged, told)
        assert {answer.status_code for answer in answers} == {401}
        assert {answer.json()["reason"] for answer in answers} == {"NotAuthenticated"}
        await client.say("signed", self.person(client, 1), self.message(client))
        assert await client.texts(self.person(client, 1), 1) == ["signed"]
        assert await self.heard(client, self.person(client, 1)) == ["signed"]

    async def test_what_says_nothing_is_acknowledged_and_not_answered(self, client: VendorClient) -> None:
        person = self.person(client, 2)
        for told in client.others(person):
            answer = await asyncio.to_thread(client.tell, told)
            assert answer.is_success, (told, answer.text)
        await client.say("the end", person, self.message(client))
        assert await client.texts(person, 1) == ["the end"]
        assert await self.heard(client, person) == ["the end"]

    async def test_a_body_that_cannot_be_read_is_refused(self, client: VendorClient) -> None:
        for told in ({}, {"events": 5, "entry": {"x": []}, "message": "text"}, {"type": []}):
            answer = await asyncio.to_thread(client.tell, told)
            assert answer.status_code < 500, answer.text
        await client.say("still there", self.person(client, 3), self.message(client))
        assert await client.texts(self.person(client, 3), 1) == ["still there"]

    async def test_a_limit_is_waited_for_in_order_and_holds_up_nobody_else(
        self, client: VendorClient
    ) -> None:
        busy, other = self.person(client, 4), self.person(client, 5)
        client.vendor.is_held = lambda asked: client.is_for(asked, busy)
        before = client.vendor.held
        await client.say("first", busy, self.message(client))
        await client.say("second", busy, self.message(client))
        await client.say("meanwhile", other, self.message(client))
        await client.texts(other, 1)
        asked_again = f"{busy} is asked for again"
        await asyncio.to_thread(until, lambda: client.vendor.held > before + 1, asked_again)
        assert client.posted(busy) == [], "nobody waits for somebody else's line"
        client.vendor.is_held = lambda _: False
        assert await client.texts(busy, 2) == ["first", "second"]

    async def test_a_failure_is_tried_again_and_a_refusal_is_told_without_its_words(
        self, client: VendorClient
    ) -> None:
        person = self.person(client, 6)
        client.vendor.answers = [Reply(b"<html>", status=502)]
        await client.say("now it goes", person, self.message(client))
        assert await client.texts(person, 1) == ["now it goes"]
        client.vendor.answers = [Reply({}, status=403)]
        await client.say("what only I may know", person, self.message(client))
        await asyncio.to_thread(until, lambda: "status 403" in client.log, "the log says so")
        await client.say("the next one", person, self.message(client))
        assert await client.texts(person, 2) == ["now it goes", "the next one"]
        assert "only I may know" not in client.log
        assert not any(secret in client.log for secret in client.vendor.secrets)

    async def test_more_buttons_than_fit_are_a_list_from_which_a_number_chooses(
        self, client: VendorClient
    ) -> None:
        person = self.person(client, 7)
        await client.say("/show_many", person, self.message(client))
        said = await client.texts(person, 1)
        assert said == ["Which ones?\n" + "\n".join(f"{n}. Number {n}" for n in range(1, 102))]
        await client.say("2", person, self.message(client))
        assert (await client.told(person, 2))[1].image is not None
        assert (await self.heard(client, person))[1] == "/show_image"

    async def test_a_payload_that_is_longer_than_a_button_takes(self, client: VendorClient) -> None:
        person = self.person(client, 8)
        await client.say("/show_long", person, self.message(client))
        [said] = await client.told(person, 1)
        assert [title for title, _ in said.buttons] == ["Long"]
        await client.choose(said, 0, person, self.message(client))
        long = '/show_custom{"kind": "' + "long " * 600 + '"}'
        await client.told(person, 2)
        assert (await self.heard(client, person))[1] == long

    def person(self, client: VendorClient, number: int) -> str:
        """Return somebody who speaks in one test alone."""
        return f"PERSON{number}"

    def message(self, client: VendorClient) -> str:
        """Return the id of a new message."""
        return f"new{next(numbers)}"
