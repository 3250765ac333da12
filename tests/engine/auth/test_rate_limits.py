"""How often somebody may ask, counted in memory and in a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any

import pytest

from frontdesk.auth.counters import MemoryCounters
from frontdesk.auth.rate_limits import Limiter, RateLimits
from frontdesk.errors import ConfigError, TooMany
from frontdesk.stores.rate_counters import shared_counters
from frontdesk.testing.servers import Server, run_redis
from tests.conftest import PATIENCE

OUTSIDE = ip_address("198.51.100.1") if ip_address("198.51.100.1").is_global else ip_address("8.8.8.8")


class Clock:
    now = 1_800_000_030.0  # in the middle of a minute

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("time.time", found.time)
    return found


async def count(limiter: Limiter, times: int, sender: str = "ann", *, authenticated: bool = True) -> int:
    """How many of so many messages were let through."""
    passed = 0
    for _ in range(times):
        try:
            await limiter.message(sender, authenticated=authenticated)
            passed += 1
        except TooMany:
            pass
    return passed


@pytest.fixture(autouse=True)
def _redis_may_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for it as a test does: after a quarter of a second each server would count by itself."""
    monkeypatch.setattr("frontdesk.auth.rate_limits.PATIENCE", PATIENCE)


@pytest.fixture(params=["memory", "redis"])
async def storage(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if request.param == "memory":
        yield None
        return
    server: Server = request.getfixturevalue("redis")
    found = counters(server.new_database())
    yield found
    await found.close()


def counters(address: str) -> Any:
    return shared_counters({"type": "redis", "url": address}, None)


async def test_as_many_as_said_and_each_conversation_for_itself(storage: Any, clock: Clock) -> None:
    limiter = Limiter(RateLimits.read({"conversation": "3/hour"}), storage)
    assert await count(limiter, 5) == 3
    assert await count(limiter, 5, "bob") == 3
    assert await count(limiter, 5, authenticated=False) == 3, "nobody uses up what belongs to who proved it"


async def test_what_is_told(storage: Any, clock: Clock) -> None:
    limiter = Limiter(RateLimits.read({"conversation": "1/minute"}), storage)
    await limiter.message("ann", authenticated=True)
    with pytest.raises(
        TooMany, match="Too many messages in this conversation: more than 1 per minute"
    ) as caught:
        await limiter.message("ann", authenticated=True)
    assert 1 <= caught.value.after <= 60


async def test_two_servers_with_one_redis_count_together(redis: Server, clock: Clock) -> None:
    address, limits = redis.new_database(), RateLimits.read({"conversation": "4/hour"})
    first, second = (Limiter(limits, counters(address)) for _ in range(2))
    assert [await count(limiter, 1) for limiter in (first, second, first, second)] == [1, 1, 1, 1]
    assert await count(first, 1) == await count(second, 1) == 0
    await first.close()
    await second.close()


async def test_a_redis_that_is_away_or_hangs_refuses_nobody_and_each_counts_alone(
    redis: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limits = RateLimits.read({"conversation": "3/hour"})
    gone = Limiter(limits, counters("redis://127.0.0.1:1/0"))
    assert await count(gone, 6) == 3
    assert caplog.text.count("counted by this server alone") == 1, "it is not asked again at once"
    await gone.close()
    address = redis.new_database()
    slow = Limiter(limits, counters(address))
    await slow.message("bob", authenticated=True)
    monkeypatch.setattr("frontdesk.auth.rate_limits.PATIENCE", 0.05)
    run_redis(address, "CLIENT", "PAUSE", "60000", "ALL")  # a command is answered when the pause is over
    assert await count(slow, 6) == 3
    await slow.close()
    redis.stop()
    redis.start()


async def test_windows_slide(clock: Clock) -> None:
    limiter = Limiter(RateLimits.read({"conversation": "10/minute"}))
    assert await count(limiter, 12) == 10
    clock.now += 60  # half of the minute before still counts
    assert await count(limiter, 12) == 5
    clock.now += 120
    assert await count(limiter, 12) == 10


async def test_what_is_over_is_forgotten(clock: Clock) -> None:
    counted = MemoryCounters()
    for number in range(500):
        assert await counted.acquire_sliding_window_entry(f"k{number}", 1, 60)
        assert await counted.acquire_sliding_window_entry("slow", 1000, 86_400)
    clock.now += 200
    for number in range(500):
        assert await counted.acquire_sliding_window_entry("k", 1000, 60)
    assert len(counted._counts) < 5
    assert await counted.reset() < 5
    assert await counted.check()


async def test_the_librarys_other_windows_work_with_it(clock: Clock) -> None:
    counted = MemoryCounters()
    assert [await counted.incr("a", 10) for _ in range(3)] == [1, 2, 3]
    assert await counted.get("a") == 3
    assert await counted.get_expiry("a") == clock.now + 10
    await counted.clear("a")
    assert await counted.get("a") == 0
    assert await counted.incr("a", 10) == 1
    clock.now += 11
    assert await counted.incr("a", 10) == 1


async def test_addresses(clock: Clock) -> None:
    limits = {"address": "2/hour"}
    limiter = Limiter(RateLimits.read(limits))
    for private in ("127.0.0.1", "10.1.2.3", "fd00::1", "192.168.0.9"):
        for _ in range(5):  # a proxy's, most often: all customers at once
            await limiter.request(ip_address(private))
    await limiter.request(None)
    for _ in range(2):
        await limiter.request(OUTSIDE)
    with pytest.raises(TooMany, match="from this address"):
        await limiter.request(OUTSIDE)
    counted = Limiter(RateLimits.read({**limits, "private_addresses": True}))
    for _ in range(2):
        await counted.request(ip_address("127.0.0.1"))
    with pytest.raises(TooMany):
        await counted.request(ip_address("127.0.0.1"))


async def test_keys_and_everyone(clock: Clock) -> None:
    limiter = Limiter(RateLimits.read({"key": "1/hour", "everyone": "3/hour"}))
    await limiter.caller("a")
    await limiter.caller("b")
    with pytest.raises(TooMany, match="with this key"):
        await limiter.caller("a")
    for last in (1, 2, 3):
        await limiter.request(ip_address(f"10.0.0.{last}"))
    with pytest.raises(TooMany, match="to this server"):
        await limiter.request(None)


async def test_off() -> None:
    for limits in (
        RateLimits().off,
        RateLimits.read({"conversation": "off", "address": False, "key": "none"}),
    ):
        limiter = Limiter(limits)
        assert await count(limiter, 300) == 300
        for _ in range(1_100):
            await limiter.request(OUTSIDE)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"conversation": "many"}, "'conversation' of 'rate_limits' is 'many'"),
        ({"key": "0/minute"}, "'key'"),
        ({"private_addresses": "yes"}, "private_addresses"),
        ({"trusted_proxies": ["x"]}, "no network"),
    ],
)
def test_what_cannot_be_meant(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        RateLimits.read(options, "endpoints.yml:1")


def test_where_it_is_counted() -> None:
    lock = {"type": "redis", "url": "redis://127.0.0.1:1/1", "lifetime": 3}
    assert shared_counters({}, None) is None
    assert shared_counters({}, {"type": "in_memory"}) is None
    assert shared_counters({}, lock) is not None, "where locks are shared, so are counters"
    assert shared_counters({"type": "in_memory"}, lock) is None
    with pytest.raises(ConfigError, match="'type' of 'rate_limits'"):
        shared_counters({"type": "memcached"}, None)
