"""The loads under which a server is measured, each with what it must reach."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.engines import ROOT, Engine, assistant, bare, rasa, smallbot
from bench.http1 import Connection
from bench.load import SESSION, WEBHOOK
from bench.measure import SHORTEST, Words, load, prepare, running
from bench.processes import Failed, cpu_seconds, pss_mb, timed
from bench.words import word
from frontdesk.testing.servers import postgresql, redis

Say = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """One line of the table: the work, what must be reached, what was measured, and whether that is enough."""

    work: str
    must: str
    measured: str
    met: bool | None = None


@dataclass
class Bench:
    """What all parts share. `scale` shortens the long ones: 1 is as the table asks, 0.1 a tenth of the time."""

    work: Path
    say: Say
    scale: float = 1.0
    rasa: Path | None = None
    words: Words = field(default_factory=Words)
    results: dict[str, Any] = field(default_factory=dict)
    _trained: Engine | None = None

    def seconds(self, whole: float) -> float:
        """Return a time, shortened."""
        return max(whole * self.scale, SHORTEST)

    def engine(self) -> Engine:
        """Return the assistant, trained, without limits on how often somebody may write."""
        if self._trained is None:
            self.say("training the assistant")
            made = assistant(self.work / "assistant")
            (made.folder / "credentials.yml").open("a").write("\nsocketio:\n")
            timed(made.train, made.folder, made.environment)
            self._trained = replace(made, environment={"FRONTDESK_RATE_LIMITS": "false"})
        return self._trained

    @contextmanager
    def serving(self, engine: Engine) -> Iterator[int]:
        """Serve an engine, warmed up; give the id of its process."""
        with running(engine, engine.serve) as (process, _):
            prepare(engine)
            load(engine, process, 8, 3.0, 10_000, self.words)
            yield process


def started(bench: Bench) -> list[Row]:
    """Measure how long a start takes until the first answer; the median of five."""
    engine, times = bench.engine(), []
    for _ in range(5):
        with running(engine, engine.serve) as (_, took):
            times.append(took["wall_seconds"])
    bench.results["start"] = times
    middle = statistics.median(times)
    return [Row("start until the first answer", "under 3 s", f"{middle:.1f} s", middle < 3.0)]


def throughput(bench: Bench) -> list[Row]:
    """Measure messages in a second with 128 conversations at once, beside Rasa and a server that does nothing."""
    rows, levels = [], bench.results.setdefault("throughput", {})
    engine = bench.engine()
    with bench.serving(engine) as process:
        levels["assistant, SQLite"] = load(engine, process, 128, bench.seconds(30), 10**6, bench.words)
        levels["memory_mb"] = round(pss_mb(process))
    with _on_servers(bench) as engine, bench.serving(engine) as process:
        name = "assistant, PostgreSQL and Redis, 2 workers"
        levels[name] = load(engine, process, 128, bench.seconds(30), 10**6, bench.words)
    others = [
        smallbot(bench.work / "smallbot"),
        *([rasa(bench.work / "rasa", bench.rasa)] if bench.rasa else []),
    ]
    for other in others:
        bench.say(f"training: {other.name}")
        timed(other.train, other.folder, other.environment)
        other = replace(other, environment={**other.environment, "FRONTDESK_RATE_LIMITS": "false"})
        with running(other, other.serve) as (process, _):
            levels[other.name] = load(other, process, 128, bench.seconds(15), 10**6, bench.words)
    nothing = bare(bench.work / "bare")
    with running(nothing, nothing.serve) as (process, _):
        levels["bare Sanic"] = load(nothing, process, 128, 5.0, 30_000, bench.words)
    for name, must in (("assistant, SQLite", 400), ("assistant, PostgreSQL and Redis, 2 workers", 250)):
        found = levels[name]
        told = f"{found['per_second']:.0f}/s, {found['server_cpu_ms']:.1f} CPU-ms each"
        rows.append(Row(f"{name}: messages/s, 128 at once", f"{must}", told, found["per_second"] >= must))
    if bench.rasa:
        times = levels["small bot, Rasa"]["server_cpu_ms"] / levels["small bot"]["server_cpu_ms"]
        rows.append(
            Row("processor time of a message below Rasa's", "15 times", f"{times:.1f} times", times >= 15)
        )
    return rows


@contextmanager
def _on_servers(bench: Bench) -> Iterator[Engine]:
    """Give the assistant with its conversations in PostgreSQL and its locks in Redis, served by two workers."""
    plain = bench.engine()
    with ExitStack() as stack:
        database, locks = stack.enter_context(postgresql(durable=True)), stack.enter_context(redis())
        endpoints = plain.folder / "endpoints-servers.yml"
        text = (plain.folder / "endpoints.yml").read_text("utf-8")
        before, _, rest = text.partition("tracker_store:")
        after = rest.partition("knowledge:")[2]
        stores = (
            f"tracker_store:\n  type: sql\n  url: {database.new_database()}\n"
            f"lock_store:\n  type: redis\n  url: redis://127.0.0.1:{locks.port}\nknowledge:"
        )
        endpoints.write_text(before + stores + after, "utf-8")
        yield replace(
            plain,
            serve=(*plain.serve, "--workers", "2", "--connector", "rest", "--endpoints", str(endpoints)),
            tokens=False,
            shop=plain.shop,
        )


def paced(bench: Bench) -> list[Row]:
    """Measure how long an answer takes while 50 messages are due in a second."""
    engine = bench.engine()
    with bench.serving(engine) as process:
        found = load(engine, process, 100, bench.seconds(60), 10**6, bench.words, ["--rate", "50"])
    bench.results["paced"] = found
    took = found["latency_ms"]
    told = f"p50 {took['p50']:.0f}, p95 {took['p95']:.0f}, p99 {took['p99']:.0f} ms ({found['per_second']:.0f}/s)"
    met = took["p50"] <= 20 and took["p95"] <= 60 and took["p99"] <= 150
    return [Row("a turn at 50 messages a second", "p50 20, p95 60, p99 150 ms", told, met)]


def users(bench: Bench) -> list[Row]:
    """Measure a thousand people who think for half a minute, on average, before they write again."""
    engine = bench.engine()
    with bench.serving(engine) as process:
        found = load(engine, process, 1000, bench.seconds(300), 10**6, bench.words, ["--think", "30"])
    bench.results["users"] = found
    wrong = sum(found["errors"].values()) / max(found["sent"], 1)
    p95 = found["latency_ms"]["p95"] / 1000
    told = f"p95 {p95:.2f} s, {100 * wrong:.2f} % errors, {found['per_second']:.0f}/s"
    return [
        Row(
            "1,000 users who think for 30 s, 5 minutes",
            "p95 < 2 s, < 0.1 % errors",
            told,
            p95 < 2 and wrong < 0.001,
        )
    ]


def sockets(bench: Bench) -> list[Row]:
    """Measure 10,000 open Socket.IO connections with 12 messages a second."""
    engine, count = bench.engine(), max(round(10_000 * min(bench.scale, 1.0)), 100)
    address = f"ws://127.0.0.1:{engine.port}/socket.io/?EIO=4&transport=websocket"
    command = [sys.executable, "-m", "bench.server.sockets", address, "--connections", str(count)]
    command += ["--seconds", str(bench.seconds(600)), "--first", str(bench.words.next)]
    with bench.serving(engine) as process:
        before = pss_mb(process)
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            opened = json.loads(client.stdout.readline() or "{}")
            each = (pss_mb(process) - before) * 1024 / max(opened.get("open", 0), 1)
            last = client.stdout.readline()
        if not last:
            raise Failed("The connections ended without a word.")
    found = json.loads(last) | {"kilobytes_each": round(each, 1)}
    bench.words.used(found["sent"])
    bench.results["sockets"] = found
    p95 = found["latency_ms"].get("p95", float("inf"))
    lost = found["disconnects"] + found["refused"] + found["unanswered"]
    told = f"{found['disconnects']} lost, {found['refused']} refused, {found['unanswered']} unanswered"
    told += f", p95 {p95:.0f} ms, {each:.0f} kB each"
    return [
        Row(
            f"{count:,} Socket.IO connections, 12 messages/s",
            "0 lost, p95 < 500 ms",
            told,
            not lost and p95 < 500,
        )
    ]


def long(bench: Bench) -> list[Row]:
    """Measure a turn in a conversation of 20,000 events against one in a conversation of ten."""
    engine, most = bench.engine(), max(round(20_000 * min(bench.scale, 1.0)), 500)
    with bench.serving(engine) as process:
        short, far, events = asyncio.run(_talk_long(engine, process, most, bench))
    bench.results["long"] = {"short_ms": short, "long_ms": far, "events": events}
    times = far / short
    told = f"{times:.2f} times ({short:.1f} and {far:.1f} CPU-ms)"
    return [
        Row(f"a turn after {events:,} events against one after 10", "1.5 times at most", told, times <= 1.5)
    ]


async def _talk_long(engine: Engine, process: int, most: int, bench: Bench) -> tuple[float, float, int]:
    """Return the processor time of a turn early and late in one conversation, in ms, and how many events it had."""
    facts = json.loads((engine.folder / "facts.json").read_text("utf-8"))
    talk = ("thanks, says {}", "where is my order {number}? My email is {email}, says {}", "hi, this is {}")
    connection = Connection("127.0.0.1", engine.port)

    async def turns(headers: Mapping[str, str], count: int) -> None:
        for place in range(count):
            text = talk[place % 3].format(word(bench.words.next), **facts[0])
            bench.words.used(1)
            await connection.post(WEBHOOK, {"message": text}, headers)

    async def begin() -> dict[str, str]:
        return {"Authorization": f"Bearer {(await connection.post(SESSION, {}))['token']}"}

    async def costs(headers: Mapping[str, str]) -> float:
        before = cpu_seconds(process)
        await turns(headers, 6)
        return 1000 * (cpu_seconds(process) - before) / 6

    early, late = [], []
    one = await begin()
    await turns(one, 3)
    per_turn = EVENTS_OF_THREE / 3
    await turns(one, round(most / per_turn))
    for _ in range(20):  # by turns, so that what else the machine does meets both
        fresh = await begin()
        await turns(fresh, 3)
        early.append(await costs(fresh))
        late.append(await costs(one))
    connection.close()
    return statistics.median(early), statistics.median(late), most


EVENTS_OF_THREE = 30
"""Events of the three turns of a long conversation, at least."""


def soak(bench: Bench) -> list[Row]:
    """Measure the growth of memory over half an hour at 12 messages a second, after five minutes of warming up."""
    engine = bench.engine()
    seconds, warm = bench.seconds(1800), bench.seconds(300)
    curve: list[tuple[float, float]] = []
    with bench.serving(engine) as process:
        command = [sys.executable, "-m", "bench.load", engine.url, "--mix", engine.mix, "--tokens"]
        command += ["--facts", str(engine.folder / "facts.json"), "--conversations", "60", "--rate", "12"]
        command += ["--seconds", str(warm + seconds), "--first", str(bench.words.next)]
        begun = time.perf_counter()
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        ) as client:
            while client.poll() is None:
                curve.append((time.perf_counter() - begun, pss_mb(process)))
                time.sleep(min(10.0, seconds / 20))
            found = json.loads(client.stdout.read() if client.stdout else "{}")
    bench.words.used(found["words_used"])
    steady = [(at, memory) for at, memory in curve if at >= warm]
    slope = statistics.linear_regression(
        [at / 3600 for at, _ in steady], [memory for _, memory in steady]
    ).slope
    bench.results["soak"] = {"curve": curve, "slope_mb_an_hour": slope, "warm": warm, "load": found}
    told = f"{slope:+.1f} MB an hour, {steady[-1][1]:.0f} MB at the end"
    return [Row("12 messages a second for 30 minutes", "memory grows < 5 MB an hour", told, slope < 5.0)]


def duplicates(bench: Bench) -> list[Row]:
    """Send a thousand messages twice, both at once and later, and count what was answered or done twice."""
    engine, count = bench.engine(), max(round(1000 * min(bench.scale, 1.0)), 50)
    with bench.serving(engine):
        different = asyncio.run(_twice(engine, count, bench))
    bench.results["duplicates"] = {"sent": count, "different": different}
    told = f"{different} of {count:,} answered differently"
    return [Row("deliveries that come twice", "0 double effects", told, different == 0)]


async def _twice(engine: Engine, count: int, bench: Bench) -> int:
    different = 0
    for start in range(0, count, 20):
        group = [_same_twice(engine, start + place, bench) for place in range(min(20, count - start))]
        different += sum(await asyncio.gather(*group))
    return different


async def _same_twice(engine: Engine, number: int, bench: Bench) -> bool:
    """Tell whether a message that came twice at once, and later again, was answered in different ways."""
    text = f"are you a bot, asks {word(bench.words.next)}"
    bench.words.used(1)
    body = {"sender": f"twice-{number}", "message": text, "message_id": f"delivery-{number}"}
    connections = [Connection("127.0.0.1", engine.port) for _ in range(2)]
    first, second = await asyncio.gather(*(each.post(WEBHOOK, body) for each in connections))
    third = await connections[0].post(WEBHOOK, body)
    for each in connections:
        each.close()
    return not (first and first == second == third)


PARTS: Mapping[str, Callable[[Bench], list[Row]]] = {
    "start": started,
    "throughput": throughput,
    "paced": paced,
    "users": users,
    "sockets": sockets,
    "long": long,
    "duplicates": duplicates,
    "soak": soak,
}
