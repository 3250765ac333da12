from __future__ import annotations

from frontdesk.core.events import SlotSet, UserUttered
from frontdesk.core.ports import Commit
from frontdesk.core.tracker import Tracker
from frontdesk.runtime.recent import RecentTrackers
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.testing.contracts.erasure import heard as said
from tests.engine.conftest import Heard

INITIAL = {"a": None}


def tracker(sender: str, events: int) -> Tracker:
    return Tracker.start(sender, INITIAL, [SlotSet("a", n) for n in range(events)])


def test_a_conversation_is_kept_for_the_same_slots_only() -> None:
    recent = RecentTrackers()
    kept = tracker("ann", 3)
    recent.put(kept)
    assert recent.get("ann", INITIAL) is kept
    assert recent.get("ann", {"a": None}) is None
    assert recent.get("bob", INITIAL) is None
    recent.drop("ann")
    recent.drop("ann")
    assert recent.get("ann", INITIAL) is None


def test_the_longest_unused_goes_first_when_there_are_too_many_events() -> None:
    recent = RecentTrackers(limit=10)
    for sender in ("ann", "bob"):
        recent.put(tracker(sender, 4))
    assert recent.get("ann", INITIAL)
    recent.put(tracker("cat", 4))
    assert recent.get("bob", INITIAL) is None
    assert recent.get("ann", INITIAL)
    recent.put(tracker("ann", 6))
    assert recent.get("cat", INITIAL)
    recent.put(tracker("dan", 100))
    assert recent.get("dan", INITIAL) is None


async def test_what_was_erased_is_not_the_beginning_of_what_began_anew() -> None:
    recent, store = RecentTrackers(), MemoryTrackerStore()
    recent.put(Tracker.start("ann", INITIAL, said("secret", 1.0)))
    await store.save(Commit("ann", [*said("new", 2.0), *said("words", 3.0)[2:]], 0))
    found = await recent.load(store, "ann", INITIAL, whole=False, alone=False)
    assert [event.text for event in found.events() if isinstance(event, UserUttered)] == ["new", "words"]
    recent.put(found)
    again = await recent.load(store, "ann", INITIAL, whole=False, alone=False)
    assert again.event is found.event, "what is kept goes on"


async def test_it_is_counted_whether_a_conversation_was_kept(heard: Heard) -> None:
    recent, store = RecentTrackers(), MemoryTrackerStore()
    await store.save(Commit("ann", said("hi", 1.0), 0))
    recent.put(await recent.load(store, "ann", INITIAL, whole=False, alone=True))
    await recent.load(store, "ann", INITIAL, whole=False, alone=True)
    await recent.load(store, "ann", INITIAL, whole=False, alone=False)
    await recent.load(store, "ann", INITIAL, whole=True, alone=False)
    found = [
        value for kind, name, value, *_ in heard.lines if (kind, name) == ("count", "frontdesk_cache_lookups")
    ]
    assert found == ["no_conversation", "conversation", "conversation"]
