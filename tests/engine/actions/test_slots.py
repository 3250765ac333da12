"""Golden tests of slot extraction: each says what Rasa 3.6 does."""

from __future__ import annotations

import logging

import pytest

from frontdesk.actions.slots import ExtractSlots
from frontdesk.core.domain import REQUESTED_SLOT
from frontdesk.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    SlotSet,
    UnknownEvent,
)
from frontdesk.core.message import Entity
from frontdesk.core.ports import ActionResult
from frontdesk.errors import ActionError, ActionRejected

LISTEN = ActionExecuted("action_listen")


def slot_event(name: str, value: object) -> dict[str, object]:
    return {"event": "slot", "name": name, "value": value, "timestamp": None}


async def extracted(build, domain, *events, server=None):
    return await ExtractSlots().run(build.turn(build.tracker(domain, *events), domain, server))


async def test_from_entity_takes_the_last_value(build) -> None:
    domain = build.domain(build.slot("city", build.mapping("from_entity", entity="city")))
    events = await extracted(
        build, domain, LISTEN, build.user("x", "inform", ("city", "Bonn"), ("city", "Rome"))
    )
    assert events == [SlotSet("city", "Rome")]


async def test_a_list_slot_collects_all_entities(build) -> None:
    domain = build.domain(build.slot("cities", build.mapping("from_entity", entity="city"), type="list"))
    user = build.user("x", "inform", ("city", "Bonn"), ("size", "L"), ("city", "Rome"))
    assert await extracted(build, domain, LISTEN, user) == [SlotSet("cities", ["Bonn", "Rome"])]


@pytest.mark.parametrize(
    ("entity", "filled"),
    [
        (Entity("city", "Bonn", role="from"), ["origin"]),
        (Entity("city", "Bonn", role="to"), ["target"]),
        (Entity("city", "Bonn"), []),  # a mapping with a role does not take an entity without one
        (Entity("city", "Bonn", role="from", group="1"), []),
        (Entity("city", "Bonn", group="1"), ["grouped"]),
    ],
)
async def test_roles_and_groups_must_be_the_same(build, entity, filled) -> None:
    domain = build.domain(
        build.slot("origin", build.mapping("from_entity", entity="city", role="from")),
        build.slot("target", build.mapping("from_entity", entity="city", role="to")),
        build.slot("grouped", build.mapping("from_entity", entity="city", group="1")),
    )
    events = await extracted(build, domain, LISTEN, build.user("x", "inform", entity))
    assert [event.name for event in events] == filled


@pytest.mark.parametrize(
    ("options", "intent", "filled"),
    [
        ({"intent": "inform"}, "inform", True),
        ({"intent": ["greet", "inform"]}, "inform", True),
        ({"intent": "greet"}, "inform", False),
        ({"not_intent": ["greet"]}, "greet", False),
        ({"not_intent": "greet"}, "inform", True),
        ({"intent": "inform"}, None, False),
        ({}, None, True),
    ],
)
async def test_intents(build, options, intent, filled) -> None:
    domain = build.domain(build.slot("note", build.mapping("from_text", **options)))
    events = await extracted(build, domain, LISTEN, build.user("some text", intent))
    assert events == ([SlotSet("note", "some text")] if filled else [])


async def test_from_intent_sets_even_false(build) -> None:
    domain = build.domain(
        build.slot(
            "yes", build.mapping("from_intent", intent="affirm", value=True),
            build.mapping("from_intent", intent="deny", value=False), type="bool",
        )
    )  # fmt: skip
    assert await extracted(build, domain, LISTEN, build.user("no", "deny")) == [SlotSet("yes", False)]
    assert await extracted(build, domain, LISTEN, build.user("yes", "affirm")) == [SlotSet("yes", True)]
    assert await extracted(build, domain, LISTEN, build.user("x", "greet")) == []


async def test_a_mapping_of_unknown_names_is_skipped_with_a_warning(build, caplog) -> None:
    domain = build.domain(
        build.slot("a", build.mapping("from_entity", entity="planet")),
        build.slot("b", build.mapping("from_intent", intent="nothing", value=1)),
        build.slot("c", build.mapping("from_text")),
    )
    with caplog.at_level(logging.WARNING):
        events = await extracted(build, domain, LISTEN, build.user("hi", "nothing", ("planet", "Mars")))
    assert events == [SlotSet("c", "hi")]
    assert "planet" in caplog.text
    assert "nothing" in caplog.text


async def test_from_sentiment(build) -> None:
    domain = build.domain(build.slot("mood", build.mapping("from_sentiment")))
    said = build.user("bah", "inform", sentiment={"name": "negative", "confidence": 0.8})
    assert await extracted(build, domain, LISTEN, said) == [SlotSet("mood", "negative")]
    assert await extracted(build, domain, LISTEN, build.user("x")) == []


