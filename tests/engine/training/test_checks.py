from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from frontdesk.formats.project import Project
from frontdesk.training.checks import everything

Make = Callable[[Mapping[str, str]], Project]


def domain(more: str = "", intents: str = "greet, bye") -> str:
    return f"""
intents: [{intents}]
entities: [size]
{more}
responses:
  utter_greet: [{{text: Hello}}]
  utter_bye: [{{text: Bye}}]
"""


def found(make: Make, files: Mapping[str, str]) -> list[str]:
    return [f"{f.severity} {f.sentence}" for f in everything(make(files))]


def test_nothing(make: Make) -> None:
    assert found(make, {}) == []


def test_an_empty_domain(make: Make) -> None:
    assert found(make, {"domain.yml": "version: '3.1'", "data/stories.yml": "", "data/nlu.yml": ""})[
        0
    ].startswith("error The domain is empty.")


def test_an_empty_config(make: Make) -> None:
    notes = found(make, {"config.yml": "language: en\npipeline:\npolicies:\n"})
    assert len(notes) == 2
    assert all(note.startswith("note config.yml") for note in notes)


def test_an_example_of_two_intents(make: Make) -> None:
    more = "nlu:\n- intent: bye\n  examples: |\n    - hello\n    - GOOD  morning\n"
    [warning, note] = found(make, {"data/more.yml": more})
    assert warning.startswith("warning data/more.yml:4: 'hello' is an example of 'bye' (data/more.yml:4)")
    assert "'greet' (data/nlu.yml:5)" in warning
    assert note.startswith("note ")
    assert "upper and lower case" in note


def test_intents_and_responses_that_nothing_uses(make: Make) -> None:
    files = {
        "domain.yml": domain(intents="greet, bye, unused") + "  utter_lonely: [{text: x}]\n",
        "data/more.yml": "nlu: [{intent: unused, examples: '- what else'}]",
    }
    assert found(make, files) == [
        "note domain.yml:1: No story or rule uses the intent 'unused'.",
        "note domain.yml:7: Nothing says the response 'utter_lonely'.",
    ]


@pytest.mark.parametrize(
    "code", ['dispatcher.utter_message(response="utter_lonely")', "name = f'utter_lon{end}'"]
)
def test_a_response_that_python_code_names_is_said(code: str, make: Make) -> None:
    files = {"domain.yml": domain() + "  utter_lonely: [{text: x}]\n", "actions/some.py": code}
    assert found(make, files) == []


NOTHING_ASKS = (
    "warning domain.yml:15: Nothing asks for the slot 'size' of the form 'ask'. "
    "Add the response 'utter_ask_size' or the action 'action_ask_size'."
)
NOT_REQUIRED = (
    "error domain.yml:8: A mapping of the slot 'other' is for the form 'ask', which does not require it. "
    "Add 'other' to 'required_slots' of 'ask', or remove the condition."
)
FORM = """
slots:
  size:
    type: text
    mappings: [{type: from_entity, entity: size}]
  other:
    type: text
    mappings:
    - type: from_entity
      entity: size
      conditions: [{active_loop: ask}]
forms:
  ask: {required_slots: [size]}
"""


def test_forms(make: Make) -> None:
    assert found(make, {"domain.yml": domain(FORM)}) == [
        NOTHING_ASKS,
        NOT_REQUIRED,
    ]


@pytest.mark.parametrize("action", ["action_ask_size", "action_ask_ask_size"])
def test_an_action_may_ask(action: str, make: Make) -> None:
    form = FORM.replace("[size]", "[size, other]") + f"actions: [{action}, action_ask_other]\n"
    assert found(make, {"domain.yml": domain(form)}) == []


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("{type: from_text}", "takes the text of every message ('from_text')"),
        ("{type: from_text, not_intent: bye}", None),
        ("{type: from_text, conditions: [{active_loop: ask}]}", "while the form 'ask' is active"),
        ("{type: from_text, conditions: [{active_loop: ask, requested_slot: note}]}", None),
    ],
)
def test_greedy_slots(mapping: str, words: str | None, make: Make) -> None:
    more = f"slots: {{note: {{type: text, mappings: [{mapping}]}}}}\nforms: {{ask: {{required_slots: [note]}}}}\n"
    notes = found(make, {"domain.yml": domain(more) + "  utter_ask_note: [{text: And?}]\n"})
    assert len(notes) == (1 if words else 0)
    assert not words or words in notes[0]


LOOKUPS = """
nlu:
- lookup: size
  examples: |
    - small
- regex: number
  examples: |
    - [0-9]+
"""


def test_lookups_that_nothing_uses(make: Make) -> None:
    [table, pattern] = found(make, {"domain.yml": domain(), "data/more.yml": LOOKUPS})
    assert table.startswith(
        "note data/more.yml:2: The lookup table 'size' finds an entity that fills no slot"
    )
    assert pattern.startswith("note data/more.yml:7: The regex 'number' belongs to no entity")


def test_lookups_that_something_uses(make: Make) -> None:
    files = {
        "domain.yml": domain("slots: {size: {type: text, mappings: [{type: from_entity, entity: size}]}}"),
        "data/more.yml": LOOKUPS,
        "config.yml": "pipeline: [{name: WhitespaceTokenizer}, {name: RegexFeaturizer}]\n"
        "policies: [{name: MemoizationPolicy}]",
    }
    assert found(make, files) == []


def test_names_in_responses(make: Make) -> None:
    responses = """
intents: [greet, bye]
slots: {size: {type: text, mappings: [{type: custom}]}}
responses:
  utter_greet: [{text: "{size} {times.first} {tiems.last} {{kept}} {nobody}"}]
  utter_bye: [{text: Bye, buttons: [{title: "{other.title}", payload: '/greet{"a": "b"}'}]}]
  utter_asked: [{text: "{given_by_an_action}"}]
"""
    files = {
        "domain.yml": responses,
        "endpoints.yml": "knowledge: {articles: kb, facts: facts}",
        "facts/times.yml": "first: 9",
        "actions/some.py": "'utter_asked'",
    }
    sentences = found(make, files)
    assert len(sentences) == 3
    assert "domain.yml:4: The response 'utter_greet' names the fact 'tiems.last'" in sentences[0]
    assert "names 'nobody', which is no slot" in sentences[1]
    assert "names the fact 'other.title'" in sentences[2]


def test_facts_that_cannot_be_read(make: Make) -> None:
    files = {"endpoints.yml": "knowledge: {articles: kb, facts: facts}", "facts/times.yml": "- a list"}
    assert any(sentence.startswith("error ") for sentence in found(make, files))
