"""The loads under which a server is measured, each with what it must reach."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench.engines import ROOT, Engine, assistant, bare, looked_up, rasa, smallbot
from bench.http1 import Connection
from bench.load import SESSION, WEBHOOK
from bench.measure import SHORTEST, Words, load, prepare, running
from bench.processes import Failed, cpu_seconds, pss_mb, timed
from bench.words import word
from frontdesk.testing.servers import free_port, postgresql, redis

Say = Callable[[str], None]
CONVERSATIONS = Path(".frontdesk", "conversations.db")  # in the assistant's folder, as its endpoints.yml says


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
        bench.results["memory_mb"] = round(pss_mb(process))
    with _on_servers(bench) as engine, bench.serving(engine) as process:
        name = "assistant, PostgreSQL and Redis, 2 workers"
        levels[name] = load(engine, process, 128, bench.seconds(30), 10**6, bench.words)
    others = [
        smallbot(bench.work / "smallbot"),
        smallbot(bench.work / "smallbot-as-in-rasa", as_in_rasa=True),
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
        theirs = levels["small bot, Rasa"]["server_cpu_ms"]
        for name, whose in (
            ("small bot, Rasa's config.yml", "the same config.yml"),
            ("small bot", "our pipeline"),
        ):
            times = theirs / levels[name]["server_cpu_ms"]
            work = f"processor time of a message below Rasa's, {whose}"
            rows.append(Row(work, "15 times", f"{times:.1f} times", times >= 15))
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
        )


def caches(bench: Bench) -> list[Row]:
    """Measure how much of what is looked for in a cache is there, in a run of its own: counting takes time."""
    plain, port = bench.engine(), free_port()
    engine = replace(plain, serve=(*plain.serve, "--metrics-port", str(port)))
    with bench.serving(engine) as process:
        before = _lookups(port)
        load(engine, process, 128, bench.seconds(30), 10**6, bench.words)
        seen = _lookups(port)
    seen.subtract(before)
    bench.results["caches"] = seen
    found = {
        kind: seen[kind] / max(seen[kind] + seen[f"no_{kind}"], 1) for kind in ("conversation", "vector")
    }
    told = f"{found['conversation']:.0%} of conversations, {found['vector']:.0%} of vectors of texts"
    return [Row("found in a cache, 128 conversations at once, no text twice", "told", told)]


def _lookups(port: int) -> Counter[str]:
    """Return what a server has counted of its caches."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    counted = re.findall(r'^frontdesk_cache_lookups_total\{found="(\w+)"\} (\S+)$', text, re.M)
    return Counter({kind: int(float(number)) for kind, number in counted})


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
            f"1,000 users who think for 30 s, {minutes(bench.seconds(300))}",
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
    """Measure a turn in a conversation of 20,000 events against one in a new conversation."""
    engine, most = bench.engine(), max(round(20_000 * min(bench.scale, 1.0)), 500)
    with bench.serving(engine) as process:
        found = asyncio.run(_talk_long(engine, process, most, bench))
    bench.results["long"] = found
    times = found["long_ms"] / found["short_ms"]
    told = f"{times:.2f} times ({found['short_ms']:.1f} and {found['long_ms']:.1f} CPU-ms)"
    work = f"a turn after {found['long_events']:,} events against one after {found['short_events']:,}"
    return [Row(f"{work} (as stored, median of 20)", "1.5 times at most", told, times <= 1.5)]


