"""Kill servers at each marked point, and the databases behind them, while numbered messages come in; then count."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from bench.engines import ROOT
from bench.measure import environment
from bench.processes import Failed, runs, timed, tree
from bench.server.marks import POINTS
from bench.server.numbered import Load, Telegram, fate, unbrought
from bench.server.parts import Bench, Row, Say
from frontdesk.testing import servers

TIMES = 20
PROJECT = ROOT / "tests" / "faults" / "project"
COMMAND = (sys.executable, "-m", "frontdesk.cli.main")
ANY = "at any moment"
LIMIT = 120.0  # seconds that something is waited for
TOO_SOON = 5.5  # seconds; a worker that ends earlier three times in a row is not started again
SHARED = """
action_endpoint:
  actions_module: actions
tracker_store:
  type: sql
  url: {database}
lock_store:
  type: redis
  url: {redis}
  lifetime: 4
"""
QUEUE = """
queue:
  type: redis
  url: {redis}
  lifetime: 4
"""
UNFINISHED = "SELECT count(*) FROM frontdesk_inbox WHERE finished IS NULL AND begun < {}"
HEARD = "SELECT sender_id, data FROM events WHERE type_name = 'user' ORDER BY id"
SAID = "SELECT sender_id, data FROM events WHERE type_name = 'bot' AND sender_id NOT LIKE 'r%'"
SORRY = "SELECT count(*) FROM events WHERE type_name = 'bot' AND data LIKE '%turn_failed%'"

Ask = Callable[[str], list[Any]]


@dataclass
class Site:
    """One way to serve: the processes that are kept running, as whoever operates them would, and what is behind them.

    `apart` are the seconds between two kills. `ask` reads the database of conversations.
    """

    name: str
    folder: Path
    port: int
    commands: Sequence[tuple[str, ...]]
    ask: Ask
    behind: Sequence[servers.Server] = ()
    apart: float = 0.0
    killed: Counter[str] = field(default_factory=Counter)
    last: float = 0.0
    over: bool = False
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def mark(self) -> Path:
        """Where the point stands at which a process is to end."""
        return self.folder / "kill-at"

    def effects(self) -> list[str]:
        """Return the ids of the messages that had an effect, in the order of the effects."""
        with closing(sqlite3.connect(self.folder / "effects.db", timeout=30)) as ledger:
            return [name for (name,) in ledger.execute("SELECT message FROM effects ORDER BY number")]

    async def keep_running(self) -> None:
        """Start what has ended, until it is over."""
        self.processes = [self._start(command) for command in self.commands]
        while not self.over:
            for place, process in enumerate(self.processes):
                if process.poll() is not None:
                    self.processes[place] = self._start(self.commands[place])
            await asyncio.sleep(0.05)

    def _start(self, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        more = {"FRONTDESK_RATE_LIMITS": "false", "PYTHONPATH": path}
        more["FRONTDESK_SECRET"] = "a-secret-that-all-processes-share-0123456789"
        with (self.folder / "servers.log").open("ab") as out:
            return subprocess.Popen(
                command, cwd=self.folder, env={**environment(), **more}, stdout=out, stderr=out
            )

    def stop(self) -> None:
        """Let all end as at a signal."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    async def kill_at(self, point: str, at: random.Random) -> None:
        """Kill one process at a point. Raises Failed where none comes by."""
        if point == ANY:
            await asyncio.sleep(at.uniform(0.0, 1.0))
            own = [pid for process in self.processes for pid in tree(process.pid)[1:] or [process.pid]]
            os.kill(at.choice(own), signal.SIGKILL)
        else:
            self.mark.write_text(point, "utf-8")
            await _until(lambda: not self.mark.exists(), f"{self.name}: a process gets to '{point}'")
        self._note(point)

    async def restart(self, server: servers.Server) -> None:
        """Kill a server behind it, and start that again."""
        assert server.process is not None
        killed = tree(server.process.pid)
        for pid in killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        server.process.wait()
        # PostgreSQL does not start beside what is left of it.
        await _until(lambda: not any(map(runs, killed)), f"{self.name}: {server.name} is gone")
        await asyncio.to_thread(server.start)
        self._note(server.name)

    def _note(self, what: str) -> None:
        self.killed[what] += 1
        self.last = time.time()

    async def settled(self, load: Load) -> None:
        """Wait until all is answered that came before the last kill, and more was taken since. Raises Failed."""
        since, before = self.last, sum(load.taken.values())
        await asyncio.sleep(max(0.0, self.apart - (time.time() - since)))
        await _until(lambda: sum(load.taken.values()) > before, f"{self.name}: it takes more messages")
        await self.until_answered(since)

    async def until_answered(self, since: float) -> None:
        """Wait until all is answered that came before a time. Raises Failed."""
        deadline = time.monotonic() + LIMIT
        while (await asyncio.to_thread(self._open, since)) != 0:
            if time.monotonic() > deadline:
                raise Failed(f"{self.name}: messages stay unanswered.")
            await asyncio.sleep(0.3)

    async def until_brought(self, telegram: Telegram) -> int:
        """Give what was said the time that owed replies take; return how many did not arrive."""
        deadline = time.monotonic() + LIMIT
        while (missing := unbrought(await asyncio.to_thread(self.ask, SAID), telegram.brought)) != 0:
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(1.0)
        return missing

    def _open(self, since: float) -> int | None:
        with suppress(psycopg.OperationalError, psycopg.errors.UndefinedTable, sqlite3.OperationalError):
            return int(self.ask(UNFINISHED.format(since))[0][0])
        return None


