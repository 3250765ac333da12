"""The light policy: better than memory where conversations go as no story does, and never surer than a rule."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.core import events as ev
from frontdesk.core import training as tr
from frontdesk.core.domain import Intent
from frontdesk.core.message import Entity
from frontdesk.core.ports import Policy
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ConfigError, PackageError
from frontdesk.policies.memoization import AugmentedMemoizationPolicy, MemoizationPolicy
from frontdesk.policies.paths import unroll
from frontdesk.policies.rule import RulePolicy
from frontdesk.policies.ted import TEDPolicy
from tests.engine.policies.build import (
    DOMAIN,
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

RASA = {"max_history": 5, "epochs": 100, "constrain_similarities": True, "batch_size": 50}


def conversation(chance: random.Random, number: int) -> tr.Story:
    """Make a story of some turns; what "affirm" leads to depends on the turn before, what "inform" does on a slot."""
    steps: list[tr.Step] = []
    before = ""
    member = False
    for _ in range(chance.randint(3, 7)):
        said_now = chance.choice(
            ["greet", "ask", "chitchat", "inform", *(["affirm"] if before in ("ask", "chitchat") else [])]
        )
        steps.append(user(said_now, *([Entity("size", "XL")] if said_now == "inform" else [])))
        if said_now == "inform" and not member:
            steps += [slot("size", "XL"), act("action_look"), slot("member", True), act("utter_more")]
            member = True
        elif said_now == "affirm":
            steps.append(act("utter_done" if before == "ask" else "utter_bye"))
        else:
            steps.append(
                act(
                    {"greet": "utter_greet", "ask": "utter_answer", "chitchat": "utter_chat"}.get(
                        said_now, "utter_done"
                    )
                )
            )
        before = said_now
    return story(f"s{number}", *steps)  # fmt: skip


def hits(policy: Policy, stories: tuple[tr.Story, ...]) -> float:
    """Return how many of the actions of stories a policy predicts, each after what the story says before it."""
    right = total = 0
    for path in unroll(training(*stories), DOMAIN):
        running = Tracker.start("x", DOMAIN.initial_slots)
        for number, event in enumerate(path.tracker.events()):
            if isinstance(event, ev.ActionExecuted) and number:
                found = policy.predict(running, DOMAIN)
                right += found is not None and found.action == event.name
                total += 1
            running = running.append(event)
    return right / total


def trained(policy: Policy, *parts: tr.Story | tr.Rule) -> Policy:
    policy.train(training(*parts), DOMAIN, quiet)
    return policy


STORIES = tuple(conversation(random.Random(number), number) for number in range(60))


def test_on_unseen_paths_it_knows_more_than_memory() -> None:
    known, unseen = STORIES[:35], STORIES[35:]
    ted = trained(TEDPolicy(RASA), *known)
    shares = {
        "memory": hits(trained(MemoizationPolicy({"max_history": 5}), *known), unseen),
        "forgetful memory": hits(trained(AugmentedMemoizationPolicy({"max_history": 5}), *known), unseen),
        "learnt": hits(ted, unseen),
    }
    assert shares["learnt"] > 0.9
    assert shares["learnt"] > shares["memory"] + 0.2
    assert shares["learnt"] >= shares["forgetful memory"]
    assert hits(ted, known) > 0.98


def test_what_it_is_sure_of_it_says_with_confidence_and_never_with_certainty() -> None:
    ted = trained(TEDPolicy(RASA), *STORIES)
    talk = Talk(ted).add(said("greet"))
    found = ted.predict(talk.tracker, DOMAIN)
    assert found is not None
    assert found.action == "utter_greet"
    assert 0.8 < found.confidence < 1
    assert (found.priority, found.policy, found.is_end_to_end) == (1, "TEDPolicy", False)


def test_rules_and_remembered_stories_win() -> None:
    demand = rule("greet", user("stop"), act("utter_bye"))
    parts = (*STORIES, demand)
    policies = [trained(p, *parts) for p in (TEDPolicy(RASA), MemoizationPolicy(), RulePolicy())]
    talk = Talk(*policies)
    assert talk.say("stop") == ["utter_bye"]
    assert talk.add(said("ask")).next().policy in ("TEDPolicy", "MemoizationPolicy")
    found = Talk(*policies).add(said("greet")).next()
    assert found.policy == "MemoizationPolicy" or found.confidence < 1


def test_after_an_intent_that_no_story_has_it_says_nothing() -> None:
    ted, rules = trained(TEDPolicy(RASA), *STORIES), trained(RulePolicy(), *STORIES)
    talk = Talk(ted, rules).add(said("stop"))
    assert ted.predict(talk.tracker, DOMAIN) is None
    assert talk.next().action == "action_default_fallback"


def test_turns_that_a_rule_hid_do_not_count() -> None:
    plain = trained(TEDPolicy(RASA), *STORIES)
    before = Talk().add(said("ask"), ev.ActionExecuted("utter_answer"), ev.ActionExecuted("action_listen"))
    hidden = before.tracker.extend(
        [
            said("stop"),
            ev.ActionExecuted("utter_bye", hide_rule_turn=True),
            ev.ActionExecuted("action_listen", hide_rule_turn=True),
            said("affirm"),
        ]
    )
    found = plain.predict(hidden, DOMAIN)
    assert found is not None
    assert found.action == "utter_done"
    assert found == plain.predict(before.tracker.append(said("affirm")), DOMAIN)


def test_slots_that_only_rules_know_do_not_count() -> None:
    demand = rule("kind", user("stop"), act("utter_bye"), given=[slot("kind", "new")])
    ted = trained(TEDPolicy(RASA), *STORIES, demand)
    assert isinstance(ted, TEDPolicy)
    assert ted.rule_only.slots == {"kind"}
    with_slot = Talk().add(ev.SlotSet("kind", "new"), said("greet")).tracker
    without = Talk().add(said("greet")).tracker
    assert ted.predict(with_slot, DOMAIN) == ted.predict(without, DOMAIN)


def test_a_form_in_a_story_is_left_and_taken_up_again() -> None:
    happy = story(
        "fill", user("start"), act("form"), loop("form"), act("utter_more"), loop(None), act("utter_done")
    )
    aside = story(
        "aside", user("start"), act("form"), loop("form"), user("chitchat"), act("utter_chat"), act("form"), loop(None),
        act("utter_done"),
    )  # fmt: skip
    ted = trained(TEDPolicy(RASA), happy, aside, *STORIES[:10])
    tracker = Talk().add(said("start"), ev.ActionExecuted("form"), ev.ActiveLoop("form"), ev.ActionExecuted("action_listen"),
                         said("chitchat"), ev.ActionExecuted("utter_chat")).tracker  # fmt: skip
    found = ted.predict(tracker, DOMAIN)
    assert found is not None
    assert found.action == "form"


def test_a_users_very_words_are_learnt_where_stories_have_them() -> None:
    by_words = story("words", user(text="tell me something nice"), act("utter_chat"))
    ted = trained(TEDPolicy(RASA), by_words, story("greet", user("greet"), act("utter_greet")))
    found = ted.predict(Talk().add(said("stop", text="something nice please, tell me")).tracker, DOMAIN)
    assert found is not None
    assert (found.action, found.is_end_to_end) == ("utter_chat", True)
    other = ted.predict(Talk().add(said("greet", text="good morning to you")).tracker, DOMAIN)
    assert other is not None
    assert (other.action, other.is_end_to_end) == ("utter_greet", False)


def test_saved_and_loaded_it_says_the_same(tmp_path: Path) -> None:
    ted = trained(TEDPolicy(RASA), *STORIES)
    ted.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ted.json", "ted.npz"]
    again = TEDPolicy(RASA)
    again.load(tmp_path, DOMAIN)
    for intent in ("greet", "ask", "inform", "stop"):
        tracker = Talk().add(said("ask"), ev.ActionExecuted("utter_answer"), said(intent)).tracker
        assert again.predict(tracker, DOMAIN) == ted.predict(tracker, DOMAIN)


def test_the_same_stories_give_the_same_model(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        trained(TEDPolicy(RASA), *STORIES[:8]).save(tmp_path / name)
        made.append((tmp_path / name / "ted.json").read_bytes())
    assert made[0] == made[1]


def test_without_stories_it_predicts_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    ted = TEDPolicy()
    ted.train(training(rule("greet", user("greet"), act("utter_greet"))), DOMAIN, told.append)
    assert told == ["TEDPolicy: there are no stories to learn from."]
    ted.save(tmp_path)
    again = TEDPolicy()
    again.load(tmp_path, DOMAIN)
    assert again.predict(Talk().add(said("greet")).tracker, DOMAIN) is None


def test_what_spoke_to_tensorflow_is_told() -> None:
    told: list[str] = []
    TEDPolicy({"use_gpu": True, "run_eagerly": False}).train(training(*STORIES[:3]), DOMAIN, told.append)
    assert told[-1] == "TEDPolicy: 'use_gpu' spoke to TensorFlow, which is not used here; take it out."
    assert "in place of the neural network" in told[-2]


def test_options_that_cannot_be_meant() -> None:
    with pytest.raises(ConfigError, match="max_history"):
        TEDPolicy({"max_history": 0})


@pytest.mark.parametrize("damage", ["{", '{"version": 9}', '{"version": 1}', "[]"])
def test_a_damaged_file_is_told(tmp_path: Path, damage: str) -> None:
    (tmp_path / "ted.json").write_text(damage)
    with pytest.raises(PackageError):
        TEDPolicy().load(tmp_path, DOMAIN)


def test_weights_that_do_not_fit_are_told(tmp_path: Path) -> None:
    trained(TEDPolicy(RASA), *STORIES[:4]).save(tmp_path)
    wire = json.loads((tmp_path / "ted.json").read_text("utf-8"))
    wire["actions"] = wire["actions"][:-1]
    (tmp_path / "ted.json").write_text(json.dumps(wire), "utf-8")
    with pytest.raises(PackageError, match="do not fit"):
        TEDPolicy().load(tmp_path, DOMAIN)


def test_it_is_sure_of_what_an_intent_leads_to_whatever_was_before() -> None:
    names = [f"topic{number}" for number in range(20)]
    domain = replace(
        DOMAIN,
        intents={name: Intent(name) for name in ("greet", *names)},
        responses=dict.fromkeys(("utter_greet", *(f"utter_{name}" for name in names)), ()),
    )
    stories = [story(name, user(name), act(f"utter_{name}")) for name in names[1:]]
    stories.append(story("late", user("greet"), act("utter_greet"), user("topic0"), act("utter_topic0")))
    ted = TEDPolicy()
    ted.train(training(*stories), domain, quiet)
    found = Talk(ted, domain=domain).add(said("topic0")).next()
    assert found.action == "utter_topic0"
    assert found.confidence > 0.5
