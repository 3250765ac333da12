"""The database: filled once whoever comes first, whole or not at all, and honest about what it can't use."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, create_engine, select, text

from actions.commerce import schema
from actions.commerce.database import Database, order_key
from actions.commerce.demo.cast import read_cast
from actions.commerce.errors import StoreBusy, StoreError, StoreMismatch
from actions.services.container import Services

ROOT = Path(__file__).parents[3]
COUNT = """
import sys
from actions.services.container import Services
shop = Services(sys.argv[1])
held = shop.commerce.snapshot()
from sqlalchemy import select
from actions.commerce import schema
with shop.database.read() as connection:
    salt = connection.execute(select(schema.shop_meta.c.salt)).scalar_one()
print(len(held.products), len(held.customers), len(held.orders), salt)
"""
DIE = """
import sys, time
from actions.commerce.database import Database
from actions.commerce.store import fill
from actions.commerce.demo.shop import demo_shop
from datetime import datetime, UTC

def fill_and_wait(connection):
    fill(connection, demo_shop(datetime.now(UTC)))
    print("filled", flush=True)
    time.sleep(60)

Database(sys.argv[1], fill=fill_and_wait).engine
"""


def run(code: str, url: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )


def test_processes_that_begin_at_once_fill_the_shop_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    started = [run(COUNT, url) for _ in range(2)]
    told = {process.communicate(timeout=300)[0] for process in started}
    assert [process.returncode for process in started] == [0, 0]
    assert len(told) == 1
    assert told.pop().split()[:2] == ["56", str(64 + len(read_cast(datetime.now(UTC))))]


def test_threads_that_begin_at_once_fill_the_shop_once(tmp_path: Path) -> None:
    made = [Services(f"sqlite:///{tmp_path}/shop.db") for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda each: len(each.commerce.products()), made * 2))
    assert counts == [56] * 8
    for each in made:
        each.close()


def test_a_kill_in_the_middle_leaves_nothing_half_made(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    process = run(DIE, f"sqlite:///{path}")
    assert process.stdout is not None
    assert process.stdout.readline() == "filled\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    process.stdout.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    shop = Services(f"sqlite:///{path}")
    assert len(shop.commerce.snapshot().orders) > 220
    shop.close()


def test_sqlite_runs_in_wal_mode_with_foreign_keys(shop: Services) -> None:
    with shop.database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def test_readers_do_not_wait_for_a_writer(shop: Services) -> None:
    # One that waited would be told after some seconds that the database is locked: the writer is in the same thread.
    before = len(shop.commerce.products())
    with shop.database.write() as connection:
        connection.execute(schema.products.update().values(name="Changed"))
        assert len(shop.commerce.products()) == before
        assert shop.commerce.products()[0].name != "Changed"


def test_an_exception_undoes_a_write(shop: Services) -> None:
    with pytest.raises(RuntimeError), shop.database.write() as connection:
        connection.execute(schema.products.update().values(name="Changed"))
        raise RuntimeError
    assert shop.commerce.products()[0].name != "Changed"


def test_a_database_that_stays_locked_is_named(shop: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.database.close()
    monkeypatch.setattr("actions.commerce.database.BUSY_SECONDS", 0.05)
    with shop.database.write(), pytest.raises(StoreBusy, match="locked"), shop.database.write():
        pass


def test_a_database_that_another_program_keeps_locked_is_named(
    shop: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.database.close()
    monkeypatch.setattr("actions.commerce.database.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(shop.database.url.database or "")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="locked"), shop.database.write():
            pass
        other.rollback()
    with shop.database.write():
        pass  # whoever was refused has let go of its place in line


def test_writers_of_one_process_stand_in_line(shop: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.database.close()
    with monkeypatch.context() as patched:  # SQLite itself is to wait for nobody
        patched.setattr("actions.commerce.database.BUSY_SECONDS", 0.0)
        assert shop.database.engine

    def write(number: int) -> int:
        with shop.database.write() as connection:
            connection.execute(schema.products.update().values(name=f"Name {number}"))
            time.sleep(0.002)
        return number

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(write, range(32))) == list(range(32))


def test_writers_wait_for_a_shop_that_is_being_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actions.commerce.database.BUSY_SECONDS", 0.05)
    filling, go_on = Event(), Event()

    def fill(connection: Connection) -> None:
        filling.set()
        assert go_on.wait(60)

    database = Database(f"sqlite:///{tmp_path / 'shop.db'}", fill=fill)

    def write() -> bool:
        with database.write():
            return True

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(write)
        assert filling.wait(60)
        second = pool.submit(write)
        assert wait([second], timeout=0.5).not_done  # longer than anybody stands in line
        go_on.set()
        assert (first.result(60), second.result(60)) == (True, True)
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "not a url", ""])
def test_urls_that_can_not_work(url: str) -> None:
    with pytest.raises(StoreError):
        Database(url)


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER)"))
    engine.dispose()
    with pytest.raises(StoreMismatch, match="'orders'"):
        Services(url).commerce.products()


def test_the_source_is_noted(shop: Services) -> None:
    with shop.database.read() as connection:
        row = connection.execute(select(schema.shop_meta)).mappings().one()
    assert row["source"] == "demo"


def test_order_keys() -> None:
    assert order_key("#W-26 11340") == order_key("w2611340") == "W2611340"
