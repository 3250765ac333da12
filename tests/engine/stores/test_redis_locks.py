"""The lock store in Redis: the contract, several servers, a server that dies, a Redis that goes away or comes back empty."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from frontdesk.core.ports import Hold
from frontdesk.errors import ConfigError, LockLost, StoreError
from frontdesk.stores.redis_locks import RedisLockStore
from frontdesk.stores.redis_options import read_redis_options
from frontdesk.testing import servers
from frontdesk.testing.contracts.lock_store import LockStoreContract
from frontdesk.testing.servers import Server, run_redis
from tests.conftest import PATIENCE

Open = Callable[..., RedisLockStore]


@pytest.fixture
def redis_url(redis: Server) -> str:
    """An empty database of a Redis that has been there for long."""
    url = redis.new_database()
    run_redis(url, "FLUSHDB")
    run_redis(url, "SET", "lock:began", "1")
    return url


@pytest.fixture
async def open_locks(redis_url: str) -> AsyncIterator[Open]:
    """A function that makes lock stores as several servers would have them."""
    opened: list[RedisLockStore] = []

    def open_one(**options: object) -> RedisLockStore:
        opened.append(RedisLockStore({"url": redis_url, **options}))
        return opened[-1]

    yield open_one
    for locks in opened:
        await locks.close()


class TestRedisLockStore(LockStoreContract):
    @pytest.fixture
    def locks(self, open_locks: Open) -> RedisLockStore:
        self.opened = open_locks()
        return self.opened

    async def pause(self) -> None:
        """Wait until Redis knows all who came, and none who left."""
        await asyncio.sleep(0.02)  # some let it pass while they have the lock, for others to come in
        async with asyncio.timeout(PATIENCE):
            while any(place.left or place.ticket == "0" for place in self.opened._places.values()):
                await asyncio.sleep(0.005)

    async def test_nothing_is_left_in_redis(self, open_locks: Open, redis_url: str) -> None:
        locks = open_locks()
        await asyncio.gather(*(use(locks, f"user-{n % 5}") for n in range(100)))
        assert len(locks) == 0
        assert [key for key in keys(redis_url) if key != "lock:began" and ":alive:" not in key] == []


async def use(locks: RedisLockStore, name: str) -> None:
    async with locks.lock(name):
        await asyncio.sleep(0)


async def until_waiting(url: str, count: int) -> None:
    """Wait until so many stand in the line of "ann"."""
    async with asyncio.timeout(60):
        while int(run_redis(url, "ZCARD", "lock:queue:ann")) != count:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def silent(url: str, locks: RedisLockStore) -> AsyncIterator[None]:
    """Let Redis have no sign of life of a server, however often it gives one."""

    async def take_away() -> None:
        while True:
            run_redis(url, "DEL", f"lock:alive:{locks._name}")
            await asyncio.sleep(0.01)

    taking = asyncio.create_task(take_away())
    try:
        yield
    finally:
        taking.cancel()


def keys(url: str) -> list[str]:
    return list(run_redis(url, "KEYS", "*"))


# Takes the lock of "ann" again and again in many tasks, and writes what happens into a file that all processes share.
# Ten more tasks begin for each line that it reads.
CONTENDER = """
import asyncio, os, sys
from frontdesk.stores.redis_locks import RedisLockStore
from frontdesk.stores.redis_options import read_redis_options

async def main(url, file, name, lines, times):
    locks = RedisLockStore({"url": url, "lifetime": 30.0})
    out = os.open(file, os.O_WRONLY | os.O_APPEND)

    async def work():
        for _ in range(times):
            async with locks.lock("ann") as hold:
                os.write(out, f"in {name} {hold.fence} {hold.clean}\\n".encode())
                await asyncio.sleep(0)
                os.write(out, f"out {name} {hold.fence} {hold.clean}\\n".encode())

    tasks = []
    for _ in range(lines):
        await asyncio.to_thread(sys.stdin.readline)
        tasks += [asyncio.create_task(work()) for _ in range(10)]
    await asyncio.gather(*tasks)
    await locks.close()

