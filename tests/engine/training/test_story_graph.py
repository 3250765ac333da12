from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import pytest

from frontdesk.formats.project import Project
from frontdesk.policies.paths import unroll
from frontdesk.training.story_graph import ROW, Graph, make_graph

Make = Callable[[Mapping[str, str]], Project]
STORIES = """
stories:
- story: one
  steps:
  - intent: greet
  - action: utter_greet
  - intent: bye
  - action: utter_bye
- story: two
  steps:
  - intent: greet
  - action: utter_greet
  - slot_was_set: [{note: x}]
  - active_loop: some_form
  - or: [{intent: bye}, {intent: greet}]
  - action: utter_bye
rules:
- rule: always
  steps:
  - intent: bye
  - action: utter_bye
- rule: at first
  conversation_start: true
  condition: [{active_loop: some_form}]
  steps:
  - intent: greet
  - action: utter_greet
  wait_for_user_input: false
"""
DOMAIN = """
intents: [greet, bye]
slots: {note: {type: text, mappings: [{type: custom}]}}
forms: {some_form: {required_slots: []}}
responses:
  utter_greet: [{text: Hello}]
  utter_bye: [{text: Bye}]
"""


def drawn(make: Make, max_history: int | None, stories: str = STORIES) -> Graph:
    project = make({"domain.yml": DOMAIN, "data/stories.yml": stories})
    return make_graph(unroll(project.training, project.domain), max_history)


def count(graph: Graph, text: str) -> int:
    return sum(node.text == text for node in graph.nodes)


def test_common_beginnings_are_drawn_once(make: Make) -> None:
    graph = drawn(make, None)
    assert [s.name for s in graph.stories] == ["one", "two", "always", "at first"]
    assert [(n.text, sorted(n.told_by)) for n in graph.nodes if n.kind == "start"] == [
        ("start", [0, 1]), ("at any time", [2]), ("start", [3]),
    ]  # fmt: skip
    greetings = [node for node in graph.nodes if node.text == "utter_greet"]
    assert sorted(sorted(node.told_by) for node in greetings) == [[0, 1], [3]]
    assert list(greetings[0].places) == ["data/stories.yml:5", "data/stories.yml:11"]
    assert count(graph, "utter_bye") == 4
    assert count(graph, "note: x") == 1
    assert count(graph, "form some_form") == 2


def test_a_short_history_draws_more_as_one(make: Make) -> None:
    longer, shorter = drawn(make, 2), drawn(make, 1)
    assert len(shorter.nodes) < len(longer.nodes) <= len(drawn(make, None).nodes)


@pytest.mark.parametrize("max_history", [None, 1, 2])
def test_boxes_do_not_lie_on_one_another(max_history: int | None, make: Make) -> None:
    graph = drawn(make, max_history)
    for one, other in itertools.combinations(graph.nodes, 2):
        if one.layer == other.layer:
            assert abs(one.y - other.y) >= ROW / 2 + 1
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        assert edge.back or source.x + source.width < target.x
    assert all(0 <= n.x < graph.width and 0 <= n.y <= graph.height for n in graph.nodes)


def test_a_circle_has_a_line_back(make: Make) -> None:
    again = "  - intent: greet\n  - action: utter_greet\n"
    graph = drawn(make, 1, "stories:\n- story: circle\n  steps:\n" + again * 3)
    assert [edge.back for edge in graph.edges].count(True) == 1


def test_long_texts_are_cut_off(make: Make) -> None:
    words = "a very long sentence that somebody said to somebody else"
    graph = drawn(make, 2, f"stories:\n- story: s\n  steps:\n  - user: {words}\n  - bot: Yes.\n")
    [node] = [node for node in graph.nodes if node.kind == "user"]
    assert words in node.text
    assert node.label.endswith("\u2026")
    assert len(node.label) < len(node.text)