def kills(bench: Bench) -> list[Row]:
    """Kill servers, workers and databases again and again; count what was lost, done twice, or out of order."""
    times = max(round(TIMES * bench.scale), 1)
    trained = bench.work / "kills"
    shutil.copytree(PROJECT, trained, ignore=shutil.ignore_patterns("__pycache__"))
    timed((*COMMAND, "train"), trained)
    with ExitStack() as stack:
        sites = [
            (make(trained, bench.work, stack), stack.enter_context(Telegram()))
            for make in (_alone, _by_workers, _by_queue)
        ]
        for site, telegram in sites:
            _open_channels(site, telegram)
        return asyncio.run(_all(sites, times, bench))


async def _all(sites: Sequence[tuple[Site, Telegram]], times: int, bench: Bench) -> list[Row]:
    try:
        async with asyncio.TaskGroup() as group:  # where one fails, the servers of the others end, too
            tasks = [group.create_task(endured(*site, times, bench.say)) for site in sites]
    except* (Failed, RuntimeError) as failures:
        raise Failed(str(failures.exceptions[0])) from failures
    rows, results = [], bench.results.setdefault("kills", {})
    for (site, _), found in zip(sites, (task.result() for task in tasks), strict=True):
        results[site.name] = found
        points = found["killed"]
        what = ", ".join(f"{name} {points[name]}" for name in (server.name for server in site.behind))
        own = sum(points.values()) - sum(points[server.name] for server in site.behind)
        work = f"{site.name}: kill -9 at {len(POINTS)} points and at any moment, {own} times"
        work += f"; of {what}" if what else ""
        told = f"{found['lost']} lost, {found['doubled']} doubled, {found['disordered']} out of order"
        told += f" of {found['acknowledged']:,}"
        told += f"; {found['telegram_missing']} of {found['telegram_said']:,} replies to Telegram not brought"
        rows.append(Row(work, "0 lost, 0 doubled, in order, all brought", told, found["good"]))
    return rows


async def endured(site: Site, telegram: Telegram, times: int, say: Say) -> dict[str, Any]:
    """Kill what there is while messages come in; return what became of these. Raises Failed."""
    load, at = Load(site.url), random.Random(site.name)
    restarts = [partial(site.restart, server) for server in site.behind]
    keeping, talking = asyncio.create_task(site.keep_running()), asyncio.create_task(load.run())
    try:
        for done in range(1, times + 1):
            for strike in (*(partial(site.kill_at, point, at) for point in (*POINTS, ANY)), *restarts):
                await _first(talking, site.settled(load))
                await asyncio.sleep(at.uniform(0.0, 0.3))
                await strike()
            say(f"{site.name}: {done} of {times} rounds; {sum(load.taken.values()):,} messages")
        await _first(talking, site.settled(load))
        load.over = True
        await asyncio.wait_for(talking, LIMIT)
        await site.until_answered(time.time() + 60)
        missing = await site.until_brought(telegram)
    finally:
        talking.cancel()
        site.over = True
        await keeping
        await asyncio.to_thread(site.stop)
    found = fate(load.taken, site.ask(HEARD), site.effects())
    return {
        **asdict(found), "good": found.good and not missing, "killed": site.killed, "sent_again": load.again,
        "apologies": int(site.ask(SORRY)[0][0]), "telegram_said": len(site.ask(SAID)),
        "telegram_brought": sum(telegram.brought.values()), "telegram_missing": missing,
    }  # fmt: skip


async def _first(talking: asyncio.Task[None], waiting: Any) -> None:
    """Wait for something, but not where nobody talks any more."""
    task = asyncio.ensure_future(waiting)
    await asyncio.wait([talking, task], return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        talking.result()
    await task


async def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"Waited in vain until {what}.")
        await asyncio.sleep(0.02)


def _alone(trained: Path, work: Path, _: ExitStack) -> Site:
    folder, port = Path(shutil.copytree(trained, work / "kills-alone")), servers.free_port()
    run = (*COMMAND, "run", "--port", str(port))
    return Site("one server, SQLite", folder, port, [run], partial(_rows, folder))


def _by_workers(trained: Path, work: Path, stack: ExitStack) -> Site:
    folder, port = Path(shutil.copytree(trained, work / "kills-workers")), servers.free_port()
    behind, ask = _shared(folder, stack, "")
    run = (*COMMAND, "run", "--port", str(port), "--workers", "2")
    return Site("2 workers, PostgreSQL and Redis", folder, port, [run], ask, behind, 1.02 * TOO_SOON)


def _by_queue(trained: Path, work: Path, stack: ExitStack) -> Site:
    folder, port = Path(shutil.copytree(trained, work / "kills-queue")), servers.free_port()
    behind, ask = _shared(folder, stack, QUEUE)
    run = (*COMMAND, "run", "--port", str(port))
    worker = (*COMMAND, "worker")
    return Site("queue mode, 2 workers", folder, port, [run, worker, worker], ask, behind)


def _shared(folder: Path, stack: ExitStack, more: str) -> tuple[list[servers.Server], Ask]:
    database = stack.enter_context(servers.postgresql(durable=True))
    redis = stack.enter_context(servers.redis())
    url, where = database.new_database(), redis.new_database()
    text = (SHARED + more).format(database=url, redis=where)
    (folder / "endpoints.yml").write_text(text, "utf-8")
    name = url.rpartition("/")[2]
    return [redis, database], lambda query: servers.run_sql(database.port, query, name)


def _open_channels(site: Site, telegram: Telegram) -> None:
    (site.folder / "gate-open").touch()
    text = f"rest:\ntelegram: {telegram.options}\nbench.server.marks.Marks: {{file: '{site.mark}'}}\n"
    (site.folder / "credentials.yml").write_text(text, "utf-8")


def _rows(folder: Path, query: str) -> list[Any]:
    database = folder / ".frontdesk" / "conversations.db"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(query).fetchall()
