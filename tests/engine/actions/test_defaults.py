from __future__ import annotations

import pytest

from frontdesk.actions.catalog import action_for
from frontdesk.core.domain import DEFAULT_ACTIONS, REQUESTED_SLOT
from frontdesk.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    Restarted,
    SessionStarted,
    SlotSet,
    UnknownEvent,
    UserUtteranceReverted,
)
from frontdesk.core.ports import Turn
from frontdesk.errors import ActionError


async def run(build, name, domain, *events, **rest):
    return list(
        await action_for(name, domain).run(build.turn(build.tracker(domain, *events), domain, **rest))
    )


@pytest.mark.parametrize("name", DEFAULT_ACTIONS)
def test_every_default_action_can_be_made(build, name) -> None:
    assert action_for(name, build.domain()).name == name


@pytest.mark.parametrize(
    ("name", "response", "done"),
    [
        ("action_listen", None, []),
        ("action_unlikely_intent", None, []),
        ("action_restart", "utter_restart", [Restarted()]),
        ("action_back", "utter_back", [UserUtteranceReverted(), UserUtteranceReverted()]),
        ("action_default_fallback", "utter_default", [UserUtteranceReverted()]),
        ("action_default_ask_rephrase", "utter_ask_rephrase", []),
        ("action_deactivate_loop", None, [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)]),
    ],
)
async def test_what_they_say_and_do(build, name, response, done) -> None:
    assert await run(build, name, build.domain()) == done
    if response:
        said, *rest = await run(build, name, build.domain(responses={response: "Words."}))
        assert said.text == "Words."
        assert said.metadata["utter_action"] == response
        assert rest == done


async def test_a_session_carries_the_last_value_of_each_slot(build) -> None:
    slots = [build.slot("a"), build.slot("b"), build.slot("c")]
    events = [
        SlotSet("a", 1),
        SlotSet("b", 2, metadata={"from": "x"}),
        SlotSet("a", 3),
        SlotSet("b", 2, metadata={"from": "y"}),
    ]
    carried = await run(build, "action_session_start", build.domain(*slots), *events)
    assert carried == [SessionStarted(), SlotSet("a", 3), SlotSet("b", 2), ActionExecuted("action_listen")]
    assert carried[2].metadata == {"from": "y"}
    kept = await run(build, "action_session_start", build.domain(*slots, carry_over=False), *events)
    assert kept == [SessionStarted(), ActionExecuted("action_listen")]


async def test_slots_carried_over_are_set_after_the_start(build) -> None:
    domain = build.domain(build.slot("a"))
    before = build.tracker(domain, SlotSet("a", 3))
    events = await action_for("action_session_start", domain).run(build.turn(before, domain))
    assert before.extend([ActionExecuted("action_session_start"), *events]).slots["a"] == 3


async def test_an_own_session_start_that_fails_falls_back_on_the_default(build) -> None:
    domain = build.domain(build.slot("a"), actions=["action_session_start"])
    own = build.server(
        action_session_start=[{"event": "session_started"}, {"event": "slot", "name": "a", "value": "own"}]
    )
    assert await run(build, "action_session_start", domain, server=own) == [
        SessionStarted(),
        SlotSet("a", "own"),
    ]
    broken = build.server(action_session_start=ActionError("no"))
    events = await run(build, "action_session_start", domain, SlotSet("a", 3), server=broken)
    assert [type(e) for e in events] == [SessionStarted, SlotSet, UnknownEvent, ActionExecuted]


async def test_a_text_from_outside_is_said(build) -> None:
    domain = build.domain()
    (said,) = await run(build, "action_send_text", domain, metadata={"message": {"text": "from outside"}})
    assert said.text == "from outside"
    assert await run(build, "action_send_text", domain) == []
    assert await run(build, "action_send_text", domain, metadata={"message": "x"}) == []


async def test_the_data_of_what_is_said_has_rasas_keys(build) -> None:
    domain = build.domain(responses={"utter_x": "Hi"})
    (said,) = await run(build, "utter_x", domain)
    assert said == BotUttered(
        "Hi",
        {
            "elements": None,
            "quick_replies": None,
            "buttons": None,
            "attachment": None,
            "image": None,
            "custom": None,
        },
    )


async def test_an_overridden_default_action_belongs_to_the_server(build) -> None:
    domain = build.domain(actions=["action_default_fallback"])
    server = build.server(action_default_fallback=[{"event": "slot", "name": "a", "value": 1}])
    assert await run(build, "action_default_fallback", domain, server=server) == [SlotSet("a", 1)]
    assert isinstance(build.turn(build.tracker(domain), domain), Turn)
