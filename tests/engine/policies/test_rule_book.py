"""Rules are found by what was seen, the most precise one first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.core.states import UNSET, View
from frontdesk.policies.rule_book import Entry, Now, RuleBook, applies
from frontdesk.policies.view_json import key_text, view_digest, view_from_json, view_to_json

ASK = View(intent="ask", action="action_listen")
START = View()


def now(view: View) -> Now:
    return Now(view.intent, view.text, view.entities)


def find(book: RuleBook, *newest_first: View) -> str | None:
    entry = book.find(now(newest_first[0]), newest_first)
    return entry.outcome if entry else None


def test_the_longest_rule_that_applies_counts() -> None:
    member = View(intent="ask", action="action_listen", slots=(("member", (1.0, 1.0)),))
    book = RuleBook(
        [
            Entry.of((ASK,), "short"),
            Entry.of((member,), "precise"),
            Entry.of((View(action="other"), ASK), "after"),
        ]
    )
    assert find(book, ASK, START) == "short"
    assert find(book, member, START) == "precise"
    assert find(book, ASK, View(action="other")) == "after"
    assert {e.outcome for e in book.find_all(now(member), (member, START))} == {"short", "precise"}
    assert book.longest == 2


def test_a_rule_without_a_message_applies_after_any() -> None:
    book = RuleBook([Entry.of((View(action="look"),), "go on")])
    assert find(book, View(intent="ask", action="look"), ASK) == "go on"
    assert find(book, View(intent="greet", action="other"), ASK) is None


def test_the_start_of_a_conversation_must_be_there_and_slots_do_not_matter_there() -> None:
    book = RuleBook([Entry.of((View(slots=(("x", (1.0,)),)), ASK), "first")])
    assert find(book, ASK, START) == "first"
    assert find(book, ASK, View(action="action_listen")) is None
    assert find(book, ASK) is None


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        ((("s", UNSET),), (), True),
        ((("s", UNSET),), (("s", UNSET),), True),
        ((("s", UNSET),), (("s", (1.0,)),), False),
        ((("s", (1.0,)),), (("s", (1.0,)), ("t", (1.0,))), True),
        ((("s", (1.0,)),), (), False),
    ],
)
def test_slots(wanted: tuple[tuple[str, str]], found: tuple[tuple[str, str]], expected: bool) -> None:
    entry = Entry.of((View(action="a", slots=wanted),), "x")
    seen = View(action="a", slots=found)
    assert applies(entry, now(seen), [seen]) is expected


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [(None, "f", True), ("f", "f", True), ("f", "g", False), (UNSET, None, True), (UNSET, "f", False)],
)
def test_loops(wanted: str | None, found: str | None, expected: bool) -> None:
    seen = View(action="a", loop=found)
    assert applies(Entry.of((View(action="a", loop=wanted),), "x"), now(seen), [seen]) is expected


def test_the_size_is_that_of_rasas_key() -> None:
    view = View(
        "ask", None, ("size",), (("kind", (0.0, 1.0)), ("note", UNSET)), "action_listen", None, "form"
    )
    text = (
        '[{"active_loop": {"name": "form"}, "prev_action": {"action_name": "action_listen"}, '
        '"slots": {"kind": [0.0, 1.0], "note": "should_not_be_set"}, "user": {"entities": ["size"], "intent": "ask"}}]'
    )
    assert key_text([view]) == text
    assert Entry.of((view,), "x").size == len(text)
    assert key_text([START]) == "[{}]"


names = st.sampled_from(["a", "b", "c"])
maybe = st.none() | names
VIEWS = st.builds(
    View,
    intent=maybe,
    text=maybe,
    entities=st.sets(names).map(lambda s: tuple(sorted(s))),
    slots=st.dictionaries(names, st.sampled_from([(1.0,), (1.0, 0.0), UNSET])).map(
        lambda d: tuple(sorted(d.items()))
    ),
    action=maybe,
    loop=maybe,
)


@given(VIEWS)
def test_views_survive_json(view: View) -> None:
    assert view_from_json(view_to_json(view)) == view


@given(VIEWS, VIEWS)
def test_digests_are_the_same_for_equal_views_only(one: View, other: View) -> None:
    assert (view_digest(one) == view_digest(other)) == (one == other)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(VIEWS, min_size=1, max_size=3), max_size=8), st.lists(VIEWS, min_size=1, max_size=4))
def test_the_index_finds_what_trying_every_rule_finds(rules: list[list[View]], seen: list[View]) -> None:
    entries = [Entry.of(tuple(views), str(number)) for number, views in enumerate(rules)]
    book = RuleBook(entries)
    matching = [e for e in entries if applies(e, now(seen[0]), seen)]
    assert sorted(e.outcome for e in book.find_all(now(seen[0]), seen)) == sorted(e.outcome for e in matching)
    best = book.find(now(seen[0]), seen)
    assert (best.size if best else None) == max((e.size for e in matching), default=None)
