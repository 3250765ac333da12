"""The SQLite file under pressure: group commit, other processes, and a kill in the middle of everything."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.core import events as ev
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import StaleConversation, StoreError
from frontdesk.stores.sql import SqlTrackerStore
from frontdesk.testing.contracts.tracker_store import all_senders, said, stored, texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "conversations.db"


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqlTrackerStore]:
    store = SqlTrackerStore({"db": str(file), "timeout": 60})
    yield store
    await store.close()


def execute(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement).fetchall()


def trigger(file: Path, outcome: str) -> None:
    execute(
        file,
        f"CREATE TRIGGER t BEFORE INSERT ON events WHEN NEW.sender_id = 'bad' BEGIN SELECT RAISE({outcome}, 'full'); END",
    )


async def save_among_199(store: SqlTrackerStore) -> list[BaseException | None]:
    names = [f"u{n}" if n != 77 else "bad" for n in range(200)]
    saves = [store.save(Commit(name, [said("one"), said("two")], 0)) for name in names]
    return await asyncio.gather(*saves, return_exceptions=True)


class TestGroups:
    async def test_saves_that_wait_share_a_transaction(self, store: SqlTrackerStore) -> None:
        await store.load("ann")
        begun: list[int] = []
        write = store._database._writer._run  # type: ignore[attr-defined]
        store._database._writer._run = lambda jobs: (begun.append(len(jobs)), write(jobs))[1]  # type: ignore[attr-defined]
        results = await save_among_199(store)
        assert results == [None] * 200
        assert sum(begun) == 200
        assert len(begun) < 20

    async def test_a_statement_that_fails_costs_its_own_save_only(
        self, store: SqlTrackerStore, file: Path
    ) -> None:
        await store.load("ann")
        trigger(file, "ABORT")
        results = await save_among_199(store)
        assert [n for n, result in enumerate(results) if result is not None] == [77]
        assert isinstance(results[77], StoreError)
        assert "full" in str(results[77])
        assert len(await all_senders(store)) == 199

    async def test_where_the_whole_transaction_is_lost_nobody_is_told_that_it_was_saved(
        self, store: SqlTrackerStore, file: Path
    ) -> None:
        await store.load("ann")
        trigger(file, "ROLLBACK")
        results = await save_among_199(store)
        failed = {n for n, result in enumerate(results) if result is not None}
        assert 77 in failed
        assert all(isinstance(results[n], StoreError) for n in failed)
        there = set(await all_senders(store))
        assert there == {f"u{n}" for n in range(200) if n not in failed}
        await store.save(Commit("ann", [said("and on it goes")], 0))

    async def test_saves_of_one_conversation_in_one_group_see_each_other(
        self, store: SqlTrackerStore
    ) -> None:
        await store.load("ann")
        saves = [store.save(Commit("ann", [said(str(n))], n)) for n in range(50)]
        assert await asyncio.gather(*saves) == [None] * 50
        assert texts(await store.load("ann")) == [str(n) for n in range(50)]

    async def test_one_who_gives_up_waiting_harms_nobody(self, store: SqlTrackerStore) -> None:
        tasks = [asyncio.create_task(store.save(Commit(f"u{n}", [said("hi")], 0))) for n in range(50)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [r for r in results[1::2] if r is not None] == []
        there = set(await all_senders(store))
        assert {f"u{n}" for n in range(1, 50, 2)} <= there

    async def test_the_event_loop_goes_on_while_the_file_is_locked(
        self, store: SqlTrackerStore, file: Path
    ) -> None:
        await store.load("ann")
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            saving = asyncio.create_task(store.save(Commit("ann", [said("hi")], 0)))
            steps = 0
            for _ in range(20):
                await asyncio.sleep(0.001)
                steps += 1
            assert (steps, saving.done()) == (20, False)
            other.execute("ROLLBACK")
        await saving

    async def test_what_waits_at_closing_is_done(self, file: Path) -> None:
        store = SqlTrackerStore({"db": str(file)})
        tasks = [asyncio.create_task(store.save(Commit(f"u{n}", [said("hi")], 0))) for n in range(100)]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*tasks) == [None] * 100
        assert execute(file, "SELECT count(*) FROM events") == [(100,)]
        assert not Path(f"{file}-wal").exists()


OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
"""

