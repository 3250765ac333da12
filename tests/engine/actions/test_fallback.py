"""Golden tests of the fallback actions: the two stages of Rasa 3.6, message by message."""

from __future__ import annotations

from typing import Any

from frontdesk.actions.catalog import action_for
from frontdesk.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)

LOOP = "action_two_stage_fallback"
LISTEN = ActionExecuted("action_listen")
RANKING = [{"name": "nlu_fallback", "confidence": 0.9}, {"name": "start", "confidence": 0.4}]


class Talk:
    def __init__(self, build: Any, domain: Any, server: Any = None) -> None:
        self.build, self.domain, self.server = build, domain, server
        self.tracker = build.tracker(domain)

    async def unclear(self) -> list[Any]:
        self.tracker = self.build.said(self.tracker, "mumble", "nlu_fallback", intent_ranking=RANKING)
        return await self.act()

    async def says(self, intent: str) -> list[Any]:
        self.tracker = self.build.said(self.tracker, f"/{intent}", intent)
        return await self.act()

    async def act(self, name: str = LOOP) -> list[Any]:
        turn = self.build.turn(self.tracker, self.domain, self.server)
        events = list(await action_for(name, self.domain).run(turn))
        self.tracker = self.tracker.extend([ActionExecuted(name), *events])
        return events


async def test_first_the_user_is_asked_to_affirm(build) -> None:
    talk = Talk(build, build.domain())
    loop, said = await talk.unclear()
    assert loop == ActiveLoop(LOOP)
    assert said.text == "Did you mean 'start'?"
    assert said.data["buttons"] == [
        {"title": "Yes", "payload": "/start"},
        {"title": "No", "payload": "/out_of_scope"},
    ]


async def test_an_affirmed_message_counts_as_if_it_had_been_clear(build) -> None:
    talk = Talk(build, build.domain())
    await talk.unclear()
    events = await talk.says("start")
    assert events[:2] == [ActiveLoop(None), UserUtteranceReverted()]
    assert events[2] == LISTEN
    assert isinstance(events[3], UserUttered)
    assert (events[3].intent, events[3].intent_confidence) == ("start", 1.0)
    assert talk.tracker.active_loop is None
    intents = [e.intent for e in talk.tracker.applied_events() if isinstance(e, UserUttered)]
    assert intents[-1] == "start"


async def test_a_denied_message_is_rephrased_and_then_affirmed_again(build) -> None:
    domain = build.domain(responses={"utter_ask_rephrase": "Again?", "utter_default": "I give up."})
    talk = Talk(build, domain)
    await talk.unclear()
    (said,) = await talk.says("out_of_scope")
    assert said.text == "Again?"
    (said,) = await talk.unclear()
    assert said.text == "Did you mean 'start'?"
    events = await talk.says("out_of_scope")
    assert events[0] == ActiveLoop(None)
    assert [e.text for e in events if isinstance(e, BotUttered)] == ["I give up."]
    assert events[-1] == UserUtteranceReverted()


async def test_two_unclear_messages_in_a_row_give_up(build) -> None:
    talk = Talk(build, build.domain(responses={"utter_default": "I give up."}))
    await talk.unclear()
    events = await talk.unclear()
    assert [type(e) for e in events] == [ActiveLoop, BotUttered, UserUtteranceReverted]


async def test_a_clear_rephrasing_goes_on(build) -> None:
    talk = Talk(build, build.domain(responses={"utter_ask_rephrase": "Again?"}))
    await talk.unclear()
    await talk.says("out_of_scope")
    events = await talk.says("greet")
    assert events[0] == ActiveLoop(None)
    assert events[-1].intent == "greet"


async def test_an_assistant_brings_its_own_question(build) -> None:
    domain = build.domain(actions=["action_default_ask_affirmation"])
    server = build.server(action_default_ask_affirmation=[{"event": "slot", "name": "x", "value": 1}])
    assert await Talk(build, domain, server).unclear() == [ActiveLoop(LOOP), SlotSet("x", 1)]


async def test_reverting_after_an_affirmation(build) -> None:
    domain = build.domain()
    tracker = build.said(build.tracker(domain), "mumble", "start")
    tracker = tracker.append(ActionExecuted("action_default_ask_affirmation"))
    tracker = build.said(tracker, "yes", "start")
    events = await action_for("action_revert_fallback_events", domain).run(build.turn(tracker, domain))
    assert events[:3] == [UserUtteranceReverted(), UserUtteranceReverted(), LISTEN]
    assert events[3].intent_confidence == 1.0
    after = tracker.extend(events)
    assert [type(e) for e in after.applied_events()] == [ActionExecuted, UserUttered]


async def test_reverting_after_a_rephrasing(build) -> None:
    domain = build.domain()
    tracker = build.said(build.tracker(domain), "mumble", "start").append(
        ActionExecuted("action_default_ask_affirmation")
    )
    tracker = build.said(tracker, "no", "deny").append(ActionExecuted("action_default_ask_rephrase"))
    tracker = build.said(tracker, "clear words", "greet")
    events = await action_for("action_revert_fallback_events", domain).run(build.turn(tracker, domain))
    assert [type(e) for e in events] == [*[UserUtteranceReverted] * 3, ActionExecuted, UserUttered]
    applied = tracker.extend(events).applied_events()
    assert [e.text for e in applied if isinstance(e, UserUttered)] == ["clear words"]


async def test_nothing_to_revert(build) -> None:
    domain = build.domain()
    assert (
        await action_for("action_revert_fallback_events", domain).run(
            build.turn(build.tracker(domain), domain)
        )
        == []
    )
    assert (
        await action_for("action_default_ask_affirmation", domain).run(
            build.turn(build.tracker(domain), domain)
        )
        == []
    )
