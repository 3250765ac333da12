from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.nlu.regex_extractor import RegexEntityExtractor
from tests.engine.nlu.conftest import INTENTS, messages, reloaded, trained

KINDS = ["plant", "code"]


def found(extractor: RegexEntityExtractor, text: str) -> list[tuple[str, object]]:
    [message] = extractor.process(messages(text))
    assert all(text[e.start : e.end] == e.value and e.confidence is None for e in message.entities)
    return [(entity.entity, entity.value) for entity in message.entities]


def test_matches_become_entities_without_annotated_examples(tmp_path: Path) -> None:
    for extractor in (
        trained(RegexEntityExtractor({"entities": KINDS}), INTENTS),
        reloaded(trained(RegexEntityExtractor({"entities": KINDS}), INTENTS), tmp_path),
    ):
        assert found(extractor, "Rose bush ab123!") == [("plant", "Rose bush"), ("code", "ab123")]
        assert found(extractor, "nothing, roses, ferns") == []
        assert extractor.process(messages("AB123"))[0].entities == (
            Entity("code", "AB123", 0, 5, extractor="RegexEntityExtractor"),
        )


def test_case_and_kinds_are_options() -> None:
    def extracted(text: str, **options: object) -> list[tuple[str, object]]:
        return found(trained(RegexEntityExtractor({"entities": KINDS, **options}), INTENTS), text)

    assert extracted("FERN ab123 AB123", case_sensitive=True) == [("code", "AB123")]
    assert extracted("fern AB123", entities=["plant"]) == [("plant", "fern")]
    assert extracted("fern AB123", use_lookup_tables=False) == [("code", "AB123")]
    assert extracted("ferns", use_word_boundaries=False) == [("plant", "fern")]


def test_without_kinds_those_that_an_example_has_are_extracted_as_in_rasa() -> None:
    annotated = replace(INTENTS, examples=(Example("AB123", "play", (Entity("code", "AB123", 0, 5),)),))
    assert found(trained(RegexEntityExtractor(), annotated), "fern AB123") == [("code", "AB123")]
    said: list[str] = []
    extractor = RegexEntityExtractor()
    extractor.train(INTENTS, TrainContext(progress=said.append))
    assert found(extractor, "fern AB123") == []
    assert "called code, plant," in said[0]
    assert "list the names under 'entities'" in said[0]


def test_an_exact_match_takes_the_place_of_a_guess() -> None:
    guess = Entity("song", "my fern", 0, 7, confidence=0.99, extractor="CRFEntityExtractor")
    far = replace(guess, start=20, end=24)
    [message] = trained(RegexEntityExtractor({"entities": KINDS}), INTENTS).process(
        [Message("my fern", entities=(guess, far))]
    )
    assert [entity.entity for entity in message.entities] == ["plant", "song"]


def test_payloads_are_left_alone_and_missing_patterns_are_told() -> None:
    final = Message("/fern", final=True)
    assert trained(RegexEntityExtractor(), INTENTS).process([final]) == [final]
    said: list[str] = []
    RegexEntityExtractor().train(NluExamples(), TrainContext(progress=said.append))
    assert "neither patterns nor lookup tables" in said[0]