async def test_the_first_mapping_that_finds_something_wins(build) -> None:
    domain = build.domain(
        build.slot(
            "name",
            build.mapping("from_entity", entity="name"),
            build.mapping("from_text", not_intent="greet"),
        )
    )
    both = build.user("I am Ann", "inform", ("name", "Ann"))
    assert await extracted(build, domain, LISTEN, both) == [SlotSet("name", "Ann")]
    assert await extracted(build, domain, LISTEN, build.user("Ann")) == [SlotSet("name", "Ann")]
    assert await extracted(build, domain, LISTEN, build.user("hi", "greet")) == []


async def test_slots_are_filled_in_the_order_of_the_domain_and_a_filled_slot_again(build) -> None:
    domain = build.domain(
        build.slot("b", build.mapping("from_text")),
        build.slot("a", build.mapping("from_entity", entity="city")),
    )
    before = [
        SlotSet("b", "old"),
        SlotSet("a", "Rome"),
        LISTEN,
        build.user("new", "inform", ("city", "Bonn")),
    ]
    assert await extracted(build, domain, *before) == [SlotSet("b", "new"), SlotSet("a", "Bonn")]


async def test_no_message_fills_nothing(build) -> None:
    domain = build.domain(
        build.slot("a", build.mapping("from_text")),
        build.slot("b", build.mapping("from_entity", entity="city")),
    )
    assert await extracted(build, domain) == []


# Conditions.


@pytest.mark.parametrize(
    ("condition", "form", "requested", "filled"),
    [
        ({"active_loop": "f"}, "f", None, True),
        ({"active_loop": "f"}, "f", "b", True),
        ({"active_loop": "f"}, None, None, False),
        ({"active_loop": "f"}, "g", None, False),
        ({"active_loop": "f", "requested_slot": "a"}, "f", "a", True),
        ({"active_loop": "f", "requested_slot": "a"}, "f", "b", False),
        ({"active_loop": "f", "requested_slot": None}, "f", "b", True),
        ({"active_loop": None}, None, None, True),
        ({"active_loop": None}, "f", None, False),
        ({"requested_slot": "a"}, None, None, True),
    ],
)
async def test_conditions(build, condition, form, requested, filled) -> None:
    domain = build.domain(
        build.slot("a", build.mapping("from_text", [condition])),
        build.slot("b"),
        forms={"f": ["a", "b"], "g": ["a"]},
    )
    events = [ActiveLoop(form), SlotSet(REQUESTED_SLOT, requested), LISTEN, build.user("text")]
    assert await extracted(build, domain, *events) == ([SlotSet("a", "text")] if filled else [])


async def test_one_condition_that_holds_is_enough(build) -> None:
    mapping = build.mapping("from_text", [{"active_loop": "g"}, {"active_loop": "f", "requested_slot": "a"}])
    domain = build.domain(build.slot("a", mapping), forms={"f": ["a"], "g": ["a"]})
    events = [ActiveLoop("f"), SlotSet(REQUESTED_SLOT, "a"), LISTEN, build.user("text")]
    assert await extracted(build, domain, *events) == [SlotSet("a", "text")]


async def test_what_a_rejected_form_asks_for_is_not_filled(build) -> None:
    mapping = build.mapping("from_text", [{"active_loop": "f"}])
    domain = build.domain(build.slot("a", mapping), build.slot("b", mapping), forms={"f": ["a", "b"]})
    rejected = [
        ActiveLoop("f"),
        SlotSet(REQUESTED_SLOT, "a"),
        ActionExecutionRejected("f"),
        LISTEN,
        build.user("text"),
    ]
    assert await extracted(build, domain, *rejected) == [SlotSet("b", "text")]


async def test_from_trigger_intent_only_for_the_active_form(build) -> None:
    mapping = build.mapping("from_trigger_intent", [{"active_loop": "f"}], intent="start", value="begun")
    domain = build.domain(build.slot("a", mapping), forms={"f": ["a"], "g": ["a"]})
    start = build.user("go", "start")
    assert await extracted(build, domain, LISTEN, start) == []
    assert await extracted(build, domain, LISTEN, start, ActiveLoop("f")) == [SlotSet("a", "begun")]
    assert await extracted(build, domain, LISTEN, start, ActiveLoop("g")) == []


