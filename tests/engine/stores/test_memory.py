"""The tracker store in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import ConfigError
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.testing.contracts.erasure import ErasureContract
from frontdesk.testing.contracts.noticing import NoticingContract
from frontdesk.testing.contracts.outbox import OutboxContract
from frontdesk.testing.contracts.tracker_store import TrackerStoreContract, said


class TestMemoryTrackerStore(TrackerStoreContract, OutboxContract, ErasureContract, NoticingContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[MemoryTrackerStore]:
        store = MemoryTrackerStore()
        yield store
        await store.close()


async def test_replies_are_forgotten_after_their_retention_and_unanswered_messages_never() -> None:
    now = 1_000_000.0
    store = MemoryTrackerStore({"inbox_retention_days": 2}, clock=lambda: now)
    old, open_, new = (Delivery("rest", "ann", name) for name in ("old", "open", "new"))
    for delivery in (old, open_):
        await store.begin(delivery, UserMessage("hi", "ann"))
    await store.save(Commit("ann", [said("hi")], 0, old, [{"text": "Hello"}]))
    now += 1.9 * 86_400
    await store.begin(new, UserMessage("hi", "ann"))
    assert await store.begin(old, UserMessage("hi", "ann")) == [{"text": "Hello"}]
    now += 0.2 * 86_400
    await store.begin(Delivery("rest", "ann", "newest"), UserMessage("hi", "ann"))
    assert await store.begin(old, UserMessage("hi", "ann")) is None
    assert [d.message_id for d, _ in await store.unfinished(0)] == ["open", "new", "newest", "old"]


def test_a_retention_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ConfigError, match="inbox_retention_days"):
        MemoryTrackerStore({"inbox_retention_days": 0})