WRITER = """
import asyncio, json, sys
from frontdesk.core import events as ev
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.stores.sql import SqlTrackerStore

async def talk(store, name):
    seen = 0
    for n in range(100_000):
        delivery = Delivery("rest", name, str(n))
        await store.begin(delivery, UserMessage("hi", name, "rest", str(n)))
        print(json.dumps(["begun", name, n]), flush=True)
        await store.save(Commit(name, [ev.SlotSet("turn", [n, part]) for part in range(3)], seen))
        await store.save(Commit(name, [ev.BotUttered(str(n)), ev.SessionStarted()], seen + 3, delivery, [{"text": str(n)}]))
        seen += 5
        print(json.dumps(["done", name, n]), flush=True)

async def main():
    store = SqlTrackerStore({"db": sys.argv[1]})
    await asyncio.gather(*(talk(store, f"u{k}") for k in range(8)))

asyncio.run(main())
"""


class TestOtherProcesses:
    async def test_a_second_process_that_locks_the_file(self, file: Path) -> None:
        store = SqlTrackerStore({"db": str(file), "timeout": 0.3})
        await store.save(Commit("ann", [said("one")], 0))
        with subprocess.Popen(
            [sys.executable, "-c", OTHER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert await asyncio.to_thread(other.stdout.readline) == "locked\n"
            with pytest.raises(StoreError, match="locked by another program"):
                await store.save(Commit("ann", [said("two")], 1))
            assert texts(await store.load("ann")) == ["one"]
            other.kill()  # a process that dies takes its lock with it
            await asyncio.to_thread(other.wait)
        await store.save(Commit("ann", [said("two")], 1))
        assert texts(await store.load("ann")) == ["one", "two"]
        await store.close()

    @pytest.mark.parametrize("lines", [1, 60, 400])
    async def test_kill_9_in_the_middle_of_saves(self, file: Path, lines: int) -> None:
        told = await asyncio.to_thread(run_and_kill, file, lines)
        assert len(told) >= lines
        store = SqlTrackerStore({"db": str(file)})
        unfinished = {(d.sender_id, int(d.message_id)) for d, _ in await store.unfinished(0)}
        for name in [f"u{k}" for k in range(8)]:
            found = await store.load(name, whole=True)
            events, offset = found.events, found.offset
            assert offset == 0
            # Each commit is there whole or not at all, in order: three slots, then the reply and the session's start.
            for position, event in enumerate(events):
                n, part = divmod(position, 5)
                if part < 3:
                    assert isinstance(event, ev.SlotSet)
                    assert event.value == [n, part]
                elif part == 3:
                    assert isinstance(event, ev.BotUttered)
                    assert event.text == str(n)
            assert len(events) % 5 in (0, 3)
            turns = len(events) // 5
            # What was acknowledged is there ...
            done = [n for what, who, n in told if who == name and what == "done"]
            assert not done or turns > max(done)
            # ... with its replies in the same transaction, and no replies without their events.
            for n in range(turns):
                assert await store.begin(Delivery("rest", name, str(n)), UserMessage("hi", name)) == [
                    {"text": str(n)}
                ]
                assert (name, n) not in unfinished
            for n in [n for what, who, n in told if who == name and what == "begun"]:
                assert n < turns or (name, n) in unfinished
            # The sequence agrees with the rows, and the conversation goes on.
            with pytest.raises(StaleConversation):
                await store.save(Commit(name, [said("late")], len(events) - 1))
            await store.save(Commit(name, [said("on it goes")], len(events)))
            assert texts(await store.load(name)) == ["on it goes"]
            assert stored(await store.load(name)) == len(events) + 1
        await store.close()
        assert execute(file, "PRAGMA integrity_check") == [("ok",)]


def run_and_kill(file: Path, lines: int) -> list[tuple[str, str, int]]:
    """Let another process write until it has told so many things, kill it, and return all that it told."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(lines)]
        os.kill(writer.pid, signal.SIGKILL)
        told += [line for line in writer.stdout if line.endswith("\n")]
    return [tuple(json.loads(line)) for line in told]
