"""Every channel passes the one suite: REST, callback, Socket.IO and Slack here, each other one in its own file."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from frontdesk.testing.contracts.channel import (
    CUSTOM,
    ChannelContract,
    Client,
    PushingChannelContract,
    Said,
)
from frontdesk.testing.json_server import JsonServer
from tests.conftest import Server, until
from tests.slack import SIGNING, TEAM, Slack, event, press, tell, tell_form
from tests.widget import Widget, widget


def from_rest(reply: Mapping[str, Any]) -> Said:
    buttons = tuple((button["title"], button["payload"]) for button in reply.get("buttons", ()))
    return Said(reply.get("text"), buttons, reply.get("image"), reply.get("custom"))


class RestClient:
    name = "rest"

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self.replies: defaultdict[str, list[Said]] = defaultdict(list)

    def conversation(self, sender: str) -> str:
        return sender

    async def say(self, text: str, sender: str, message_id: str) -> None:
        body = {"sender": sender, "message": text, "message_id": message_id}
        async with httpx.AsyncClient() as http:
            answer = await http.post(f"{self.url}/webhooks/{self.name}/webhook", json=body)
        self.answered(sender, answer)

    async def choose(self, said: Said, number: int, sender: str, message_id: str) -> None:
        await self.say(str(said.buttons[number][1]), sender, message_id)

    def answered(self, sender: str, answer: httpx.Response) -> None:
        if answer.status_code == 200:
            self.replies[sender] += map(from_rest, answer.json())

    async def told(self, sender: str, count: int) -> list[Said]:
        await asyncio.to_thread(
            until, lambda: len(self.replies[sender]) >= count, f"{sender} is told {count} things"
        )
        return self.replies[sender]


class CallbackClient(RestClient):
    name = "callback"

    def __init__(self, server: Server, receiver: JsonServer) -> None:
        super().__init__(server)
        self.receiver = receiver

    def answered(self, sender: str, answer: httpx.Response) -> None:
        assert (answer.status_code, answer.text) == (200, "success") or answer.status_code == 413

    async def told(self, sender: str, count: int) -> list[Said]:
        def posted() -> list[Said]:
            return [from_rest(a.body) for a in self.receiver.asked if a.body["recipient_id"] == sender]

        await asyncio.to_thread(until, lambda: len(posted()) >= count, f"{sender} is told {count} things")
        return posted()


class SocketClient(RestClient):
    """One connection for each sender, whose session id a client made up."""

    name = "socketio"

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        super().__init__(server)
        self.server = server
        self.stack = stack
        self.widgets: dict[str, asyncio.Task[Widget]] = {}

    async def say(self, text: str, sender: str, message_id: str) -> None:
        if sender not in self.widgets:
            self.widgets[sender] = asyncio.create_task(self.stack.enter_async_context(widget(self.server)))
        one = await self.widgets[sender]
        await one.say(text, session_id=sender, message_id=message_id)

    async def told(self, sender: str, count: int) -> list[Said]:
        one = await self.widgets[sender]
        found = self.replies[sender]
        while len(found) < count or not one.got.empty():
            found.append(self._said(await one.told()))
        return found

    def _said(self, message: Mapping[str, Any]) -> Said:
        if message == CUSTOM:
            return Said(custom=message)
        if message.get("attachment", {}).get("type") == "image":
            return Said(image=message["attachment"]["payload"]["src"])
        buttons = tuple((found["title"], found["payload"]) for found in message.get("quick_replies", ()))
        return Said(message["text"], buttons)


class SlackClient(RestClient):
    """Each sender writes direct messages from a channel of their own."""

    name = "slack"

    def __init__(self, server: Server, slack: Slack) -> None:
        super().__init__(server)
        self.server = server
        self.slack = slack

    def conversation(self, sender: str) -> str:
        return f"{TEAM}_{sender}"

    async def say(self, text: str, sender: str, message_id: str) -> None:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        about = {"user": sender, "channel": f"D{sender}", "ts": message_id}
        answer = await asyncio.to_thread(tell, self.server, event(escaped, event=about))
        assert answer.status_code == 200

    async def choose(self, said: Said, number: int, sender: str, message_id: str) -> None:
        posts = [post for post in self.slack.posts if post["channel"] == f"D{sender}"]
        told = press(posts[-1], number, user={"id": sender, "team_id": TEAM})
        answer = await asyncio.to_thread(tell_form, self.server, told)
        assert answer.status_code == 200

    async def told(self, sender: str, count: int) -> list[Said]:
        def posted() -> list[Said]:
            return [
                self._said(post) for post in self.slack.posts if post["channel"] in (sender, f"D{sender}")
            ]

        await asyncio.to_thread(until, lambda: len(posted()) >= count, f"{sender} is told {count} things")
        return posted()

    def _said(self, post: Mapping[str, Any]) -> Said:
        message = {key: value for key, value in post.items() if key != "channel"}
        if message == CUSTOM:
            return Said(custom=message)
        blocks = message.get("blocks", [])
        images = [block["image_url"] for block in blocks if block["type"] == "image"]
        if images:
            return Said(image=images[0])
        rows = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
        text = message["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        return Said(text, tuple((element["text"]["text"], element["value"]) for element in rows))


@pytest.fixture(scope="module")
def rest(serving: Callable[[str], Server]) -> Client:
    return RestClient(serving("rest:\n"))


@pytest.fixture(scope="module")
def callback(serving: Callable[[str], Server]) -> Iterator[Client]:
    with JsonServer(lambda _: {}) as receiver:
        yield CallbackClient(serving(f"callback: {{url: '{receiver.url}'}}\n"), receiver)


@pytest.fixture(scope="module")
def socketio(serving: Callable[[str], Server]) -> Server:
    return serving("socketio: {session_persistence: true}\n")


@pytest.fixture(scope="module")
def slack(serving: Callable[[str], Server]) -> Iterator[Client]:
    with Slack() as slack:
        yield SlackClient(serving(f"slack: {{{slack.options}, slack_signing_secret: {SIGNING}}}\n"), slack)


class TestRest(ChannelContract):
    @pytest.fixture
    def client(self, rest: Client) -> Client:
        return rest


class TestCallback(PushingChannelContract):
    @pytest.fixture
    def client(self, callback: Client) -> Client:
        return callback


class TestSocketIO(PushingChannelContract):
    @pytest.fixture
    async def client(self, socketio: Server) -> AsyncIterator[Client]:
        async with AsyncExitStack() as stack:
            yield SocketClient(socketio, stack)


class TestSlack(PushingChannelContract):
    @pytest.fixture
    def client(self, slack: Client) -> Client:
        return slack
