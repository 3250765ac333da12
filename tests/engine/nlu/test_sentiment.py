from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.sentiment import SentimentClassifier, _manner
from frontdesk.testing.fakes import FakeEmbedder
from tests.engine.nlu.conftest import EMBEDDER, INTENTS, messages, pipeline, reloaded, trained


def names(classifier: SentimentClassifier, *texts: str) -> list[str | None]:
    return [
        message.sentiment.name if message.sentiment else None
        for message in classifier.process(messages(*texts))
    ]


@pytest.mark.parametrize("embedder", [EMBEDDER, None])
def test_feelings_are_told_apart_with_and_without_an_encoder(
    embedder: FakeEmbedder | None, tmp_path: Path
) -> None:
    classifier = trained(SentimentClassifier(), INTENTS, embedder=embedder)
    again = reloaded(classifier, tmp_path, embedder=embedder)
    for one in (classifier, again):
        assert names(one, "this is awful", "the table", "I love it!") == ["negative", "neutral", "positive"]
    texts = messages("so annoyed", "red")
    assert [m.sentiment for m in again.process(texts)] == [m.sentiment for m in classifier.process(texts)]


def test_the_vector_of_the_featurizer_is_used_again() -> None:
    embedder = FakeEmbedder(24)
    made = pipeline(
        "WhitespaceTokenizer", ("SentenceEncoderFeaturizer", {"token_features": False}), "SentimentClassifier"
    )
    made.train(INTENTS, TrainContext(embedder=embedder))
    embedder.calls.clear()
    [message] = made.process(["I hate this"])
    assert embedder.calls == [["I hate this"]]
    assert message.sentiment is not None


def test_below_the_threshold_a_feeling_is_neutral() -> None:
    classifier = trained(SentimentClassifier({"threshold": 0.999}), INTENTS, embedder=EMBEDDER)
    assert classifier.process(messages("this is awful"))[0].sentiment == IntentScore("neutral", 0.999)


def test_nothing_is_said_of_payloads_empty_texts_or_without_training(tmp_path: Path) -> None:
    classifier = trained(SentimentClassifier(), INTENTS, embedder=EMBEDDER)
    final = Message("/love", final=True)
    assert classifier.process([final]) == [final]
    assert names(classifier, "  ") == [None]
    said: list[str] = []
    untrained = SentimentClassifier()
    untrained.train(NluExamples(), TrainContext(progress=said.append))
    assert "nothing" in said[0] or "no sentences" in said[0]
    assert names(reloaded(untrained, tmp_path), "I hate this") == [None]


def test_the_manner_of_typing_counts() -> None:
    assert set(_manner("WHAT IS THIS??")) == {"any", "all shouted", "asked often", "short"}
    assert set(_manner("soooo GOOD today, thank you!")) == {
        "any",
        "some shouted",
        "exclaimed",
        "drawn out",
        "middling",
    }
    assert "trailing" in set(_manner("well..."))
