from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import Example, NluExamples, Pattern
from frontdesk.nlu.regex_extractor import RegexEntityExtractor
from tests.engine.nlu.conftest import INTENTS, messages, reloaded, trained


def found(extractor: RegexEntityExtractor, text: str) -> list[tuple[str, object]]:
    [message] = extractor.process(messages(text))
    assert all(text[e.start : e.end] == e.value and e.confidence is None for e in message.entities)
    return [(entity.entity, entity.value) for entity in message.entities]


def test_matches_become_entities_without_annotated_examples(tmp_path: Path) -> None:
    for extractor in (
        trained(RegexEntityExtractor(), INTENTS),
        reloaded(trained(RegexEntityExtractor(), INTENTS), tmp_path),
    ):
        assert found(extractor, "Rose bush ab123!") == [("plant", "Rose bush"), ("code", "ab123")]
        assert found(extractor, "nothing, roses, ferns") == []
        assert extractor.process(messages("AB123"))[0].entities == (
            Entity("code", "AB123", 0, 5, extractor="RegexEntityExtractor"),
        )


def test_case_and_kinds_are_options() -> None:
    assert found(trained(RegexEntityExtractor({"case_sensitive": True}), INTENTS), "FERN ab123 AB123") == [
        ("code", "AB123")
    ]
    assert found(trained(RegexEntityExtractor({"entities": ["plant"]}), INTENTS), "fern AB123") == [
        ("plant", "fern")
    ]
    assert found(trained(RegexEntityExtractor({"use_lookup_tables": False}), INTENTS), "fern AB123") == [
        ("code", "AB123")
    ]
    assert found(trained(RegexEntityExtractor({"use_word_boundaries": False}), INTENTS), "ferns") == [
        ("plant", "fern")
    ]


def test_patterns_of_an_intent_are_not_entities() -> None:
    examples = replace(INTENTS, patterns=(Pattern("greet", "hello"), Pattern("code", "hello")))
    assert found(trained(RegexEntityExtractor(), examples), "hello") == [("code", "hello")]
    annotated = replace(examples, examples=(Example("hello", "greet", (Entity("greet", "hello", 0, 5),)),))
    assert len(found(trained(RegexEntityExtractor(), annotated), "hello")) == 2


def test_an_exact_match_takes_the_place_of_a_guess() -> None:
    guess = Entity("song", "my fern", 0, 7, confidence=0.99, extractor="CRFEntityExtractor")
    far = replace(guess, start=20, end=24)
    [message] = trained(RegexEntityExtractor(), INTENTS).process([Message("my fern", entities=(guess, far))])
    assert [entity.entity for entity in message.entities] == ["plant", "song"]


def test_payloads_are_left_alone_and_missing_patterns_are_told() -> None:
    final = Message("/fern", final=True)
    assert trained(RegexEntityExtractor(), INTENTS).process([final]) == [final]
    said: list[str] = []
    RegexEntityExtractor().train(NluExamples(), TrainContext(progress=said.append))
    assert "neither patterns nor lookup tables" in said[0]
