"""Test conversations of our own and Rasa's test stories."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.core.message import Entity
from frontdesk.core.training import ActionStep, UserStep
from frontdesk.formats import test_stories
from frontdesk.formats.test_stories import Conversation, Expectation, TestSuite, Turn
from frontdesk.formats.yaml import read_text

TEXT = """
    conversations:
    - name: all at once
      channel: rest
      seed: 3
      steps:
      - user: "hi"
        bot: ["automated assistant", "not: sorry", "re: L\\\\d{6}"]
      - user: "where is it?"
        intent: ask
        slots: {verified: true, other: null}
        events: [{event: active_loop, name: null}]
        actions: [ask_form, action_listen]
        shelf: {books: 0}
      - bot: []
    - name: short
      steps:
      - user: hi
        bot: hello
    stories:
    - story: faq
      steps:
      - user: |
          when are you [open](state)
        intent: faq/hours
      - action: utter_faq
    """


def test_everything_is_read(desk: Any) -> None:
    suite = test_stories.read(desk.block(TEXT, "tests/test_a.yml"), desk.complaints)
    assert desk.clean()
    assert suite.conversations == (
        Conversation(
            "all at once",
            (
                Turn(
                    "hi",
                    (
                        Expectation("contains", "automated assistant"),
                        Expectation("lacks", "sorry"),
                        Expectation("matches", r"L\d{6}"),
                    ),
                ),
                Turn(
                    "where is it?",
                    None,
                    "ask",
                    {"verified": True, "other": None},
                    ({"event": "active_loop", "name": None},),
                    ("ask_form", "action_listen"),
                    {"shelf": {"books": 0}},
                ),
                Turn(bot=()),
            ),
            "rest",
            {"seed": 3},
        ),
        Conversation("short", (Turn("hi", (Expectation("contains", "hello"),)),)),
    )
    assert [turn.place.line for turn in suite.conversations[0].steps if turn.place] == [7, 9, 15]
    (story,) = suite.stories
    assert story.steps == (
        UserStep("faq/hours", "when are you open", (Entity("state", "open", 13, 17),)),
        ActionStep("utter_faq"),
    )


def test_reading_what_was_written_gives_the_same(desk: Any) -> None:
    suite = test_stories.read(desk.block(TEXT), desk.complaints)
    assert test_stories.read(read_text(test_stories.write(suite), "f"), desk.complaints) == suite
    assert desk.clean()
    assert test_stories.read(read_text(test_stories.write(TestSuite()), "f"), desk.complaints) == TestSuite()


@pytest.mark.parametrize(
    ("kind", "text", "said", "holds"),
    [
        ("contains", "Order", "your order is here", True),
        ("contains", "order", "nothing", False),
        ("lacks", "sorry", "Sorry about that", False),
        ("lacks", "sorry", "fine", True),
        ("matches", r"L\d+", "it is L12", True),
        ("matches", r"l\d+", "it is L12", False),
    ],
)
def test_expectations_hold_or_do_not(kind: Any, text: str, said: str, holds: bool) -> None:
    assert Expectation(kind, text).holds(said) is holds


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "conversations:\n- steps:\n  - user: hi",
            "2: The 'name' of a conversation must be a text, not nothing.",
        ),
        ("conversations:\n- name: a", "2: The conversation has no steps. Add 'steps:' with '- user: ...'."),
        ("conversations:\n- name: a\n  steps:\n  - {}", "4: The step is empty."),
        (
            "conversations:\n- name: a\n  steps:\n  - user: hi\n    slot: {a: 1}",
            "5: A step has no key 'slot'. Did you mean 'slots'?",
        ),
        (
            "conversations:\n- name: a\n  steps:\n  - usr: hi",
            "4: A step has no key 'usr'. Did you mean 'user'?",
        ),
        (
            "conversations:\n- name: a\n  steps:\n  - user: hi\n    bot:\n    - not: x",
            "6: What the bot says must be a text",
        ),
        (
            "conversations:\n- name: a\n  steps:\n  - user: hi\n    bot: 're: ('",
            "5: '(' is no valid regular expression",
        ),
        ("conversations:\n- name: a\n  steps:\n  - user: hi\n    slots: [a]", "5: 'slots' must be a mapping"),
        (
            "conversations:\n- name: a\n  steps:\n  - user: hi\n    events: [{name: x}]",
            "5: An expected event has no kind.",
        ),
        (
            "conversations:\n- name: a\n  steps:\n  - user: hi\n    actions: {a: b}",
            "5: 'actions' must be a list",
        ),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(desk: Any, text: str, complaint: str) -> None:
    test_stories.read(desk.block(text, "t.yml"), desk.complaints)
    assert desk.errors[0].startswith(f"t.yml:{complaint}")


def test_a_misspelt_key_is_doubted(desk: Any) -> None:
    test_stories.read(desk.block("conversation:\n- name: a\n", "t.yml"), desk.complaints)
    assert desk.doubts == [
        "t.yml:1: A file of tests has no key 'conversation'. Did you mean 'conversations'?"
    ]
