"""Replies are brought in order, one conversation at a time; what is lost is logged."""

from __future__ import annotations

import asyncio
import logging

import pytest

from frontdesk.channels.lines import MOST_WAITING, Lines, NotTaken, OnTheWay
from tests.conftest import PATIENCE


class Receiver:
    """Takes what comes, except for what `refusals` says, in order."""

    def __init__(self, *refusals: NotTaken) -> None:
        self.refusals = list(refusals)
        self.asked: list[str] = []
        self.took: list[str] = []

    async def take(self, thing: str) -> None:
        self.asked.append(thing)
        if self.refusals:
            raise self.refusals.pop(0)
        self.took.append(thing)


def lines(receiver: Receiver, tries: int = 2) -> Lines[str]:
    return Lines(receiver.take, "there", pauses=(0.0,) * (tries - 1), describe=lambda thing: f"'{thing}'")


async def test_in_order_and_again_where_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver(NotTaken("Not now."))
    line = lines(receiver)
    for thing in "abc":
        line.put("ann", thing)
    await line.end(PATIENCE)
    assert (receiver.took, receiver.asked) == (["a", "b", "c"], ["a", "a", "b", "c"])
    assert caplog.text == ""


async def test_what_is_lost_is_logged_and_the_next_one_comes(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver(NotTaken("No."), NotTaken("Still no."), NotTaken("Never.", final=True))
    line = lines(receiver)
    for thing in "abc":
        line.put("ann", thing)
    await line.end(PATIENCE)
    assert (receiver.took, receiver.asked) == (["c"], ["a", "a", "b", "c"])
    assert "'a' could not be posted to there: Still no." in caplog.text
    assert "'b' could not be posted to there: Never." in caplog.text


async def test_asked_too_often_it_waits_and_counts_no_try(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver(*(NotTaken("Too often.", after=0.0) for _ in range(5)))
    line = lines(receiver, tries=1)
    line.put("ann", "a")
    await line.end(PATIENCE)
    assert (receiver.took, len(receiver.asked), caplog.text) == (["a"], 6, "")
    receiver.refusals = [NotTaken("Too often.", after=1e6)]
    line.put("ann", "b")
    await line.end(PATIENCE)
    assert "'b' could not be posted to there: Too often." in caplog.text


async def test_one_that_hangs_holds_up_nobody_else_and_the_end_tells_what_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    took: list[str] = []

    async def take(thing: str) -> None:
        if thing == "stone":
            await asyncio.Event().wait()
        took.append(thing)

    line = Lines(take, "there", describe=lambda thing: f"'{thing}'")
    line.put("ann", "stone")
    line.put("ann", "behind it")
    line.put("bob", "feather")
    while not took:
        await asyncio.sleep(0)
    await line.end(0.0)
    assert took == ["feather"]
    assert "'stone' could not be posted to there: The server was stopped." in caplog.text
    assert "'behind it' could not be posted" in caplog.text


async def test_what_somebody_else_brings_is_no_alarm_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    line = lines(Receiver(NotTaken("Later.", after=60.0)))
    line.put("ann", "a", quiet=True)
    line.put("ann", "b")
    await line.end(0.0)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "'a' could not be posted to there: The server was stopped."),
        ("ERROR", "'b' could not be posted to there: The server was stopped."),
    ]


async def test_a_fault_of_our_own_ends_no_line(caplog: pytest.LogCaptureFixture) -> None:
    took: list[str] = []

    async def take(thing: str) -> None:
        if thing == "a":
            raise KeyError("a")
        took.append(thing)

    line = Lines(take, "there")
    line.put("ann", "a")
    line.put("ann", "b")
    await line.end(PATIENCE)
    assert took == ["b"]
    assert "A reply could not be posted to there: (KeyError)" in caplog.text


async def test_a_line_has_an_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    receiver = Receiver()
    line = lines(receiver)
    for n in range(MOST_WAITING + 1):
        line.put("ann", str(n))
    await line.end(PATIENCE)
    assert len(receiver.took) == MOST_WAITING
    assert f"'{MOST_WAITING}' could not be posted to there: {MOST_WAITING} wait already." in caplog.text


async def test_whoever_waits_hears_whether_it_is_brought_refused_for_good_or_cut_off() -> None:
    receiver = Receiver(NotTaken("Never.", final=True))
    line, on_the_way = lines(receiver), OnTheWay()
    for thing in "ab":
        on_the_way.add(line.put("ann", thing))
    assert await asyncio.wait_for(on_the_way.brought(), PATIENCE) is True
    assert receiver.took == ["b"]
    receiver.refusals.append(NotTaken("Later.", after=60.0))
    on_the_way.add(line.put("ann", "c"))
    await line.end(0.05)
    assert await asyncio.wait_for(on_the_way.brought(), PATIENCE) is False


async def test_whoever_stops_waiting_ends_nothing_in_the_line() -> None:
    receiver = Receiver(NotTaken("Not now.", after=0.05))
    line, on_the_way = lines(receiver), OnTheWay()
    for thing in "ab":
        on_the_way.add(line.put("ann", thing))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(on_the_way.brought(), 0.01)
    await line.end(PATIENCE)
    assert receiver.took == ["a", "b"]
