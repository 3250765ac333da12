"""Stories and rules: every kind of step, complaints with lines, and writing them back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.message import Entity
from frontdesk.core.training import (
    ActionStep,
    CheckpointStep,
    EllipsisStep,
    LoopStep,
    OrStep,
    Place,
    Rule,
    SlotStep,
    Story,
    UserStep,
)
from frontdesk.formats import stories
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.yaml import Block, read_text

STORY = """
    stories:
    - story: everything
      metadata: {author: me}
      steps:
      - checkpoint: start
        slot_was_set:
        - a: 1
        - b
      - intent: travel
        entities:
        - city: Rome
          role: to
          group: "1"
        - city
        - {entity: name, value: Ann}
      - intent: /greet
        user: hello [Ann](name)
      - user: "just text"
      - user: '/travel{"city": "Rome"}'
      - or:
        - intent: affirm
        - intent: thank
          entities: {name: Ann}
        - slot_was_set:
          - a: 1
          - b
      - action: utter_greet
      - bot: What now?
      - slot_was_set:
        - a: x
          b: null
        - c
        - d: [1, {e: f}]
      - slot_was_set: e
      - slot_was_set: {f: true}
      - active_loop: travel_form
      - active_loop: null
      - metadata: ignored
      - checkpoint: end
    """


def test_every_step_is_read(desk: Any) -> None:
    (story,) = stories.read_stories(desk.block(STORY, "data/s.yml"), desk.complaints)
    assert desk.clean()
    assert story.name == "everything"
    assert story.metadata == {"author": "me"}
    assert story.place == Place("data/s.yml", 3)
    assert story.steps == (
        CheckpointStep("start", (SlotStep("a", 1), SlotStep("b", None, False))),
        UserStep(
            "travel",
            None,
            (Entity("city", "Rome", role="to", group="1"), Entity("city", ""), Entity("name", "Ann")),
        ),
        UserStep("greet", "hello Ann", (Entity("name", "Ann", 6, 9),)),
        UserStep(None, "just text"),
        UserStep(None, '/travel{"city": "Rome"}'),
        OrStep(
            (
                UserStep("affirm"),
                UserStep("thank", None, (Entity("name", "Ann"),)),
                SlotStep("a", 1),
                SlotStep("b", None, False),
            )
        ),
        ActionStep("utter_greet"),
        ActionStep(text="What now?"),
        SlotStep("a", "x"),
        SlotStep("b", None),
        SlotStep("c", None, False),
        SlotStep("d", [1, {"e": "f"}]),
        SlotStep("e", None, False),
        SlotStep("f", True),
        LoopStep("travel_form"),
        LoopStep(None),
        CheckpointStep("end"),
    )
    lines = [step.place.line for step in story.steps if step.place]
    assert lines == [6, 10, 17, 19, 20, 21, 28, 29, 31, 32, 33, 34, 35, 36, 37, 38, 40]


RULES = """
    rules:
    - rule: first
      condition:
      - active_loop: form
      - slot_was_set:
        - requested_slot: null
        - a
      steps:
      - ...
      - intent: submit
      - action: ...
      - action: form
    - rule: hello
      conversation_start: true
      wait_for_user_input: false
      steps:
      - intent: greet
      - action: utter_greet
    """


def test_rules_are_read(desk: Any) -> None:
    first, hello = stories.read_rules(desk.block(RULES), desk.complaints)
    assert desk.clean()
    assert first == Rule(
        "first",
        (EllipsisStep(), UserStep("submit"), EllipsisStep(), ActionStep("form")),
        (LoopStep("form"), SlotStep("requested_slot", None), SlotStep("a", None, False)),
    )
    assert (first.conversation_start, first.wait_for_user_input) == (False, True)
    assert (hello.conversation_start, hello.wait_for_user_input) == (True, False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("stories: text", "1: 'stories' must be a list"),
        ("stories:\n- steps:\n  - intent: a", "2: The name of a story must be a text, not nothing."),
        (
            "stories:\n- story: a\n  step:\n  - intent: a",
            "3: A story has no key 'step'. Did you mean 'steps'?",
        ),
        (
            "stories:\n- story: a\n  steps:\n  - intnt: b",
            "4: No step is called 'intnt'. Did you mean 'intent'?",
        ),
        (
            "stories:\n- story: a\n  steps:\n  - action: b\n    intent: c",
            "4: A step 'intent' has no key 'action'.",
        ),
        (
            "stories:\n- story: a\n  steps:\n  - just text",
            "4: A step cannot be 'just text'. A step is one of",
        ),
        (
            "stories:\n- story: a\n  steps:\n  - action:",
            "4: What follows 'action:' must be a text, not nothing.",
        ),
        ("stories:\n- story: a\n  steps:\n  - intent: {b: c}", "4: What follows 'intent:' must be a text"),
        ("stories:\n- story: a\n  steps:\n  - user: '[x]{bad}'", "4: What follows '[x]' is not valid JSON"),
        ("stories:\n- story: a\n  steps:\n  - slot_was_set: 3", "4: 'slot_was_set' must be a list"),
        (
            "stories:\n- story: a\n  steps:\n  - or:\n    - action: b",
            "5: 'or' is between intents or slots only.",
        ),
        ("stories:\n- story: a\n  steps:\n  - or: []", "4: 'or' has nothing to choose from."),
        (
            "stories:\n- story: a\n  steps:\n  - intent: b\n    entities:\n    - role: c",
            "6: The entity has no name. Write '- name: value'.",
        ),
        (
            "stories:\n- story: a\n  steps:\n  - intent: b\n    entities:\n    - {c: d, e: f, role: g}",
            "6: A role or group belongs to one entity.",
        ),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(desk: Any, text: str, complaint: str) -> None:
    stories.read_stories(desk.block(text, "s.yml"), desk.complaints)
    assert desk.errors[0].startswith(f"s.yml:{complaint}")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "rules:\n- rule: a\n  conditions: []\n  steps: []",
            "3: A rule has no key 'conditions'. Did you mean",
        ),
        (
            "rules:\n- rule: a\n  wait_for_user_input: nope\n  steps: []",
            "3: 'wait_for_user_input' must be true",
        ),
        (
            "rules:\n- rule: a\n  condition:\n  - intent: b\n  steps: []",
            "4: A condition is about slots and loops",
        ),
    ],
)
def test_complaints_about_rules(desk: Any, text: str, complaint: str) -> None:
    stories.read_rules(desk.block(text, "r.yml"), desk.complaints)
    assert desk.errors[0].startswith(f"r.yml:{complaint}")


def test_missing_steps_are_doubted(desk: Any) -> None:
    stories.read_stories(desk.block("stories:\n- story: a\n"), desk.complaints)
    assert desk.doubts == ["file.yml:2: The steps of a story are missing. Add 'steps:', or remove it."]


def test_a_story_names_the_retrieval_intent_only(desk: Any) -> None:
    text = "stories:\n- story: a\n  steps:\n  - intent: faq/hours\n"
    (story,) = stories.read_stories(desk.block(text), desk.complaints)
    assert story.steps == (UserStep("faq"),)
    assert desk.notices == ["file.yml:4: A story names the intent 'faq', not 'faq/hours'; 'faq' is used."]
    (story,) = stories.read_stories(desk.block(text), desk.complaints, tests=True)
    assert story.steps == (UserStep("faq/hours"),)


def test_reading_what_was_written_gives_the_same(desk: Any) -> None:
    found = stories.read_stories(desk.block(STORY), desk.complaints)
    rules = stories.read_rules(desk.block(RULES), desk.complaints)
    root = read_text(stories.write(found, rules), "f")
    assert stories.read_stories(root, desk.complaints) == found
    assert stories.read_rules(root, desk.complaints) == rules
    assert stories.read_stories(root, desk.complaints)[0].metadata == {"author": "me"}
    assert desk.clean()


NAMES = st.text(alphabet="abc_", min_size=1, max_size=6)
TEXTS = st.text(alphabet="ab :#-'\"[](){}\\é\n", min_size=1, max_size=10).map(str.strip).filter(bool)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), TEXTS, st.lists(st.integers(), max_size=3))
SLOTS = st.one_of(st.builds(SlotStep, NAMES, VALUES), st.builds(SlotStep, NAMES, st.none(), st.just(False)))
ENTITIES = st.builds(
    Entity,
    NAMES.map(lambda n: f"e_{n}"),
    TEXTS,
    role=st.one_of(st.none(), NAMES),
    group=st.one_of(st.none(), NAMES),
)
USERS = st.one_of(
    st.builds(UserStep, NAMES, st.none(), st.lists(ENTITIES, max_size=2).map(tuple)),
    st.builds(UserStep, st.one_of(st.none(), NAMES), TEXTS),
)
STEPS = st.one_of(
    USERS,
    SLOTS,
    st.builds(ActionStep, NAMES),
    st.builds(ActionStep, st.none(), TEXTS),
    st.builds(LoopStep, st.one_of(st.none(), NAMES)),
    st.builds(CheckpointStep, NAMES, st.lists(SLOTS, max_size=2).map(tuple)),
    st.builds(OrStep, st.lists(st.one_of(USERS, SLOTS), min_size=1, max_size=3).map(tuple)),
    st.just(EllipsisStep()),
)


@given(
    st.lists(st.builds(Story, TEXTS, st.lists(STEPS, min_size=1, max_size=6).map(tuple)), max_size=2),
    st.lists(
        st.builds(
            Rule,
            TEXTS,
            st.lists(STEPS, min_size=1, max_size=4).map(tuple),
            st.lists(st.one_of(SLOTS, st.builds(LoopStep, NAMES)), max_size=2).map(tuple),
            st.booleans(),
            st.booleans(),
        ),
        max_size=2,
    ),
)
def test_any_stories_are_read_again(found: list[Story], rules: list[Rule]) -> None:
    complaints = Complaints()
    root = read_text(stories.write(found, rules), "f")
    assert isinstance(root, Block)
    assert list(stories.read_stories(root, complaints)) == found
    assert list(stories.read_rules(root, complaints)) == rules
    assert not complaints.errors
    assert not complaints.doubts
