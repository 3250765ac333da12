"""Decide and act: what ends a turn, what a refusal and a follow-up lead to, and what is committed when."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest

from frontdesk.core import events as ev
from frontdesk.core.domain import Domain, Form, Response
from frontdesk.core.ports import ActionCall, Turn
from frontdesk.core.prediction import Prediction
from frontdesk.core.slots import Slot
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.errors import ActionRejected
from frontdesk.policies.ensemble import choose
from frontdesk.runtime.loop import EXTRACT_SLOTS, Loop, numbered
from frontdesk.testing.fakes import EchoActionServer, EchoResponses

DOMAIN = Domain(
    slots={"size": Slot("size", "any")},
    responses={"utter_a": (Response("A"),), "utter_b": (Response("B"),)},
    actions=("action_x", "action_y"),
)


class Scripted:
    """Proposes what it is told, one after the other, then to listen."""

    options: dict[str, Any] = {}

    def __init__(self, *names: str | None) -> None:
        self.names = list(names)
        self.asked = 0

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        self.asked += 1
        name = self.names.pop(0) if self.names else LISTEN
        return Prediction(name, 1.0, "Scripted", reason="the script says so") if name else None


class Does:
    """An action that gives back events, or raises."""

    def __init__(self, name: str, outcome: Sequence[ev.Event] | Exception, ran: list[Turn]) -> None:
        self.name = name
        self.outcome = outcome
        self.ran = ran

    async def run(self, turn: Turn) -> Sequence[ev.Event]:
        self.ran.append(turn)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Stage:
    """A loop over scripted policies and actions, with what ran and what was committed."""

    def __init__(
        self,
        *script: str | None,
        limit: int = 10,
        repeatable: Collection[str] = (),
        **outcomes: Sequence[ev.Event] | Exception,
    ) -> None:
        self.outcomes: dict[str, Any] = outcomes
        self.ran: list[Turn] = []
        self.named: list[str] = []
        self.saved: list[int] = []
        self.policy = Scripted(*script)
        self.loop = Loop(
            [self.policy],  # type: ignore[list-item]
            choose,
            self.action_for,
            lambda name: name.startswith("action_x"),
            repeatable=lambda name: name in repeatable,
            limit=limit,
        )

    def action_for(self, name: str, domain: Domain) -> Does:
        action = Does(name, self.outcomes.get(name, ()), self.ran)
        if name != EXTRACT_SLOTS:
            self.named.append(name)
        return action

    async def save(self, tracker: Tracker) -> Tracker:
        self.saved.append(len(tracker))
        return tracker

    async def run(self, *events: ev.Event, live: bool = True) -> Tracker:
        heard = [ev.ActionExecuted(LISTEN), ev.UserUttered("hi", message_id="m1"), *events]
        tracker = Tracker.start("ann", DOMAIN.initial_slots, heard)
        turn = Turn(tracker, DOMAIN, "rest", EchoResponses(), EchoActionServer(), ActionCall(message_id="m1"))
        return await self.loop.run(turn, self.save, live=live)


def actions(tracker: Tracker) -> list[str | None]:
    return [e.name for e in tracker.events() if isinstance(e, ev.ActionExecuted)][1:]


async def test_actions_run_until_the_assistant_listens() -> None:
    stage = Stage("utter_a", "utter_b", utter_a=[ev.BotUttered("A")])
    tracker = await stage.run()
    assert actions(tracker) == ["utter_a", "utter_b", LISTEN]
    assert all(e.timestamp > 0 for e in tracker.since(2))
    [ran] = [e for e in tracker.events() if isinstance(e, ev.ActionExecuted) and e.name == "utter_a"]
    assert (ran.policy, ran.confidence, ran.metadata) == ("Scripted", 1.0, {"reason": "the script says so"})


async def test_where_no_policy_knows_anything_the_assistant_listens() -> None:
    tracker = await Stage(None).run()
    assert actions(tracker) == [LISTEN]
    assert isinstance(tracker.event, ev.ActionExecuted)
    assert (tracker.event.policy, tracker.event.confidence) == ("Scripted", 0.0)


async def test_nothing_is_committed_but_before_custom_actions_that_follow_others() -> None:
    stage = Stage("utter_a", "action_x", "action_x")
    await stage.run()
    assert stage.saved == [5], (
        "what the message gives once more need not be kept; that the action ran must be"
    )


async def test_what_is_said_before_a_custom_action_is_committed_and_so_passed_on_before_it() -> None:
    stage = Stage("utter_a", "action_x", utter_a=[ev.BotUttered("One moment ...")])
    await stage.run()
    assert stage.saved == [5]


async def test_where_nobody_reads_along_what_is_said_waits_for_the_end() -> None:
    stage = Stage("utter_a", "action_x", utter_a=[ev.BotUttered("One moment ...")])
    await stage.run(live=False)
    assert stage.saved == []


async def test_what_only_repeatable_actions_did_need_not_be_kept() -> None:
    stage = Stage("action_x1", "action_x2", "action_x1", "action_x1", repeatable=["action_x1"])
    await stage.run()
    assert stage.saved == [5], "once after the one with effects, not before and not again"


async def test_a_custom_action_that_begins_the_session_counts_unless_it_is_repeatable() -> None:
    name = "action_session_start"
    for repeatable, saved in (((), [2]), ((name,), [])):
        stage = Stage("action_x1", repeatable=repeatable)
        stage.loop = dataclasses.replace(stage.loop, is_custom=lambda each: each in (name, "action_x1"))
        await stage.run()
        assert stage.saved == saved


async def test_too_many_actions_end_in_listening(caplog: pytest.LogCaptureFixture) -> None:
    tracker = await Stage(*["utter_a"] * 50, limit=3).run()
    assert actions(tracker) == ["utter_a"] * 3 + [LISTEN]
    assert "3 actions in a row" in caplog.text


async def test_a_follow_up_comes_before_what_policies_say() -> None:
    stage = Stage("action_y", "utter_b", action_y=[ev.FollowupAction("utter_a")])
    tracker = await stage.run()
    assert actions(tracker) == ["action_y", "utter_a", "utter_b", LISTEN]
    [ordered] = [e for e in tracker.events() if isinstance(e, ev.ActionExecuted) and e.name == "utter_a"]
    assert ordered.policy == "followup_action"
    assert stage.policy.asked == 3, "nobody is asked about the follow-up"


async def test_a_follow_up_that_does_not_exist_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage("action_y", "utter_b", action_y=[ev.FollowupAction("action_of_another_bot")])
    assert actions(await stage.run()) == ["action_y", "utter_b", LISTEN]
    assert "action_of_another_bot" in caplog.text


async def test_a_follow_up_that_refuses_is_not_asked_again() -> None:
    stage = Stage(
        "action_y", "utter_b", action_y=[ev.FollowupAction("action_x")], action_x=ActionRejected("action_x")
    )
    tracker = await stage.run()
    assert actions(tracker) == ["action_y", "utter_b", LISTEN]
    assert stage.named.count("action_x") == 1


async def test_a_refusal_lets_policies_choose_again() -> None:
    stage = Stage("action_x", "utter_b", action_x=ActionRejected("action_x"))
    tracker = await stage.run()
    assert actions(tracker) == ["utter_b", LISTEN]
    [refused] = [e for e in tracker.events() if isinstance(e, ev.ActionExecutionRejected)]
    assert (refused.name, refused.policy, refused.confidence) == ("action_x", "Scripted", 1.0)
    assert refused.timestamp > 0


async def test_a_refusal_after_which_nothing_is_to_be_done_is_no_silence() -> None:
    tracker = await Stage("action_x", action_x=ActionRejected("action_x")).run()
    [said] = [e for e in tracker.events() if isinstance(e, ev.BotUttered)]
    assert said.metadata["utter_action"] == "utter_action_failed"
    assert actions(tracker) == [LISTEN]


async def test_what_a_form_refuses_is_left_to_the_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    with_form = dataclasses.replace(DOMAIN, forms={"form_x": Form("form_x")})
    monkeypatch.setattr(f"{__name__}.DOMAIN", with_form)
    tracker = await Stage("form_x", form_x=ActionRejected("form_x")).run()
    assert not [e for e in tracker.events() if isinstance(e, ev.BotUttered)]


async def test_an_action_that_says_itself_that_it_refuses_did_not_run() -> None:
    refusal = [ev.SlotSet("size", 1), ev.ActionExecutionRejected("action_y")]
    tracker = await Stage("action_y", "utter_b", action_y=refusal).run()
    assert actions(tracker) == ["utter_b", LISTEN]
    assert tracker.slots["size"] == 1


async def test_after_a_restart_the_new_session_listens_and_nobody_is_asked() -> None:
    begin = [ev.SessionStarted(), ev.ActionExecuted(LISTEN)]
    stage = Stage("action_restart", "utter_a", action_restart=[ev.Restarted()], action_session_start=begin)
    tracker = await stage.run()
    assert actions(tracker) == ["action_restart", SESSION_START, LISTEN]
    assert tracker.applied_events() == [ev.ActionExecuted(LISTEN)]


async def test_a_session_start_of_ones_own_that_does_not_listen() -> None:
    stage = Stage(SESSION_START, "utter_a", action_session_start=[ev.SessionStarted()])
    assert actions(await stage.run()) == [SESSION_START, LISTEN]


async def test_an_action_that_pauses_the_conversation_is_the_last_one() -> None:
    stage = Stage(
        "action_y", "utter_a", action_y=[ev.BotUttered("A person will come."), ev.ConversationPaused()]
    )
    tracker = await stage.run()
    assert actions(tracker) == ["action_y"]
    assert tracker.state.paused


async def test_starting_over_ends_a_pause() -> None:
    restart = ev.UserUttered("/restart", {"intent": {"name": "restart"}}, message_id="m1")
    begin = [ev.SessionStarted(), ev.ActionExecuted(LISTEN)]
    stage = Stage("action_restart", action_restart=[ev.Restarted()], action_session_start=begin)
    tracker = await stage.run(ev.ConversationPaused(), restart)
    assert actions(tracker) == ["action_restart", SESSION_START, LISTEN]
    assert not tracker.state.paused


async def test_times_are_those_of_the_log_whatever_an_action_writes() -> None:
    far = [ev.SlotSet("size", 1, timestamp=9e12), ev.UserUttered("x", timestamp=1.0)]
    tracker = await Stage("action_y", action_y=far).run()
    times = [e.timestamp for e in tracker.since(2)]
    assert times == sorted(times)
    assert max(times) < 9e12


async def test_words_that_an_action_puts_into_the_users_mouth_fill_slots() -> None:
    stage = Stage(
        "action_y", action_y=[ev.UserUttered("XL")], action_extract_slots=[ev.SlotSet("size", "XL")]
    )
    assert (await stage.run()).slots["size"] == "XL"


async def test_slots_that_nobody_wants_to_fill() -> None:
    stage = Stage("utter_a", action_extract_slots=ActionRejected(EXTRACT_SLOTS))
    tracker = Tracker.start("ann", {}, [ev.UserUttered("hi")])
    turn = Turn(tracker, DOMAIN, "rest", EchoResponses(), EchoActionServer())
    assert await stage.loop.fill_slots(turn) is tracker


async def test_events_of_a_prediction_are_seen_by_the_action_and_logged_before_it() -> None:
    stage = Stage("action_y")
    predict: Callable[..., Any] = stage.policy.predict
    stage.policy.predict = lambda *a: dataclasses.replace(predict(*a), events=(ev.LoopInterrupted(True),))  # type: ignore[method-assign]
    tracker = await stage.run()
    kinds = [e.type_name for e in tracker.events()]
    assert kinds == [
        "action", "user", "loop_interrupted", "user_featurization", "action", "loop_interrupted", "action",
    ]  # fmt: skip
    assert ev.LoopInterrupted(True) in stage.ran[0].tracker.events()


def said(message_id: str | None) -> ev.UserUttered:
    return ev.UserUttered("hi", message_id=message_id)


X, Y, REFUSED = ev.ActionExecuted("x"), ev.ActionExecuted("y"), ev.ActionExecutionRejected("x")


@pytest.mark.parametrize(
    ("history", "nth"),
    [
        ([], 0),
        ([said("m1")], 0),
        ([said("m1"), X, Y, X], 2),
        ([said("m1"), X, REFUSED], 2),
        ([said("m0"), X, X, said("m1"), X], 1),
        ([said("m0"), X, said("m1"), X, said("m1"), X], 2),  # the two-stage fallback logs a message once more
        ([said("m1"), X, said(None), X], 2),  # an action put words into the user's mouth
        ([said(None), X, said("m1"), X], 1),
    ],
)
def test_the_number_of_a_call_within_its_message(history: list[ev.Event], nth: int) -> None:
    tracker = Tracker.start("ann", {}, history)
    assert numbered(ActionCall(message_id="m1"), tracker, "x").nth == nth
