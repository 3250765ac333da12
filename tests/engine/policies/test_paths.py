"""Stories and rules are unrolled as Rasa's generator does it."""

from __future__ import annotations

import pytest

from frontdesk.core import events as ev
from frontdesk.core import training as tr
from frontdesk.core.message import Entity
from frontdesk.core.tracker import UNSET
from frontdesk.errors import TrainingError
from frontdesk.policies import paths
from frontdesk.policies.paths import Path, unroll
from tests.engine.policies.build import (
    DOMAIN,
    act,
    checkpoint,
    either,
    loop,
    rule,
    slot,
    story,
    training,
    user,
)


def told(path: Path) -> list[str]:
    """Return the events of a path in short."""
    short = []
    for event in path.tracker.events():
        if isinstance(event, ev.UserUttered):
            short.append(f"user {event.intent or event.text}")
        elif isinstance(event, ev.SlotSet):
            short.append(f"{event.name}={event.value}")
        elif isinstance(event, ev.ActiveLoop):
            short.append(f"loop {event.name}")
        else:
            short.append(getattr(event, "name", None) or event.type_name)
    return short


def test_the_assistant_listens_before_each_message_and_at_the_end() -> None:
    (path,) = unroll(
        training(story("s", user("greet"), act("utter_greet"), user("ask"), act("utter_answer"))), DOMAIN
    )
    listen = "action_listen"
    assert told(path) == [listen, "user greet", "utter_greet", listen, "user ask", "utter_answer", listen]
    assert (path.name, path.where, path.is_rule) == ("s", "stories.yml:1", False)


def test_a_rule_begins_with_its_conditions_and_anything() -> None:
    given: list[tr.SlotStep | tr.LoopStep] = [loop(None), slot("member", None), slot("kind", "old")]
    (path,) = unroll(training(rule("r", user("ask"), act("utter_answer"), loop(None), given=given)), DOMAIN)
    assert told(path) == [
        f"loop {UNSET}", f"member={UNSET}", "kind=old", "...", "action_listen", "user ask", "utter_answer",
        f"loop {UNSET}", "action_listen",
    ]  # fmt: skip


def test_a_rule_at_the_start_and_one_that_does_not_wait() -> None:
    parts = training(
        rule("start", user("greet"), act("utter_greet"), start=True),
        rule("on", user("ask"), act("action_look"), wait=False),
    )
    first, second = unroll(parts, DOMAIN)
    assert told(first)[0] == "action_listen"
    assert told(second)[-2:] == ["...", "action_listen"]


def test_an_ellipsis_counts_in_rules_only() -> None:
    steps = (user("ask"), tr.EllipsisStep(), act("utter_answer"))
    in_story, in_rule = unroll(training(story("s", *steps), rule("r", *steps)), DOMAIN)
    assert told(in_story) == ["action_listen", "user ask", "utter_answer", "action_listen"]
    assert told(in_rule) == ["...", "action_listen", "user ask", "...", "utter_answer", "action_listen"]


def test_nobody_can_predict_the_first_action() -> None:
    (path,) = unroll(training(story("s", act("utter_greet"), user("ask"), act("utter_answer"))), DOMAIN)
    assert [(m.action, m.predictable) for m in path.moments(DOMAIN)] == [
        ("utter_greet", False), ("action_listen", True), ("utter_answer", True), ("action_listen", True), (None, False),
    ]  # fmt: skip


def test_alternatives_are_ways_of_their_own() -> None:
    parts = training(
        story(
            "s",
            either(user("greet"), user("ask")),
            act("utter_more"),
            either(slot("kind", "old"), slot("kind", "new")),
        )
    )
    ways = [" ".join(told(path)) for path in unroll(parts, DOMAIN)]
    assert ways == [
        f"action_listen user {intent} utter_more kind={kind}" for intent in ("greet", "ask") for kind in ("old", "new")
    ]  # fmt: skip


def test_one_alternative_is_none() -> None:
    (path,) = unroll(training(story("s", either(user("greet")), act("utter_more"))), DOMAIN)
    assert told(path) == ["action_listen", "user greet", "utter_more", "action_listen"]


def test_checkpoints_join_stories() -> None:
    parts = training(
        story("one", user("greet"), act("utter_greet"), checkpoint("asked")),
        story("two", user("start"), act("utter_more"), checkpoint("asked")),
        story("end", checkpoint("asked"), user("ask"), act("utter_answer"), line=9),
    )
    found = unroll(parts, DOMAIN)
    assert [path.name for path in found] == ["one > end", "two > end"]
    assert found[0].label == "story 'one' (stories.yml:1) > 'end' (stories.yml:9)"
    assert told(found[0])[-3:] == ["user ask", "utter_answer", "action_listen"]


def test_slots_of_a_checkpoint_are_conditions() -> None:
    parts = training(
        story("sized", user("greet", Entity("size", "L")), act("utter_greet"), checkpoint("c")),
        story("plain", user("greet"), act("utter_greet"), checkpoint("c")),
        story("large", checkpoint("c", slot("size", "L")), act("utter_more")),
        story("any", checkpoint("c", tr.SlotStep("size", has_value=False)), act("utter_answer")),
        story("none", checkpoint("c", slot("size", None)), act("utter_done")),
    )
    assert [path.name for path in unroll(parts, DOMAIN)] == ["sized > large", "sized > any", "plain > none"]


