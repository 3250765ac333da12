from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frontdesk.core.message import Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.encoding import weights
from frontdesk.errors import ConfigError
from frontdesk.nlu.language_model_featurizer import NEEDED, LanguageModelFeaturizer
from tests.engine.nlu.conftest import messages


@pytest.fixture(scope="module")
def local() -> Path:
    """The folder of a model of the BERT kind: that of the sentence encoder."""
    try:
        return weights.locate().folder
    except ConfigError:
        pytest.skip("the weights of the sentence encoder are not installed")


def test_a_local_model_is_built_into_the_package(local: Path, tmp_path: Path) -> None:
    featurizer = LanguageModelFeaturizer({"model_name": "bert", "model_weights": str(local)})
    featurizer.train(NluExamples(), TrainContext())
    [described] = featurizer.process(messages("water the roses"))
    [features] = described.features
    assert features.origin == "LanguageModelFeaturizer"
    assert features.tokens is not None
    assert len(features.tokens) == 3
    featurizer.save(tmp_path)
    again = LanguageModelFeaturizer({"model_weights": "no longer needed"})
    again.load(tmp_path, LoadContext())
    found = again.process(messages("water the roses"))[0].features[0]
    assert np.array_equal(found.sentence, features.sentence)
    final = Message("/x", final=True)
    assert again.process([final]) == [final]


def test_a_model_that_was_downloaded_before_is_found(local: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "models--a--b" / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    for name in NEEDED:
        (snapshot / name).symlink_to(local / name)
    featurizer = LanguageModelFeaturizer({"model_weights": "a/b", "cache_dir": str(tmp_path)})
    assert featurizer._folder() == snapshot


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"'a/b' is neither.*hf download a/b"):
        LanguageModelFeaturizer({"model_weights": "a/b"}).train(NluExamples(), TrainContext())
    with pytest.raises(ConfigError, match="a 'gpt2' model has no default here"):
        LanguageModelFeaturizer({"model_name": "gpt2"})
