from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.ports import TrainContext
from frontdesk.errors import ConfigError
from frontdesk.nlu.sklearn_classifier import SklearnIntentClassifier
from tests.engine.nlu.conftest import INTENTS, pipeline, reloaded

RASA = {"C": [1, 2, 5, 10, 20, 100], "gamma": [0.1], "kernels": ["linear"], "max_cross_validation_folds": 5}


def test_it_finds_intents_and_is_saved(tmp_path: Path) -> None:
    said: list[str] = []
    made = pipeline("WhitespaceTokenizer", "CountVectorsFeaturizer", ("SklearnIntentClassifier", RASA))
    made.train(INTENTS, TrainContext(progress=said.append))
    assert said[-1] == "SklearnIntentClassifier: trained a linear model in place of a support vector machine."
    texts = ["hello you", "play some jazz", "are the roses dry"]
    found = made.process(texts)
    assert [m.intent.name for m in found] == ["greet", "play", "care"]
    made.components[2] = reloaded(made.components[2], tmp_path)
    assert [m.ranking for m in made.process(texts)] == [m.ranking for m in found]


@pytest.mark.parametrize("wrong", [[], 0, "strong", [1, "x"], True])
def test_a_strength_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="SklearnIntentClassifier: 'C' is"):
        SklearnIntentClassifier({"C": wrong})
