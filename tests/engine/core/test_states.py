"""What policies see, moment by moment; `newest_seen` against a reading of the whole conversation each time."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core import events as ev
from frontdesk.core.domain import Domain, EntityType, Intent
from frontdesk.core.message import Entity
from frontdesk.core.slots import Slot
from frontdesk.core.states import (
    RuleOnly,
    Seen,
    View,
    newest_seen,
    newest_views,
    seen,
    subset,
    view,
    views,
)
from frontdesk.core.tracker import LISTEN, UNSET, Tracker

DOMAIN = Domain(
    intents={
        "greet": Intent("greet"),
        "only": Intent("only", use_entities=("size", "city#to")),
        "without": Intent("without", ignore_entities=("size",)),
        "none": Intent("none", use_entities=()),
    },
    entities={
        "size": EntityType("size"),
        "city": EntityType("city", roles=("to", "from"), groups=("1",)),
        "quiet": EntityType("quiet", influence_conversation=False),
    },
    slots={
        "size": Slot("size", "text"),
        "done": Slot("done", "bool", initial_value=False),
        "kind": Slot("kind", "categorical", values=("a", "b")),
        "empty": Slot("empty", "categorical"),
        "quiet": Slot("quiet", "text", influence_conversation=False),
        "any": Slot("any", "any"),
    },
)


def heard(intent: str | None = "greet", *entities: Entity, text: str = "hi") -> ev.UserUttered:
    return ev.UserUttered(text, {"intent": {"name": intent}}, entities)


def seen_after(*events: ev.Event, domain: Domain = DOMAIN) -> View:
    return view(Tracker.start("ann", domain.initial_slots, events).state, domain)


def test_the_beginning() -> None:
    assert seen_after() == View(slots=(("done", (1.0, 0.0)),))


def test_intent_and_text_of_the_last_message() -> None:
    listen = ev.ActionExecuted(LISTEN)
    found = seen_after(listen, heard())
    assert (found.intent, found.text, found.action) == ("greet", "hi", LISTEN)
    by_text = seen_after(listen, heard(), ev.UserFeaturized(True))
    assert (by_text.intent, by_text.text) == (None, "hi")
    by_intent = seen_after(listen, heard(), ev.UserFeaturized(False))
    assert (by_intent.intent, by_intent.text) == ("greet", None)


@pytest.mark.parametrize(
    ("intent", "entities", "expected"),
    [
        ("greet", [Entity("size", "XL")], ("size",)),
        ("greet", [Entity("city", "Rom", role="to")], ("city", "city#to")),
        ("greet", [Entity("city", "Rom", role="via", group="1")], ("city", "city#1")),
        ("greet", [Entity("quiet", "x"), Entity("unknown", "x")], ()),
        ("only", [Entity("size", "XL"), Entity("city", "Rom", role="to")], ("city#to", "size")),
        ("without", [Entity("size", "XL"), Entity("city", "Rom")], ("city",)),
        ("none", [Entity("size", "XL")], ()),
        ("never_heard_of", [Entity("size", "XL")], ("size",)),
        (None, [Entity("size", "XL"), Entity("size", "S")], ("size",)),
    ],
)
def test_which_entities_count(intent: str | None, entities: list[Entity], expected: tuple[str, ...]) -> None:
    assert seen_after(heard(intent, *entities)).entities == expected


def test_entities_do_not_count_beside_the_words() -> None:
    found = seen_after(
        ev.ActionExecuted(LISTEN), heard("greet", Entity("size", "XL")), ev.UserFeaturized(True)
    )
    assert found.entities == ()


def slots_seen(**values: Any) -> dict[str, Any]:
    return dict(seen_after(*(ev.SlotSet(name, value) for name, value in values.items())).slots)


def test_which_slots_count() -> None:
    assert slots_seen(size="XL", quiet="x", any="x", empty="x", kind="b", done=True) == {
        "size": (1.0,), "kind": (0.0, 1.0), "done": (1.0, 1.0),
    }  # fmt: skip
    assert "kind" not in slots_seen(kind="c"), "a value without features says nothing"
    assert slots_seen(size=UNSET)["size"] == UNSET


def test_slots_that_still_have_their_initial_value_can_be_left_out() -> None:
    tracker = Tracker.start("ann", DOMAIN.initial_slots, [ev.SlotSet("size", "XL")])
    assert [name for name, _ in view(tracker.state, DOMAIN, omit_unset_slots=True).slots] == ["size"]
    reset = tracker.append(ev.AllSlotsReset())
    assert view(reset.state, DOMAIN, omit_unset_slots=True).slots == ()


def test_a_slot_that_the_domain_lost_counts_no_more() -> None:
    tracker = Tracker.start("ann", {"gone": "x"}, [])
    assert view(tracker.state, DOMAIN).slots == ()


def test_actions_texts_and_loops() -> None:
    assert seen_after(ev.ActionExecuted("a")).action == "a"
    said = seen_after(ev.ActionExecuted(None, action_text="Hello"))
    assert (said.action, said.action_text) == (None, "Hello")
    assert seen_after(ev.ActiveLoop("a_form")).loop == "a_form"
    assert seen_after(ev.ActiveLoop(UNSET)).loop == UNSET


TALK: list[ev.Event] = [
    ev.ActionExecuted(LISTEN),
    heard("greet"),
    ev.ActionExecuted("utter_a"),
    ev.ActionExecuted(LISTEN),
    heard("only", text="more"),
    ev.ActionExecuted("utter_b"),
]


def test_the_moments_of_a_conversation() -> None:
    tracker = Tracker.start("ann", DOMAIN.initial_slots, TALK)
    told = [(v.action, v.intent) for v in views(tracker, DOMAIN)]
    assert told == [
        (None, None), (LISTEN, "greet"), ("utter_a", "greet"), (LISTEN, "only"), ("utter_b", "only"),
    ]  # fmt: skip
    assert views(tracker, DOMAIN, 2) == views(tracker, DOMAIN)[-2:]
    chosen = [action.name if action else None for _, action in newest_views(tracker, DOMAIN)]
    assert chosen == [None, "utter_b", LISTEN, "utter_a", LISTEN]


def test_kept_views_are_of_the_domain_that_is_asked_with() -> None:
    tracker = Tracker.start("ann", DOMAIN.initial_slots, [ev.SlotSet("size", "XL")])
    other = dataclasses.replace(DOMAIN, slots={"size": Slot("size", "text", influence_conversation=False)})
    assert views(tracker, DOMAIN)[-1].slots != views(tracker, other)[-1].slots
    assert dict(views(tracker, DOMAIN)[-1].slots)["size"] == (1.0,)


def story(last: Seen | None) -> list[View]:
    found: list[View] = []
    while last is not None:
        found.append(last.view)
        last = last.previous
    return found[::-1]


def test_turns_that_a_rule_hid_are_not_seen() -> None:
    hidden = [
        ev.ActionExecuted(LISTEN),
        heard("without", text="faq"),
        ev.ActionExecuted("utter_faq", hide_rule_turn=True),
        ev.ActionExecuted(LISTEN, hide_rule_turn=True),
    ]
    tracker = Tracker.start("ann", DOMAIN.initial_slots, [*TALK, *hidden, heard("greet", text="again")])
    told = [(v.action, v.intent) for v in story(newest_seen(tracker, DOMAIN, RuleOnly()))]
    assert ("utter_faq", "without") not in told
    assert told[-1] == (LISTEN, "greet")


def test_slots_and_loops_that_only_rules_know_are_not_seen() -> None:
    tracker = Tracker.start(
        "ann",
        DOMAIN.initial_slots,
        [*TALK, ev.SlotSet("size", "XL"), ev.ActiveLoop("a_form"), ev.ActionExecuted("x")],
    )
    last = newest_seen(tracker, DOMAIN, RuleOnly(frozenset({"size"}), frozenset({"a_form"})))
    assert last is not None
    assert last.view.loop is None
    assert "size" not in dict(last.view.slots)
    full = newest_seen(tracker, DOMAIN, RuleOnly())
    assert full is not None
    assert full.view.loop == "a_form"


steps = st.sampled_from(
    [
        ev.ActionExecuted(LISTEN),
        ev.ActionExecuted(LISTEN, hide_rule_turn=True),
        ev.ActionExecuted("utter_a"),
        ev.ActionExecuted("utter_b", hide_rule_turn=True),
        ev.ActionExecuted("a_form"),
        heard("greet"),
        heard("only", Entity("size", "XL")),
        ev.SlotSet("size", "XL"),
        ev.ActiveLoop("a_form"),
        ev.ActiveLoop(None),
        ev.FollowupAction("utter_a"),
        ev.UserUtteranceReverted(),
        ev.ActionReverted(),
    ]
)


@given(
    st.lists(steps, max_size=25),
    st.sampled_from([RuleOnly(), RuleOnly(frozenset({"size"}), frozenset({"a_form"}))]),
)
def test_what_is_kept_between_turns_changes_nothing(history: list[ev.Event], rule_only: RuleOnly) -> None:
    tracker = Tracker.start("ann", DOMAIN.initial_slots)
    for event in history:
        tracker = tracker.append(event)
        kept = newest_seen(tracker, DOMAIN, rule_only)
        fresh = Tracker.start("ann", DOMAIN.initial_slots, tracker.events())
        moments = [(s, a is not None and a.hide_rule_turn) for s, _, a in fresh.prior()][::-1]
        assert story(kept) == story(seen(moments, DOMAIN, rule_only))
        assert views(tracker, DOMAIN) == [view(s, DOMAIN) for s, _, _ in fresh.prior()][::-1]


def test_parts_of_views() -> None:
    assert subset([("a", 1)], [("b", 2), ("a", 1)])
    assert not subset([("a", 2)], [("a", 1)])
    assert not subset([("a", None)], [])
    assert subset([], [("a", 1)])