asyncio.run(main(*sys.argv[1:4], *map(int, sys.argv[4:])))
"""

# Takes the lock of "ann" and never gives it back; three others of it wait behind.
HOLDER = """
import asyncio, sys
from frontdesk.stores.redis_locks import RedisLockStore
from frontdesk.stores.redis_options import read_redis_options

async def wait(locks):
    async with locks.lock("ann"):
        pass

async def main(url):
    locks = RedisLockStore({"url": url, "lifetime": 600.0})
    async with locks.lock("ann") as hold:
        waiting = [asyncio.create_task(wait(locks)) for _ in range(3)]
        print(hold.fence, flush=True)
        await asyncio.sleep(3600)

asyncio.run(main(sys.argv[1]))
"""


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def holder(redis_url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock of "ann", and three more of it that wait; its first line is the fence."""
    process = python(HOLDER, redis_url)
    yield process
    process.kill()
    process.communicate()


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


class TestSeveralServers:
    async def test_hundreds_of_contenders_in_two_processes(
        self, open_locks: Open, redis_url: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "seen"
        file.touch()
        processes = [python(CONTENDER, redis_url, file, name, 15, 4) for name in ("one", "two")]
        async with open_locks(lifetime=600.0).lock("ann"):  # until all of them wait, by turns
            for number in range(30):
                begin(processes[number % 2])
                await until_waiting(redis_url, 10 * (number + 1))
        assert [await asyncio.to_thread(process.wait, 120) for process in processes] == [0, 0]
        for process in processes:
            process.communicate()
        seen = [text.split() for text in file.read_text().splitlines()]
        assert len(seen) == 2 * 2 * 150 * 4
        for entered, left in zip(seen[::2], seen[1::2], strict=True):
            assert (entered[0], left[0]) == ("in", "out")
            assert entered[1:] == left[1:], "nobody came in before the other was out"
        fences = [int(entered[2]) for entered in seen[::2]]
        assert fences == sorted(set(fences))
        turns = [entered[1] for entered in seen[::2]]
        assert sum(a != b for a, b in pairwise(turns)) > 50, "the two take turns"

    async def test_those_of_two_servers_wait_in_one_line(self, open_locks: Open, redis_url: str) -> None:
        one, two = open_locks(), open_locks()
        order: list[int] = []

        async def work(locks: RedisLockStore, number: int) -> None:
            async with locks.lock("ann"):
                order.append(number)

        async with one.lock("ann"):
            tasks = []
            for number in range(12):
                tasks.append(asyncio.create_task(work((one, two)[number % 2], number)))
                await until_waiting(redis_url, number + 1)
        async with asyncio.timeout(30):
            await asyncio.gather(*tasks)
        assert order == list(range(12))

    async def test_a_holder_that_is_killed_and_dead_waiters_stand_in_nobodys_way(
        self, open_locks: Open, redis_url: str, holder: subprocess.Popen[str]
    ) -> None:
        fence = int(await asyncio.to_thread(line, holder))
        await until_waiting(redis_url, 3)
        (alive,) = [key for key in keys(redis_url) if ":alive:" in key]
        locks = open_locks(lifetime=1.0)
        waiting = asyncio.create_task(enter(locks))
        await until_waiting(redis_url, 4)
        assert not waiting.done()
        holder.kill()
        await asyncio.to_thread(holder.wait)
        run_redis(redis_url, "PEXPIRE", alive, 300)  # so long ago was its last sign of life
        async with asyncio.timeout(30):
            hold = await waiting
        assert hold.fence > fence
        assert not hold.clean, "the one before may not have come to its end"
        assert (await enter(locks)).clean

    async def test_one_who_was_stopped_for_too_long_learns_that_the_lock_is_lost(
        self, open_locks: Open, redis_url: str
    ) -> None:
        one, two = open_locks(lifetime=1.0), open_locks(lifetime=1.0)

        with pytest.raises(LockLost):
            async with one.lock("ann"), asyncio.timeout(60), AsyncExitStack() as stack:
                async with silent(redis_url, one):
                    hold = await stack.enter_async_context(two.lock("ann"))
                assert not hold.clean
                await asyncio.sleep(3600)
        assert (await enter(one)).fence > hold.fence

    async def test_one_who_seemed_dead_as_the_lock_came_free_is_told_to_take_care_all_the_same(
        self, open_locks: Open, redis_url: str
    ) -> None:
        locks = open_locks(lifetime=1.0)
        await use(locks, "bob")
        run_redis(redis_url, "HSET", "lock:held:ann", "owner", "gone:1", "fence", "5", "clean", "1")
        run_redis(redis_url, "DEL", f"lock:alive:{locks._name}")
        async with asyncio.timeout(PATIENCE):
            assert not (await enter(locks)).clean
            assert (await enter(locks)).clean

    async def test_a_loss_that_is_heard_of_as_the_work_ends_stops_nothing(self, open_locks: Open) -> None:
        locks, loop, failed = open_locks(), asyncio.get_running_loop(), list[object]()
        loop.set_exception_handler(lambda _, context: failed.append(context.get("exception")))
        async with locks.lock("ann"):
            loop.call_soon(
                locks._lose, list(locks._places.values())
            )  # as a sign of life does that is under way
        await use(locks, "ann")
        assert failed == []
        assert len(locks) == 0

    async def test_a_turn_may_take_longer_than_the_lifetime(self, open_locks: Open) -> None:
        one, two = open_locks(lifetime=3.0), open_locks(lifetime=3.0)
        async with one.lock("ann"):
            waiting = asyncio.create_task(enter(two))
            await asyncio.sleep(4.0)
            assert not waiting.done()
        async with asyncio.timeout(30):
            assert (await waiting).clean

    async def test_a_place_that_nobody_knows_of_is_given_back(self, open_locks: Open, redis_url: str) -> None:
        one, two = open_locks(), open_locks()
        await enter(one)
        ghost = f"{one._name}:99"  # as a command leaves it that arrives after its client gave up
        run_redis(redis_url, "HSET", "lock:held:ann", "owner", ghost, "fence", "5", "clean", "1")
        async with asyncio.timeout(30):
            await enter(two)


async def enter(locks: RedisLockStore) -> Hold:
    async with locks.lock("ann") as hold:
        return hold


class Beating(RedisLockStore):
    """Tells when it could not give a sign of life."""

    def __init__(self, options: dict[str, object]) -> None:
        super().__init__(options)
        self.missed = asyncio.Event()

    async def _beat(self) -> None:
        try:
            await super()._beat()
        except Exception:
            self.missed.set()
            raise


class TestRedisThatFails:
    """Each test has a Redis of its own, which it stops and starts."""

    @pytest.fixture
    def server(self) -> Iterator[Server]:
        with servers.redis() as server:
            yield server

    @pytest.fixture
    async def locks(self, server: Server) -> AsyncIterator[RedisLockStore]:
        locks = RedisLockStore({"url": server.new_database(), "lifetime": 2.0, "timeout": 1.0})
        yield locks
        await locks.close()

    async def test_a_redis_that_is_away_is_told_and_found_again(
        self, server: Server, locks: RedisLockStore
    ) -> None:
        server.stop()
        with pytest.raises(StoreError, match="The lock of a conversation failed") as caught:
            await enter(locks)
        assert str(server.port) in str(caught.value)
        server.start()
        async with asyncio.timeout(30):
            await enter(locks)

    async def test_a_short_absence_is_waited_for(self, server: Server) -> None:
        locks = RedisLockStore({"url": server.new_database(), "timeout": 60.0})
        server.stop()
        waiting = asyncio.create_task(enter(locks))
        await asyncio.sleep(0.5)
        server.start()
        async with asyncio.timeout(60):
            await waiting
        await locks.close()

    async def test_a_redis_that_comes_back_empty(self, server: Server) -> None:
        url = server.new_database()
        one, two = (Beating({"url": url, "lifetime": 6.0, "timeout": 60.0}) for _ in range(2))
        order: list[str] = []

        async def work(locks: RedisLockStore, name: str) -> Hold:
            async with locks.lock("ann") as hold:
                order.append(name)
                return hold

        async with one.lock("ann") as first:
            waiting = []
            for number in range(6):
                waiting.append(asyncio.create_task(work((one, two)[number % 2], f"w{number}")))
                await until_waiting(url, number + 1)
            await asyncio.to_thread(server.stop)
            for locks in (one, two):  # so that both give their next one as soon as they can
                await asyncio.wait_for(locks.missed.wait(), PATIENCE)
            await asyncio.to_thread(server.start)
            await until_waiting(url, 6)
            async with asyncio.timeout(PATIENCE):
                while (held := run_redis(url, "HGET", "lock:held:ann", "fence")) is None:
                    await asyncio.sleep(0.05)
        async with asyncio.timeout(60):
            holds = await asyncio.gather(*waiting)
        fences = [hold.fence for hold in holds]
        assert held == str(first.fence) or not holds[0].clean, (
            "nobody came in without being told to take care"
        )
        assert order == [f"w{number}" for number in range(6)], "each kept its ticket"
        assert [first.fence, *fences] == sorted({first.fence, *fences})
        for locks in (one, two):
            await locks.close()

    async def test_the_lock_is_lost_where_redis_stays_away(
        self, server: Server, locks: RedisLockStore
    ) -> None:
        with pytest.raises(LockLost):
            async with locks.lock("ann"), asyncio.timeout(60):
                await asyncio.to_thread(server.stop)
                await asyncio.sleep(3600)

    async def test_a_full_redis_is_told_and_lets_those_go_on_who_are_at_work(
        self, server: Server, locks: RedisLockStore
    ) -> None:
        url = str(locks.options["url"])
        async with locks.lock("ann"):
            run_redis(url, "CONFIG", "SET", "maxmemory", "1")
            with pytest.raises(StoreError, match="memory"):
                async with locks.lock("bob"):
                    pass
            await asyncio.sleep(3.0)  # longer than the lifetime
        run_redis(url, "CONFIG", "SET", "maxmemory", "0")
        async with asyncio.timeout(30):
            await enter(locks)

    async def test_closing(self, locks: RedisLockStore) -> None:
        await enter(locks)
        await locks.close()
        await locks.close()
        with pytest.raises(StoreError, match="closed"):
            await enter(locks)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"url": "http://localhost"}, "address of Redis"),
        ({"url": "localhost:99999"}, "no valid port"),
        ({"port": "x"}, "port is 'x'"),
        ({"db": "main"}, "'db' is 'main'"),
        ({"lifetime": 0}, "'lifetime' is '0'"),
        ({"socket_timeout": "soon"}, "'socket_timeout'"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, object], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong) as caught:
        RedisLockStore(options)
    assert "endpoints.yml: lock_store" in str(caught.value)


