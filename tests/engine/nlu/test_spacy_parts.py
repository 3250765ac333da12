from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frontdesk.core.ports import TrainContext
from frontdesk.errors import ConfigError
from frontdesk.nlu.pipeline import Pipeline
from frontdesk.nlu.spacy_parts import SpacyFeaturizer
from tests.engine.nlu.conftest import INTENTS, pipeline
from tests.engine.nlu.spacy_model import model

pytest.importorskip("spacy")


def made(folder: Path, *parts: Any) -> Pipeline:
    found = pipeline(("SpacyNLP", {"model": str(model(folder))}), *parts)
    found.train(INTENTS, TrainContext(language="xx"))
    return found


def test_tokens_are_the_texts_own_words(tmp_path: Path) -> None:
    [message] = made(tmp_path, "SpacyTokenizer").process(["Don't  Water"])
    assert [(t.text, t.start, t.end) for t in message.tokens] == [
        ("Do", 0, 2),
        ("n't", 2, 5),
        ("Water", 7, 12),
    ]


@pytest.mark.parametrize(("pooling", "vector"), [("mean", [0.5, 0.5, 0, 0]), ("max", [1, 1, 0, 0])])
def test_vectors_describe_words_and_sentence(tmp_path: Path, pooling: str, vector: list[float]) -> None:
    parts = made(tmp_path, "SpacyTokenizer", ("SpacyFeaturizer", {"pooling": pooling}))
    message, empty = parts.process(["water the roses", "the"])
    [features] = message.features
    assert features.origin == "SpacyFeaturizer"
    assert features.sentence.tolist() == vector
    assert np.asarray(features.tokens).shape == (3, 4)
    assert not empty.features[0].sentence.any()


def test_names_are_found_of_the_kinds_wanted(tmp_path: Path) -> None:
    both = made(tmp_path, "SpacyEntityExtractor").process(["Ann is in Rome"])[0].entities
    assert [(e.entity, e.value, e.start, e.end) for e in both] == [
        ("PERSON", "Ann", 0, 3),
        ("GPE", "Rome", 10, 14),
    ]
    one = made(tmp_path, ("SpacyEntityExtractor", {"dimensions": ["GPE"]})).process(["Ann is in Rome"])[0]
    assert [e.entity for e in one.entities] == ["GPE"]


def test_a_whole_pipeline_learns(tmp_path: Path) -> None:
    parts = made(tmp_path, "SpacyTokenizer", "SpacyFeaturizer", "DIETClassifier")
    found = parts.process(["water the roses", "some jazz please", "/play"])
    assert [m.intent.name for m in found if m.intent] == ["care", "play", "play"]


def test_a_pooling_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="'pooling' is 'sum'"):
        SpacyFeaturizer({"pooling": "sum"})
