"""Hold many conversations at once with an assistant, and measure how it answers: python -m bench.load URL.

Closed loop: each of N conversations sends its next message when the one before is answered (with --think, some seconds
later, drawn at random), each over a connection of its own that stays open. With --rate, messages are due at even times,
and how long an answer took is counted from when its message was due, however late that was sent. A conversation that
ends is followed by another with a new sender. Conversations begin spread over the first second (with --rate and
--think, over the time between two of their messages); answers within the first second are not counted. This is a
process of its own, so that what it costs is not mistaken for what the server costs. One JSON object comes out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
import urllib.parse
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bench.http1 import BadAnswer, Connection
from bench.mix import Line, Mix

WEBHOOK = "/webhooks/rest/webhook"
SESSION = "/webhooks/chat/session"
RAMP = 1.0  # seconds
PATIENCE = 60.0  # seconds for one answer


@dataclass
class Seen:
    """What was seen so far: for each answer when it was asked for, how long it took and of which kind it was."""

    answers: list[tuple[float, float, str]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    texts: set[str] = field(default_factory=set)
    sample: dict[str, str] = field(default_factory=dict)
    sent: int = 0


class Load:
    """Holds the conversations; `tokens` asks the server for a conversation token instead of inventing a sender.

    `think` is how many seconds pass on average before somebody writes again, `rate` how many messages are due in a
    second over all conversations; 0 means at once.
    """

    def __init__(
        self,
        url: str,
        mix: Mix,
        *,
        tokens: bool,
        seconds: float,
        messages: int,
        think: float = 0.0,
        rate: float = 0.0,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.mix = mix
        self.tokens = tokens
        self.seconds = seconds
        self.messages = messages
        self.seen = Seen()
        self.begun = 0.0
        self.think = think
        self.rate = rate
        self._conversations = mix.conversations()
        self._number = 0
        self._pause = Random(mix.first + 1)

    async def run(self, conversations: int) -> dict[str, Any]:
        """Hold that many conversations at once until the time or the messages are used up."""
        self.begun = time.perf_counter()
        every = conversations / self.rate if self.rate else 0.0
        spread = every or self.think or RAMP
        async with asyncio.TaskGroup() as group:
            for place in range(conversations):
                group.create_task(self._talk(spread * place / conversations, every))
        return self._summary(conversations)

    def _over(self) -> bool:
        late = time.perf_counter() - self.begun >= RAMP + self.seconds
        return late or self.seen.sent >= self.messages

    async def _talk(self, delay: float, every: float) -> None:
        moments = self._moments(self.begun + delay, every)
        await asyncio.sleep(delay)
        connection = Connection(*self.address)
        while not self._over():
            await self._hold(connection, next(self._conversations), moments)
        connection.close()

    async def _moments(self, first: float, every: float) -> AsyncIterator[float]:
        """Yield, when the next message of one place is due, since when its answer is waited for."""
        due = first
        yield due if every else time.perf_counter()
        while True:
            if every:
                due += every
                await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            elif self.think:
                await asyncio.sleep(self._pause.expovariate(1 / self.think))
            yield due if every else time.perf_counter()

    async def _hold(
        self, connection: Connection, lines: Iterator[Line], moments: AsyncIterator[float]
    ) -> None:
        """Hold one conversation to its end, or until something fails."""
        self._number += 1
        sender: dict[str, str] = {"sender": f"guest-{self.mix.first}-{self._number}"}
        headers: dict[str, str] = {}
        try:
            if self.tokens:
                async with asyncio.timeout(PATIENCE):
                    token = (await connection.post(SESSION, {}))["token"]
                sender, headers = {}, {"Authorization": f"Bearer {token}"}
            for line in lines:
                asked = await anext(moments)
                if self._over():
                    return
                await self._say(connection, line, sender, headers, asked)
        except (OSError, EOFError, TimeoutError, BadAnswer) as error:
            self.seen.errors[f"{type(error).__name__}: {error}"[:200]] += 1
            await asyncio.sleep(0.2)  # a server that is gone is not to be hammered

    async def _say(
        self,
        connection: Connection,
        line: Line,
        sender: dict[str, str],
        headers: dict[str, str],
        asked: float,
    ) -> None:
        seen = self.seen
        if line.text in seen.texts:
            raise AssertionError(f"said twice: {line.text}")
        seen.texts.add(line.text)
        seen.sent += 1
        async with asyncio.timeout(PATIENCE):
            replies = await connection.post(WEBHOOK, {**sender, "message": line.text}, headers)
        took = time.perf_counter() - asked
        if not replies:
            raise BadAnswer("An empty list of replies.")
        seen.answers.append((asked, took, line.kind))
        said = " ".join(str(reply.get("text") or "") for reply in replies)
        if line.expects not in said:
            seen.missed[line.kind] += 1
            seen.sample.setdefault(line.kind, f"{line.text} -> {said}"[:300])

    def _summary(self, conversations: int) -> dict[str, Any]:
        first, last = (
            self.begun + RAMP,
            max((a + t for a, t, _ in self.seen.answers), default=self.begun + RAMP),
        )
        last = min(last, first + self.seconds)
        # By the end of an answer: to leave out what was asked in the first second would favour slow servers, whose
        # conversations get no further than one answer.
        counted = [(took, kind) for asked, took, kind in self.seen.answers if asked + took >= first]
        done = sum(first <= asked + took <= last for asked, took, _ in self.seen.answers)
        kinds = defaultdict(list)
        for took, kind in counted:
            kinds[kind].append(took)
        spent = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "conversations": conversations,
            "seconds": round(last - first, 3),
            "sent": self.seen.sent,
            "answered": len(self.seen.answers),
            "counted": len(counted),
            "per_second": round(done / (last - first), 1) if last > first else 0.0,
            "latency_ms": percentiles([took for took, _ in counted]),
            "by_kind": {
                kind: {"count": len(took), **percentiles(took)} for kind, took in sorted(kinds.items())
            },
            "errors": dict(self.seen.errors),
            "unexpected_answers": dict(self.seen.missed),
            "unexpected_samples": self.seen.sample,
            "words_used": self.mix.used,
            "load_cpu_seconds": round(spent.ru_utime + spent.ru_stime, 2),
        }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50, p95, p99 and the mean in milliseconds (nearest rank); nothing for nothing."""
    ordered = sorted(seconds)
    if not ordered:
        return {}
    found = {f"p{p}": ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))] for p in (50, 95, 99)}
    found["mean"] = sum(ordered) / len(ordered)
    return {name: round(value * 1000, 2) for name, value in found.items()}


def main() -> None:
    """Read the options, hold the conversations, print what was measured."""
    parser = argparse.ArgumentParser(prog="bench.load", description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--mix", default="smallbot", help="which file of bench/mixes")
    parser.add_argument(
        "--facts", type=Path, help="a JSON list of values for the placeholders of the sentences"
    )
    parser.add_argument(
        "--tokens", action="store_true", help="hold the conversations under tokens of the server"
    )
    parser.add_argument("--conversations", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--messages", type=int, default=100_000)
    text = "seconds before somebody writes again, on average (0: at once)"
    parser.add_argument("--think", type=float, default=0.0, help=text)
    parser.add_argument("--rate", type=float, default=0.0, help="messages due in a second (0: at once)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first word")
    given = parser.parse_args()
    facts = json.loads(given.facts.read_text("utf-8")) if given.facts else []
    mix = Mix.read(given.mix, first=given.first, facts=facts)
    load = Load(
        given.url,
        mix,
        tokens=given.tokens,
        seconds=given.seconds,
        messages=given.messages,
        think=given.think,
        rate=given.rate,
    )
    print(json.dumps(asyncio.run(load.run(given.conversations))))


if __name__ == "__main__":
    main()
