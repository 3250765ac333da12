"""What every tracker store does."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from frontdesk.core import events as ev
from frontdesk.core.codec import to_wire
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery, TrackerStore
from frontdesk.errors import LockLost, StaleConversation, StoreError
from frontdesk.testing.contracts.conversations import ONE_OF_EACH, all_senders, said, session, stored, texts
from frontdesk.testing.contracts.inbox import InboxContract
from frontdesk.testing.contracts.reminders import RemindersContract, reminder


class EventsContract:
    """Conversations: what is saved comes back, in order, and nothing else."""

    pytestmark = pytest.mark.asyncio

    async def test_unknown_conversation_is_empty(self, store: TrackerStore) -> None:
        for whole in (False, True):
            found = await store.load("nobody", whole=whole)
            assert (list(found.events), found.offset) == ([], 0)

    async def test_every_kind_of_event_comes_back_word_for_word(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", ONE_OF_EACH, 0))
        found = await store.load("ann", whole=True)
        assert [to_wire(e) for e in found.events] == [to_wire(e) for e in ONE_OF_EACH]
        assert found.offset == 0

    async def test_order_is_that_of_saving_not_of_time(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [ev.SlotSet("a", 1, timestamp=9.0)], 0))
        await store.save(Commit("ann", [ev.SlotSet("a", n, timestamp=9.0 - n) for n in (2, 3, 4)], 1))
        assert [e.value for e in (await store.load("ann")).events if isinstance(e, ev.SlotSet)] == [
            1,
            2,
            3,
            4,
        ]

    async def test_conversations_do_not_mix(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [said("I am Ann")], 0))
        await store.save(Commit("Ann", [said("I am the other Ann")], 0))
        await store.save(Commit("bob", [said("I am Bob"), said("really")], 0))
        assert texts(await store.load("ann")) == ["I am Ann"]
        assert texts(await store.load("Ann")) == ["I am the other Ann"]
        assert texts(await store.load("bob")) == ["I am Bob", "really"]
        assert await all_senders(store) == ["Ann", "ann", "bob"]

    async def test_what_is_given_out_is_not_what_is_kept(self, store: TrackerStore) -> None:
        value = ["kept"]
        await store.save(Commit("ann", [ev.SlotSet("a", value)], 0))
        value.append("changed later")
        event = (await store.load("ann")).events[0]
        assert isinstance(event, ev.SlotSet)
        assert event.value == ["kept"]

    async def test_events_without_a_time_get_one(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [ev.SlotSet("a", 1)], 0))
        assert (await store.load("ann")).events[0].timestamp > 0

    @pytest.mark.parametrize("sender_id", ["x" * 255, "Zoë \N{WAVING HAND SIGN}", "a'b\"c;--%_\\", " ", "0"])
    async def test_ids_of_any_text(self, store: TrackerStore, sender_id: str) -> None:
        await store.save(Commit(sender_id, [said("hi")], 0))
        assert texts(await store.load(sender_id)) == ["hi"]
        assert await all_senders(store) == [sender_id]

    @pytest.mark.parametrize("sender_id", ["x" * 256, "a\0b", "\ud800"])
    async def test_ids_that_no_database_keeps_are_refused(self, store: TrackerStore, sender_id: str) -> None:
        with pytest.raises(StoreError):
            await store.save(Commit(sender_id, [said("hi")], 0))
        with pytest.raises(StoreError):
            await store.load(sender_id)

    async def test_value_that_is_not_json_is_refused_and_nothing_is_written(
        self, store: TrackerStore
    ) -> None:
        with pytest.raises(StoreError, match="not JSON"):
            await store.save(Commit("ann", [said("hi"), ev.SlotSet("a", object())], 0))
        assert stored(await store.load("ann")) == 0

    async def test_many_conversations(self, store: TrackerStore) -> None:
        names = [f"user-{n:04}" for n in range(520)]
        await asyncio.gather(*(store.save(Commit(name, [said(name)], 0)) for name in names))
        assert await all_senders(store) == names

    async def test_the_conversations_that_went_on_last(self, store: TrackerStore) -> None:
        assert await store.newest(10) == []
        for name in ("ann", "bob", "cem"):
            await store.save(Commit(name, [said(name)], 0))
        await store.save(Commit("ann", [said("again")], 1))
        assert await store.newest(10) == ["ann", "cem", "bob"]
        assert await store.newest(2) == ["ann", "cem"]

    async def test_one_long_conversation_does_not_hide_the_others(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [said("hi")], 0))
        await store.save(Commit("bob", [said(str(n)) for n in range(2_500)], 0))
        assert await store.newest(10) == ["bob", "ann"]


class SequenceContract:
    """Nobody writes over what somebody else wrote."""

    pytestmark = pytest.mark.asyncio

    @pytest.mark.parametrize("expected", [0, 1, 3, -1])
    async def test_a_writer_who_has_not_seen_all_is_refused(self, store: TrackerStore, expected: int) -> None:
        await store.save(Commit("ann", [said("one"), said("two")], 0))
        with pytest.raises(StaleConversation):
            await store.save(Commit("ann", [said("late")], expected))
        assert texts(await store.load("ann")) == ["one", "two"]

    async def test_first_writer_must_expect_nothing(self, store: TrackerStore) -> None:
        with pytest.raises(StaleConversation):
            await store.save(Commit("ann", [said("one")], 1))
        assert stored(await store.load("ann")) == 0
        assert await all_senders(store) == []

    async def test_of_many_who_write_at_once_one_wins(self, store: TrackerStore) -> None:
        saves = [store.save(Commit("ann", [said(str(n)), said(str(n))], 0)) for n in range(20)]
        results = await asyncio.gather(*saves, return_exceptions=True)
        won = [n for n, result in enumerate(results) if result is None]
        assert len(won) == 1
        assert all(isinstance(result, StaleConversation) for result in results if result is not None)
        assert texts(await store.load("ann")) == [str(won[0])] * 2

    async def test_one_failure_among_200_harms_nobody_else(self, store: TrackerStore) -> None:
        saves = [
            store.save(Commit(f"u{n}", [said("hi"), said("ho")], 7 if n == 77 else 0)) for n in range(200)
        ]
        results = await asyncio.gather(*saves, return_exceptions=True)
        assert [n for n, result in enumerate(results) if result is not None] == [77]
        assert isinstance(results[77], StaleConversation)
        found = await asyncio.gather(*(store.load(f"u{n}") for n in range(200)))
        assert [stored(c) for c in found] == [0 if n == 77 else 2 for n in range(200)]

    async def test_a_writer_whose_lock_went_to_another_is_refused(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [said("one")], 0, fence=5))
        await store.save(Commit("ann", [said("two")], 1, fence=5))
        await store.admit("ann", 1_700_000_000_000_000)
        with pytest.raises(LockLost) as caught:
            await store.save(Commit("ann", [said("late")], 2, fence=1_699_999_999_999_999))
        assert caught.value.fence == 1_700_000_000_000_000
        await store.admit("ann", 7)  # of one who was late himself
        await store.save(Commit("bob", [said("hi")], 0, fence=1))
        await store.save(Commit("ann", [said("three")], 2, fence=1_700_000_000_000_000))
        await store.save(Commit("ann", [said("four")], 3, fence=1_700_000_000_000_001))
        with pytest.raises(LockLost):
            await store.save(Commit("ann", [said("late")], 4, fence=1_700_000_000_000_000))
        await store.save(Commit("ann", [said("five")], 4))
        assert texts(await store.load("ann")) == ["one", "two", "three", "four", "five"]

    async def test_a_fence_before_the_first_event(self, store: TrackerStore) -> None:
        await store.admit("ann", 9)
        assert await all_senders(store) == []
        assert stored(await store.load("ann")) == 0
        delivery = Delivery("rest", "ann", "m1")
        with pytest.raises(LockLost):
            await store.save(Commit("ann", [said("late")], 0, delivery, [{"text": "late"}], fence=8))
        await store.save(Commit("ann", [said("one")], 0, delivery, [{"text": "Hello"}], fence=9))
        assert texts(await store.load("ann")) == ["one"]

    async def test_saving_nothing_changes_nothing(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [], 0))
        await store.save(Commit("ann", [said("one")], 0))
        await store.save(Commit("ann", [], 1))
        assert stored(await store.load("ann")) == 1


class SessionContract:
    """`load` gives the latest session, and says how much was before it."""

    pytestmark = pytest.mark.asyncio

    async def test_latest_session_with_its_offset(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", session(said("old")), 0))
        await store.save(Commit("ann", [ev.SlotSet("a", 1)], 3))
        await store.save(Commit("ann", session(said("new")), 4))
        found = await store.load("ann")
        assert found.offset == 4
        assert [e.type_name for e in found.events] == ["action", "session_started", "user"]
        assert texts(found) == ["new"]
        assert texts(await store.load("ann", whole=True)) == ["old", "new"]
        await store.save(Commit("ann", [said("newer")], stored(found)))
        assert texts(await store.load("ann")) == ["new", "newer"]

    async def test_session_start_without_its_action(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [said("old"), ev.SessionStarted(), said("new")], 0))
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (1, ["new"])

    async def test_session_that_begins_across_two_commits(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [said("old"), ev.ActionExecuted("action_session_start")], 0))
        await store.save(Commit("ann", [ev.SessionStarted(), said("new")], 2))
        found = await store.load("ann")
        assert (found.offset, len(found.events)) == (1, 3)

    async def test_two_sessions_in_one_commit(self, store: TrackerStore) -> None:
        await store.save(
            Commit("ann", [*session(said("one")), *session(said("two")), *session(said("three"))], 0)
        )
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (6, ["three"])

    async def test_no_session_start_means_everything(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [said("one"), ev.Restarted(), said("two")], 0))
        assert texts(await store.load("ann")) == ["one", "two"]


class TrackerStoreContract(
    EventsContract, SequenceContract, SessionContract, InboxContract, RemindersContract
):
    """All that holds for one store; the heir gives a fixture `store`: a new, empty one, closed at the end."""

    async def test_a_closed_store_says_so(self, store: TrackerStore) -> None:
        await store.close()
        await store.close()
        with pytest.raises(StoreError, match="closed"):
            await store.load("ann")
        with pytest.raises(StoreError, match="closed"):
            await store.save(Commit("ann", [said("hi")], 0))


OpenStore = Callable[[], Awaitable[TrackerStore]]


@asynccontextmanager
async def opening(make: Callable[[], TrackerStore]) -> AsyncIterator[OpenStore]:
    """Give what opens stores over the same place; all of them are closed at the end."""
    opened: list[TrackerStore] = []

    async def open_one() -> TrackerStore:
        opened.append(make())
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


class SharedTrackerStoreContract:
    """What holds for several stores over the same place.

    The heir gives a fixture `open_store`: an async function that makes another store over the same, at first
    empty, place; the fixture closes them at the end.
    """

    pytestmark = pytest.mark.asyncio

    async def test_what_was_saved_is_there_after_reopening(self, open_store: OpenStore) -> None:
        store = await open_store()
        delivery, message = Delivery("rest", "ann", "m1"), UserMessage("hi", "ann", "rest", "m1")
        await store.begin(delivery, message)
        await store.begin(Delivery("rest", "ann", "m2"), message)
        await store.save(
            Commit("ann", [said("old"), *session(said("new"))], 0, delivery, [{"text": "Hello"}])
        )
        await store.close()
        store = await open_store()
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (1, ["new"])
        assert await store.begin(delivery, message) == [{"text": "Hello"}]
        assert [d.message_id for d, _ in await store.unfinished(0)] == ["m2"]

    async def test_two_stores_see_each_other_at_once(self, open_store: OpenStore) -> None:
        one, two = await open_store(), await open_store()
        for n in range(6):
            writer, reader = (one, two) if n % 2 else (two, one)
            assert stored(await writer.load("ann")) == n
            await writer.save(Commit("ann", [said(str(n))], n))
            assert texts(await reader.load("ann")) == [str(k) for k in range(n + 1)]
        await one.save(Commit("ann", session(said("new")), 6))
        assert texts(await two.load("ann")) == ["new"]

    async def test_of_two_stores_one_wins(self, open_store: OpenStore) -> None:
        stores = [await open_store(), await open_store()]
        for n in range(5):
            saves = [store.save(Commit("ann", [said(f"{n}")], n)) for store in stores]
            results = await asyncio.gather(*saves, return_exceptions=True)
            assert sorted(type(r).__name__ for r in results) == ["NoneType", "StaleConversation"]
        for store in stores:
            assert texts(await store.load("ann")) == ["0", "1", "2", "3", "4"]

    async def test_one_begins_the_other_answers(self, open_store: OpenStore) -> None:
        one, two = await open_store(), await open_store()
        delivery, message = Delivery("rest", "ann", "m1"), UserMessage("hi", "ann", "rest", "m1")
        for found in await asyncio.gather(one.begin(delivery, message), two.begin(delivery, message)):
            assert found is None
        await two.save(Commit("ann", [said("hi")], 0, delivery, [{"text": "Hello"}]))
        assert await one.begin(delivery, message) == [{"text": "Hello"}]

    async def test_many_writers_lose_nothing(self, open_store: OpenStore) -> None:
        stores = [await open_store(), await open_store()]

        async def talk(store: TrackerStore, name: str) -> None:
            for n in range(10):
                while True:
                    seen = stored(await store.load("ann"))
                    try:
                        await store.save(Commit("ann", [said(f"{name}{n}")], seen))
                        break
                    except StaleConversation:
                        await asyncio.sleep(0)

        await asyncio.gather(*(talk(stores[k % 2], "abcd"[k]) for k in range(4)))
        found = texts(await stores[0].load("ann"))
        assert sorted(str(text) for text in found) == sorted(
            f"{name}{n}" for name in "abcd" for n in range(10)
        )
        for name in "abcd":
            assert [t for t in found if str(t).startswith(name)] == [f"{name}{n}" for n in range(10)]

    async def test_two_stores_lease_each_reminder_once(self, open_store: OpenStore) -> None:
        stores = [await open_store(), await open_store()]
        wanted = [reminder(f"r{n}", f"user-{n}", due=10.0) for n in range(60)]
        await asyncio.gather(
            *(stores[n % 2].save(Commit(r.sender_id, [], 0, reminders=[r])) for n, r in enumerate(wanted))
        )
        rounds = [stores[n % 2].lease_reminders(20.0, 30.0, 7) for n in range(20)]
        leased = [found.name for batch in await asyncio.gather(*rounds) for found in batch]
        assert sorted(leased) == sorted(r.name for r in wanted)
        assert await stores[0].lease_reminders(20.0, 30.0, 7) == []

    async def test_reminders_outlive_the_store(self, open_store: OpenStore) -> None:
        store = await open_store()
        one = reminder("r", due=10.0)
        await store.save(Commit("ann", [said("hi")], 0, reminders=[one]))
        assert await store.lease_reminders(20.0, 30.0, 9) == [one]
        await store.close()
        store = await open_store()
        assert await store.lease_reminders(29.0, 40.0, 9) == []
        assert await store.lease_reminders(29.0, 40.0, 9, taken=True) == [one]
        assert await store.lease_reminders(40.0, 50.0, 9) == [one]
