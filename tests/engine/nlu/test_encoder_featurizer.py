from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frontdesk.core.message import Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.encoder_featurizer import SentenceEncoderFeaturizer
from frontdesk.testing.fakes import FakeEmbedder
from tests.engine.nlu.conftest import messages


def loaded(embedder: FakeEmbedder, **options: object) -> SentenceEncoderFeaturizer:
    featurizer = SentenceEncoderFeaturizer(options)
    featurizer.load(Path(), LoadContext(embedder=embedder))
    return featurizer


def test_sentences_and_tokens_get_vectors() -> None:
    embedder = FakeEmbedder(16)
    [message] = loaded(embedder).process(messages("play a song"))
    [features] = message.features
    np.testing.assert_array_equal(features.sentence, embedder.embed(["play a song"])[0])
    np.testing.assert_array_equal(features.tokens, embedder.embed(["play", "a", "song"]))


def test_tokens_can_be_left_out_and_repeated_texts_are_encoded_once() -> None:
    embedder = FakeEmbedder(16)
    found = loaded(embedder, token_features=False).process(messages("hi", "you", "hi"))
    assert embedder.calls == [["hi", "you"]]
    assert found[0].features[0].tokens is None
    np.testing.assert_array_equal(found[0].features[0].sentence, found[2].features[0].sentence)
    assert not np.array_equal(found[0].features[0].sentence, found[1].features[0].sentence)


def test_payloads_and_empty_texts_are_not_encoded() -> None:
    embedder = FakeEmbedder(16)
    final, empty = Message("/greet", final=True), Message("  ")
    assert loaded(embedder).process([final, empty]) == [final, empty]
    assert embedder.calls == []


def test_training_takes_the_encoder_of_the_training() -> None:
    featurizer = SentenceEncoderFeaturizer()
    featurizer.train(NluExamples(), TrainContext(embedder=FakeEmbedder(4)))
    assert featurizer.process(messages("hi"))[0].features[0].sentence.shape == (4,)
    assert featurizer.uses_embedder


def test_without_an_encoder_it_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="no encoder"):
        SentenceEncoderFeaturizer().process(messages("hi"))
