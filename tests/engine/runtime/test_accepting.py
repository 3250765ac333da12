"""Messages whose clients do not wait: taken once they are written down, and what is said is brought exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.errors import LimitError, StoreError
from frontdesk.runtime.outlets import Outlets
from tests.conftest import PATIENCE
from tests.engine.runtime.conftest import Desk, fill_disk


class Pigeons:
    """A channel that brings replies by itself."""

    name = "pigeon"

    def __init__(self) -> None:
        self.brought: list[str] = []

    def mount(self, app: Any, gate: Any) -> None:
        """Have no routes."""

    def answering(self, message: UserMessage) -> Any:
        return self.bring if message.text != "unheard" else None

    async def bring(self, reply: Mapping[str, Any]) -> None:
        self.brought.append(reply["text"])


@pytest.fixture
def pigeons(desk: Desk) -> Pigeons:
    made = Pigeons()
    desk.agent.outlets = Outlets([made])
    return made


def message(text: str, message_id: str) -> UserMessage:
    return UserMessage(text, "ann", "pigeon", message_id)


async def test_it_returns_before_the_turn_ends(desk: Desk, pigeons: Pigeons) -> None:
    gate, at_gate = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        at_gate.set()
        await gate.wait()

    desk.server.before = lambda name: wait()
    assert await desk.agent.accept(message("count", "m1"), pigeons.bring)
    await asyncio.wait_for(at_gate.wait(), PATIENCE)
    assert pigeons.brought == []
    gate.set()
    await desk.agent._turns.ended()
    assert pigeons.brought == ["Number 1"]


async def test_repeats_say_nothing_again(desk: Desk, pigeons: Pigeons) -> None:
    await asyncio.gather(*(desk.agent.accept(message("count", "m1"), pigeons.bring) for _ in range(50)))
    await desk.agent._turns.ended()
    assert not await desk.agent.accept(message("count", "m1"), pigeons.bring)
    assert pigeons.brought == ["Number 1"]
    assert len(desk.server.calls) == 1


async def test_order_of_arrival(desk: Desk, pigeons: Pigeons) -> None:
    for n in range(5):
        await desk.agent.accept(message("count", f"m{n}"), pigeons.bring)
    await desk.agent._turns.ended()
    assert pigeons.brought == [f"Number {n}" for n in range(1, 6)]


async def test_what_cannot_be_taken_raises(desk: Desk, pigeons: Pigeons, monkeypatch: Any) -> None:
    with pytest.raises(LimitError):
        await desk.agent.accept(message("x" * 9_000, "m1"), pigeons.bring)

    async def full(*_: Any) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(desk.store, "begin", full)
    with pytest.raises(StoreError):
        await desk.agent.accept(message("count", "m2"), pigeons.bring)
    assert pigeons.brought == []


async def test_what_a_crash_cut_off_is_brought_by_the_channel(desk: Desk, pigeons: Pigeons) -> None:
    for text, message_id in (("count", "m1"), ("unheard", "m2")):
        delivery = Delivery("pigeon", "ann", message_id)
        assert await desk.store.begin(delivery, message(text, message_id)) is None
    assert await desk.agent.resume() == 2
    assert pigeons.brought == ["Number 1"]
    assert await desk.agent.resume() == 0


async def test_what_is_owed_is_brought_later(
    desk: Desk, pigeons: Pigeons, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    fill_disk(desk, monkeypatch, times=1)
    assert await desk.agent.accept(message("count", "m1"), pigeons.bring)
    await desk.agent._turns.ended()
    assert pigeons.brought == []
    await asyncio.sleep(0)
    assert "not answered yet: The disk is full." in caplog.text
    await desk.agent.settle()
    assert pigeons.brought == ["Number 1"]