async def _talk_long(engine: Engine, process: int, most: int, bench: Bench) -> dict[str, float]:
    """Return the processor time of a turn in new conversations and in a long one, and how many events came before."""
    facts = json.loads((engine.folder / "facts.json").read_text("utf-8"))
    talk = ("thanks, says {}", "where is my order {number}? My email is {email}, says {}", "hi, this is {}")
    connection = Connection("127.0.0.1", engine.port)

    async def turns(who: Mapping[str, str], count: int) -> None:
        headers = {"Authorization": f"Bearer {who['token']}"}
        for place in range(count):
            text = talk[place % 3].format(word(bench.words.next), **facts[0])
            bench.words.used(1)
            await connection.post(WEBHOOK, {"message": text}, headers)

    async def costs(who: Mapping[str, str]) -> tuple[int, float]:
        events, before = _events(engine, who["sender_id"]), cpu_seconds(process)
        await turns(who, 6)
        return events, 1000 * (cpu_seconds(process) - before) / 6

    early, late = [], []
    one = await connection.post(SESSION, {})
    while _events(engine, one["sender_id"]) < most:
        await turns(one, 30)
    for _ in range(20):  # by turns, so that what else the machine does meets both
        fresh = await connection.post(SESSION, {})
        await turns(fresh, 3)  # until the customer is known, as in the long one
        early.append(await costs(fresh))
        late.append(await costs(one))
    connection.close()
    return {
        "short_events": min(events for events, _ in early),
        "short_ms": statistics.median(cost for _, cost in early),
        "long_events": min(events for events, _ in late),
        "long_ms": statistics.median(cost for _, cost in late),
    }


def _events(engine: Engine, sender: str) -> int:
    """Count the events of a conversation as they are stored."""
    query = "select count(*) from events where sender_id = ?"
    return int(looked_up(engine.folder / CONVERSATIONS, query, sender)[0][0])


def soak(bench: Bench) -> list[Row]:
    """Measure the growth of memory over half an hour at 12 messages a second.

    Before that, five minutes as fast as it goes: until then memory grows since what is kept of conversations fills up,
    and malloc gathers the odd pieces that it works with from then on.
    """
    engine = bench.engine()
    seconds, warm = bench.seconds(1800), bench.seconds(300)
    curve: list[tuple[float, float]] = []
    over = threading.Event()

    def sample(process: int, begun: float) -> None:
        while not over.wait(min(10.0, seconds / 20)):
            curve.append((time.perf_counter() - begun, pss_mb(process)))

    with bench.serving(engine) as process, ThreadPoolExecutor(1) as beside:
        begun = time.perf_counter()
        beside.submit(sample, process, begun)
        try:
            before = load(engine, process, 60, warm, 10**6, bench.words)
            warm = time.perf_counter() - begun
            found = load(engine, process, 60, seconds, 10**6, bench.words, ["--rate", "12"])
        finally:
            over.set()
    steady = [(at, memory) for at, memory in curve if at >= warm]
    slope = statistics.linear_regression(
        [at / 3600 for at, _ in steady], [memory for _, memory in steady]
    ).slope
    about = {"curve": curve, "slope_mb_an_hour": slope, "warm": warm, "warmed_by": before["answered"]}
    bench.results["soak"] = {**about, "load": found}
    told = f"{slope:+.1f} MB an hour, {steady[-1][1]:.0f} MB at the end, {found['per_second']:.0f}/s"
    work = f"12 messages a second for {minutes(seconds)}, after {before['answered']:,} messages"
    return [Row(work, "memory grows < 5 MB an hour", told, slope < 5.0)]


def minutes(seconds: float) -> str:
    """Say how long a part lasted."""
    return f"{seconds / 60:.3g} minutes"


def duplicates(bench: Bench) -> list[Row]:
    """Send a thousand messages twice, both at once and later, and count what was answered or taken twice."""
    engine, count = bench.engine(), max(round(1000 * min(bench.scale, 1.0)), 50)
    with bench.serving(engine):
        different = asyncio.run(_twice(engine, count, bench))
    query = (
        "select count(*) from events where type_name = 'user' and sender_id like 'twice-%' group by sender_id"
    )
    taken = Counter(number for (number,) in looked_up(engine.folder / CONVERSATIONS, query))
    wrong = count - taken[1]  # taken more than once, or not at all
    bench.results["duplicates"] = {"sent": count, "different": different, "not_once": wrong}
    told = f"{wrong} of {count:,} not stored exactly once, {different} answered differently"
    work = "deliveries that come three times, each the one message of its conversation"
    return [Row(work, "0 double effects", told, not wrong and not different)]


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
    "caches": caches,
    "paced": paced,
    "users": users,
    "sockets": sockets,
    "long": long,
    "duplicates": duplicates,
    "soak": soak,
}
