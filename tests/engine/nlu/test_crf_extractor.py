from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import NluExamples, Pattern
from frontdesk.errors import ConfigError
from frontdesk.nlu.crf_extractor import CRFEntityExtractor
from tests.engine.nlu.conftest import EMBEDDER, example, messages, pipeline, reloaded, trained

THINGS = ("table lamp", "red cup", "wooden chair", "rug", "big green sofa", "clock")
EXAMPLES = NluExamples(
    examples=(
        *(example(f"I want the [{thing}](thing) please") for thing in THINGS),
        *(example(f"show me a [{thing}](thing)") for thing in THINGS),
        *(example(f"where is my [{thing}](thing), I ask") for thing in THINGS),
        *(
            example(f"the [{a}](thing) and the [{b}](thing)")
            for a, b in zip(THINGS, THINGS[1:], strict=False)
        ),
        example("good morning"),
        example("please show me something"),
        example("I want to talk"),
    )
)
TRAVEL = NluExamples(
    examples=tuple(
        example(f"a train from [{a}](city:from) to [{b}](city:to)")
        for a in ("Rome", "Paris", "Oslo", "Bern")
        for b in ("Wien", "Prag", "Rom", "Genf")
    )
)


def entities(extractor: CRFEntityExtractor, text: str) -> list[tuple[str, object]]:
    [message] = extractor.process(messages(text))
    for entity in message.entities:
        assert entity.value == text[entity.start : entity.end]
        assert entity.extractor == "CRFEntityExtractor"
        assert 0 < (entity.confidence or 0) <= 1
    return [(entity.entity, entity.value) for entity in message.entities]


def test_entities_are_found_in_new_sentences(tmp_path: Path) -> None:
    extractor = trained(CRFEntityExtractor(), EXAMPLES)
    for one in (extractor, reloaded(extractor, tmp_path)):
        assert entities(one, "I want the red clock please") == [("thing", "red clock")]
        assert entities(one, "the clock and the rug!") == [("thing", "clock"), ("thing", "rug")]
        assert entities(one, "good morning") == []
    text = messages("where is my table clock, I ask")
    assert extractor.process(text) == reloaded(extractor, tmp_path).process(text)


def test_roles_are_learnt_from_their_surroundings() -> None:
    extractor = trained(CRFEntityExtractor(), TRAVEL)
    [message] = extractor.process(messages("a train from Lyon to Graz"))
    assert [(entity.value, entity.role) for entity in message.entities] == [("Lyon", "from"), ("Graz", "to")]


def test_without_bilou_neighbours_of_one_kind_are_one_entity() -> None:
    extractor = trained(CRFEntityExtractor({"BILOU_flag": False}), EXAMPLES)
    assert entities(extractor, "show me a red clock") == [("thing", "red clock")]


def test_entities_are_split_at_a_comma_unless_told_otherwise() -> None:
    annotated = [
        example(f"from [{a}, {b}](place) please") for a in ("Rome", "Oslo") for b in ("Italy", "Norway")
    ]
    examples = NluExamples(examples=tuple(annotated))
    split = trained(CRFEntityExtractor(), examples)
    assert entities(split, "from Oslo, Italy please") == [("place", "Oslo"), ("place", "Italy")]
    whole = trained(CRFEntityExtractor({"split_entities_by_comma": {"place": False}}), examples)
    assert entities(whole, "from Oslo, Italy please") == [("place", "Oslo, Italy")]
    assert entities(whole, "from Oslo   Italy please") == [("place", "Oslo   Italy")]


def test_token_vectors_and_patterns_are_used_where_there_are_any() -> None:
    made = pipeline(
        "WhitespaceTokenizer",
        "RegexFeaturizer",
        "SentenceEncoderFeaturizer",
        ("CRFEntityExtractor", {"dense_dimensions": 4}),
    )
    made.train(
        NluExamples(EXAMPLES.examples, (Pattern("furniture", "sofa|chair"),)), TrainContext(embedder=EMBEDDER)
    )
    model = made.components[3]._model
    assert model.dense.shape[0] == EMBEDDER.size
    assert any("pattern=0" in name for name in model.columns)
    assert [e.value for e in made.process(["I want the red clock please"])[0].entities] == ["red clock"]


def test_what_a_pattern_found_stays() -> None:
    extractor = trained(CRFEntityExtractor(), EXAMPLES)
    exact = Entity("colour", "red", 11, 14, extractor="RegexEntityExtractor")
    [message] = messages("I want the red clock please")
    assert extractor.process([message.but(entities=(exact,))])[0].entities == (exact,)


def test_annotations_of_other_extractors_are_not_learnt() -> None:
    foreign = Entity("thing", "lamp", 4, 8, extractor="RegexEntityExtractor")
    examples = NluExamples(examples=(example("the lamp"),))
    examples = NluExamples(examples=(type(examples.examples[0])("the lamp", "x", (foreign,)),))
    said: list[str] = []
    extractor = CRFEntityExtractor()
    extractor.train(examples, TrainContext(messages=messages("the lamp"), progress=said.append))
    assert "no example has an annotated entity" in said[0]


def test_untrained_payloads_and_empty_texts(tmp_path: Path) -> None:
    untrained = reloaded(CRFEntityExtractor(), tmp_path)
    assert entities(untrained, "I want the lamp") == []
    extractor = trained(CRFEntityExtractor(), EXAMPLES)
    assert entities(extractor, "") == []
    final = Message("/want the lamp", final=True)
    assert extractor.process([final]) == [final]


def test_annotations_inside_a_token_do_no_harm() -> None:
    examples = NluExamples(
        examples=(
            *EXAMPLES.examples,
            example("show me a [lamp](thing)/x"),
            example("show [x](thing)lamps/chairs"),
        )
    )
    assert entities(trained(CRFEntityExtractor(), examples), "show me a rug") == [("thing", "rug")]


@pytest.mark.parametrize("options", [{"features": [["low"], ["low"]]}, {"L1_c": -1}, {"max_iterations": 0}])
def test_options_that_cannot_be_meant_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="CRFEntityExtractor"):
        CRFEntityExtractor(options)
