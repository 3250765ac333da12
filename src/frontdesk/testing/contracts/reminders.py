"""What every tracker store does with reminders."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from frontdesk.core.events import ReminderCancelled
from frontdesk.core.ports import Commit, Delivery, TrackerStore
from frontdesk.core.reminders import Change, Reminder
from frontdesk.errors import StaleConversation, StoreError
from frontdesk.testing.contracts.conversations import said, stored

EVER = 1e12


def reminder(name: str, sender_id: str = "ann", due: float = 10.0, **more: Any) -> Reminder:
    """Return a reminder whose id says whose it is, and which."""
    given: dict[str, Any] = {"id": f"{sender_id}-{name}-{due:g}", "intent": "remind", **more}
    return Reminder(sender_id=sender_id, name=name, due=due, **given)


async def names(store: TrackerStore) -> list[str]:
    """Return the names of all reminders, first those due first."""
    return [found.name for found in await store.lease_reminders(EVER, 0.0, 1000, taken=True)]


class RemindersContract:
    """Reminders: written with the events that scheduled them, leased when they are due, gone when they fired."""

    pytestmark = pytest.mark.asyncio

    async def test_a_reminder_comes_back_word_for_word(self, store: TrackerStore) -> None:
        assert await store.next_reminder() is None
        every = [
            reminder("one", due=1_700_000_000.123456, entities=[{"entity": "name", "value": "Zoë"}]),
            reminder("tw\u00f6 \N{WAVING HAND SIGN}", due=1_700_000_001.0, entities={"a": [1, None]}),
            reminder(
                "three", due=1_700_000_002.0, kill_on_user_msg=False, channel="chat", authenticated=True
            ),
        ]
        await store.save(Commit("ann", [said("hi")], 0, reminders=every))
        assert await store.next_reminder() == 1_700_000_000.123456
        assert await store.lease_reminders(EVER, EVER, 9) == every

    async def test_only_what_is_due_is_leased_and_only_once(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [], 0, reminders=[reminder("b", due=20.0), reminder("a", due=10.0)]))
        await store.save(Commit("bob", [], 0, reminders=[reminder("c", "bob", due=30.0)]))
        assert await store.lease_reminders(9.9, 100.0, 9) == []
        assert [r.name for r in await store.lease_reminders(20.0, 100.0, 1)] == ["a"]
        assert await store.next_reminder() == 20.0
        assert [r.name for r in await store.lease_reminders(20.0, 100.0, 9)] == ["b"]
        assert await store.lease_reminders(20.0, 100.0, 9) == []
        assert await store.next_reminder() == 30.0
        assert [r.name for r in await store.lease_reminders(100.0, 200.0, 9)] == ["a", "b", "c"]

    async def test_what_is_leased_can_be_taken_over_by_one_who_says_so(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [], 0, reminders=[reminder("a"), reminder("later", due=50.0)]))
        await store.lease_reminders(10.0, 100.0, 9)
        assert [r.name for r in await store.lease_reminders(11.0, 100.0, 9, taken=True)] == ["a"]

    async def test_a_lease_is_kept_longer_or_let_go(self, store: TrackerStore) -> None:
        one = reminder("a")
        assert await store.keep_reminder(one, 100.0) is False
        await store.save(Commit("ann", [], 0, reminders=[one]))
        await store.lease_reminders(10.0, 20.0, 9)
        assert await store.keep_reminder(one, 30.0) is True
        assert await store.lease_reminders(29.0, 40.0, 9) == []
        assert await store.keep_reminder(one, 12.0) is True
        assert await store.lease_reminders(12.0, 40.0, 9) == [one]

    async def test_those_of_one_conversation(self, store: TrackerStore) -> None:
        assert await store.pending_reminders("ann") == []
        own = [reminder("a"), reminder("b", due=20.0, entities={"x": "Zoë"})]
        await store.save(Commit("ann", [], 0, reminders=own[::-1]))
        await store.save(Commit("bob", [], 0, reminders=[reminder("a", "bob")]))
        await store.lease_reminders(10.0, 100.0, 1)
        assert await store.pending_reminders("ann") == own
        await store.save(Commit("ann", [], 0, reminders=[ReminderCancelled("a")]))
        assert await store.pending_reminders("ann") == own[1:]

    async def test_one_of_the_same_name_replaces_it_in_its_conversation_alone(
        self, store: TrackerStore
    ) -> None:
        await store.save(Commit("ann", [], 0, reminders=[reminder("a"), reminder("b")]))
        await store.save(Commit("bob", [], 0, reminders=[reminder("a", "bob", due=12.0)]))
        again = reminder("a", due=15.0)
        await store.save(Commit("ann", [], 0, reminders=[again, reminder("c"), reminder("c", due=16.0)]))
        found = await store.lease_reminders(EVER, EVER, 9)
        assert [(r.sender_id, r.name, r.due) for r in found] == [
            ("ann", "b", 10.0), ("bob", "a", 12.0), ("ann", "a", 15.0), ("ann", "c", 16.0),
        ]  # fmt: skip
        assert await store.keep_reminder(reminder("a"), EVER) is False

    @pytest.mark.parametrize(
        ("cancelled", "left"),
        [
            (ReminderCancelled(), []),
            (ReminderCancelled("a"), ["b", "c"]),
            (ReminderCancelled(None, "other"), ["a", "b"]),
            (ReminderCancelled(None, None, {"x": 1}), ["a", "c"]),
            (ReminderCancelled("b", "other"), ["a", "b", "c"]),
            (ReminderCancelled("b", "remind", {"x": 1}), ["a", "c"]),
        ],
    )
    async def test_called_off(
        self, store: TrackerStore, cancelled: ReminderCancelled, left: list[str]
    ) -> None:
        given = [
            reminder("a"),
            reminder("b", due=11.0, entities={"x": 1}),
            reminder("c", due=12.0, intent="other"),
        ]
        await store.save(Commit("ann", [], 0, reminders=given))
        await store.save(Commit("bob", [], 0, reminders=[reminder("bob's", "bob", due=13.0)]))
        await store.save(Commit("ann", [cancelled], 0, reminders=[cancelled]))
        assert await names(store) == [*left, "bob's"]

    async def test_a_commit_that_is_refused_changes_no_reminder(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [said("hi")], 0, reminders=[reminder("a")]))
        with pytest.raises(StaleConversation):
            await store.save(
                Commit("ann", [said("ho")], 0, reminders=[reminder("b"), ReminderCancelled("a")])
            )
        bad = reminder("c", entities=object())
        with pytest.raises(StoreError, match="not JSON"):
            await store.save(Commit("ann", [said("ho")], 1, reminders=[bad, ReminderCancelled("a")]))
        assert await names(store) == ["a"]
        assert stored(await store.load("ann")) == 1

    async def test_it_is_gone_with_the_end_of_the_turn_that_answers_it(self, store: TrackerStore) -> None:
        one, delivery = reminder("a"), Delivery("rest", "ann", "reminder-1")
        await store.save(Commit("ann", [], 0, reminders=[one, reminder("b", due=11.0)]))
        # Within its own turn it stays, whatever is called off, so that a turn that is cut off is begun again.
        within: list[Change] = [ReminderCancelled(), reminder("a", due=50.0)]
        await store.save(Commit("ann", [said("EXTERNAL")], 0, reminders=within, firing=one))
        assert [r.due for r in await store.lease_reminders(EVER, 0.0, 9, taken=True)] == [10.0, 50.0]
        await store.save(Commit("ann", [], 1, delivery, [{"text": "Hello"}], firing=one))
        assert [r.due for r in await store.lease_reminders(EVER, 0.0, 9, taken=True)] == [50.0]
        assert await store.keep_reminder(one, EVER) is False
        with pytest.raises(StaleConversation):
            await store.save(Commit("ann", [said("again")], 1, delivery, [], firing=one))

    async def test_many_look_at_once(self, store: TrackerStore) -> None:
        await store.save(Commit("ann", [], 0, reminders=[reminder(f"r{n}") for n in range(40)]))
        rounds = await asyncio.gather(*(store.lease_reminders(10.0, 99.0, 3) for _ in range(20)))
        leased = [found.name for batch in rounds for found in batch]
        assert sorted(leased) == sorted(f"r{n}" for n in range(40))
