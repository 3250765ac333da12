from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from frontdesk.formats.project import Project
from frontdesk.policies.paths import unroll
from frontdesk.training.conflicts import Conflict, find_conflicts

Make = Callable[[Mapping[str, str]], Project]
DOMAIN = """
intents: [greet, ask, yes]
entities: [size]
slots:
  size: {type: text, mappings: [{type: from_entity, entity: size}]}
responses:
  utter_a: [{text: A}]
  utter_b: [{text: B}]
  utter_c: [{text: C}]
"""


def conflicts(make: Make, stories: str, max_history: int | None = None, **files: Any) -> list[Conflict]:
    project = make({"domain.yml": DOMAIN, "data/stories.yml": stories, **files})
    return find_conflicts(unroll(project.training, project.domain), project.domain, max_history)


TWO_WAYS = """
stories:
- story: one way
  steps:
  - intent: greet
  - action: utter_a
- story: another way
  steps:
  - intent: greet
  - action: utter_b
"""


def test_both_actions_are_named_with_their_lines(make: Make) -> None:
    [found] = conflicts(make, TWO_WAYS)
    assert found.actions == ("utter_a", "utter_b")
    assert [str(way) for way in found.ways] == [
        "data/stories.yml:5: 'utter_a' in 'one way'",
        "data/stories.yml:9: 'utter_b' in 'another way'",
    ]
    assert str(found.place) == "data/stories.yml:5"
    assert "After the intent 'greet'" in found.sentence
    assert "before: greet" in found.explained()


def test_what_is_the_same_everywhere_is_no_conflict(make: Make) -> None:
    assert conflicts(make, TWO_WAYS.replace("utter_b", "utter_a")) == []


def test_entities_that_fill_slots_tell_stories_apart(make: Make) -> None:
    stories = TWO_WAYS.replace(
        "intent: greet\n  - action: utter_b", "intent: greet\n    entities: [{size: XL}]\n  - action: utter_b"
    )
    assert conflicts(make, stories) == []


def test_a_short_history_makes_conflicts_and_a_longer_one_is_proposed(make: Make) -> None:
    stories = """
    stories:
    - story: one
      steps:
      - intent: greet
      - action: utter_a
      - intent: yes
      - action: utter_b
    - story: two
      steps:
      - intent: ask
      - action: utter_a
      - intent: yes
      - action: utter_c
    """
    assert conflicts(make, stories) == []
    found = {c.actions: c for c in conflicts(make, stories, max_history=1)}
    assert set(found) == {("utter_b", "utter_c")}
    [conflict] = found.values()
    assert conflict.turns == 2
    assert any("2 turns of history" in line for line in conflict.explained())


def test_waiting_for_the_user_stands_where_the_user_speaks(make: Make) -> None:
    stories = """
    stories:
    - story: waits
      steps:
      - intent: greet
      - action: utter_a
      - intent: yes
      - action: utter_b
    - story: goes on
      steps:
      - intent: greet
      - action: utter_a
      - action: utter_b
    """
    [found] = conflicts(make, stories)
    assert [str(way) for way in found.ways] == [
        "data/stories.yml:6: waiting for the user in 'waits'",
        "data/stories.yml:12: 'utter_b' in 'goes on'",
    ]


def test_the_first_action_of_a_conversation_is_nobody_s_to_predict(make: Make) -> None:
    stories = """
    stories:
    - story: one
      steps:
      - action: utter_a
    - story: two
      steps:
      - action: utter_b
    """
    assert conflicts(make, stories) == []


def test_ways_that_share_a_beginning_are_named_once(make: Make) -> None:
    stories = """
    stories:
    - story: beginning
      steps:
      - intent: greet
      - action: utter_a
      - checkpoint: here
    - story: first end
      steps:
      - checkpoint: here
      - intent: yes
      - action: utter_b
    - story: second end
      steps:
      - checkpoint: here
      - intent: ask
      - action: utter_b
    - story: contradiction
      steps:
      - intent: greet
      - action: utter_c
    """
    [found] = conflicts(make, stories)
    assert [way.story for way in found.ways] == [
        "beginning > first end", "beginning > second end", "contradiction",
    ]  # fmt: skip
    assert {str(way.place) for way in found.ways} == {"data/stories.yml:5", "data/stories.yml:20"}


