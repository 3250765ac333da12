"""Turns under way are held, waited for, and cancelled where they take too long."""

from __future__ import annotations

import asyncio

from frontdesk.runtime.turns import Turns


async def test_turns_are_held_until_they_are_done() -> None:
    turns, gate = Turns(), asyncio.Event()

    async def turn() -> str:
        await gate.wait()
        return "done"

    task = turns.begin(turn())
    assert len(turns) == 1
    gate.set()
    await turns.ended()
    assert (task.result(), len(turns)) == ("done", 0)


async def test_at_the_end_those_that_take_too_long_are_cancelled() -> None:
    turns = Turns()
    await turns.end(1.0)
    quick, slow = turns.begin(asyncio.sleep(0)), turns.begin(asyncio.Event().wait())
    await turns.end(0.05)
    await asyncio.gather(quick, slow, return_exceptions=True)
    assert (quick.cancelled(), slow.cancelled()) == (False, True)
