"""Figures in scikit-learn's shape, as Rasa's report files have them."""

from __future__ import annotations

import json

import pytest

from frontdesk.evaluation.classification import Figures, figures

PAIRS = [("a", "a"), ("a", "b"), ("a", "b"), ("b", "b"), ("c", ""), ("a", "d")]


def test_every_label_that_was_expected() -> None:
    found = figures(PAIRS)
    assert set(found.report) == {"a", "b", "c", "accuracy", "micro avg", "macro avg", "weighted avg"}
    assert found.report["a"] == {
        "precision": 1.0, "recall": 0.25, "f1-score": 0.4, "support": 4, "confused_with": {"b": 2, "d": 1},
    }  # fmt: skip
    assert found.report["c"]["confused_with"] == {"": 1}
    assert found.accuracy == found.report["accuracy"] == pytest.approx(2 / 6)
    assert found.report["macro avg"]["f1-score"] == pytest.approx((0.4 + 0.5 + 0) / 3)
    assert found.f1 == pytest.approx((4 * 0.4 + 0.5) / 6)
    assert type(found.report["a"]["support"]) is int
    json.dumps(found.report)  # plain numbers only


def test_a_label_that_does_not_count() -> None:
    found = figures(
        [("no_entity", "no_entity"), ("city", "no_entity"), ("city", "city")], exclude="no_entity"
    )
    assert "no_entity" not in found.report
    assert found.report["city"]["confused_with"] == {}
    assert found.report["micro avg"] == {"precision": 1.0, "recall": 0.5, "f1-score": 2 / 3, "support": 2}
    assert figures([("no_entity", "city")], exclude="no_entity") == Figures()


def test_all_right() -> None:
    found = figures([("a", "a"), ("b", "b")], confused=False)
    assert found.report["micro avg"] == {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 2}
    assert (found.precision, found.f1, found.accuracy) == (1.0, 1.0, 1.0)
    assert "confused_with" not in found.report["a"]
    assert figures([]) == Figures()