def test_many_ways_are_counted_rather_than_listed(make: Make) -> None:
    stories = TWO_WAYS + "".join(
        f"- story: more {n}\n  steps:\n  - intent: greet\n  - action: utter_a\n" for n in range(9)
    )
    [found] = conflicts(make, stories)
    assert "... and in 7 more ways through the stories" in found.explained()


RECORDED_DOMAIN = """
version: "3.1"
intents: [greet, ask, yes, bye]
entities: [size]
slots:
  size: {type: text, mappings: [{type: from_entity, entity: size}]}
responses:
  utter_a: [{text: A}]
  utter_b: [{text: B}]
  utter_c: [{text: C}]
forms: {f: {required_slots: [size]}}
"""
RECORDED = """
stories:
- story: one
  steps:
  - intent: greet
  - action: utter_a
  - intent: yes
  - action: utter_b
- story: two
  steps:
  - intent: ask
  - action: utter_a
  - intent: yes
  - action: utter_c
- story: three
  steps:
  - intent: greet
  - action: utter_b
- story: four
  steps:
  - intent: bye
    entities: [{size: XL}]
  - action: f
  - active_loop: f
  - active_loop: null
  - action: utter_a
- story: five
  steps:
  - intent: bye
    entities: [{size: XL}]
  - action: f
  - active_loop: f
  - active_loop: null
  - or:
    - intent: yes
    - intent: ask
  - action: utter_c
  - checkpoint: more
- story: six
  steps:
  - checkpoint: more
  - action: utter_b
- story: seven
  steps:
  - checkpoint: more
  - intent: bye
  - action: utter_b
- story: eight
  steps:
  - user: "so long"
    intent: bye
  - bot: "See you."
- story: nine
  steps:
  - user: "so long"
  - bot: "See you."
- story: ten
  steps:
  - user: "so long"
  - action: utter_a
- story: eleven
  steps:
  - action: utter_a
- story: twelve
  steps:
  - intent: yes
  - action: utter_a
  - action: action_restart
  - intent: ask
  - action: utter_b
"""
AT_ALL_TURNS = [
    ("'greet'", {"utter_a": {"one"}, "utter_b": {"three"}}),
    ("'so long'", {"utter_a": {"ten"}, "See you.": {"nine"}}),
    ("'f'", {"action_listen": {"five > seven", "five > six"}, "utter_a": {"four"}}),
    ("'utter_c'", {"action_listen": {"five > seven"}, "utter_b": {"five > six"}}),
    ("'utter_c'", {"action_listen": {"five > seven"}, "utter_b": {"five > six"}}),
]
AT_ONE_TURN = [
    *AT_ALL_TURNS,
    ("'ask'", {"utter_a": {"two"}, "utter_b": {"twelve"}}),
    ("'yes'", {"utter_a": {"twelve"}, "utter_b": {"one"}, "utter_c": {"two"}}),
]


@pytest.mark.parametrize(("max_history", "expected"), [(None, AT_ALL_TURNS), (1, AT_ONE_TURN)])
def test_the_same_conflicts_as_rasa(max_history: int | None, expected: list[Any], make: Make) -> None:
    """What Rasa 3.6.21 said of this project (`rasa data validate stories`)."""
    found = conflicts(make, RECORDED, max_history, **{"domain.yml": RECORDED_DOMAIN})
    told = [
        (
            re.findall(" ('[^']*') ", c.sentence)[0],
            {action: {w.story for w in c.ways if w.action == action} for action in c.actions},
        )
        for c in found
    ]
    assert len(told) == len(expected)
    assert all(row in expected for row in told)
    assert all(row in told for row in expected)
