"""A taught session, step by step: corrected messages, corrected actions, forms passed over, undo and fork."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from frontdesk.actions.catalog import action_for, is_custom
from frontdesk.actions.responses import DomainResponses
from frontdesk.core import events as ev
from frontdesk.core.domain import Domain, EntityType, Form, Intent, Response, SessionConfig
from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.ports import ActionResult
from frontdesk.core.prediction import Prediction
from frontdesk.core.slots import Slot, SlotMapping
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.errors import ConfigError
from frontdesk.policies.ensemble import choose
from frontdesk.runtime.loop import Loop
from frontdesk.runtime.processor import Processor
from frontdesk.runtime.understanding import Understanding
from frontdesk.testing.fakes import ScriptedActionServer
from frontdesk.training.interactive import (
    BY_HAND,
    Session,
    Teacher,
    annotated,
    corrected,
    full_intent,
    ranked_intents,
)

DOMAIN = Domain(
    intents={name: Intent(name) for name in ("greet", "fly", "faq")},
    entities={"city": EntityType("city")},
    slots={
        "city": Slot("city", "text", mappings=(SlotMapping("from_entity", {"entity": "city"}),)),
        "requested_slot": Slot("requested_slot", "any", influence_conversation=False),
    },
    responses={
        "utter_greet": (Response("Hello"),),
        "utter_ask_city": (Response("Where to?"),),
        "utter_faq/hours": (Response("At nine"),),
        "utter_faq/price": (Response("Ten"),),
    },
    forms={"trip": Form("trip", ("city",))},
    actions=("action_book", "utter_faq"),
    session=SessionConfig(0),
)


class Says:
    """Proposes one action right after a message, then to listen."""

    options: dict[str, Any] = {}

    def __init__(self, action: str = "utter_greet", *events: ev.Event) -> None:
        self.action = action
        self.events = events

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        name = self.action if tracker.latest_action == LISTEN else LISTEN
        return Prediction(name, 0.75, "Says", events=self.events, reason="as told")


def understand(texts: Sequence[str]) -> list[Message]:
    score = IntentScore("greet", 0.75)
    return [Message(t, intent=score, ranking=(score, IntentScore("fly", 0.25))) for t in texts]


def teacher(policy: Says | None = None, **table: Any) -> tuple[Teacher, ScriptedActionServer]:
    server = ScriptedActionServer(table)
    loop = Loop([policy or Says()], choose, action_for, lambda name: is_custom(name, DOMAIN))
    made = Processor(DOMAIN, Understanding(understand), loop, DomainResponses(DOMAIN, {}), server)
    return Teacher(made), server


async def heard(teach: Teacher, text: str = "hi", intent: str = "greet", marked: str = "") -> Session:
    session = await teach.begin("ann")
    return await teach.hear(session, corrected(await teach.understand(session, text), intent, marked or text))


def names(session: Session) -> list[str | None]:
    return [e.name for e in session.tracker.events() if isinstance(e, ev.ActionExecuted)]


async def test_a_session_begins_as_any_conversation() -> None:
    teach, _ = teacher()
    session = await teach.begin("ann")
    assert session.listening
    assert names(session) == ["action_session_start", LISTEN]
    assert session.before is None
    again = await teach.begin("ann", [ev.UserUttered("hi", {"intent": {"name": "greet"}})])
    assert len(again.tracker) == 1
    assert not again.listening


async def test_what_was_understood_is_logged_once_it_is_confirmed() -> None:
    teach, _ = teacher()
    session = await teach.begin("ann")
    said = await teach.understand(session, "hi")
    assert (said.intent, said.intent_confidence, said.text) == ("greet", 0.75, "hi")
    assert not any(isinstance(e, ev.UserUttered) for e in session.tracker.events())
    session = await teach.hear(session, said)
    assert not session.listening
    assert session.heard == (said,)


async def test_corrected_entities_fill_slots() -> None:
    teach, _ = teacher()
    session = await heard(teach, "to Rome", "fly", "to [Rome](city:ROM)")
    message = session.tracker.latest_message
    assert message is not None
    assert (message.intent, message.intent_confidence) == ("fly", 1.0)
    assert message.parse_data["entities"] == [{"entity": "city", "start": 3, "end": 7, "value": "ROM"}]
    assert session.tracker.slots["city"] == "ROM"


async def test_new_names_are_known_from_then_on() -> None:
    teach, _ = teacher()
    session = await heard(teach, "to noon", "at", "to [noon](time)")
    assert "at" in session.domain.intents
    assert "time" in session.domain.entities
    assert "at" not in teach.domain.intents
    session = await teach.act(session, "action_new")
    assert "action_new" in session.domain.action_names
    assert teach.propose(session).actions[0] == LISTEN


async def test_a_proposal_says_who_wants_it_and_lists_the_rest() -> None:
    teach, _ = teacher()
    proposal = teach.propose(await heard(teach))
    assert (proposal.chosen.action, proposal.chosen.policy, proposal.chosen.reason) == (
        "utter_greet", "Says", "as told",
    )  # fmt: skip
    assert proposal.why == "Only Says had something to say."
    assert [p.action for p in proposal.predictions] == ["utter_greet"]
    assert proposal.actions[:5] == ("utter_greet", LISTEN, "action_book", "utter_faq", "utter_ask_city")
    assert "utter_faq/hours" not in proposal.actions
    assert {"trip", "action_restart"} <= set(proposal.actions)


async def test_a_confirmed_action_is_logged_with_its_policy() -> None:
    teach, _ = teacher()
    session = await heard(teach)
    session = await teach.act(session, "utter_greet", confirmed=teach.propose(session).chosen)
    *_, action, said = session.tracker.events()
    assert isinstance(action, ev.ActionExecuted)
    assert (action.name, action.policy, action.confidence) == ("utter_greet", "Says", 0.75)
    assert isinstance(said, ev.BotUttered)
    assert said.text == "Hello"
    session = await teach.act(session, LISTEN, confirmed=teach.propose(session).chosen)
    assert session.listening


async def test_a_corrected_action_really_runs() -> None:
    result = ActionResult([{"event": "slot", "name": "city", "value": "Oslo"}], [{"text": "Booked"}])
    teach, server = teacher(action_book=result)
    session = await teach.act(await heard(teach), "action_book")
    assert [name for name, _ in server.calls] == ["action_book"]
    assert session.tracker.slots["city"] == "Oslo"
    action = next(e for e in session.tracker.newest_first() if isinstance(e, ev.ActionExecuted))
    assert (action.name, action.policy, action.metadata) == ("action_book", "", {"reason": BY_HAND})
    latest = session.tracker.latest_message
    assert latest is not None
    assert latest.use_text_for_featurization is False  # as with any prediction that goes by the intent


async def test_a_new_action_runs_only_where_the_server_has_it() -> None:
    teach, server = teacher(action_there=ActionResult([], [{"text": "There"}]))
    session = await teach.act(await heard(teach), "action_gone")
    assert server.calls == []
    assert names(session)[-1] == "action_gone"
    session = await teach.act(session, "action_there")
    assert [name for name, _ in server.calls] == ["action_there"]


async def test_a_new_response_is_said_from_then_on() -> None:
    teach, _ = teacher()
    session = await teach.act(await heard(teach), "utter_new", text="New!")
    session = await teach.act(session, "utter_new")
    said = [e for e in session.tracker.events() if isinstance(e, ev.BotUttered)]
    assert [(e.text, e.metadata) for e in said] == [("New!", {"utter_action": "utter_new"})] * 2
    assert session.responses == {"utter_new": "New!"}


async def in_form(teach: Teacher) -> Session:
    """A form has asked for the city, and the user says something else."""
    session = await teach.act(await heard(teach, "fly", "fly"), "trip")
    session = await teach.act(session, LISTEN)
    assert session.tracker.slots["requested_slot"] == "city"
    return await teach.hear(session, await teach.understand(session, "what?"))


async def test_a_form_that_is_passed_over_has_refused_to_run() -> None:
    teach, _ = teacher()
    session = await teach.act(await in_form(teach), "utter_greet")
    assert session.tracker.active_loop is not None
    assert session.tracker.active_loop.rejected
    refusals = [e for e in session.tracker.events() if isinstance(e, ev.ActionExecutionRejected)]
    assert [e.name for e in refusals] == ["trip"]
    listening = await teach.act(session, LISTEN)
    assert len([e for e in listening.tracker.events() if e.type_name == "action_execution_rejected"]) == 1


async def test_a_form_that_comes_back_takes_the_message_or_does_not() -> None:
    teach, _ = teacher()
    session = await teach.act(await teach.act(await in_form(teach), "utter_greet"), LISTEN)
    said = corrected(await teach.understand(session, "Rome"), "fly", "[Rome](city)")
    session = await teach.hear(session, said)
    assert teach.asks_for_input(session, "trip") == "city"
    assert teach.asks_for_input(session, "utter_greet") is None
    taken = await teach.act(session, "trip", takes_input=True)
    assert taken.tracker.active_loop is None
    passed = await teach.act(session, "trip", takes_input=False)
    events = [e for e in passed.tracker.events() if isinstance(e, ev.LoopInterrupted)]
    assert [e.is_interrupted for e in events] == [True]


async def test_the_person_decides_over_the_policy_whether_a_form_takes_input() -> None:
    teach, _ = teacher(Says("trip", ev.LoopInterrupted(True)))
    session = await teach.act(await teach.act(await in_form(teach), "utter_greet"), LISTEN)
    said = corrected(await teach.understand(session, "Rome"), "fly", "[Rome](city)")
    session = await teach.hear(session, said)
    chosen = teach.propose(session).chosen
    session = await teach.act(session, "trip", confirmed=chosen, takes_input=True)
    events = [e for e in session.tracker.events() if isinstance(e, ev.LoopInterrupted)]
    assert [e.is_interrupted for e in events] == [False]


async def test_undo_goes_back_step_by_step() -> None:
    teach, _ = teacher()
    first = await teach.begin("ann")
    second = await teach.hear(first, corrected(await teach.understand(first, "hi"), "new", "hi"))
    third = await teach.act(second, "utter_new", text="New!")
    assert third.before == second
    assert second.before is first
    assert (first.heard, "new" in first.domain.intents) == ((), False)


async def test_a_fork_keeps_both_ways() -> None:
    teach, _ = teacher()
    session = await teach.act(await teach.act(await heard(teach), "utter_greet"), LISTEN)
    session = await teach.hear(session, await teach.understand(session, "and now?"))
    forks = session.forks()
    assert [text for text, _ in forks] == ["hi", "and now?"]
    forked = session.forked(forks[1][1])
    assert forked.listening
    assert forked.trackers == (session.tracker, forked.tracker)
    assert forked.before == session
    assert [text for text, _ in forked.forks()] == ["hi"]


async def test_a_restart_begins_anew_and_keeps_what_was() -> None:
    teach, _ = teacher()
    before = await heard(teach, "to Rome", "fly", "to [Rome](city)")
    session = await teach.restart(before)
    assert session.listening
    assert session.tracker.slots["city"] is None
    assert session.finished == (before.tracker,)
    assert session.heard == before.heard
    assert session.forks() == []


async def test_a_paused_conversation_listens() -> None:
    teach, _ = teacher(action_book=ActionResult([{"event": "pause"}]))
    proposal = teach.propose(await teach.act(await heard(teach), "action_book"))
    assert (proposal.chosen.action, proposal.why) == (LISTEN, "The conversation is paused.")


def message(text: str, *entities: Entity, **parsed: Any) -> ev.UserUttered:
    return ev.UserUttered(text, {"intent": {"name": "faq", "confidence": 0.5}, **parsed}, entities)


def test_of_entities_that_overlap_the_first_is_shown() -> None:
    found = (Entity("b", "York", 4, 8), Entity("a", "New York", 0, 8), Entity("c", "New York", 0, 8))
    assert annotated(message("New York", *found)) == '[New York][{"entity": "a"}, {"entity": "c"}]'
    assert annotated(message("Rome", Entity("city", "Rome"))) == "Rome"
    assert annotated(message("Rome", Entity("city", "Rome", 2, 6), Entity("x", "", 1, 1))) == "Rome"


def test_entities_that_stay_keep_who_found_them() -> None:
    rome = Entity("city", "Rome", 0, 4, confidence=0.9, extractor="CRFEntityExtractor")
    changed = corrected(message("Rome Oslo", rome), "fly", "[Rome](city) [Oslo](city)")
    assert changed.entities == (rome, Entity("city", "Oslo", 5, 9))


def test_a_corrected_sentence_must_stay_the_same() -> None:
    with pytest.raises(ConfigError, match="'Oslo' is not what was said"):
        corrected(message("Rome"), "fly", "[Oslo](city)")


def test_retrieval_intents_go_by_their_full_names() -> None:
    selected = {"faq": {"response": {"intent_response_key": "faq/price"}}}
    asked = message(
        "how much?", response_selector=selected, intent_ranking=[{"name": "faq", "confidence": 0.5}]
    )
    assert full_intent(asked) == "faq/price"
    assert ranked_intents(asked, DOMAIN) == [
        ("faq/price", 0.5), ("faq/hours", 0.5), ("fly", 0.0), ("greet", 0.0),
    ]  # fmt: skip
    changed = corrected(asked, "faq/hours", "how much?")
    assert (changed.intent, full_intent(changed)) == ("faq", "faq/hours")
    assert full_intent(message("what?")) == "faq"
    every = {"default": selected["faq"], "all_retrieval_intents": ["faq"]}
    assert full_intent(message("what?", response_selector=every)) == "faq/price"


async def test_the_selected_response_of_a_corrected_retrieval_intent_is_said() -> None:
    teach, _ = teacher()
    session = await teach.act(await heard(teach, "when?", "faq/hours"), "utter_faq")
    said = [e.text for e in session.tracker.events() if isinstance(e, ev.BotUttered)]
    assert said == ["At nine"]
