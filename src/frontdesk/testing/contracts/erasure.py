"""What every tracker store does that can erase a conversation."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from frontdesk.core.events import ActionExecuted, Event
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.testing.contracts.conversations import all_senders, said, session, stored, texts
from frontdesk.testing.contracts.outbox import told
from frontdesk.testing.contracts.reminders import names, reminder

OTHERS = ("Ann", "an*", "bob")
REPLIES = [{"text": "Hello"}]


async def talked(store: Any, sender_id: str) -> None:
    """Let a conversation be wherever one can: events, an answered and an open message, a reminder, the outbox."""
    answered = await received(store, sender_id, "answered")
    await received(store, sender_id, "open")
    kept = [reminder("later", sender_id)]
    events = [said("secret")]
    await store.save(Commit(sender_id, events, 0, answered, REPLIES, kept, fence=7, announced=True))


async def received(store: Any, sender_id: str, message_id: str) -> Delivery:
    """Write a message into the inbox."""
    delivery = Delivery("rest", sender_id, message_id)
    await store.begin(delivery, UserMessage("secret", sender_id, "rest", message_id))
    return delivery


def heard(text: str, at: float) -> list[Event]:
    """Return a session in which something was said, as it is when the assistant listens again."""
    events = session(said(text), ActionExecuted("action_listen"))
    return [dataclasses.replace(event, timestamp=at) for event in events]


class ErasureContract:
    """What is erased is nowhere any more, and nothing else is gone; the heir gives a fixture `store`."""

    pytestmark = pytest.mark.asyncio

    async def test_nothing_is_left_of_a_conversation_and_all_of_the_others(self, store: Any) -> None:
        for name in ("ann", *OTHERS):
            await talked(store, name)
        assert stored(await store.load("ann")) == 1  # also where a store has it at hand
        assert await store.erase("ann") is True
        for whole in (False, True):
            assert stored(await store.load("ann", whole=whole)) == 0
        assert await all_senders(store) == sorted(OTHERS)
        assert "ann" not in await store.newest(9)
        assert sorted(delivery.sender_id for delivery, _ in await store.unfinished(0.0)) == sorted(OTHERS)
        assert await store.unfinished(0.0, "ann") == []
        assert len(await names(store)) == len(OTHERS)
        assert told(await store.outgoing(9)) == [(name, ["secret"]) for name in OTHERS]
        assert await store.depth() == len(OTHERS)
        for name in OTHERS:
            assert texts(await store.load(name)) == ["secret"]
            message = UserMessage("secret", name, "rest", "answered")
            assert await store.begin(Delivery("rest", name, "answered"), message) == REPLIES

    async def test_who_comes_back_is_new(self, store: Any) -> None:
        await talked(store, "ann")
        await store.erase("ann")
        assert await store.reopen(Delivery("rest", "ann", "answered")) is False
        delivery = await received(store, "ann", "answered")  # the same id, and no reply to it is known
        await store.save(Commit("ann", [said("new"), said("words")], 0, delivery, fence=1, announced=True))
        assert texts(await store.load("ann")) == ["new", "words"]
        assert told(await store.outgoing(9)) == [("ann", ["new", "words"])]

    async def test_of_a_stranger_there_is_nothing_to_erase(self, store: Any) -> None:
        await talked(store, "ann")
        assert await store.erase("nobody") is False
        assert texts(await store.load("ann")) == ["secret"]

    async def test_what_only_waits_is_erased_too(self, store: Any) -> None:
        await received(store, "ann", "open")
        assert await store.erase("ann") is True
        assert await store.unfinished(0.0) == []
        assert await store.erase("ann") is False


class SharedErasureContract:
    """What holds for several stores over the same place; fixture `open_store` as for `SharedTrackerStoreContract`."""

    pytestmark = pytest.mark.asyncio

    async def test_what_another_one_erased_does_not_come_back(
        self, open_store: Callable[[], Awaitable[Any]]
    ) -> None:
        one, two = await open_store(), await open_store()
        await one.save(Commit("ann", heard("secret", 1.0), 0))
        assert texts(await two.load("ann")) == ["secret"]  # which has it at hand from now on
        assert await one.erase("ann") is True
        await one.save(Commit("ann", [*heard("new", 2.0), said("words")], 0))
        for whole in (False, True):
            assert texts(await two.load("ann", whole=whole)) == ["new", "words"]
