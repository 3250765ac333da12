"""What every event broker does."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from frontdesk.core.ports import Announcement, BatchBroker, EventBroker

Received = Callable[[int], Awaitable[list[Mapping[str, Any]]]]
"""Waits until so many events arrived on the other side, and returns all of them."""


class EventBrokerContract:
    """Events arrive as Rasa publishes them; the heir gives fixtures `broker` and `received`."""

    pytestmark = pytest.mark.asyncio

    async def test_an_event_arrives_with_its_conversation(
        self, broker: EventBroker, received: Received
    ) -> None:
        event = {
            "event": "user",
            "timestamp": 1.5,
            "text": "grüezi \N{WAVING HAND SIGN}",
            "metadata": {"a": [1, None]},
        }
        await broker.publish("ann", event)
        assert await received(1) == [{"sender_id": "ann", **event}]

    async def test_the_order_of_a_conversation_stays(self, broker: BatchBroker, received: Received) -> None:
        names = [f"user {n}" for n in range(7)]
        batch = [Announcement(f"{n}-0", names[n % 7], {"event": "slot", "value": n}) for n in range(140)]
        await broker.publish_all(batch[:70])
        await broker.publish_all(batch[70:])
        await broker.publish_all([])
        found = await received(140)
        for name in names:
            own = [event["value"] for event in found if event["sender_id"] == name]
            assert own == [one.event["value"] for one in batch if one.sender_id == name]

    async def test_many_who_publish_at_once(self, broker: EventBroker, received: Received) -> None:
        await asyncio.gather(*(broker.publish(f"u{n}", {"event": "slot", "value": n}) for n in range(20)))
        assert sorted(event["value"] for event in await received(20)) == list(range(20))

    async def test_it_can_be_asked_whether_it_is_there(self, broker: BatchBroker) -> None:
        await broker.check()

    async def test_closing_twice_does_no_harm(self, broker: EventBroker) -> None:
        await broker.publish("ann", {"event": "restart"})
        await broker.close()
        await broker.close()
