"""Turns are found again in what was stored, and every decision can be asked for once more."""

from __future__ import annotations

from collections.abc import Sequence

from frontdesk.actions.catalog import action_for
from frontdesk.core import events as ev
from frontdesk.core.domain import Domain
from frontdesk.core.prediction import Basis, Prediction
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.policies.ensemble import choose
from frontdesk.policies.memoization import MemoizationPolicy
from frontdesk.policies.rule import RulePolicy
from frontdesk.runtime.loop import PAUSED, Loop
from frontdesk.runtime.trace import Trace, stretches, trace
from tests.engine.policies.build import DOMAIN, act, loop, quiet, rule, said, story, training, user

WAIT = ev.ActionExecuted(LISTEN, policy="RulePolicy", confidence=1.0)
BEGIN = [ev.ActionExecuted(SESSION_START, confidence=1.0), ev.SessionStarted(), ev.ActionExecuted(LISTEN)]
FILES = training(
    rule("a greeting", user("greet"), act("utter_greet"), line=3),
    rule("a form begins", user("start"), act("form"), loop("form")),
    story("a question", user("greet"), act("utter_greet"), user("ask"), act("utter_answer"), line=7),
)


def trained() -> Loop:
    policies = [RulePolicy(), MemoizationPolicy()]
    for policy in policies:
        policy.train(FILES, DOMAIN, quiet)
    return Loop(policies, choose, action_for, lambda _: False)


LOOP = trained()


def did(action: str, policy: str = "RulePolicy") -> ev.ActionExecuted:
    return ev.ActionExecuted(action, policy=policy, confidence=1.0)


def last(events: Sequence[ev.Event]) -> Trace:
    return trace(LOOP, DOMAIN, events, stretches(events)[-1])


GREETING = [said("greet"), ev.UserFeaturized(False), did("utter_greet"), ev.BotUttered("Hello"), WAIT]


def test_a_conversation_is_cut_where_the_assistant_listens() -> None:
    events = [*BEGIN, *GREETING, said("ask"), did("utter_answer")]
    found = [(part.start, part.end, part.heard) for part in stretches(events)]
    assert found == [(0, 3, None), (3, 8, 3), (8, 10, 8)]
    assert stretches([]) == []


def test_the_policies_are_asked_as_of_then() -> None:
    found = last([*BEGIN, *GREETING])
    first, wait = found.steps
    assert (first.action, first.at, first.agrees) == ("utter_greet", 4, True)
    assert first.before.latest_message == found.heard
    assert first.before.latest_message.use_text_for_featurization is None, "as it was before the choice"
    assert [type(event).type_name for event in first.events] == ["user_featurization", "bot"]
    by = {proposal.policy: proposal.prediction for proposal in first.proposals}
    assert by["RulePolicy"].basis == Basis("rule", ("a greeting",))
    assert by["MemoizationPolicy"].basis == Basis("story", ("a question",))
    assert (wait.action, wait.at) == (LISTEN, 7)


def test_what_the_model_would_do_otherwise_is_told() -> None:
    events = [*BEGIN, said("greet"), ev.UserFeaturized(False), did("utter_bye"), WAIT]
    step = last(events).steps[0]
    assert (step.action, step.chosen.action, step.agrees) == ("utter_bye", "utter_greet", False)


def test_slots_that_the_message_fills_come_before_the_first_decision() -> None:
    events = [*BEGIN, said("greet"), ev.SlotSet("size", "XL"), *GREETING[1:]]
    found = last(events)
    assert found.filled == (ev.SlotSet("size", "XL"),)
    assert (found.before.slots["size"], found.understood.slots["size"]) == (None, "XL")
    assert found.steps[0].at == 5


def test_a_session_begins_without_the_policies() -> None:
    [part] = stretches(BEGIN)
    begun, wait = trace(LOOP, DOMAIN, BEGIN, part).steps
    assert (begun.asked, begun.proposals, wait.asked) == (False, (), False)
    later = [*BEGIN, *GREETING, *BEGIN]
    assert not any(step.asked for step in last(later).steps)


def test_an_ordered_action_is_not_chosen_by_a_policy() -> None:
    events = [
        *BEGIN,
        *GREETING[:3],
        ev.FollowupAction("utter_more"),
        did("utter_more", "FollowupAction"),
        WAIT,
    ]
    step = last(events).steps[1]
    assert (step.action, step.asked, step.agrees) == ("utter_more", False, True)
    assert "ordered" in step.why


def test_an_action_that_refused_is_a_step_too() -> None:
    form = [ev.ActiveLoop("form"), ev.SlotSet("requested_slot", "size"), WAIT]
    refused = ev.ActionExecutionRejected("form", "RulePolicy", 1.0)
    events = [*BEGIN, said("start"), did("form"), *form, said("greet"), refused, did("utter_greet"), WAIT]
    found = last(events)
    assert [step.action for step in found.steps] == ["form", "utter_greet", LISTEN]
    again = {p.policy: p for p in found.steps[1].proposals}
    assert not again["RulePolicy"].refused, "the rule for the greeting counts"


def test_why_the_assistant_stays_silent() -> None:
    quiet_turn = [said("greet"), ev.ActionExecuted(LISTEN, policy="", metadata={"reason": PAUSED})]
    [step] = last([*BEGIN, *quiet_turn]).steps
    assert (step.asked, "paused" in step.why) == (False, True)


def test_nothing_is_asked_of_policies_for_other_turns() -> None:
    asked: list[int] = []

    class Counting:
        name = "Counting"
        options: dict[str, object] = {}

        def predict(self, tracker: Tracker, domain: Domain) -> Prediction:
            asked.append(len(tracker))
            return Prediction(LISTEN, 1.0, self.name)

    counting = Loop([Counting()], choose, action_for, lambda _: False)
    events = [*BEGIN, *GREETING, *GREETING]
    trace(counting, DOMAIN, events, stretches(events)[1])
    assert set(asked) == {4, 7}
