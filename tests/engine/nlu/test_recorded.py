"""What Rasa 3.6.21's components made of the same texts and training data, against what ours make.

`recorded/components.json` holds Rasa's answers for each set of options; `inputs` in it is what both were given.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.training import Example, Lookup, NluExamples, Pattern
from frontdesk.nlu.duckling import _entity
from frontdesk.registry import resolve
from tests.engine.nlu.conftest import messages, trained

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "recorded" / "components.json").read_text("utf-8")
)
INPUTS = RECORDED["inputs"]
EXAMPLES = NluExamples(
    examples=tuple(
        Example(text, intent, tuple(Entity(kind, value, start, end) for start, end, kind, value in entities))
        for text, intent, entities in INPUTS["examples"]
    ),
    patterns=tuple(Pattern(name, pattern) for name, pattern in INPUTS["regexes"]),
    lookups=tuple(Lookup(name, tuple(words)) for name, words in INPUTS["lookups"]),
    synonyms=INPUTS["synonyms"],
)


def cases(kind: str) -> Any:
    found = RECORDED[kind]
    return pytest.mark.parametrize("case", found, ids=[json.dumps(case["options"]) for case in found])


def made(name: str, case: dict[str, Any]) -> Any:
    return trained(resolve("component", name)(case["options"]), EXAMPLES)


@cases("tokens")
def test_tokens(case: dict[str, Any]) -> None:
    tokenizer = made("WhitespaceTokenizer", case)
    found = [[[t.text, t.start, t.end] for t in tokenizer.tokenize(text)] for text in INPUTS["texts"]]
    assert found == case["found"]


@cases("keywords")
def test_intents_by_keyword(case: dict[str, Any]) -> None:
    understood = made("KeywordIntentClassifier", case).process(
        [Message(query) for query in INPUTS["queries"]]
    )
    found = [{"name": m.intent.name, "confidence": m.intent.confidence} for m in understood]
    assert found == case["found"]


@cases("regex_entities")
def test_entities_by_pattern(case: dict[str, Any]) -> None:
    understood = made("RegexEntityExtractor", case).process([Message(query) for query in INPUTS["queries"]])
    found = [sorted((e.entity, e.start, e.end, e.value) for e in m.entities) for m in understood]
    assert found == [
        sorted((e["entity"], e["start"], e["end"], e["value"]) for e in entities)
        for entities in case["found"]
    ]


def test_synonyms() -> None:
    mapper = made("EntitySynonymMapper", {"options": {}})
    given = tuple(Entity(kind, value, 0, 3, extractor="x") for kind, value in INPUTS["entities"])
    [message] = mapper.process([Message("abc", entities=given)])
    assert [(e.value, list(e.processors)) for e in message.entities] == [
        (e["value"], e.get("processors", [])) for e in RECORDED["synonyms"]
    ]


@cases("counts")
def test_counts_of_words_and_their_pieces(case: dict[str, Any]) -> None:
    described = made("CountVectorsFeaturizer", case).process(messages(*INPUTS["queries"]))
    if case["options"].get("use_shared_vocab"):
        # Rasa's vocabulary then also holds intents and responses, which no text has
        assert len(described[0].features[0].sentence.indices) == 1
        return
    terms = case["terms"]
    for message, expected in zip(described, case["found"], strict=True):
        vector = message.features[0].sentence
        assert vector.size == len(terms)
        counted = {
            terms[column]: int(value) for column, value in zip(vector.indices, vector.values, strict=True)
        }
        assert counted == expected, message.text


@cases("regex_features")
def test_features_of_patterns(case: dict[str, Any]) -> None:
    # Rasa orders patterns by name
    by_name = sorted(INPUTS["regexes"])
    column = {number: [list(p) for p in INPUTS["regexes"]].index(p) for number, p in enumerate(by_name)}
    described = made("RegexFeaturizer", case).process(messages(*INPUTS["queries"]))
    for message, expected in zip(described, case["found"], strict=True):
        if not expected:  # Rasa has nothing to say of an empty text
            assert not len(message.features[0].sentence.indices)
            continue
        sentence, tokens = (
            sorted(column.get(n, n) for n in expected[0]),
            [sorted(column.get(n, n) for n in row) for row in expected[1]],
        )
        features = message.features[0]
        assert features.sentence.indices.tolist() == sentence, message.text
        assert features.tokens is not None
        assert [vector.indices.tolist() for vector in features.tokens] == tokens, message.text


@pytest.mark.parametrize("case", RECORDED["fallback"])
def test_fallback(case: dict[str, Any]) -> None:
    ranking = tuple(IntentScore(name, confidence) for name, confidence in case["given"])
    best = ranking[0] if ranking else IntentScore(None, 0.0)
    fallback = resolve("component", "FallbackClassifier")(case["options"])
    [message] = fallback.process([Message("x", intent=best, ranking=ranking)])
    assert {"name": message.intent.name, "confidence": message.intent.confidence} == case["intent"]
    assert [{"name": s.name, "confidence": s.confidence} for s in message.ranking] == case["ranking"]


def test_what_a_duckling_server_answers_in_rasas_form() -> None:
    given, expected = RECORDED["duckling"]["given"], RECORDED["duckling"]["found"]
    for match, entity in zip(given, expected, strict=True):
        made = _entity(match)
        assert {
            "entity": made.entity,
            "value": made.value,
            "start": made.start,
            "end": made.end,
            **made.extra,
        } == entity
