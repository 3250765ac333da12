"""Replies that a vendor may not have yet: kept until it does, and brought by whoever finds them left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

from frontdesk.core.events import ReminderCancelled
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit
from frontdesk.core.reminders import Reminder
from frontdesk.runtime import owing
from frontdesk.runtime.outlets import Outlets
from frontdesk.runtime.owing import Owing
from frontdesk.runtime.scheduler import ReminderScheduler
from frontdesk.stores.documents import Waiting
from tests.conftest import PATIENCE
from tests.engine.runtime.conftest import Desk

EVER = 1e12


class Van:
    """Brings replies, which arrive when its road is open."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.road = asyncio.Event()
        self.ended = False

    async def __call__(self, reply: Mapping[str, Any]) -> None:
        self.loaded.append(reply["text"])

    async def brought(self) -> bool:
        await self.road.wait()
        return not self.ended


class Vans:
    """A channel of vans."""

    name = "van"

    def __init__(self, van: Van) -> None:
        self.van = van
        self.asked: list[UserMessage] = []

    def mount(self, app: Any, gate: Any) -> None:
        """Have no routes."""

    def answering(self, message: UserMessage) -> Any:
        self.asked.append(message)
        return self.van


def message(text: str = "count", message_id: str = "m1") -> UserMessage:
    return UserMessage(text, "ann", "van", message_id, {"place": "here"}, authenticated=True)


async def owed(desk: Desk) -> list[Reminder]:
    found: list[Reminder] = await desk.store.lease_reminders(EVER, 0.0, 9, taken=True)
    return found


async def texts_owed(desk: Desk) -> list[str]:
    return [reply["text"] for one in await owed(desk) for reply in one.entities["replies"]]


async def until_nothing_is_owed(desk: Desk) -> None:
    async with asyncio.timeout(PATIENCE):
        while await owed(desk):
            await asyncio.sleep(0.01)


async def taken(desk: Desk, van: Van, *texts: str) -> None:
    for number, text in enumerate(texts or ("count",)):
        await desk.agent.accept(message(text, f"m{number}"), van)
    await desk.agent._turns.ended()


async def test_what_is_not_brought_yet_is_kept(desk: Desk) -> None:
    van = Van()
    await taken(desk, van)
    assert van.loaded == ["Number 1"]
    [kept] = await owed(desk)
    assert kept.entities["replies"][0]["text"] == "Number 1"
    van.road.set()
    await until_nothing_is_owed(desk)
    assert len((await desk.agent.latest("ann")).events()) == len((await desk.agent.tracker("ann")).events())


async def test_what_a_server_left_behind_is_brought_by_another(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owing, "LEASE", 0.02)
    await taken(desk, Van(), "count", "count")
    await asyncio.sleep(0.05)  # until it is due
    left, second = Owing(desk.store, lambda: desk.agent.outlets), Van()
    desk.agent.owing = left
    desk.agent.outlets = Outlets([vans := Vans(second)])
    scheduler = ReminderScheduler(desk.agent)
    await scheduler.fire_due(taken=True)
    await scheduler.settled()
    assert second.loaded == ["Number 1", "Number 2"]
    assert vans.asked[0] == message("", "m0"), "so that it goes to where the message came from"
    await scheduler.fire_due(taken=True)
    await scheduler.settled()
    assert len(second.loaded) == 2, "it is on the way already"
    second.road.set()
    await until_nothing_is_owed(desk)


@pytest.mark.parametrize("alone", [True, False])
async def test_what_was_said_before_a_cut_is_brought_before_what_follows(desk: Desk, alone: bool) -> None:
    await taken(desk, Van())
    stuck = asyncio.Event()

    def before(_: str) -> Any:
        return stuck.wait() if len(desk.server.calls) == 3 else None

    desk.server.before = before
    await desk.agent.accept(message("twice", "m7"), cut := Van())
    async with asyncio.timeout(PATIENCE):
        while len(desk.server.calls) < 3:
            await asyncio.sleep(0)
    await desk.agent._turns.end(0.0)  # as if the server were killed
    await desk.agent._turns.ended()
    assert cut.loaded == ["Number 2"]
    assert await texts_owed(desk) == ["Number 1", "Number 2"]
    last = Van()
    desk.agent.outlets = Outlets([Vans(last)])
    desk.agent.owing = Owing(desk.store, lambda: desk.agent.outlets, alone=alone)
    assert await desk.agent.resume() == 1
    left = [] if alone else ["Number 1"]  # another server may be bringing it
    assert last.loaded == [*([] if left else ["Number 1"]), "Number 2", "Number 3"]
    last.road.set()
    async with asyncio.timeout(PATIENCE):
        while await texts_owed(desk) != left:
            await asyncio.sleep(0.01)