def test_a_prefix_that_rasa_leaves_out_is_left_out_here(caplog: pytest.LogCaptureFixture) -> None:
    assert read_redis_options({"key_prefix": "my-bot"}, "lock_store", "lock:").prefix == "lock:"
    assert "key_prefix" in caplog.text
    assert read_redis_options({"key_prefix": "mybot"}, "lock_store", "lock:").prefix == "mybot:lock:"


async def test_rasas_options(redis: Server, caplog: pytest.LogCaptureFixture) -> None:
    run_redis(
        f"redis://127.0.0.1:{redis.port}/3",
        "ACL",
        "SETUSER",
        "me",
        "on",
        ">s3cret",
        "allkeys",
        "allchannels",
        "+@all",
    )
    options = {
        "url": "127.0.0.1",
        "port": redis.port,
        "db": 3,
        "key_prefix": "rasa",
        "username": "me",
        "password": "s3cret",
        "prot": 1,
    }
    locks = RedisLockStore(options)
    assert "no option 'prot'" in caplog.text
    async with locks.lock("ann"):
        assert "rasa:lock:held:ann" in keys(f"redis://127.0.0.1:{redis.port}/3")
    await locks.close()
    wrong = RedisLockStore({**options, "password": "no", "timeout": 0.1})
    with pytest.raises(StoreError, match="invalid username-password") as caught:
        await enter(wrong)
    assert "s3cret" not in str(caught.value)
    await wrong.close()
