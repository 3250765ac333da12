"""Rules and stories that contradict each other are named, both, with their places."""

from __future__ import annotations

import pytest

from frontdesk.core.training import TrainingSet
from frontdesk.errors import TrainingError
from frontdesk.policies.rule import RulePolicy
from frontdesk.policies.rule_training import listed
from tests.engine.policies.build import DOMAIN, act, loop, quiet, rule, slot, story, training, user


def complaint(parts: TrainingSet, **options: object) -> str:
    with pytest.raises(TrainingError) as caught:
        RulePolicy(options).train(parts, DOMAIN, quiet)
    return str(caught.value)


def test_two_rules_that_want_different_actions() -> None:
    one = rule("polite", user("greet"), act("utter_greet"), line=3)
    two = rule("short", user("greet"), act("utter_bye"), line=12)
    said = complaint(training(one, two))
    assert said.startswith("rules.yml:3: Rules and stories contradict each other.")
    assert "'utter_greet' in rule 'polite' (rules.yml:3) contradicts rule 'short' (rules.yml:12)" in said
    assert "'utter_bye' in rule 'short' (rules.yml:12) contradicts rule 'polite' (rules.yml:3)" in said


def test_a_story_against_a_rule() -> None:
    said = complaint(training(
        rule("greet", user("greet"), act("utter_greet"), line=5),
        story("rude", user("greet"), act("utter_bye"), line=20),
    ))  # fmt: skip
    assert said.startswith("stories.yml:20:")
    assert (
        "'utter_bye' in story 'rude' (stories.yml:20) contradicts rule 'greet' (rules.yml:5), which wants 'utter_greet'"
        in said
    )


def test_a_story_that_does_not_wait_where_a_rule_waits() -> None:
    said = complaint(training(
        rule("greet", user("greet"), act("utter_greet")),
        story("talks on", user("greet"), act("utter_greet"), act("utter_more")),
    ))  # fmt: skip
    assert "'utter_more' in story 'talks on'" in said
    assert "which wants 'action_listen'" in said


def test_a_rule_against_a_default_intent() -> None:
    said = complaint(training(rule("mine", user("restart"), act("utter_bye"))))
    assert (
        "'utter_bye' in rule 'mine' (rules.yml:1) contradicts the default action of the intent 'restart'"
        in said
    )


def test_a_rule_against_what_a_form_does_by_itself() -> None:
    said = complaint(training(rule("odd", user("start"), act("form"), loop("form"), act("utter_more"))))
    assert (
        "'utter_more' in rule 'odd' (rules.yml:1) contradicts the form 'form', which asks and waits" in said
    )


def test_a_rule_that_is_part_of_another_is_no_contradiction() -> None:
    RulePolicy().train(training(
        rule("greet", user("greet"), act("utter_greet")),
        rule("members", user("greet"), act("utter_more"), given=[slot("member", True)]),
    ), DOMAIN, quiet)  # fmt: skip


def test_the_check_can_be_switched_off() -> None:
    parts = training(rule("a", user("greet"), act("utter_greet")), rule("b", user("greet"), act("utter_bye")))
    RulePolicy({"check_for_contradictions": False}).train(parts, DOMAIN, quiet)


def test_a_rule_that_does_not_say_what_an_action_sets() -> None:
    said = complaint(training(
        rule("one", user("greet"), act("action_look"), slot("kind", "old"), act("utter_greet"), line=2),
        rule("two", user("ask"), act("action_look"), act("utter_answer"), line=8),
    ))  # fmt: skip
    assert said.startswith("rules.yml:8: There are incomplete rules.")
    assert (
        "In rule 'two' (rules.yml:8) the action 'action_look' has no `slot_was_set` of kind after it" in said
    )
    assert "wait_for_user_input: false" in said


def test_a_rule_that_does_not_say_which_form_becomes_active() -> None:
    said = complaint(training(
        rule("one", user("start"), act("form"), loop("form"), line=2),
        rule("two", user("ask"), act("form"), line=8),
    ))  # fmt: skip
    assert "In rule 'two' (rules.yml:8) the action 'form' has no `active_loop: form` after it" in said


def test_a_last_action_may_leave_open_what_it_sets() -> None:
    RulePolicy().train(training(
        rule("one", user("greet"), act("action_look"), slot("kind", "old"), act("utter_greet")),
        rule("two", user("ask"), act("action_look"), wait=False),
    ), DOMAIN, quiet)  # fmt: skip


def test_more_than_one_message_in_a_rule() -> None:
    long = rule("long", user("greet"), act("utter_greet"), user("ask"), act("utter_answer"), line=6)
    assert complaint(training(long)).startswith(
        "rules.yml:6: More than one user message stands in rule 'long' (rules.yml:6)."
    )
    RulePolicy({"restrict_rules": False}).train(training(long), DOMAIN, quiet)


def test_of_very_many_complaints_the_first_ones_are_shown() -> None:
    assert listed([f"c{i}" for i in range(30)]).strip().splitlines()[-1] == "- ... and 10 more"
