"""Conversations whose messages are numbered, sent until they are taken; and what became of each number."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count, pairwise
from typing import Any

import httpx

from bench.processes import Failed
from frontdesk.testing.json_server import Asked, JsonServer

LANES = 3  # conversations at once on each of the two channels
LENGTH = 40  # messages of one conversation; then another one begins
PAUSE = 0.4  # seconds between two messages of a conversation, on average
BURST = 4  # messages that come at once, where nobody waits for answers
AGAIN = 0.3  # seconds until a client tries again
BUSY = (429, 503)
SECRET = "a-secret-for-a-webhook"
TEXTS = ("hello {}", '/note{{"kind": "{}"}}', '/two_steps{{"kind": "{}"}}')
"""By the remainder of the number: no effect, one, two."""


@dataclass
class Load:
    """Two kinds of clients: REST, which waits for the answer, and Telegram, which only waits until a message is taken.

    Both send a message again, under the same id, until the server says that it has it.
    """

    url: str
    taken: dict[str, int] = field(default_factory=dict)
    """By conversation: how many messages the server has acknowledged."""
    again: int = 0
    over: bool = False

    async def run(self) -> None:
        """Talk until it is over. Raises Failed where the server answers what no client can make sense of."""
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as client:
            rest = [self._lane(partial(_rest, client, self.url), f"r{n}-", 1) for n in range(LANES)]
            telegram = [
                self._lane(partial(_telegram, client, self.url), f"{n + 1}", BURST) for n in range(LANES)
            ]
            await asyncio.gather(*rest, *telegram)

    async def _lane(self, send: Any, name: str, burst: int) -> None:
        for talk in count():
            sender = f"{name}{talk:05}"
            for number in range(1, LENGTH + 1):
                await self._until_taken(partial(send, sender, number))
                self.taken[sender] = number
                if self.over:
                    return
                if number % burst == 0:
                    await asyncio.sleep(PAUSE * burst)

    async def _until_taken(self, send: Any) -> None:
        while True:
            try:
                response = await send()
                if response.status_code == 200:
                    return
                if response.status_code not in BUSY:
                    raise Failed(f"A message is answered with {response.status_code}: {response.text[:500]}")
            except httpx.TransportError:
                pass
            self.again += 1
            await asyncio.sleep(AGAIN)


def text(number: int) -> str:
    """Return what a message of this number says."""
    return TEXTS[number % 3].format(number)


async def _rest(client: httpx.AsyncClient, url: str, sender: str, number: int) -> httpx.Response:
    body = {"sender": sender, "message": text(number), "message_id": f"{sender}:{number}"}
    return await client.post(f"{url}/webhooks/rest/webhook", json=body)


async def _telegram(client: httpx.AsyncClient, url: str, sender: str, number: int) -> httpx.Response:
    chat = int(sender)
    message = {
        "message_id": number, "date": 0, "text": text(number),
        "from": {"id": chat, "is_bot": False}, "chat": {"id": chat, "type": "private"},
    }  # fmt: skip
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    told = {"update_id": number, "message": message}
    return await client.post(f"{url}/webhooks/telegram/webhook", json=told, headers=headers)


class Telegram(JsonServer):
    """Telegram's side: takes what is sent to people, and counts what was brought to which chat."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.brought: Counter[tuple[str, str]] = Counter()

    def _answer(self, asked: Asked) -> Any:
        if asked.path.endswith("/sendMessage") and asked.body:  # all of it arrived
            self.brought[str(asked.body["chat_id"]), str(asked.body["text"])] += 1
        self.asked.clear()
        return {"ok": True, "result": {"username": "desk_bot"}}

    @property
    def options(self) -> str:
        """Return the options of credentials.yml that lead here."""
        return (
            f"{{access_token: '1:bench', webhook_url: 'https://desk.example/', secret_token: {SECRET}, "
            f"api_url: '{self.url}'}}"
        )


@dataclass(frozen=True)
class Fate:
    """What became of the messages that were acknowledged."""

    acknowledged: int
    lost: int
    doubled: int
    disordered: int

    @property
    def good(self) -> bool:
        """Whether each was handled once and in order."""
        return not (self.lost or self.doubled or self.disordered)


def fate(taken: Mapping[str, int], heard: Iterable[tuple[str, str]], effects: Iterable[str]) -> Fate:
    """Compare what was acknowledged with what is stored and done.

    `heard` are (conversation, data) of the stored messages, oldest first; `effects` are the ids of the messages that
    had them, as CONVERSATION:NUMBER, oldest first. A message is lost where it is not stored or lacks an effect, doubled
    where it is stored twice or has one too many.
    """
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for sender, data in heard:
        found = re.search(r"\d+", str(json.loads(data)["text"]))
        numbers[sender].append(int(found[0]) if found else 0)
    done: defaultdict[str, list[int]] = defaultdict(list)
    for message_id in effects:
        sender, _, own = message_id.rpartition(":")
        done[sender].append(int(own))
    lost = doubled = 0
    for sender, last in taken.items():
        stored, had = Counter(numbers[sender]), Counter(done[sender])
        for number in range(1, last + 1):
            lost += stored[number] < 1 or had[number] < number % 3
            doubled += stored[number] > 1 or had[number] > number % 3
    disordered = sum(_steps_back(line) for lines in (numbers, done) for line in lines.values())
    return Fate(sum(taken.values()), lost, doubled, disordered)


def unbrought(said: Iterable[tuple[str, str]], brought: Mapping[tuple[str, str], int]) -> int:
    """Count what was said, as (conversation, data of the stored event), and did not arrive as often as it was said.

    Two in three replies hold a number of their own; of two alike, one that came twice stands for the other.
    """
    told = Counter((sender, str(json.loads(data)["text"])) for sender, data in said)
    return sum((told - Counter(brought)).values())


def _steps_back(line: Sequence[int]) -> int:
    return sum(later < before for before, later in pairwise(line))
