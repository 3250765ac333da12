from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.logistic_regression import LogisticRegressionClassifier
from tests.engine.nlu.conftest import EMBEDDER, INTENTS, messages, pipeline, reloaded

PARTS = (
    "WhitespaceTokenizer",
    "CountVectorsFeaturizer",
    "SentenceEncoderFeaturizer",
    "LogisticRegressionClassifier",
)


def learnt(*parts: object) -> object:
    made = pipeline(*(parts or PARTS))  # type: ignore[arg-type]
    made.train(INTENTS, TrainContext(embedder=EMBEDDER))
    return made


def test_intents_are_found_with_a_ranking() -> None:
    found = learnt().process(["hello hello", "play some music", "the fern is dry"])
    assert [message.intent.name for message in found] == ["greet", "play", "care"]
    for message in found:
        assert message.ranking[0] == message.intent
        scores = [score.confidence for score in message.ranking]
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1, abs=1e-5)


def test_the_ranking_can_be_shortened() -> None:
    options = {"ranking_length": 2}
    made = learnt("WhitespaceTokenizer", "CountVectorsFeaturizer", ("LogisticRegressionClassifier", options))
    assert len(made.process(["hello"])[0].ranking) == 2
    made = learnt(
        "WhitespaceTokenizer",
        "CountVectorsFeaturizer",
        ("LogisticRegressionClassifier", {"ranking_length": 0}),
    )
    assert len(made.process(["hello"])[0].ranking) == 3


def test_an_example_word_for_word_has_its_own_intent(tmp_path: Path) -> None:
    examples = NluExamples(
        (
            *(Example(f"i want {n} pizzas", "order") for n in ("two", "three", "four", "five")),
            Example("i want", "stammer"),
            Example("twice", "order"),
            Example("twice", "stammer"),
        )
    )
    made = pipeline("WhitespaceTokenizer", "CountVectorsFeaturizer", "LogisticRegressionClassifier")
    made.train(examples, TrainContext())
    made.components = [*made.components[:2], reloaded(made.components[2], tmp_path)]
    [found, none] = made.process(["I want!", "twice"])
    assert found.intent.name == "stammer"
    assert found.intent.confidence > 0.9
    assert sum(score.confidence for score in found.ranking) == pytest.approx(1, abs=1e-5)
    assert none.intent.confidence < 0.9


def test_it_can_be_told_which_features_to_use() -> None:
    options = {"featurizers": ["SentenceEncoderFeaturizer"]}
    made = learnt(*PARTS[:3], ("LogisticRegressionClassifier", options))
    assert made.components[3]._model.names()["blocks"] == ["SentenceEncoderFeaturizer"]


def test_what_a_dense_vector_says_may_count_more() -> None:
    def share(options: dict[str, object]) -> float:
        made = learnt(*PARTS[:3], ("LogisticRegressionClassifier", options))
        counts, dense = (np.linalg.norm(block.weights) for block in made.components[3]._model.blocks)
        return float(dense / counts)

    assert share({}) < share({"dense_weight": 3}) < share({"dense_weight": 10})


def test_saved_and_loaded_it_says_the_same(tmp_path: Path) -> None:
    made = learnt()
    again = pipeline(*PARTS)
    again.components = [*made.components[:3], reloaded(made.components[3], tmp_path)]
    texts = ["good evening", "jazz", "roses"]
    assert [m.ranking for m in again.process(texts)] == [m.ranking for m in made.process(texts)]


def test_empty_texts_untrained_models_and_payloads(tmp_path: Path) -> None:
    made = learnt()
    assert made.process(["   "])[0].intent == IntentScore(None, 0.0)
    untrained = reloaded(LogisticRegressionClassifier(), tmp_path)
    assert untrained.process(messages("hello"))[0].intent == IntentScore(None, 0.0)
    final = Message("/greet", final=True)
    assert untrained.process([final]) == [final]


def test_without_examples_it_stays_untrained() -> None:
    said: list[str] = []
    classifier = LogisticRegressionClassifier()
    classifier.train(NluExamples(), TrainContext(progress=said.append))
    assert "no examples" in said[0]


def test_without_features_it_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="Put a featurizer before it"):
        LogisticRegressionClassifier().train(
            NluExamples(examples=(Example("hello", "greet"),)), TrainContext(messages=messages("hello"))
        )


@pytest.mark.parametrize(
    "options",
    [{"solver": "guess"}, {"C": 0}, {"class_weight": "heavy"}, {"dense_weight": 0}, {"max_iter": "many"}],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="LogisticRegressionClassifier"):
        LogisticRegressionClassifier(options)
