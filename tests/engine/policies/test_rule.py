"""RulePolicy behaves as Rasa documents it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.core import events as ev
from frontdesk.core.message import Entity
from frontdesk.core.ports import Policy
from frontdesk.core.prediction import Basis
from frontdesk.core.tracker import Tracker
from frontdesk.core.training import TrainingSet
from frontdesk.errors import ConfigError, PackageError, UnknownName
from frontdesk.policies.memoization import MemoizationPolicy
from frontdesk.policies.rule import RulePolicy
from tests.engine.policies.build import (
    DOMAIN,
    LISTEN,
    Talk,
    act,
    loop,
    quiet,
    rule,
    said,
    slot,
    story,
    training,
    user,
)

GREET = rule("greet", user("greet"), act("utter_greet"))
START = rule("start the form", user("start"), act("form"), loop("form"))
SUBMIT = rule("submit the form", act("form"), loop(None), act("utter_done"), given=[loop("form")])
CHAT = rule("chitchat", user("chitchat"), act("utter_chat"))


def trained(*parts: object, **options: object) -> RulePolicy:
    policy = RulePolicy(options)
    policy.train(training(*parts), DOMAIN, quiet)  # type: ignore[arg-type]  # parts of either kind
    return policy


def in_form(policy: Policy) -> Talk:
    """Start the form: it asks, and waits."""
    talk = Talk(policy).add(said("start"))
    assert talk.step(ev.ActiveLoop("form"), ev.SlotSet("requested_slot", "size")) == "form"
    assert talk.step() == "action_listen"
    return talk


def test_a_rule_answers_and_then_waits() -> None:
    talk = Talk(trained(GREET))
    assert talk.say("greet") == ["utter_greet"]
    assert talk.say("greet") == ["utter_greet"]


def test_the_reason_is_the_rules_name() -> None:
    made = Talk(trained(GREET)).add(said("greet")).next()
    assert (made.action, made.confidence, made.policy, made.reason) == (
        "utter_greet",
        1.0,
        "RulePolicy",
        "greet",
    )


def test_a_prediction_says_what_it_rests_on() -> None:
    policy = trained(GREET, START)
    talk = Talk(policy)
    assert talk.add(said("greet")).next().basis == Basis("rule", ("greet",))
    assert Talk(policy).add(said("ask")).next().basis == Basis("fallback")
    assert Talk(policy).add(said("restart")).next().basis == Basis("intent", ("restart",))
    assert in_form(policy).add(said("inform")).next().basis == Basis("form", ("form",))


def test_a_rule_applies_at_any_time_in_a_conversation() -> None:
    talk = Talk(trained(GREET)).add(said("ask"), ev.ActionExecuted("utter_more"), LISTEN)
    assert talk.say("greet") == ["utter_greet"]


# Fallback.


def test_without_a_rule_the_fallback_has_the_thresholds_confidence() -> None:
    made = Talk(trained(GREET, core_fallback_threshold=0.4)).add(said("ask")).next()
    assert (made.action, made.confidence) == ("action_default_fallback", 0.4)
    assert Talk(trained(GREET)).add(said("ask")).next().confidence == 0.3


def test_another_action_can_be_the_fallback() -> None:
    made = Talk(trained(GREET, core_fallback_action_name="utter_more")).add(said("ask")).next()
    assert made.action == "utter_more"


def test_the_fallback_must_be_in_the_domain() -> None:
    with pytest.raises(UnknownName, match=r"utter_mor.*Did you mean 'utter_more'"):
        trained(GREET, core_fallback_action_name="utter_mor")


def test_the_fallback_can_be_switched_off() -> None:
    policy = trained(GREET, enable_fallback_prediction=False)
    talk = Talk(policy).add(said("ask"))
    assert policy.predict(talk.tracker, DOMAIN) is None
    assert talk.next().action == "action_listen"


def test_an_action_that_refuses_leaves_the_fallback() -> None:
    talk = Talk(trained(START)).add(said("start"), ev.ActionExecutionRejected("form"))
    made = talk.next()
    assert (made.action, made.confidence) == ("action_default_fallback", 0.3)


# Default intents.


@pytest.mark.parametrize(
    ("intent", "action"),
    [("restart", "action_restart"), ("back", "action_back"), ("session_start", "action_session_start")],
)
def test_default_intents_overrule_rules_and_forms(intent: str, action: str) -> None:
    talk = in_form(trained(START, GREET))
    made = talk.add(said(intent)).next()
    assert (made.action, made.confidence) == (action, 1.0)
    assert made.hide_rule_turn


# Conditions.


def test_a_slot_condition() -> None:
    member = rule("members", user("greet"), act("utter_more"), given=[slot("member", True)])
    policy = trained(GREET, member)
    assert Talk(policy).say("greet") == ["utter_greet"]
    assert Talk(policy).add(ev.SlotSet("member", True)).say("greet") == ["utter_more"]
    assert Talk(policy).add(ev.SlotSet("member", False)).say("greet") == ["utter_greet"]


@pytest.mark.parametrize(
    ("name", "value"), [("member", True), ("size", "L"), ("kind", "old"), ("tags", ["a"])]
)
def test_a_condition_that_a_slot_is_empty(name: str, value: object) -> None:
    policy = trained(rule("nothing known", user("greet"), act("utter_more"), given=[slot(name, None)]))
    assert Talk(policy).say("greet") == ["utter_more"]
    assert (
        Talk(policy).add(ev.SlotSet(name, value)).add(said("greet")).next().action
        == "action_default_fallback"
    )


def test_a_slot_that_influences_nothing_is_no_condition() -> None:
    policy = trained(rule("note", user("greet"), act("utter_more"), given=[slot("note", None)]))
    assert Talk(policy).add(ev.SlotSet("note", "x")).say("greet") == ["utter_more"]


def test_a_category_must_be_the_same() -> None:
    policy = trained(GREET, rule("old", user("greet"), act("utter_more"), given=[slot("kind", "old")]))
    assert Talk(policy).add(ev.SlotSet("kind", "old")).say("greet") == ["utter_more"]
    assert Talk(policy).add(ev.SlotSet("kind", "new")).say("greet") == ["utter_greet"]


def test_a_rule_for_no_form_does_not_apply_within_one() -> None:
    policy = trained(START, rule("outside", user("chitchat"), act("utter_chat"), given=[loop(None)]))
    assert Talk(policy).say("chitchat") == ["utter_chat"]
    talk = in_form(policy).add(said("chitchat"), ev.ActionExecutionRejected("form"))
    assert talk.next().action == "action_default_fallback"


def test_entities_must_be_those_of_the_rule_but_need_not_be_mentioned() -> None:
    sized = rule("sized", user("ask", Entity("colour", "red")), act("utter_more"))
    policy = trained(rule("ask", user("ask"), act("utter_answer")), sized)
    assert Talk(policy).say("ask") == ["utter_answer"]
    assert Talk(policy).say("ask", Entity("colour", "blue")) == ["utter_more"]
    assert Talk(policy).say("ask", Entity("size", "L")) == ["utter_answer"]


def test_a_rule_on_the_users_very_words_goes_before_one_on_the_intent() -> None:
    policy = trained(GREET, rule("words", user(text="hello again"), act("utter_more")))
    talk = Talk(policy).add(said("greet", text="hello again"))
    made = talk.next()
    assert (made.action, made.is_end_to_end) == ("utter_more", True)
    assert made.events == (ev.UserFeaturized(True),)
    assert talk.step() == "utter_more"
    assert talk.step() == "action_listen"


# Beginning and end.


def test_conversation_start_applies_only_at_the_start() -> None:
    first = rule("first", user("greet"), act("utter_more"), start=True)
    policy = trained(GREET, first)
    talk = Talk(policy)
    assert talk.say("greet") == ["utter_more"]
    assert talk.say("greet") == ["utter_greet"]
    again = talk.add(ev.ActionExecuted("action_session_start"), ev.SessionStarted(), LISTEN)
    assert again.say("greet") == ["utter_more"]


def test_rules_that_do_not_wait_are_chained() -> None:
    policy = trained(
        rule("look", user("ask"), act("action_look"), wait=False),
        rule("known", act("action_look"), act("utter_answer"), given=[slot("member", True)]),
        rule("unknown", act("action_look"), act("utter_more"), given=[slot("member", None)]),
    )
    assert Talk(policy).say("ask") == ["action_look", "utter_more"]
    assert Talk(policy).add(ev.SlotSet("member", True)).say("ask") == ["action_look", "utter_answer"]


def test_a_rule_may_begin_in_the_middle_of_a_turn() -> None:
    policy = trained(rule("after", act("action_look"), act("utter_answer")))
    talk = Talk(policy).add(said("ask"), ev.ActionExecuted("action_look"))
    assert talk.step() == "utter_answer"
    assert talk.step() == "action_listen"


# Forms.


def test_the_happy_path_of_a_form() -> None:
    talk = in_form(trained(START, SUBMIT))
    talk.add(said("inform"))
    assert talk.next().no_user_prediction
    assert (
        talk.step(ev.SlotSet("size", "L"), ev.SlotSet("requested_slot", None), ev.ActiveLoop(None)) == "form"
    )
    assert talk.step() == "utter_done"
    assert talk.step() == "action_listen"


def test_a_form_asks_again_as_long_as_it_is_active() -> None:
    talk = in_form(trained(START, SUBMIT))
    for _ in range(3):
        talk.add(said("inform"))
        assert talk.step(ev.SlotSet("requested_slot", "size")) == "form"
        assert talk.step() == "action_listen"


def test_a_question_within_a_form_is_answered_and_the_form_asks_again() -> None:
    talk = in_form(trained(START, SUBMIT, CHAT)).add(said("chitchat"), ev.ActionExecutionRejected("form"))
    assert talk.step() == "utter_chat"
    made = talk.next()
    assert (made.action, made.reason) == ("form", "chitchat")
    assert talk.step() == "form"
    assert talk.step() == "action_listen"


def test_a_rule_that_names_the_form_may_leave_it() -> None:
    leave = rule(
        "stop",
        user("stop"),
        act("utter_bye"),
        act("action_deactivate_loop"),
        loop(None),
        given=[loop("form")],
    )
    talk = in_form(trained(START, SUBMIT, leave)).add(said("stop"), ev.ActionExecutionRejected("form"))
    assert talk.step() == "utter_bye"
    assert talk.step(ev.ActiveLoop(None)) == "action_deactivate_loop"
    assert talk.step() == "action_listen"


UNHAPPY = story(
    "stop, and go on",
    user("start"),
    act("form"),
    loop("form"),
    user("stop"),
    act("utter_more"),
    user("affirm"),
    act("form"),
    loop(None),
    act("utter_done"),
)


def test_a_form_that_comes_back_after_a_question_of_a_story_is_told() -> None:
    rules, memory = RulePolicy(), MemoizationPolicy()
    for policy in (rules, memory):
        policy.train(training(UNHAPPY), DOMAIN, quiet)
    talk = Talk(rules, memory).add(said("start"))
    assert talk.step(ev.ActiveLoop("form")) == "form"
    assert talk.step() == "action_listen"
    talk.add(said("stop"), ev.ActionExecutionRejected("form"))
    assert talk.step() == "utter_more"
    assert talk.step() == "action_listen"
    made = talk.add(said("affirm")).next()
    assert made.action == "form"
    assert ev.LoopInterrupted(True) in made.events
    assert talk.step() == "form"


def test_a_story_that_waits_within_a_form_keeps_the_general_rule_from_calling_the_form() -> None:
    policy = trained(START, rule("more", user("stop"), act("utter_more")), UNHAPPY)
    talk = in_form(policy).add(said("stop"), ev.ActionExecutionRejected("form"))
    assert talk.step() == "utter_more"
    assert policy.decide(talk.tracker, DOMAIN).action is None


# Rules and stories together.


def test_turns_by_rules_that_no_story_has_are_hidden() -> None:
    asks = rule("ask", user("ask"), act("utter_answer"))
    policy = trained(
        GREET,
        asks,
        story("greet in a story", user("greet"), act("utter_greet"), user("inform"), act("utter_more")),
    )
    assert not Talk(policy).add(said("greet")).next().hide_rule_turn
    assert Talk(policy).add(said("ask")).next().hide_rule_turn


def test_the_turns_of_a_two_stage_fallback_that_only_a_rule_has_are_hidden() -> None:
    """It is a loop that is no form."""
    two_stages = "action_two_stage_fallback"
    policy = trained(rule("unclear", user("nlu_fallback"), act(two_stages), loop(two_stages)))
    talk = Talk(policy).add(said("nlu_fallback"))
    assert talk.step(ev.ActiveLoop(two_stages)) == two_stages
    made = talk.next()
    assert (made.action, made.hide_rule_turn) == ("action_listen", True)


def test_a_story_goes_on_over_hidden_turns() -> None:
    parts = training(
        CHAT, rule("greet", user("greet"), act("utter_greet")),
        story("s", user("greet"), act("utter_greet"), user("inform"), act("utter_more")),
    )  # fmt: skip
    rules, memory = RulePolicy(), MemoizationPolicy()
    rules.train(parts, DOMAIN, quiet)
    memory.train(parts, DOMAIN, quiet)
    talk = Talk(rules, memory)
    assert talk.say("greet") == ["utter_greet"]
    assert talk.say("chitchat") == ["utter_chat"]
    assert talk.say("inform") == ["utter_more"]


def test_without_checks_nothing_is_hidden() -> None:
    policy = trained(GREET, check_for_contradictions=False)
    assert not Talk(policy).add(said("greet")).next().hide_rule_turn


def test_a_rule_that_only_waits_gives_way_to_a_story_and_a_longer_rule() -> None:
    waits = rule("waits", act("utter_more"))
    goes_on = rule("goes on", act("utter_more"), act("utter_bye"), given=[slot("size", "L")])
    policy = trained(waits, goes_on, story("s", user("ask"), act("utter_more"), act("utter_answer")))
    talk = Talk(policy).add(said("ask"), ev.ActionExecuted("utter_more"))
    assert talk.next().action == "action_default_fallback"


# Options, saving.


def test_the_nlu_confidence_can_be_the_policys() -> None:
    made = Talk(trained(GREET, use_nlu_confidence_as_score=True)).add(said("greet", confidence=0.71)).next()
    assert made.confidence == 0.71


@pytest.mark.parametrize(
    "options", [{"core_fallback_threshold": "high"}, {"restrict_rules": "no"}, {"priority": True}]
)
def test_options_of_a_wrong_kind_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="RulePolicy"):
        RulePolicy(options)


def test_a_misspelt_option_is_told_and_ignored_as_in_rasa(caplog: pytest.LogCaptureFixture) -> None:
    assert RulePolicy({"core_fallback_treshold": 0.2}).options["core_fallback_treshold"] == 0.2
    assert "Did you mean 'core_fallback_threshold'?" in caplog.text


def test_what_is_saved_predicts_the_same(tmp_path: Path) -> None:
    policy = trained(GREET, START, SUBMIT, CHAT, UNHAPPY, rule("w", user(text="hi you"), act("utter_more")))
    policy.save(tmp_path)
    again = RulePolicy()
    again.load(tmp_path, DOMAIN)
    assert again.rules.entries == policy.rules.entries
    assert again.loops.entries == policy.loops.entries
    assert (again.hidden, again.depth) == (policy.hidden, policy.depth)
    (second := tmp_path / "second").mkdir()
    again.save(second)
    assert (second / "rules.json").read_text() == (tmp_path / "rules.json").read_text()


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"version": 1}', '{"version": 1, "rules": [3], "loops": [], "hidden": []}']
)
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "rules.json").write_text(content)
    with pytest.raises(PackageError, match=r"rules\.json: .*Train again"):
        RulePolicy().load(tmp_path, DOMAIN)


def test_a_file_of_another_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text(json.dumps({"version": 99}))
    with pytest.raises(PackageError, match="version 99"):
        RulePolicy().load(tmp_path, DOMAIN)


def test_nothing_to_learn_is_no_error() -> None:
    policy = RulePolicy()
    policy.train(TrainingSet(), DOMAIN, quiet)
    assert Talk(policy).add(said("greet")).next().action == "action_default_fallback"


# What must always hold.

POLICY = trained(GREET, START, SUBMIT, CHAT, rule("first", user("ask"), act("utter_more"), start=True))
EVENTS = st.lists(
    st.sampled_from(
        [
            said("greet"),
            said("start"),
            said("chitchat"),
            said("ask"),
            LISTEN,
            ev.ActionExecuted("form"),
            ev.ActionExecuted("utter_greet"),
            ev.ActionExecuted("utter_chat"),
            ev.ActiveLoop("form"),
            ev.ActiveLoop(None),
            ev.SlotSet("member", True),
            ev.SlotSet("size", "L"),
            ev.ActionExecutionRejected("form"),
            ev.UserFeaturized(False),
        ]
    ),
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(EVENTS)
def test_the_same_history_gives_the_same_prediction(events: list[ev.Event]) -> None:
    one = Tracker.start("a", DOMAIN.initial_slots, events)
    other = Tracker.start("b", DOMAIN.initial_slots)
    for event in events:
        other = other.append(event)
        POLICY.predict(other, DOMAIN)
    assert POLICY.predict(one, DOMAIN) == POLICY.predict(other, DOMAIN)


@settings(max_examples=100, deadline=None)
@given(EVENTS)
def test_what_is_taken_back_never_was(events: list[ev.Event]) -> None:
    before = Tracker.start("a", DOMAIN.initial_slots, [LISTEN, said("greet"), *events, LISTEN])
    # replaying what counts is what a revert does, so that is what it is compared with
    settled = before.append(said("ask")).append(ev.ActionExecuted("utter_more")).append(ev.ActionReverted())
    plain = Tracker.start("b", DOMAIN.initial_slots, before.append(said("ask")).applied_events())
    assert POLICY.predict(settled, DOMAIN) == POLICY.predict(plain, DOMAIN)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_older_history_than_the_longest_rule_changes_nothing(events: list[ev.Event]) -> None:
    tail = [LISTEN, said("inform"), ev.ActionExecuted("utter_bye"), LISTEN, said("greet")]
    reset = [ev.ActiveLoop(None), ev.AllSlotsReset()]
    one = Tracker.start("a", DOMAIN.initial_slots, [LISTEN, *events, *reset, *tail])
    other = Tracker.start("b", DOMAIN.initial_slots, [LISTEN, *reset, *tail])
    assert POLICY.predict(one, DOMAIN) == POLICY.predict(other, DOMAIN)
