from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.message import Entity, IntentScore
from frontdesk.nlu.payload import EXTRACTOR, read_payload

KNOWN = {"greet", "inform", "faq"}


def test_an_intent() -> None:
    message = read_payload(" /greet ", KNOWN)
    assert message is not None
    assert message.final
    assert message.text == "/greet"
    assert message.intent == IntentScore("greet", 1.0)
    assert message.ranking == (message.intent,)
    assert message.entities == ()


def test_entities_of_every_shape() -> None:
    text = '/inform{"city": "Rome", "tags": ["a", "b"], "count": 2, "none": null, "sub": {"x": 1}}'
    message = read_payload(text, KNOWN)
    assert message is not None
    assert [(e.entity, e.value) for e in message.entities] == [
        ("city", "Rome"), ("tags", "a"), ("tags", "b"), ("count", 2), ("none", None), ("sub", {"x": 1}),
    ]  # fmt: skip
    assert message.entities[0] == Entity("city", "Rome", 7, len(text), extractor=EXTRACTOR)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("/greet@0.8", 0.8), ("/greet@3", 1.0), ("/greet@1.2.3", 0.0), ('/inform@0.5{"a": "b"}', 0.5)],
)
def test_confidence(text: str, confidence: float) -> None:
    message = read_payload(text, KNOWN)
    assert message is not None
    assert message.intent is not None
    assert message.intent.confidence == confidence


def test_retrieval_intents() -> None:
    message = read_payload("/faq/hours", KNOWN)
    assert message is not None
    assert message.intent == IntentScore("faq/hours", 1.0)
    assert read_payload("/other/hours", KNOWN) is None


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "",
        "/",
        "//",
        "/ ",
        "/unknown",
        "/greet you",
        "/home/user/file",
        "/{}",
        "/@1",
        "1/2",
        "/greet\n/inform",
    ],
)
def test_other_texts_are_no_payloads(text: str) -> None:
    assert read_payload(text, KNOWN) is None


def test_any_name_is_taken_where_none_are_given() -> None:
    assert read_payload("/whatever") is not None
    assert read_payload("/what ever") is None


@pytest.mark.parametrize("entities", ['{"a": }', "{[1]}", "{" + '"a":[' * 100_000 + "}", "{1: 2}"])
def test_entities_that_cannot_be_read_are_dropped(entities: str) -> None:
    message = read_payload(f"/greet{entities}", KNOWN)
    assert message is not None
    assert message.intent == IntentScore("greet", 1.0)
    assert message.entities == ()


def test_entities_over_several_lines() -> None:
    message = read_payload('/inform{"a":\n "b"}', KNOWN)
    assert message is not None
    assert [e.value for e in message.entities] == ["b"]


@given(st.text(max_size=40))
def test_any_text_is_read_without_failing(text: str) -> None:
    for candidate in (text, f"/{text}", f"/greet{{{text}}}"):
        message = read_payload(candidate, KNOWN)
        if message is not None and message.intent is not None and message.intent.name is not None:
            assert message.intent.name.partition("/")[0] in KNOWN
