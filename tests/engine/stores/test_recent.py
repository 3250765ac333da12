"""The sessions that were read last."""

from __future__ import annotations

from frontdesk.core.events import SlotSet
from frontdesk.stores.recent import RecentSessions, Session


def session(size: int) -> Session:
    return Session(1, size, size, tuple(SlotSet("n", n) for n in range(size)))


def test_the_one_that_was_not_used_for_longest_goes_first() -> None:
    recent = RecentSessions(most=30)
    for name in "abc":
        recent.put(name, session(10))
    assert recent.get("a") is not None
    recent.put("d", session(5))
    assert [name for name in "abcd" if recent.get(name)] == ["a", "c", "d"]


def test_a_session_that_grows_counts_once() -> None:
    recent = RecentSessions(most=30)
    for size in range(1, 26):
        recent.put("a", session(size))
    recent.put("b", session(5))
    assert [name for name in "ab" if recent.get(name)] == ["a", "b"]


def test_one_that_is_too_long_is_not_kept_and_pushes_nobody_out() -> None:
    recent = RecentSessions(most=30)
    recent.put("a", session(10))
    recent.put("b", session(31))
    assert [name for name in "ab" if recent.get(name)] == ["a"]
    recent.put("a", session(31))
    assert recent.get("a") is None
    recent.put("c", session(30))
    assert recent.get("c") is not None
