from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frontdesk.core.message import Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.encoding import graph, weights
from frontdesk.errors import ConfigError
from frontdesk.nlu import language_model_featurizer
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
    featurizer.check("en")
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


def test_what_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(language_model_featurizer, "can_export", lambda: False)
    empty = {"cache_dir": str(tmp_path)}
    with pytest.raises(
        ConfigError, match=r"'a/b' cannot be built without.*pip install 'frontdesk\[transformers\]'"
    ):
        LanguageModelFeaturizer({"model_weights": "a/b", **empty}).train(NluExamples(), TrainContext())
    with pytest.raises(ConfigError, match="'a/b' cannot be built without"):
        LanguageModelFeaturizer({"model_weights": "a/b", **empty}).check("en")
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(ConfigError, match="it is not the folder of a model|has no model.safetensors"):
        LanguageModelFeaturizer({"model_weights": str(tmp_path)}).train(NluExamples(), TrainContext())
    with pytest.raises(ConfigError, match="a 'mistral' model has no default"):
        LanguageModelFeaturizer({"model_name": "mistral"})


def test_another_kind_is_left_to_the_transformers_library(
    local: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The seam: a folder of another kind, and a name of the hub, are exported, and the result is served alike."""
    asked: list[tuple[str, str | None]] = []

    def exported(part: str, named: str, cache: str | None, folder: Path) -> Path:
        asked.append((named, cache))
        return graph.build(weights.locate(local), folder)

    monkeypatch.setattr(language_model_featurizer, "can_export", lambda: True)
    monkeypatch.setattr(language_model_featurizer, "export", exported)
    other = tmp_path / "other"
    other.mkdir()
    for name in NEEDED[:2]:
        (other / name).symlink_to(local / name)
    (other / "config.json").write_text('{"model_type": "distilbert"}', "utf-8")
    for named, cache in ((str(other), None), ("gpt2-like/model", str(tmp_path))):
        featurizer = LanguageModelFeaturizer({"model_weights": named, "cache_dir": cache})
        featurizer.train(NluExamples(), TrainContext())
        [described] = featurizer.process(messages("water the roses"))
        assert described.features[0].sentence.shape == (384,)
    assert asked == [(str(other), None), ("gpt2-like/model", str(tmp_path))]
