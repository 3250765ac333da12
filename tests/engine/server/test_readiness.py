"""What /ready says: each dependency, asked with a deadline, and not again and again."""

from __future__ import annotations

import asyncio
import logging

import pytest

from frontdesk.errors import StoreError
from frontdesk.server.readiness import Dependency, Readiness
from frontdesk.testing.fakes import FakeClock
from tests.conftest import PATIENCE


class Part:
    """A dependency that does as it is told, and counts who asks."""

    def __init__(self, state: str = "ok") -> None:
        self.state = state
        self.asked = 0
        self.error: Exception | None = None
        self.hangs = False

    async def check(self) -> str:
        self.asked += 1
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return self.state


@pytest.fixture
def parts() -> dict[str, Part]:
    return {"tracker_store": Part(), "language_model": Part("off")}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1000.0)


@pytest.fixture
def readiness(parts: dict[str, Part], clock: FakeClock) -> Readiness:
    made = [Dependency(name, part.check, needed=name == "tracker_store") for name, part in parts.items()]
    return Readiness(made, every=3, deadline=PATIENCE, clock=clock)


async def test_each_dependency_is_told_with_its_age(readiness: Readiness, clock: FakeClock) -> None:
    await readiness.look()
    clock.forward(2)
    assert await readiness.report() == {
        "status": "ready",
        "dependencies": {
            "tracker_store": {"state": "ok", "age": 2.0, "needed": True},
            "language_model": {"state": "off", "age": 2.0, "needed": False},
        },
    }


async def test_many_who_ask_are_answered_by_one_check(
    readiness: Readiness, parts: dict[str, Part], clock: FakeClock
) -> None:
    await asyncio.gather(*(readiness.look() for _ in range(50)))
    await readiness.look()
    assert parts["tracker_store"].asked == 1
    clock.forward(3)
    await readiness.look()
    assert parts["tracker_store"].asked == 2


async def test_what_is_needed_and_fails_makes_the_server_not_ready(
    readiness: Readiness, parts: dict[str, Part], clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    parts["tracker_store"].error = StoreError("The disk is full.", where="password@host")
    assert await readiness.look() == "not ready"
    assert "full" not in str(await readiness.report()), "the reason is for the log"
    clock.forward(3)
    await readiness.look()
    assert sum("full" in line for line in caplog.messages) == 1, "told once"
    parts["tracker_store"].error = None
    clock.forward(3)
    assert await readiness.look() == "ready"
    assert "'tracker_store' answers again." in caplog.messages


async def test_what_is_not_needed_takes_no_server_out(readiness: Readiness, parts: dict[str, Part]) -> None:
    parts["language_model"].error = RuntimeError("down")
    assert await readiness.look() == "ready"
    assert (await readiness.report())["dependencies"]["language_model"]["state"] == "failing"


async def test_what_hangs_fails_at_its_deadline() -> None:
    part = Part()
    part.hangs = True
    readiness = Readiness([Dependency("tracker_store", part.check, needed=True)], deadline=0.05)
    assert await readiness.look() == "not ready"


async def test_a_server_that_drains_is_not_ready(readiness: Readiness) -> None:
    readiness.draining = True
    assert (await readiness.report())["status"] == "draining"
