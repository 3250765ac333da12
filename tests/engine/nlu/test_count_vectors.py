from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from frontdesk.core.message import Message, SparseVector
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.count_vectors import CountVectorsFeaturizer, stripped
from tests.engine.nlu.conftest import messages, reloaded, trained

TEXTS = ("Play me a song", "a song, a SONG please!", "caf\u00e9 no 12 or 77", "x", "play caf\u00e9 songs")


def examples(*texts: str) -> NluExamples:
    return NluExamples(examples=tuple(Example(text, "play") for text in texts))


def full(vector: SparseVector) -> np.ndarray:
    row = np.zeros(vector.size, dtype=np.float32)
    row[vector.indices] = vector.values
    return row


def terms(featurizer: CountVectorsFeaturizer, text: str) -> dict[str, float]:
    [message] = featurizer.process(messages(text))
    vector = message.features[0].sentence
    names = sorted(featurizer._columns, key=featurizer._columns.__getitem__)
    return {names[index]: float(value) for index, value in zip(vector.indices, vector.values, strict=True)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_ngram": 2},
        {"analyzer": "char", "min_ngram": 1, "max_ngram": 3},
        {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"analyzer": "char_wb", "min_ngram": 3, "max_ngram": 6},
        {"max_ngram": 2, "min_df": 2},
        {"max_df": 0.5},
        {"stop_words": ["a", "me"], "max_ngram": 2},
        {"lowercase": False},
        {"strip_accents": "unicode"},
        {"max_features": 4},
    ],
)
def test_counts_are_those_of_scikit_learn(options: dict[str, Any], tmp_path: Path) -> None:
    featurizer = reloaded(trained(CountVectorsFeaturizer(options), examples(*TEXTS)), tmp_path)
    lowercase = options.get("lowercase", True)
    cleaned = [" ".join(t.text for t in m.tokens) for m in messages(*TEXTS)]
    cleaned = [text.replace("12", "__NUMBER__").replace("77", "__NUMBER__") for text in cleaned]
    other = {"min_df", "max_df", "max_features", "stop_words", "strip_accents"}
    reference = CountVectorizer(
        analyzer=options.get("analyzer", "word"),
        ngram_range=(options.get("min_ngram", 1), options.get("max_ngram", 1)),
        token_pattern=r"(?u)\b\w+\b" if options.get("analyzer", "word") == "word" else None,
        lowercase=lowercase,
        **{name: value for name, value in options.items() if name in other},
    )
    expected = reference.fit_transform(cleaned).toarray()
    assert list(featurizer._columns) == list(reference.get_feature_names_out())
    for message, row in zip(featurizer.process(messages(*TEXTS)), expected, strict=True):
        assert full(message.features[0].sentence).tolist() == row.tolist()


def test_tokens_are_counted_one_by_one() -> None:
    featurizer = trained(CountVectorsFeaturizer(), examples(*TEXTS))
    [message] = featurizer.process(messages("song unknown song"))
    tokens = message.features[0].tokens
    assert [int(vector.values.sum()) for vector in tokens] == [1, 0, 1]
    assert message.features[0].sentence.values.tolist() == [2.0]


def test_numbers_are_one_word() -> None:
    assert terms(trained(CountVectorsFeaturizer(), examples("12", "a")), "no 3456") == {"__number__": 1.0}


def test_unknown_words_can_count_as_one() -> None:
    featurizer = trained(
        CountVectorsFeaturizer({"OOV_token": "OOV", "OOV_words": ["Zebra"]}), examples("zebra play", "play")
    )
    assert terms(featurizer, "play something new") == {"play": 1.0, "oov": 2.0}
    assert terms(trained(CountVectorsFeaturizer({"OOV_token": "oov"}), examples("play")), "play new") == {
        "play": 1.0
    }


def test_stop_words_by_language() -> None:
    featurizer = trained(CountVectorsFeaturizer({"stop_words": "english"}), examples("play the song for me"))
    assert set(featurizer._columns) == {"play", "song", "me"} - {"me"}


def test_accents() -> None:
    assert stripped("caf\u00e9 \u65e5", "unicode") == "cafe \u65e5"
    assert stripped("caf\u00e9 \u65e5", "ascii") == "cafe "


def test_origins_tell_analyzers_apart_and_can_be_named() -> None:
    assert CountVectorsFeaturizer().origin == "CountVectorsFeaturizer.word"
    assert CountVectorsFeaturizer({"alias": "mine"}).origin == "mine"


def test_final_messages_and_an_empty_vocabulary_add_nothing() -> None:
    final = Message("/greet", final=True)
    assert trained(CountVectorsFeaturizer(), examples("a")).process([final]) == [final]
    assert trained(CountVectorsFeaturizer(), NluExamples()).process(messages("a"))[0].features == ()


@pytest.mark.parametrize(
    "options",
    [
        {"analyzer": "line"},
        {"min_ngram": 3, "max_ngram": 2},
        {"strip_accents": "x"},
        {"stop_words": "klingon"},
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="CountVectorsFeaturizer"):
        CountVectorsFeaturizer(options)