async def test_a_conversation_is_not_read_again_only_to_call_off_what_is_brought(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load = desk.store.load

    async def counted(sender_id: str, **how: Any) -> Any:
        read.append(sender_id)
        return await load(sender_id, **how)

    monkeypatch.setattr(desk.store, "load", counted)
    van = Van()
    van.road.set()
    for number in range(3):
        await desk.agent.accept(message(message_id=f"m{number}"), van)
        await desk.agent._turns.ended()
        await until_nothing_is_owed(desk)
    assert read == ["ann"], "once, for the first message"


async def test_while_it_is_on_the_way_nobody_else_takes_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owing, "LEASE", 0.3)
    van = Van()
    await taken(desk, van)
    begun = time.time()
    async with asyncio.timeout(PATIENCE):
        while ((await desk.store.next_reminder()) or 0.0) < begun + 0.6:
            await asyncio.sleep(0.02)
    van.road.set()
    await until_nothing_is_owed(desk)


async def test_what_the_end_of_a_server_cut_off_stays_owed(desk: Desk) -> None:
    van = Van()
    await taken(desk, van)
    van.ended = True
    van.road.set()
    await desk.agent.owing.end(PATIENCE)
    assert len(await owed(desk)) == 1


async def test_an_assistant_that_calls_off_its_reminders_leaves_replies_alone(desk: Desk) -> None:
    await taken(desk, Van())
    known = await desk.store.load("ann")
    everything = [ReminderCancelled(), ReminderCancelled(intent=(await owed(desk))[0].intent)]
    await desk.store.save(Commit("ann", [], known.offset + len(known.events), reminders=everything))
    assert len(await owed(desk)) == 1


async def test_a_server_without_the_channel_leaves_it_to_another_for_a_day(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await taken(desk, Van())
    [left] = await owed(desk)
    now = left.due
    elsewhere = Owing(desk.store, lambda: Outlets(), clock=lambda: now)
    for _ in range(2):
        await elsewhere.bring(left)
    assert await desk.store.next_reminder() == now + owing.LEASE
    assert await owed(desk) == [left]
    assert caplog.text.count("owed on the channel 'van' wait for a server that has it") == 1
    now += owing.FORGOTTEN
    await elsewhere.bring(left)
    assert await owed(desk) == []
    assert "owed on the channel 'van' cannot be brought any more" in caplog.text


async def test_one_that_a_channel_makes_nothing_of_holds_up_no_other_and_is_not_tried_for_ever(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    loaded: list[str] = []

    class Picky(Vans):
        def answering(self, message: UserMessage) -> Any:
            async def bring(reply: Mapping[str, Any]) -> None:
                if reply["text"] == "Number 1":
                    raise KeyError("odd")
                loaded.append(reply["text"])

            return bring  # and nobody tells when it arrived

    await taken(desk, Van(), "count", "count")
    left = Owing(desk.store, lambda: Outlets([Picky(Van())]))
    for one in await owed(desk):
        await left.bring(one)
    assert loaded == ["Number 2"]
    assert "owed on the channel 'van' cannot be brought" in caplog.text
    assert await owed(desk) == []


async def test_what_was_called_off_while_it_was_brought_is_brought_by_whoever_comes_next(desk: Desk) -> None:
    loaded: list[str] = []
    hurried = asyncio.Event()

    class Slow(Vans):
        def answering(self, message: UserMessage) -> Any:
            async def bring(reply: Mapping[str, Any]) -> None:
                if not hurried.is_set():
                    hurried.set()
                    await asyncio.Event().wait()
                loaded.append(reply["text"])

            return bring

    await taken(desk, Van(), "count")
    left = Owing(desk.store, lambda: Outlets([Slow(Van())]))
    (one,) = await owed(desk)
    first = asyncio.create_task(left.bring(one))
    await hurried.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await left.bring(one)
    assert loaded == ["Number 1"]
    assert await owed(desk) == []


def test_what_is_kept_fits_into_a_document() -> None:
    text = "\\" * (owing.LARGEST // 2)  # which JSON writes as two, and JSON within JSON as four
    Waiting(Reminder("id", "ann", "id", "intent", 0.0, {"replies": [{"text": text}]}), 0.0).step()


async def test_nothing_is_kept_where_nobody_tells_or_it_is_too_much(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def bring(_: Mapping[str, Any]) -> None:
        """Say nothing of when it arrived."""

    await desk.agent.accept(message(), bring)
    await desk.agent._turns.ended()
    assert "too long to be kept" not in caplog.text
    monkeypatch.setattr(owing, "LARGEST", 10)
    await desk.agent.accept(message(message_id="m2"), Van())
    await desk.agent._turns.ended()
    assert await owed(desk) == []
    assert "Replies are too long to be kept" in caplog.text
