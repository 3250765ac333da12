"""Words and the entities that they belong to."""

from __future__ import annotations

from frontdesk.core.message import Entity, Message, Token
from frontdesk.core.training import Example
from frontdesk.evaluation.tokens import by_extractor

TEXT = "from Berlin to New York"
TOKENS = tuple(Token(TEXT[s:e], s, e) for s, e in ((0, 4), (5, 11), (12, 14), (15, 18), (19, 23)))
EXAMPLE = Example(
    TEXT, "fly", (Entity("city", "Berlin", 5, 11, role="from"), Entity("city", "New York", 15, 23, "to", "1"))
)


def said(*entities: Entity, tokens: tuple[Token, ...] = TOKENS) -> Message:
    return Message(TEXT, tokens=tokens, entities=entities)


def test_a_label_for_each_word() -> None:
    crf = Entity("city", "Berlin", 5, 11, role="from", confidence=0.7, extractor="CRFEntityExtractor")
    half = Entity("city", "York", 18, 23, role="to", extractor="CRFEntityExtractor")
    other = Entity("city", "New York", 15, 23, extractor="DIETClassifier", confidence=0.9)
    duckling = Entity("number", 1, 0, 4, extractor="DucklingEntityExtractor")
    found = by_extractor([(EXAMPLE, said(crf, half, other, duckling))])
    assert sorted(found) == ["CRFEntityExtractor", "DIETClassifier"]
    [tagged] = found["CRFEntityExtractor"]
    assert tagged.expected_labels == ("no_entity", "city.from", "no_entity", "city.1.to", "city.1.to")
    assert tagged.found_labels == ("no_entity", "city.from", "no_entity", "no_entity", "city.to")
    assert tagged.confidences == (0.0, 0.7, 0.0, 0.0, 1.0)
    assert (tagged.right, tagged.wrong) == (True, True)
    assert duckling not in tagged.found
    assert not found["DIETClassifier"][0].right


def test_without_tokens_words_are_what_stands_between_spaces() -> None:
    entity = Entity("city", "Berlin", 5, 11, extractor="X")
    [tagged] = by_extractor([(EXAMPLE, said(entity, tokens=()))])["X"]
    assert tagged.found_labels == ("no_entity", "city", "no_entity", "no_entity", "no_entity")


def test_nothing_is_judged_where_nothing_is_annotated() -> None:
    entity = Entity("city", "Berlin", 5, 11, extractor="X")
    assert by_extractor([(Example(TEXT, "fly"), said(entity))]) == {}
    assert by_extractor([(EXAMPLE, said())]) == {}
