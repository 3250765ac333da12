"""What every tracker store does that keeps what an event broker is to be told."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import StaleConversation
from frontdesk.testing.contracts.conversations import said, stored


def told(outgoing: Any) -> list[tuple[str, list[str]]]:
    """Return whose events wait, and their texts."""
    return [(one.sender_id, [event["text"] for event in one.events]) for one in outgoing]


class OutboxContract:
    """Announced events wait, from the same transaction on, until they were sent; the heir gives a fixture `store`."""

    pytestmark = pytest.mark.asyncio

    async def test_what_is_announced_waits_until_it_was_sent(self, store: Any) -> None:
        assert await store.outgoing(9) == []
        await store.save(Commit("ann", [said("one"), said("zw\u00f6lf")], 0, announced=True))
        await store.save(Commit("bob", [said("not told")], 0))
        await store.save(Commit("ann", [said("three")], 2, announced=True))
        waiting = await store.outgoing(9)
        assert told(waiting) == [("ann", ["one", "zw\u00f6lf"]), ("ann", ["three"])]
        assert waiting[0].events[0]["event"] == "user"
        assert told(await store.outgoing(1)) == [("ann", ["one", "zw\u00f6lf"])]
        assert await store.depth() == 2
        await store.sent([waiting[0].number])
        assert told(await store.outgoing(9)) == [("ann", ["three"])]
        await store.sent([waiting[0].number, waiting[1].number])
        await store.sent([])
        assert await store.outgoing(9) == []
        assert await store.depth() == 0

    async def test_numbers_are_not_given_out_again(self, store: Any) -> None:
        await store.save(Commit("ann", [said("one")], 0, announced=True))
        (first,) = await store.outgoing(9)
        await store.sent([first.number])
        await store.save(Commit("ann", [said("two")], 1, announced=True))
        await store.sent([first.number])  # of one who was late
        assert told(await store.outgoing(9)) == [("ann", ["two"])]

    async def test_a_commit_that_is_refused_announces_nothing(self, store: Any) -> None:
        delivery = Delivery("rest", "ann", "m1")
        await store.save(Commit("ann", [said("one")], 0, delivery, [], announced=True))
        for refused in (Commit("ann", [said("two")], 0, announced=True),
                        Commit("ann", [said("two")], 1, delivery, [], announced=True)):  # fmt: skip
            with pytest.raises(StaleConversation):
                await store.save(refused)
        await store.save(Commit("ann", [], 1, announced=True))
        assert told(await store.outgoing(9)) == [("ann", ["one"])]

    async def test_of_one_conversation_the_order_is_that_of_commits(self, store: Any) -> None:
        async def talk(name: str) -> None:
            for n in range(8):
                seen = stored(await store.load(name))
                await store.save(Commit(name, [said(str(n))], seen, announced=True))

        names = ["ann", "bob", "cem"]
        await asyncio.gather(*(talk(name) for name in names))
        waiting = told(await store.outgoing(99))
        for name in names:
            assert [text for of, (text,) in waiting if of == name] == [str(n) for n in range(8)]

    async def test_one_at_a_time_sends(self, store: Any) -> None:
        assert await store.lead("one", 10.0, 20.0) is True
        assert await store.lead("two", 19.0, 30.0) is False
        assert await store.lead("one", 19.0, 30.0) is True
        assert await store.lead("two", 29.0, 40.0) is False
        assert await store.lead("two", 30.0, 40.0) is True
        assert await store.lead("one", 31.0, 50.0) is False
        assert await store.lead("two", 31.0, 31.0) is True  # it lets go
        assert await store.lead("one", 31.0, 50.0) is True

    async def test_of_many_who_want_to_send_one_does(self, store: Any) -> None:
        wanted = (store.lead(f"server {n}", 10.0, 20.0) for n in range(10))
        assert sum(await asyncio.gather(*wanted)) == 1
