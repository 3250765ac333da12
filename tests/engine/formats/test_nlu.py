"""Training examples in every form, complaints with lines, and writing them back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.message import Entity
from frontdesk.core.training import Example, Labelled, Lookup, NluExamples, Pattern, Place
from frontdesk.formats import nlu
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.sources import Sources
from frontdesk.formats.yaml import Block, read_text

EVERYTHING = """
    version: "3.1"
    nlu:
    - intent: greet
      examples: |
        - hey

        - hello [Ann](name)
    - intent: faq/hours
      metadata: {origin: chat}
      examples:
      - text: |
          when are you [open](state:opened)
        metadata:
          sentiment: neutral
      - text: opening hours?
      - and on sundays?
    - synonym: New York City
      examples: |
        - NYC
        - the big apple
    - regex: code
      examples: |
        - \\b[A-Z]\\d{6}\\b
    - lookup: fruit
      examples: |
        - apple
        - pear
    sentiment:
    - label: negative
      examples: |
        - this is bad
    responses:
      utter_faq/hours:
      - text: From 9 to 5.
    """


def read(desk: Any, text: str, sources: Sources | None = None) -> NluExamples:
    return nlu.read(desk.block(text, "data/nlu.yml"), desk.complaints, sources)


def test_everything_is_read_with_its_line(desk: Any) -> None:
    found = read(desk, EVERYTHING)
    assert desk.clean()
    about = {"intent": {"origin": "chat"}}
    state = Entity("state", "opened", 13, 17)
    assert found.examples == (
        Example("hey", "greet"),
        Example("hello Ann", "greet", (Entity("name", "Ann", 6, 9),)),
        Example("when are you open", "faq/hours", (state,)),
        Example("opening hours?", "faq/hours"),
        Example("and on sundays?", "faq/hours"),
    )
    assert [e.metadata for e in found.examples[2:]] == [
        {**about, "example": {"sentiment": "neutral"}},
        about,
        about,
    ]
    assert [e.place.line for e in found.examples if e.place] == [6, 8, 13, 16, 17]
    assert found.synonyms == {"open": "opened", "nyc": "New York City", "the big apple": "New York City"}
    assert found.patterns == (Pattern("code", r"\b[A-Z]\d{6}\b"),)
    assert found.lookups == (Lookup("fruit", ("apple", "pear")),)
    assert found.sentiment == (Labelled("this is bad", "negative"),)
    assert found.sentiment[0].place == Place("data/nlu.yml", 32)
    assert found.responses == {"utter_faq/hours": [{"text": "From 9 to 5."}]}


def test_reading_what_was_written_gives_the_same(desk: Any) -> None:
    found = read(desk, EVERYTHING)
    again = nlu.read(read_text(nlu.write(found), "f"), desk.complaints)
    assert desk.clean()
    assert again == found
    assert [e.metadata for e in again.examples] == [e.metadata for e in found.examples]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nlu: {a: 1}", "1: 'nlu' must be a list ('- ...'), not a mapping."),
        ("nlu:\n- just text", "2: An entry of 'nlu' must be a mapping ('key: value'), not 'just text'."),
        (
            "nlu:\n- intnt: a\n  examples: |\n    - b",
            "2: No part of 'nlu' is called 'intnt'. Did you mean 'intent'?",
        ),
        (
            "nlu:\n- intent: a\n  exmples: |\n    - b",
            "3: 'intent' has no key 'exmples'. Did you mean 'examples'?",
        ),
        (
            "nlu:\n- intent:\n  examples: |\n    - b",
            "2: The name after 'intent:' must be a text, not nothing.",
        ),
        (
            "nlu:\n- intent: a\n  examples: {b: c}",
            "3: The examples of 'a' must be lines that begin with '- '",
        ),
        (
            "nlu:\n- intent: a\n  examples: |\n    - ok\n    - [x]{bad}",
            "5: What follows '[x]' is not valid JSON",
        ),
        (
            "nlu:\n- intent: a\n  examples:\n  - txt: b",
            "4: An example has no key 'txt'. Did you mean 'text'?",
        ),
        ("nlu:\n- regex: a\n  examples: |\n    - (open", "4: '(open' is no valid regular expression"),
        ("sentiment:\n- examples: |\n    - b", "2: The 'label' of a sentiment must be a text, not nothing."),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(desk: Any, text: str, complaint: str) -> None:
    read(desk, text)
    assert desk.errors[0].startswith(f"data/nlu.yml:{complaint}")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "nlu:\n- intent: a\n  examples: |\n    - ok\n    no dash",
            "5: An example of 'a' does not begin with '-'",
        ),
        (
            "nlu:\n- intent: a\n  examples: |\n    - ok\n    -",
            "5: An example of 'a' is empty. Remove the line.",
        ),
        ("nlu:\n- intent: a\n", "2: The intent 'a' has no examples. Add some, or remove it."),
        ("nlu:\n- synonym: a\n  examples:\n", "2: The synonym 'a' has no examples. Add some, or remove it."),
    ],
)
def test_what_is_most_likely_a_mistake_is_doubted(desk: Any, text: str, complaint: str) -> None:
    read(desk, text)
    assert not desk.errors
    assert desk.doubts[0].startswith(f"data/nlu.yml:{complaint}")


def test_a_synonym_of_two_values_is_noticed(desk: Any) -> None:
    found = read(desk, "nlu:\n- synonym: a\n  examples: |\n    - X\n- synonym: b\n  examples: |\n    - x\n")
    assert found.synonyms == {"x": "a"}
    assert desk.notices == ["data/nlu.yml:7: 'x' is a synonym of both 'a' and 'b'; the first one counts."]


@pytest.mark.parametrize(
    "written",
    [
        "words/fruit.txt",
        "|\n    - words/fruit.txt",
        "|\n    - data/words/fruit.txt",
        "|\n    - data\\words\\fruit.txt",
    ],
)
def test_a_lookup_may_stand_in_a_file(desk: Any, write: Any, written: str) -> None:
    folder = write({"data/words/fruit.txt": "apple\npear\n"})
    sources = Sources(folder)
    found = read(desk, f"nlu:\n- lookup: fruit\n  examples: {written}\n", sources)
    assert desk.clean()
    assert found.lookups == (Lookup("fruit", ("apple", "pear")),)
    assert [file.path for file in sources.files] == ["data/words/fruit.txt"]


def test_a_lookup_stays_inside_of_the_project(desk: Any, write: Any) -> None:
    folder = write({"p/data/x.yml": "", "secret.txt": "s"}) / "p"
    found = read(desk, "nlu:\n- lookup: fruit\n  examples: ../../secret.txt\n", Sources(folder))
    assert desk.doubts[0].startswith("data/nlu.yml:3: There is no file '../../secret.txt' in the project.")
    assert found.lookups == (Lookup("fruit", ("../../secret.txt",)),)


def test_parts_are_joined(desk: Any) -> None:
    one = read(desk, "nlu:\n- lookup: a\n  examples: |\n    - x\n- synonym: v\n  examples: |\n    - w\n")
    two = read(
        desk, "nlu:\n- lookup: a\n  examples: |\n    - x\n    - y\n- synonym: u\n  examples: |\n    - w\n"
    )
    merged = nlu.merge([one, two], desk.complaints)
    assert merged.lookups == (Lookup("a", ("x", "y")),)
    assert merged.synonyms == {"w": "v"}
    assert desk.notices == ["'w' is a synonym of both 'v' and 'u'; the first one counts."]


LINES = st.text(alphabet="ab -:#'\"[](){}\\é🙂\n", min_size=1, max_size=15).map(str.strip).filter(bool)
NAMES = st.text(alphabet="abc_/", min_size=1, max_size=5)


@st.composite
def training_examples(draw: st.DrawFn) -> Example:
    text = draw(LINES)
    entities: tuple[Entity, ...] = ()
    if draw(st.booleans()):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        entities = (Entity(draw(NAMES), draw(st.sampled_from([text[start:end], "v"])), start, end),)
    return Example(
        text, draw(NAMES), entities, draw(st.sampled_from([{}, {"example": {"a": 1}}, {"intent": "m"}]))
    )


@given(st.lists(training_examples(), max_size=5))
def test_any_examples_are_read_again(examples: list[Example]) -> None:
    complaints = Complaints()
    root = read_text(nlu.write(NluExamples(tuple(examples))), "f")
    assert isinstance(root, Block)
    again = nlu.read(root, complaints).examples
    assert not complaints.errors
    assert not complaints.doubts
    key = lambda e: (e.intent, e.text, repr(e.entities), repr(e.metadata))  # noqa: E731
    assert sorted(again, key=key) == sorted(examples, key=key)
    assert sorted(repr(e.metadata) for e in again) == sorted(repr(e.metadata) for e in examples)