@pytest.mark.parametrize(
    ("conditions", "filled"),
    [([], False), ([{"active_loop": "f"}], False), ([{"active_loop": "g"}, {"active_loop": None}], False)],
)
async def test_intents_that_the_form_ignores(build, conditions, filled) -> None:
    domain = build.domain(
        build.slot("a", build.mapping("from_text", conditions)), forms={"f": ["a"]}, ignored=["other"]
    )
    events = [ActiveLoop("f"), LISTEN, build.user("text", "other")]
    assert bool(await extracted(build, domain, *events)) is filled


async def test_ignored_intents_do_not_hold_outside_the_form(build) -> None:
    domain = build.domain(build.slot("a", build.mapping("from_text")), forms={"f": ["a"]}, ignored=["other"])
    assert await extracted(build, domain, LISTEN, build.user("text", "other")) == [SlotSet("a", "text")]


# An entity that could fill several slots of a form (issue 10123 of Rasa).


async def test_an_entity_that_fits_several_slots_fills_the_requested_one(build) -> None:
    domain = build.domain(
        build.slot(
            "origin",
            build.mapping("from_entity", entity="city", role="from"),
            build.mapping("from_entity", entity="city"),
        ),
        build.slot(
            "target",
            build.mapping("from_entity", entity="city", role="to"),
            build.mapping("from_entity", entity="city"),
        ),
        forms={"f": ["origin", "target"]},
    )
    asked = [ActiveLoop("f"), SlotSet(REQUESTED_SLOT, "origin"), LISTEN]
    plain = build.user("Bonn", "inform", ("city", "Bonn"))
    assert await extracted(build, domain, *asked, plain) == [SlotSet("origin", "Bonn")]
    role = build.user("to Bonn", "inform", Entity("city", "Bonn", role="to"))
    assert await extracted(build, domain, *asked, role) == [SlotSet("target", "Bonn")]
    outside = await extracted(build, domain, LISTEN, plain)
    assert outside == [SlotSet("origin", "Bonn"), SlotSet("target", "Bonn")]


# Custom mappings and validation.


async def test_a_custom_action_runs_once_and_may_only_set_slots_and_speak(build, caplog) -> None:
    domain = build.domain(
        build.slot("a", build.mapping("custom", action="action_x")),
        build.slot("b", build.mapping("custom", action="action_x")),
        build.slot("c", build.mapping("custom")),
        actions=["action_x"],
    )
    server = build.server(
        action_x=ActionResult(
            events=[slot_event("a", 1), {"event": "restart"}, slot_event("b", 2)],
            responses=[{"text": "looked it up"}],
        )
    )
    events = await extracted(build, domain, LISTEN, build.user(), server=server)
    assert [e for e in events if isinstance(e, SlotSet)] == [SlotSet("a", 1), SlotSet("b", 2)]
    assert [e.text for e in events if isinstance(e, BotUttered)] == ["looked it up"]
    assert len(events) == 3
    assert server.asked == ["action_x"]
    assert "restart" in caplog.text


async def test_a_failing_custom_action_leaves_a_trace_and_the_other_slots(build) -> None:
    domain = build.domain(
        build.slot("a", build.mapping("custom", action="action_x")),
        build.slot("b", build.mapping("custom", action="action_y")),
        build.slot("c", build.mapping("from_text")),
        actions=["action_x", "action_y"],
    )
    server = build.server(action_x=ActionError("boom"), action_y=ActionRejected("action_y"))
    events = await extracted(build, domain, LISTEN, build.user("t"), server=server)
    assert events[0] == UnknownEvent({"event": "action_failed", "name": "action_x", "reason": "ActionError"})
    assert events[1:] == [SlotSet("c", "t")]


async def test_validation_sees_the_candidates_and_has_the_last_word(build) -> None:
    seen = {}

    def validate(tracker):
        seen.update(tracker.slots)
        return [slot_event("a", None), slot_event("extra", "x")]

    domain = build.domain(
        build.slot("a", build.mapping("from_text")),
        build.slot("b", build.mapping("from_entity", entity="city")),
        build.slot("extra"),
        actions=["action_validate_slot_mappings"],
    )
    server = build.server(action_validate_slot_mappings=validate)
    events = await extracted(
        build, domain, LISTEN, build.user("t", "inform", ("city", "Bonn")), server=server
    )
    assert (seen["a"], seen["b"]) == ("t", "Bonn")
    assert events == [SlotSet("a", None), SlotSet("extra", "x"), SlotSet("b", "Bonn")]


async def test_validation_runs_only_where_the_domain_lists_it(build) -> None:
    domain = build.domain(build.slot("a", build.mapping("from_text")))
    server = build.server()
    assert await extracted(build, domain, LISTEN, build.user("t"), server=server) == [SlotSet("a", "t")]
    assert server.asked == []
