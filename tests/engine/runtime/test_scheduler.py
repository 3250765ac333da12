"""Reminders fire once, in the conversation's line, whoever looks after them and whatever fails."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.domain import Domain
from frontdesk.core.events import (
    ActionExecuted,
    BotUttered,
    ConversationPaused,
    Event,
    ReminderCancelled,
    ReminderScheduled,
    UserUttered,
)
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import ActionCall, ActionResult, Commit
from frontdesk.core.reminders import seconds
from frontdesk.core.tracker import Tracker
from frontdesk.errors import StoreError
from frontdesk.runtime import scheduler as scheduling
from frontdesk.runtime.outlets import Outlets
from frontdesk.runtime.saving import NOWHERE, Origin
from frontdesk.runtime.scheduler import ReminderScheduler
from frontdesk.stores.sql import SqlTrackerStore
from frontdesk.testing import servers
from frontdesk.testing.fakes import FakeClock
from tests.engine.runtime.conftest import DOMAIN, SCRIPT, Desk, ScriptedServer, make_desk

HOUR = 3600.0
SOON = 24 * HOUR


class Pushing:
    """A channel that keeps what it is to send."""

    name = "chat"

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def mount(self, app: Any, gate: Any) -> None:
        """Have no routes."""

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        self.sent.append((sender_id, reply["text"]))


@pytest.fixture
def pushed(desk: Desk) -> list[tuple[str, str]]:
    channel = Pushing()
    desk.agent.outlets = Outlets([channel])
    return channel.sent


def scheduled(
    intent: str = "hello", in_seconds: float = SOON, name: str = "r", **more: Any
) -> ReminderScheduled:
    when = datetime.fromtimestamp(time.time() + in_seconds, UTC).isoformat()
    return ReminderScheduled(intent, when, name=name, **more)


async def add(desk: Desk, *events: Event, sender: str = "ann", origin: Origin = Origin("chat")) -> None:
    """Let events happen in a conversation."""

    async def step(_: Any, tracker: Tracker, __: Any) -> Tracker:
        return tracker.extend(dataclasses.replace(event, timestamp=time.time()) for event in events)

    await desk.agent.change(sender, step, origin)


def later(desk: Desk, in_seconds: float = SOON) -> ReminderScheduler:
    """Return a scheduler for which it is later."""
    return ReminderScheduler(desk.agent, clock=FakeClock(time.time() + in_seconds))


async def fire(desk: Desk, in_seconds: float = SOON, *, taken: bool = False) -> None:
    """Fire what is due by then."""
    await run(later(desk, in_seconds), taken=taken)


async def run(scheduler: ReminderScheduler, *, taken: bool = False) -> None:
    """Fire what is due, and wait for it."""
    await scheduler.fire_due(taken=taken)
    await scheduler.settled()


async def history(desk: Desk, sender: str = "ann") -> list[Event]:
    return (await desk.agent.tracker(sender)).events()


async def heard(desk: Desk, sender: str = "ann") -> list[str | None]:
    return [event.text for event in await history(desk, sender) if isinstance(event, UserUttered)]


async def said(desk: Desk, sender: str = "ann") -> list[str | None]:
    return [event.text for event in await history(desk, sender) if isinstance(event, BotUttered)]


async def test_a_reminder_fires_once_when_it_is_due(desk: Desk, pushed: list[tuple[str, str]]) -> None:
    event = scheduled(entities={"size": "XL"})
    await add(desk, event)
    due = seconds(event.date_time)
    assert due is not None
    clock = FakeClock(due - 0.1)
    scheduler = ReminderScheduler(desk.agent, clock=clock)
    assert await scheduler.fire_due() == due
    await run(scheduler)
    assert await heard(desk) == []
    for _ in range(2):
        clock.forward(1)
        await run(scheduler)
        clock.forward(HOUR)
    assert await heard(desk) == ["EXTERNAL: hello"]
    assert pushed == [("ann", "Hello!")]
    assert await desk.store.next_reminder() is None
    [fired] = [event for event in await history(desk) if isinstance(event, UserUttered)]
    assert fired.metadata == {"is_external": True}
    assert [(e.entity, e.value) for e in fired.entities] == [("size", "XL")]


async def test_one_that_was_due_while_nobody_looked_fires_late_and_says_so(desk: Desk) -> None:
    event = scheduled()
    await add(desk, event)
    due = seconds(event.date_time)
    assert due is not None
    await run(ReminderScheduler(desk.agent, clock=FakeClock(due + 2 * HOUR)))
    [fired] = [event for event in await history(desk) if isinstance(event, UserUttered)]
    assert fired.metadata["late_seconds"] == 2 * HOUR


class RemindingServer(ScriptedServer):
    """Its action schedules itself anew, as actions that remind again and again do."""

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        if name != "action_slow":
            return await super().run(name, tracker, domain, call)
        self.calls.append(call)
        when = datetime.fromtimestamp(time.time() + SOON).isoformat()
        event = {
            "event": "reminder",
            "intent": "again",
            "date_time": when,
            "name": "r",
            "kill_on_user_msg": False,
        }
        return ActionResult([{**event, "timestamp": None, "entities": None}], [{"text": "Again"}])


@pytest.fixture
def reminding(desk: Desk) -> Iterator[RemindingServer]:
    server = RemindingServer()
    desk.agent.processor = dataclasses.replace(desk.agent.processor, server=server)
    desk.server = server
    SCRIPT["again"] = ["action_slow", "action_count"]
    yield server
    del SCRIPT["again"]


async def test_an_action_schedules_it_and_its_own_turn_may_do_so_again(
    desk: Desk, reminding: RemindingServer, pushed: list[tuple[str, str]]
) -> None:
    await desk.agent.receive(UserMessage("again", "ann", "chat", "m1", authenticated=True))
    for number in range(2, 4):
        await fire(desk)
        assert pushed[-2:] == [("ann", "Again"), ("ann", f"Number {number}")]
    assert len(reminding.calls) == 6
    assert all(call.authenticated and call.channel == "chat" for call in reminding.calls)
    assert len({call.message_id for call in reminding.calls}) == 3
    assert await desk.store.next_reminder() == pytest.approx(time.time() + SOON, abs=HOUR)


async def test_nobody_is_authenticated_by_what_others_schedule(desk: Desk) -> None:
    await desk.agent.receive(UserMessage("hello", "ann", "chat", "m1", authenticated=True))
    await add(desk, scheduled("count"))
    await desk.agent.receive(UserMessage("hello", "bob", "rest", "m1"))
    await add(desk, scheduled("count"), sender="bob", origin=Origin("chat", authenticated=True))
    await fire(desk)
    assert [call.authenticated for call in desk.server.calls] == [False, False]


async def test_what_is_only_kept_schedules_nothing(desk: Desk) -> None:
    await add(desk, scheduled(), origin=Origin("chat", schedules=False))
    await add(desk, scheduled(), origin=NOWHERE)
    assert await desk.store.next_reminder() is None


async def test_a_message_of_the_user_kills_it_unless_told_otherwise(desk: Desk) -> None:
    await add(desk, scheduled("hello", name="a"), scheduled("count", name="b", kill_on_user_msg=False))
    await desk.agent.receive(UserMessage("bye", "ann", "chat"))
    await fire(desk)
    assert await heard(desk) == ["bye", "EXTERNAL: count"]
    assert await desk.store.next_reminder() is None


async def test_calling_off_and_replacing(desk: Desk) -> None:
    await add(desk, scheduled("hello", name="a"), scheduled("hello", name="b"), scheduled("hello", name="c"))
    await add(desk, ReminderCancelled("a"), scheduled("count", name="b", kill_on_user_msg=False))
    await fire(desk)
    assert sorted(map(str, await heard(desk))) == ["EXTERNAL: count", "EXTERNAL: hello"]


async def test_called_off_while_it_waits_in_line(desk: Desk) -> None:
    await add(desk, scheduled())
    scheduler = later(desk)
    async with desk.agent.locks.lock("ann"):
        await scheduler.fire_due()
        cancel = asyncio.create_task(add(desk, ReminderCancelled()))
        await asyncio.sleep(0)
        # Somebody else called it off, before the turn that was leased begins.
        tracker = await desk.agent.latest("ann")
        cancelled = ReminderCancelled(timestamp=1.0)
        await desk.store.save(Commit("ann", [cancelled], len(tracker), reminders=[cancelled]))
    await asyncio.gather(scheduler.settled(), cancel)
    assert await heard(desk) == []


async def test_a_paused_conversation_hears_and_says_nothing(desk: Desk) -> None:
    await add(desk, scheduled("count"), ConversationPaused())
    await fire(desk)
    assert await heard(desk) == ["EXTERNAL: count"]
    assert (await said(desk), desk.server.calls) == ([], [])


async def test_what_cannot_be_stored_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(desk, scheduled("count"))
    save = desk.store.save

    async def full(commit: Commit) -> None:
        if commit.delivery:
            raise StoreError("The disk is full.")
        await save(commit)

    monkeypatch.setattr(desk.store, "save", full)
    await fire(desk)
    monkeypatch.undo()
    await fire(desk, SOON + scheduling.AGAIN_AFTER)
    assert (await heard(desk), await said(desk)) == (["EXTERNAL: count"], ["Number 1"])
    assert {(call.message_id, call.nth) for call in desk.server.calls} == {
        (desk.server.calls[0].message_id, 0)
    }


async def test_a_turn_that_breaks_is_not_begun_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(desk, scheduled("twice"))
    predict, tries = desk.agent.processor.loop.policies[0].predict, 0

    def breaks(*given: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise RuntimeError("a policy is broken")
        return predict(*given)

    monkeypatch.setattr(desk.agent.processor.loop.policies[0], "predict", breaks)
    await fire(desk)
    await fire(desk, SOON + HOUR)
    monkeypatch.undo()
    assert await heard(desk) == ["EXTERNAL: twice"]
    assert (await desk.agent.tracker("ann")).latest_action == "action_listen"
    assert await said(desk) == []
    await desk.agent.receive(UserMessage("hello", "ann", "chat"))
    assert await said(desk) == ["Hello!"]


class Crash(BaseException):
    """Ends a turn as a killed process would: nothing more is written."""


@pytest.mark.parametrize("at_save", [1, 2, 3])
async def test_cut_off_anywhere_it_is_finished_by_the_next_one(
    store: Any, at_save: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_desk(store)
    await add(first, scheduled("twice"))
    save, count = store.save, 0

    async def dying(commit: Commit) -> None:
        nonlocal count
        count += 1
        if count == at_save:
            raise Crash
        await save(commit)

    monkeypatch.setattr(store, "save", dying)
    scheduler = later(first)
    [reminder] = await store.lease_reminders(scheduler.clock(), scheduler.clock() + HOUR, 1)
    with pytest.raises(Crash):
        await first.agent._change("ann", scheduler._step(reminder), scheduling._origin(reminder))
    monkeypatch.undo()

    second = make_desk(store)
    await fire(second)
    assert len(second.server.calls) == 0, "it is under lease"
    await fire(second, taken=True)
    assert await heard(second) == ["EXTERNAL: twice"]
    assert await said(second) == ["Number 1", "Number 2"]
    calls = [*first.server.calls, *second.server.calls]
    assert {(call.message_id, call.nth) for call in calls} == {
        (reminder.message_id, 0), (reminder.message_id, 1),
    }  # fmt: skip
    assert await store.next_reminder() is None
    await first.agent.close()


async def test_cut_off_and_overtaken_by_the_user_it_is_not_heard_again(desk: Desk) -> None:
    await add(desk, scheduled("count", kill_on_user_msg=False))
    [reminder] = await desk.store.lease_reminders(time.time() + SOON, time.time() + 2 * SOON, 1)
    cut_off = [
        UserUttered("EXTERNAL: count", message_id=reminder.message_id),
        ActionExecuted("action_listen"),
        UserUttered("hello", message_id="m1"),
        ActionExecuted("action_listen"),
    ]
    await add(desk, *cut_off)
    await fire(desk, taken=True)
    assert await heard(desk) == ["EXTERNAL: count", "hello"]
    assert await desk.store.next_reminder() is None


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    if request.param == "sqlite":
        yield {"db": str(tmp_path / "c.db"), "timeout": 30}
        return
    with servers.postgresql() as server:
        yield {"url": server.new_database()}


async def test_two_servers_fire_200_reminders_once(place: dict[str, Any]) -> None:
    desks = [make_desk(SqlTrackerStore(place)) for _ in range(2)]
    names = [f"user-{number}" for number in range(100)]
    for number, name in enumerate(names):
        both = (
            scheduled("hello", name="a", kill_on_user_msg=False),
            scheduled("count", name="b", kill_on_user_msg=False),
        )
        await add(desks[number % 2], *both, sender=name)
    schedulers = [later(desk) for desk in desks]
    while await desks[0].store.next_reminder() is not None:
        await asyncio.gather(*(scheduler.fire_due() for scheduler in schedulers))
        await asyncio.gather(*(scheduler.settled() for scheduler in schedulers))
    fired = Counter[str]()
    for name in names:
        texts = await heard(desks[0], name)
        assert sorted(map(str, texts)) == ["EXTERNAL: count", "EXTERNAL: hello"]
        assert sorted(map(str, await said(desks[0], name))) == ["Hello!", "Number 1"]
        fired.update(map(str, texts))
    assert fired.total() == 200
    shares = [len(desk.server.calls) for desk in desks]
    assert min(shares) > 0, "both took part"
    for desk in desks:
        await desk.agent.close()


async def test_a_running_scheduler_is_woken_by_what_is_scheduled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "LOOK_EVERY", HOUR)
    scheduler = ReminderScheduler(desk.agent)
    await scheduler.start()
    await add(desk, scheduled(in_seconds=0.0))
    await add(desk, scheduled(in_seconds=0.2), sender="bob")
    async with asyncio.timeout(60):
        while not (await said(desk) and await said(desk, "bob")):
            await asyncio.sleep(0.01)
    await scheduler.stop()
    await add(desk, scheduled(in_seconds=0.0), sender="eve")
    await asyncio.sleep(0.05)
    assert await heard(desk, "eve") == []


async def test_at_the_start_what_was_left_is_taken_up_at_once(desk: Desk) -> None:
    await add(desk, scheduled(in_seconds=0.0))
    assert len(await desk.store.lease_reminders(time.time() + 1, time.time() + HOUR, 9)) == 1
    scheduler = ReminderScheduler(desk.agent)
    await scheduler.start()
    await scheduler.settled()
    await scheduler.stop()
    assert await said(desk) == ["Hello!"]


async def test_more_than_it_can_do_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "MOST", 4)
    monkeypatch.setattr(scheduling, "LOOK_EVERY", HOUR)
    for number in range(13):
        await add(desk, scheduled(in_seconds=0.0), sender=f"user-{number}")
    scheduler = ReminderScheduler(desk.agent)
    await scheduler.start()
    async with asyncio.timeout(60):
        while await desk.store.next_reminder() is not None:
            await asyncio.sleep(0.01)
    await scheduler.stop()
    for number in range(13):
        assert await said(desk, f"user-{number}") == ["Hello!"]


async def test_without_a_model_reminders_wait(desk: Desk) -> None:
    await add(desk, scheduled())
    desk.agent.ready = False
    await fire(desk)
    desk.agent.ready = True
    assert await heard(desk) == []
    await fire(desk)
    assert await heard(desk) == ["EXTERNAL: hello"]


async def test_a_database_that_is_away_does_not_end_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scheduling, "LOOK_EVERY", 0.01)

    async def away() -> float:
        raise StoreError("It is away.")

    with monkeypatch.context() as broken:
        broken.setattr(desk.store, "next_reminder", away)
        scheduler = ReminderScheduler(desk.agent)
        await scheduler.start()
        await add(desk, scheduled(in_seconds=0.0))
    async with asyncio.timeout(60):
        while not await said(desk):
            await asyncio.sleep(0.01)
    await scheduler.stop()
    assert "It is away." in caplog.text


def test_the_scripted_domain_has_no_sessions_that_end() -> None:
    assert DOMAIN.session.expiration_minutes == 0, "the tests above let an hour pass"
