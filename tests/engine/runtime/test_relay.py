"""What is announced reaches an event broker: all of it, in order, whatever fails in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Announcement, Commit
from frontdesk.errors import ConfigError, StoreError
from frontdesk.runtime import relay as module
from frontdesk.runtime.relay import Relay, outbox_of
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.testing.contracts.tracker_store import said
from frontdesk.testing.fakes import FakeClock
from tests.conftest import PATIENCE
from tests.engine.runtime.conftest import Desk


class Broker:
    """Takes batches; `failing` says how the next ones fail."""

    def __init__(self, failing: Sequence[Exception] = (), **options: Any) -> None:
        self.failing = list(failing)
        self.taken: list[Announcement] = []
        self.closed = False
        vars(self).update(options)

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        await self.publish_all([Announcement("", sender_id, event)])

    async def publish_all(self, batch: Sequence[Announcement]) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.taken += batch

    async def check(self) -> None:
        await self.publish_all([])

    async def close(self) -> None:
        self.closed = True

    @property
    def texts(self) -> list[tuple[str, Any]]:
        return [
            (one.sender_id, one.event.get("text"))
            for one in self.taken
            if one.event["event"] in ("user", "bot")
        ]


class Plain:
    """A broker of a project's own, with what its port asks for and no more."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Mapping[str, Any]]] = []

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        self.taken.append((sender_id, event))

    async def close(self) -> None:
        """Nothing is open."""


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def announcing(desk: Desk) -> Desk:
    desk.agent.announced = asyncio.Event()
    return desk


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.01,))
    monkeypatch.setattr(module, "LAST", PATIENCE)


async def say(desk: Desk, text: str, sender: str = "ann") -> None:
    await desk.agent.receive(UserMessage(text, sender, "rest"))


async def test_what_is_said_is_told_with_its_whole_conversation(announcing: Desk) -> None:
    relay = Relay(announcing.agent, broker := Broker())
    await relay.start()
    await say(announcing, "hello")
    await until(lambda: len(broker.texts) >= 2)
    stored = (await announcing.store.load("ann", whole=True)).events
    await until(lambda: len(broker.taken) == len(stored))
    assert [one.event["event"] for one in broker.taken] == [event.type_name for event in stored]
    assert len({one.id for one in broker.taken}) == len(broker.taken)
    await relay.stop()
    assert broker.closed
    assert await announcing.store.outgoing(9) == []


async def test_without_a_broker_nothing_waits(desk: Desk) -> None:
    await say(desk, "hello")
    assert await desk.store.outgoing(9) == []


async def test_a_broker_that_is_away_gets_all_of_it_later(
    announcing: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "frontdesk.events")
    failing = [StoreError("It is away."), OSError("no route"), StoreError("Still away.")]
    relay = Relay(announcing.agent, broker := Broker(failing))
    await say(announcing, "one")
    await relay.start()
    await until(lambda: not broker.failing)
    await say(announcing, "two")
    await until(lambda: ("ann", "two") in broker.texts and not relay.failures)
    users = [one.event["text"] for one in broker.taken if one.event["event"] == "user"]
    assert users == ["one", "two"]
    said_so = [record.getMessage() for record in caplog.records if record.name == "frontdesk.events"]
    assert len(said_so) == 2, "said once that it is away, and once that it is back"
    assert "It is away" in said_so[0]
    await relay.stop()


async def test_events_are_dropped_only_where_that_is_asked_for(announcing: Desk) -> None:
    broker = Broker([StoreError("It is away.")], should_keep_unpublished_messages=False)
    relay = Relay(announcing.agent, broker)
    await say(announcing, "one")
    await relay.start()
    await until(lambda: not broker.failing)
    await until(lambda: relay.failures)
    await say(announcing, "two")
    await until(lambda: ("ann", "two") in broker.texts)
    assert ("ann", "one") not in broker.texts
    await relay.stop()


async def test_nothing_is_dropped_where_the_store_fails_and_not_the_broker(
    announcing: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(announcing.agent, broker := Broker(should_keep_unpublished_messages=False))
    lead, failures = relay.outbox.lead, iter([StoreError("The database is away.")])

    async def failing(*given: Any) -> bool:
        if (error := next(failures, None)) is not None:
            raise error
        return await lead(*given)

    monkeypatch.setattr(relay.outbox, "lead", failing)
    await say(announcing, "one")
    await relay.start()
    await until(lambda: ("ann", "one") in broker.texts)
    await relay.stop()


async def test_what_waits_at_the_end_is_told_and_what_fails_stays(announcing: Desk) -> None:
    relay = Relay(announcing.agent, broker := Broker())
    await say(announcing, "one")
    await relay.stop()
    assert ("ann", "one") in broker.texts
    await say(announcing, "two")
    await Relay(announcing.agent, Broker([StoreError("It is away.")])).stop()
    assert await announcing.store.outgoing(9) != []


async def test_one_that_must_be_there(announcing: Desk) -> None:
    broker = Broker([StoreError("It is away.")], raise_on_failure=True)
    with pytest.raises(StoreError, match="away"):
        await Relay(announcing.agent, broker).start()


async def test_a_broker_of_a_projects_own(announcing: Desk) -> None:
    relay = Relay(announcing.agent, broker := Plain())
    await say(announcing, "one")
    await relay.send_all()
    assert ("ann", "one") in [(sender, event.get("text")) for sender, event in broker.taken]


async def test_one_of_two_servers_sends_and_the_other_takes_over() -> None:
    store, clock = MemoryTrackerStore(), FakeClock()

    class Shared:
        local = False
        announced = asyncio.Event()

    Shared.store = store  # type: ignore[attr-defined]
    one, two = (Relay(Shared, Broker(), clock=clock) for _ in range(2))  # type: ignore[arg-type]
    await store.save(Commit("ann", [said("one")], 0, announced=True))
    await one.send_all()
    await store.save(Commit("ann", [said("two")], 1, announced=True))
    await two.send_all()
    assert two.broker.taken == []  # type: ignore[attr-defined]
    clock.forward(module.LEASE)  # the first one is gone
    await two.send_all()
    assert [sender for sender, _ in two.broker.texts] == ["ann"]  # type: ignore[attr-defined]
    await two.stop()
    await one.send_all()


def test_a_store_that_keeps_nothing_for_a_broker() -> None:
    with pytest.raises(ConfigError, match="keeps no events"):
        outbox_of(object())