def test_a_checkpoint_in_the_middle_lets_others_in_and_out() -> None:
    parts = training(
        story("long", user("greet"), act("utter_greet"), checkpoint("c"), user("ask"), act("utter_answer")),
        story("out", checkpoint("c"), user("stop"), act("utter_bye")),
        story("in", user("start"), act("utter_more"), checkpoint("c")),
    )
    assert sorted(path.name for path in unroll(parts, DOMAIN)) == [
        "in > long",
        "in > out",
        "long",
        "long > out",
    ]


def test_two_checkpoints_in_a_row() -> None:
    parts = training(
        story("one", user("greet"), act("utter_greet"), checkpoint("c"), checkpoint("d")),
        story("from c", checkpoint("c"), act("utter_more")),
        story("from d", checkpoint("d"), act("utter_done")),
    )
    assert [path.name for path in unroll(parts, DOMAIN)] == ["one > from c", "one > from d"]


def test_a_circle_is_gone_round_a_few_times() -> None:
    parts = training(
        story("in", user("greet"), act("utter_greet"), checkpoint("c")),
        story("round", checkpoint("c"), user("ask"), act("utter_answer"), checkpoint("c")),
        story("out", checkpoint("c"), user("stop"), act("utter_bye")),
    )
    rounds = [told(path).count("utter_answer") for path in unroll(parts, DOMAIN)]
    assert sorted(rounds) == [0, 1, 2, 3]


def test_a_circle_without_an_end_is_kept() -> None:
    parts = training(
        story("in", user("greet"), act("utter_greet"), checkpoint("c")),
        story("round", checkpoint("c"), user("ask"), act("utter_answer"), checkpoint("c")),
    )
    (path,) = unroll(parts, DOMAIN)
    assert told(path).count("utter_answer") == 3


def test_loose_checkpoints_are_told_with_their_place() -> None:
    heard: list[str] = []
    parts = training(
        story("ends", user("greet"), act("utter_greet"), checkpoint("nowhere"), line=4),
        story("begins", checkpoint("never"), user("ask"), act("utter_answer"), line=9),
        story("middle", user("stop"), checkpoint("nowhere", slot("size", "L")), line=14),
    )
    found = unroll(parts, DOMAIN, heard.append)
    assert [path.name for path in found] == ["ends", "middle"]
    assert any(
        line.startswith("stories.yml:4: no story begins at the checkpoint 'nowhere'") for line in heard
    )
    assert any(line.startswith("stories.yml:9: no story ends at the checkpoint 'never'") for line in heard)
    assert any(line.startswith("stories.yml:14: slots are looked at only where") for line in heard)


def test_too_many_ways_are_refused_with_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LIMIT", 30)
    many = [either(user("greet"), user("ask"), user("stop"))] * 4
    with pytest.raises(
        TrainingError, match=r"stories\.yml:7: .*more than 30 ways.*'wide'.*fewer checkpoints"
    ):
        unroll(
            training(story("narrow", user("greet"), act("utter_greet")), story("wide", *many, line=7)), DOMAIN
        )


def test_a_circle_of_too_many_ways_is_gone_round_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LIMIT", 10)
    ways = either(user("greet"), user("ask"), user("stop"))
    parts = training(
        story("in", user("start"), act("utter_greet"), checkpoint("c")),
        story("round", checkpoint("c"), ways, act("utter_answer"), checkpoint("c")),
    )
    assert 0 < len(unroll(parts, DOMAIN)) <= 10


def test_entities_fill_slots() -> None:
    parts = training(
        story("s", user("ask", Entity("size", "L"), Entity("colour", "red")), act("utter_answer"))
    )
    assert told(unroll(parts, DOMAIN)[0])[2] == "size=L"
    with_role = training(story("s", user("ask", Entity("size", "L", role="from")), act("utter_answer")))
    assert told(unroll(with_role, DOMAIN)[0])[2] == "utter_answer"


@pytest.mark.parametrize(
    ("name", "value"), [("size", "filled"), ("tags", ["filled"]), ("member", UNSET), ("note", "filled")]
)
def test_a_slot_named_without_a_value(name: str, value: object) -> None:
    heard: list[str] = []
    given = tr.SlotStep(name, has_value=False, place=tr.Place("rules.yml", 3))
    (path,) = unroll(
        training(rule("r", user("ask"), act("utter_answer"), given=[given])), DOMAIN, heard.append
    )
    assert path.tracker.events()[0] == ev.SlotSet(name, value)
    assert bool(heard) == (name == "member")
    assert all(line.startswith("rules.yml:3: the bool slot 'member'") for line in heard)


def test_steps_that_mean_events() -> None:
    parts = training(story("s", user("greet"), act("utter_greet"), act("restart"), act("utter_more")))
    before, whole = unroll(parts, DOMAIN)
    assert told(before) == ["action_listen", "user greet", "utter_greet"]
    assert told(whole)[3:] == ["restart", "utter_more", "action_listen"]


def test_a_session_that_starts_within_a_story() -> None:
    parts = training(
        story("s", act("action_session_start"), act("session_started"), user("greet"), act("utter_greet"))
    )
    (path,) = unroll(parts, DOMAIN)
    assert [m.action for m in path.moments(DOMAIN)] == ["action_listen", "utter_greet", "action_listen", None]


def test_only_the_first_part_of_a_full_intent_counts() -> None:
    (path,) = unroll(training(story("s", user("ask/size"), act("utter_answer"))), DOMAIN)
    assert told(path)[1] == "user ask"
