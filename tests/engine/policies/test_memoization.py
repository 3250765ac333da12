"""Stories are remembered and forgotten as Rasa's policies do it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.core import events as ev
from frontdesk.core.message import Entity
from frontdesk.core.prediction import Basis
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ConfigError, PackageError
from frontdesk.policies.memoization import AugmentedMemoizationPolicy, MemoizationPolicy
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

STORY = story(
    "greet and ask",
    user("greet"),
    act("utter_greet"),
    user("ask"),
    act("utter_answer"),
    user("affirm"),
    act("utter_done"),
)


def memory(*parts: object, **options: object) -> MemoizationPolicy:
    policy = MemoizationPolicy(options)
    policy.train(training(*parts), DOMAIN, quiet)  # type: ignore[arg-type]  # parts of either kind
    return policy


def forgetful(*parts: object, **options: object) -> AugmentedMemoizationPolicy:
    policy = AugmentedMemoizationPolicy(options)
    policy.train(training(*parts), DOMAIN, quiet)  # type: ignore[arg-type]  # parts of either kind
    return policy


def action(policy: MemoizationPolicy, tracker: Tracker) -> str | None:
    made = policy.predict(tracker, DOMAIN)
    return made.action if made else None


def test_a_story_is_followed_to_its_end() -> None:
    talk = Talk(memory(STORY))
    assert talk.say("greet") == ["utter_greet"]
    made = talk.add(said("ask")).next()
    assert (made.action, made.confidence, made.policy, made.priority) == (
        "utter_answer",
        1.0,
        "MemoizationPolicy",
        3,
    )
    assert made.reason == "greet and ask"
    assert made.basis == Basis("story", ("greet and ask",))


def test_without_max_history_the_whole_conversation_must_be_the_same() -> None:
    talk = Talk(memory(STORY)).add(said("inform"), ev.ActionExecuted("utter_more"), LISTEN, said("greet"))
    assert action(memory(STORY), talk.tracker) is None


def test_with_max_history_only_the_last_turns_count() -> None:
    policy = memory(STORY, max_history=3)
    middle = [LISTEN, said("inform"), ev.ActionExecuted("utter_greet"), LISTEN, said("ask")]
    assert action(policy, Tracker.start("ann", DOMAIN.initial_slots, middle)) is None
    before = [LISTEN, said("inform"), ev.ActionExecuted("utter_more"), LISTEN, said("greet")]
    tracker = Tracker.start(
        "ann", DOMAIN.initial_slots, [*before, ev.ActionExecuted("utter_greet"), LISTEN, said("ask")]
    )
    assert action(policy, tracker) == "utter_answer"


def test_where_stories_disagree_nothing_is_predicted() -> None:
    policy = memory(
        STORY,
        story("other", user("greet"), act("utter_more")),
        story("third", user("greet"), act("utter_greet")),
    )
    assert action(policy, Talk(policy).add(said("greet")).tracker) is None


def test_rules_are_not_remembered() -> None:
    policy = memory(rule("greet", user("greet"), act("utter_greet")))
    assert policy.turns == {}
    assert action(policy, Talk(policy).add(said("greet")).tracker) is None


def test_slots_and_forms_of_rules_only_do_not_count() -> None:
    only = rule("member", user("ask"), act("utter_answer"), given=[slot("member", True), loop("form")])
    policy = memory(STORY, only)
    talk = Talk(policy).add(ev.SlotSet("member", True), ev.ActiveLoop("form"), said("greet"))
    assert action(policy, talk.tracker) == "utter_greet"


def test_slots_of_stories_do_count() -> None:
    policy = memory(story("sized", user("greet", Entity("size", "L")), act("utter_greet")))
    assert action(policy, Talk(policy).add(said("greet")).tracker) is None
    talk = Talk(policy).add(said("greet", Entity("size", "L")), ev.SlotSet("size", "L"))
    assert action(policy, talk.tracker) == "utter_greet"


def test_an_entity_named_without_a_value_fills_its_slot() -> None:
    policy = memory(story("sized", user("greet", Entity("size", None)), act("utter_greet")))
    talk = Talk(policy).add(said("greet", Entity("size", "XL")), ev.SlotSet("size", "XL"))
    assert action(policy, talk.tracker) == "utter_greet"


def test_a_remark_that_the_intent_was_unlikely_does_not_count() -> None:
    policy = memory(STORY)
    talk = Talk(policy).add(
        said("greet"), ev.ActionExecuted("action_unlikely_intent"), ev.ActionExecuted("utter_greet")
    )
    assert action(policy, talk.tracker) == "action_listen"


def test_the_forgetful_one_drops_what_happened_long_ago() -> None:
    before = [
        LISTEN,
        said("inform"),
        ev.SlotSet("size", "L"),
        ev.ActionExecuted("utter_more"),
        LISTEN,
        said("greet"),
    ]
    tracker = Tracker.start("ann", DOMAIN.initial_slots, before)
    assert (
        action(memory(STORY, story("s", user("inform", Entity("size", "L")), act("utter_bye"))), tracker)
        is None
    )
    sized = story("s", user("inform", Entity("size", "L")), act("utter_bye"))
    assert action(forgetful(STORY, sized), tracker) == "utter_greet"
    assert action(forgetful(STORY, sized, max_history=4), tracker) == "utter_greet"


def test_the_forgetful_one_does_not_invent() -> None:
    tracker = Tracker.start(
        "ann",
        DOMAIN.initial_slots,
        [LISTEN, said("inform"), ev.ActionExecuted("utter_more"), LISTEN, said("stop")],
    )
    assert action(forgetful(STORY), tracker) is None
    assert action(forgetful(STORY), Tracker.start("ann", DOMAIN.initial_slots, [])) == "action_listen"


def test_the_nlu_confidence_can_be_the_policys() -> None:
    made = Talk(memory(STORY, use_nlu_confidence_as_score=True)).add(said("greet", confidence=0.4)).next()
    assert made.confidence == 0.4


@pytest.mark.parametrize("value", [0, -1, "5", 2.5, True])
def test_a_max_history_that_is_no_count_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="max_history"):
        MemoizationPolicy({"max_history": value})


def test_options_of_rasas_that_change_nothing_are_taken_and_misspelt_ones_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert MemoizationPolicy({"enable_feature_string_compression": False, "priority": 5}).priority == 5
    assert not caplog.records
    AugmentedMemoizationPolicy({"max_histori": 3})
    assert "Did you mean 'max_history'?" in caplog.text


@pytest.mark.parametrize("kind", [MemoizationPolicy, AugmentedMemoizationPolicy])
def test_what_is_saved_predicts_the_same(kind: type[MemoizationPolicy], tmp_path: Path) -> None:
    policy = kind({"max_history": 4})
    policy.train(
        training(STORY, rule("r", user("ask"), act("utter_more"), given=[slot("kind", "old")])), DOMAIN, quiet
    )
    policy.save(tmp_path)
    again = kind({"max_history": 4})
    again.load(tmp_path, DOMAIN)
    assert (again.turns, again.courses, again.longest, again.rule_only) == (
        policy.turns, policy.courses, policy.longest, policy.rule_only,
    )  # fmt: skip
    assert Talk(again).say("greet") == ["utter_greet"]


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"version": 1}), json.dumps({"version": 7})])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "turns.json").write_text(content)
    with pytest.raises(PackageError, match=r"turns\.json"):
        MemoizationPolicy().load(tmp_path, DOMAIN)


POLICIES = [memory(STORY), memory(STORY, max_history=3), forgetful(STORY), forgetful(STORY, max_history=3)]
EVENTS = st.lists(
    st.sampled_from(
        [
            said("greet"),
            said("ask"),
            LISTEN,
            ev.ActionExecuted("utter_greet"),
            ev.ActionExecuted("utter_answer"),
            ev.ActionExecuted("utter_more", hide_rule_turn=True),
            ev.ActionExecuted("action_listen", hide_rule_turn=True),
            ev.ActiveLoop("form"),
            ev.ActionExecuted("form", hide_rule_turn=True),
            ev.ActiveLoop(None),
            ev.SlotSet("size", "L"),
            ev.SlotSet("size", None),
            ev.FollowupAction("utter_more"),
            ev.UserFeaturized(False),
        ]
    ),
    max_size=16,
)


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_the_same_history_gives_the_same_prediction(events: list[ev.Event]) -> None:
    one = Tracker.start("a", DOMAIN.initial_slots, events)
    for policy in POLICIES:
        other = Tracker.start("b", DOMAIN.initial_slots)
        for event in events:
            other = other.append(event)
            policy.predict(other, DOMAIN)
        assert policy.predict(one, DOMAIN) == policy.predict(other, DOMAIN)


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_the_forgetful_one_knows_all_that_the_other_knows(events: list[ev.Event]) -> None:
    tracker = Tracker.start("a", DOMAIN.initial_slots, events)
    for exact, other in ((POLICIES[0], POLICIES[2]), (POLICIES[1], POLICIES[3])):
        if (found := action(exact, tracker)) is not None:
            assert action(other, tracker) == found


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_skipping_what_cannot_match_changes_nothing(events: list[ev.Event]) -> None:
    tracker = Tracker.start("a", DOMAIN.initial_slots, events)
    for policy in POLICIES[2:]:
        patient = type("Patient", (AugmentedMemoizationPolicy,), {"_could_match": lambda *_: True})(
            policy.options
        )
        for name in ("turns", "courses", "longest", "rule_only"):
            setattr(patient, name, getattr(policy, name))
        assert action(patient, tracker) == action(policy, tracker)
