"""What every tracker store does with messages that arrive."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery, TrackerStore
from frontdesk.errors import StaleConversation, StoreError
from frontdesk.testing.contracts.conversations import all_senders, said, stored, texts


class InboxContract:
    """Deliveries: each message is written down once, and answered once."""

    pytestmark = pytest.mark.asyncio

    delivery = Delivery("rest", "ann", "m1")
    message = UserMessage("hi", "ann", "rest", "m1", {"page": "/a", "deep": [1, None]}, authenticated=True)

    async def test_a_message_is_begun_and_then_answered(self, store: TrackerStore) -> None:
        assert await store.begin(self.delivery, self.message) is None
        assert await store.begin(self.delivery, self.message) is None
        replies: list[Mapping[str, Any]] = [
            {"recipient_id": "ann", "text": "Hello Zoë"},
            {"buttons": [{"title": "Yes"}]},
        ]
        await store.save(Commit("ann", [said("hi")], 0, self.delivery, replies))
        for _ in range(2):
            found = await store.begin(self.delivery, self.message)
            assert found == replies
        assert await store.unfinished(0) == []

    async def test_no_reply_is_an_answer_too(self, store: TrackerStore) -> None:
        await store.begin(self.delivery, self.message)
        await store.save(Commit("ann", [], 0, self.delivery, []))
        found = await store.begin(self.delivery, self.message)
        assert found == []

    async def test_an_answered_message_can_be_opened_again(self, store: TrackerStore) -> None:
        assert not await store.reopen(self.delivery)
        await store.begin(self.delivery, self.message)
        assert not await store.reopen(self.delivery), "it is open"
        assert await store.tried(self.delivery) == 1
        await store.save(Commit("ann", [said("hi")], 0, self.delivery, [{"text": "Sorry"}]))
        assert await store.reopen(self.delivery)
        assert (
            await store.unfinished(0, "ann") == await store.unfinished(0) == [(self.delivery, self.message)]
        )
        assert await store.tried(self.delivery) == 1, "its tries are counted anew"
        await store.save(Commit("ann", [said("again")], 1, self.delivery, [{"text": "Hello"}]))
        assert await store.begin(self.delivery, self.message) == [{"text": "Hello"}]

    async def test_channel_sender_and_id_together_name_a_delivery(self, store: TrackerStore) -> None:
        await store.begin(self.delivery, self.message)
        await store.save(Commit("ann", [said("hi")], 0, self.delivery, [{"text": "Hello"}]))
        for other in (
            Delivery("chat", "ann", "m1"),
            Delivery("rest", "bob", "m1"),
            Delivery("rest", "ann", "m2"),
        ):
            assert await store.begin(other, self.message) is None

    async def test_a_turn_in_the_middle_leaves_the_message_unfinished(self, store: TrackerStore) -> None:
        await store.begin(self.delivery, self.message)
        await store.save(Commit("ann", [said("hi")], 0))
        assert await store.unfinished(0) == [(self.delivery, self.message)]
        assert await store.begin(self.delivery, self.message) is None
        await store.save(Commit("ann", [said("ho")], 1, self.delivery, []))
        assert await store.unfinished(0) == []

    async def test_unfinished_messages_are_told_oldest_first(self, store: TrackerStore) -> None:
        names = [f"m{n}" for n in (3, 1, 2)]
        for name in names:
            await store.begin(Delivery("rest", "ann", name), self.message)
            await asyncio.sleep(0.002)  # two clocks of two machines would not tell less apart
        assert [delivery.message_id for delivery, _ in await store.unfinished(0)] == names
        assert await store.unfinished(3600) == []

    async def test_unfinished_messages_of_one_conversation(self, store: TrackerStore) -> None:
        for name, message_id in (("ann", "m1"), ("bob", "m2"), ("ann", "m3"), ("ann", "m4")):
            await store.begin(Delivery("rest", name, message_id), self.message)
            await asyncio.sleep(0.002)
        await store.save(Commit("ann", [], 0, Delivery("rest", "ann", "m3"), []))
        assert [delivery.message_id for delivery, _ in await store.unfinished(0, "ann")] == ["m1", "m4"]
        assert await store.unfinished(0, "nobody") == []

    async def test_tries_are_counted_until_there_is_an_answer(self, store: TrackerStore) -> None:
        await store.begin(self.delivery, self.message)
        assert [await store.tried(self.delivery) for _ in range(3)] == [1, 2, 3]
        await store.save(Commit("ann", [said("hi")], 0, self.delivery, []))
        assert await store.tried(self.delivery) == 0
        assert await store.tried(Delivery("rest", "ann", "unknown")) == 0

    async def test_what_was_written_first_stays(self, store: TrackerStore) -> None:
        await store.begin(self.delivery, self.message)
        await store.begin(self.delivery, UserMessage("changed", "ann", "rest", "m1"))
        assert await store.unfinished(0) == [(self.delivery, self.message)]

    async def test_a_refused_save_leaves_no_replies(self, store: TrackerStore) -> None:
        await store.begin(self.delivery, self.message)
        with pytest.raises(StaleConversation):
            await store.save(Commit("ann", [said("hi")], 5, self.delivery, [{"text": "Hello"}]))
        assert await store.begin(self.delivery, self.message) is None
        assert stored(await store.load("ann")) == 0

    async def test_a_delivery_is_answered_once(self, store: TrackerStore) -> None:
        await store.begin(self.delivery, self.message)
        await store.save(Commit("ann", [said("hi")], 0, self.delivery, [{"text": "first"}]))
        with pytest.raises(StaleConversation):
            await store.save(Commit("ann", [said("hi again")], 1, self.delivery, [{"text": "second"}]))
        assert await store.begin(self.delivery, self.message) == [{"text": "first"}]
        assert texts(await store.load("ann")) == ["hi"]

    async def test_an_answer_to_a_message_that_was_never_begun(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [said("hi")], 0, self.delivery, [{"text": "Hello"}]))
        assert await store.begin(self.delivery, self.message) == [{"text": "Hello"}]

    async def test_many_arrivals_at_once(self, store: TrackerStore) -> None:
        found = await asyncio.gather(*(store.begin(self.delivery, self.message) for _ in range(20)))
        assert found == [None] * 20
        assert await store.unfinished(0) == [(self.delivery, self.message)]

    async def test_an_inbox_alone_is_no_conversation(self, store: TrackerStore) -> None:
        await store.begin(self.delivery, self.message)
        assert await all_senders(store) == []

    async def test_a_message_id_that_no_database_keeps_is_refused(self, store: TrackerStore) -> None:
        for bad in (Delivery("rest", "ann", "x" * 256), Delivery("rest", "ann", "a\0b")):
            with pytest.raises(StoreError):
                await store.begin(bad, self.message)
