"""Measure one engine with one bot: training, start, memory, and how it answers under load."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from bench.engines import ROOT, Engine, write_facts
from bench.http1 import BadAnswer, Connection
from bench.load import SESSION, WEBHOOK
from bench.processes import Failed, cpu_seconds, machine_busy, pss_mb, stopped_after, timed

START_LIMIT = 180.0  # seconds
SHORTEST = 3.0  # seconds that a load lasts at least
_askers = count()

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long and how much: seconds for each number of conversations, and at most so many messages."""

    levels: tuple[int, ...] = (1, 32, 128)
    seconds: float = 15.0
    warm_up: float = 3.0
    messages: int = 30_000


class Words:
    """Hands out the numbers of words, so that no part of a run says what another one said."""

    def __init__(self) -> None:
        self.next = 0

    def used(self, number: int) -> None:
        """Take note of how many were used."""
        self.next += number


def measure(engine: Engine, plan: Plan, words: Words, say: Say) -> dict[str, Any]:
    """Return everything about one engine. Raises Failed."""
    found: dict[str, Any] = {"name": engine.name}
    if engine.train:
        say(f"{engine.name}: training")
        found["train"] = timed(engine.train, engine.folder, engine.environment).plain()
        say(f"{engine.name}: training again, nothing changed")
        found["train_unchanged"] = timed(engine.train, engine.folder, engine.environment).plain()
    say(f"{engine.name}: start")
    if engine.serve_again:
        with running(engine, engine.serve) as (_, first):
            found["first_start"] = first
    with running(engine, engine.serve_again or engine.serve) as (process, started):
        found["start"] = started
        found.update(_serving(engine, process, plan, words, say))
    return found


def _serving(engine: Engine, process: int, plan: Plan, words: Words, say: Say) -> dict[str, Any]:
    prepare(engine)
    say(f"{engine.name}: warming up")
    warm = load(engine, process, 8, plan.warm_up, plan.messages, words)
    memory = {"warm_mb": round(pss_mb(process))}
    levels = []
    for conversations in plan.levels:
        say(f"{engine.name}: {conversations} conversations")
        level = load(engine, process, conversations, plan.seconds, plan.messages, words)
        levels.append(level)
        p50 = level["latency_ms"].get("p50", 0.0)
        say(
            f"    {level['per_second']:,.0f} messages/s, p50 {p50:,.1f} ms, {level['server_cpu_ms']:.2f} CPU-ms each"
        )
    memory["end_mb"] = round(pss_mb(process))
    memory["messages_between"] = sum(level["answered"] for level in levels)
    return {"memory": memory, "warm_up": {"answered": warm["answered"]}, "levels": levels}


def prepare(engine: Engine) -> None:
    """Fill the shop of a server that runs, and write down whom its customers may be."""
    if engine.shop is not None:
        asyncio.run(_ask(engine, "where is my order?"))  # fills the shop on its first use
        write_facts(engine.shop, engine.folder / "facts.json")


def load(
    engine: Engine,
    process: int,
    conversations: int,
    seconds: float,
    messages: int,
    words: Words,
    more: Sequence[str] = (),
) -> dict[str, Any]:
    """Put load on a server from another process; return what that saw, with what it cost the server.

    `more` are further options of `bench.load`. Raises Failed.
    """
    command = [sys.executable, "-m", "bench.load", engine.url, "--mix", engine.mix]
    command += ["--conversations", str(conversations), "--seconds", str(seconds), "--messages", str(messages)]
    command += ["--first", str(words.next), *more]
    if engine.tokens:
        command.append("--tokens")
    if engine.shop is not None:
        command += ["--facts", str(engine.folder / "facts.json")]
    busy, before, begun = machine_busy(), cpu_seconds(process), time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - begun
    spent, busy = cpu_seconds(process) - before, machine_busy() - busy
    if done.returncode:
        raise Failed(f"The load on {engine.name} failed:\n{done.stderr[-2000:]}")
    seen: dict[str, Any] = json.loads(done.stdout)
    words.used(seen["words_used"])
    if not seen["answered"]:
        raise Failed(f"{engine.name} answered nothing under load: {seen['errors']}")
    seen["server_cpu_ms"] = round(1000 * spent / seen["answered"], 2)
    seen["server_cores"] = round(spent / wall, 2)
    seen["cores_busy_elsewhere"] = round(max(busy - spent - seen["load_cpu_seconds"], 0.0) / wall, 2)
    return seen


@contextmanager
def running(engine: Engine, command: tuple[str, ...]) -> Iterator[tuple[int, dict[str, float]]]:
    """Start a server; give its process id and what it took until its first answer. Raises Failed."""
    log = engine.folder / "bench-server.log"
    with log.open("ab") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=engine.folder,
            env={**environment(), **engine.environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    with stopped_after(process):
        while True:
            if process.poll() is not None or time.perf_counter() - begun > START_LIMIT:
                end = log.read_text("utf-8", errors="replace")[-2000:]
                raise Failed(f"{engine.name} did not come up:\n{end}")
            try:
                asyncio.run(_ask(engine, f"hello, it's asker number {next(_askers)}"))
                break
            except (OSError, EOFError, TimeoutError, BadAnswer):
                time.sleep(0.02)
        wall = time.perf_counter() - begun
        yield process.pid, {"wall_seconds": round(wall, 2), "cpu_seconds": round(cpu_seconds(process.pid), 2)}


async def _ask(engine: Engine, text: str) -> None:
    """Get one answer. Raises BadAnswer where it is empty, OSError and others where there is none."""
    connection = Connection("127.0.0.1", engine.port)
    try:
        async with asyncio.timeout(30):
            headers = {}
            body = {"sender": f"asker-{next(_askers)}", "message": text}
            if engine.tokens:
                token = (await connection.post(SESSION, {}))["token"]
                headers, body = {"Authorization": f"Bearer {token}"}, {"message": text}
            if not await connection.post(WEBHOOK, body, headers):
                raise BadAnswer("An empty list of replies.")
    finally:
        connection.close()


def environment() -> dict[str, str]:
    """Return this process's environment without what would change an engine's behavior or its shop."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("FRONTDESK_", "OPENAI_"))}
