from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from frontdesk.core.message import SparseVector
from frontdesk.errors import PackageError
from frontdesk.nlu.linear import Fit, LinearModel, fit

RANDOM = np.random.default_rng(3)
CENTRES = RANDOM.normal(size=(3, 6))


def rows(count: int, noise: float = 0.8) -> tuple[list[dict[str, Any]], list[str]]:
    found, labels = [], []
    for number in range(count):
        label = number % 3
        vector = (CENTRES[label] + RANDOM.normal(size=6) * noise).astype(np.float32)
        columns = np.array(sorted({label, 3 + number % 4}), dtype=np.int32)
        found.append({"dense": vector, "sparse": SparseVector(columns, np.ones(len(columns), np.float32), 8)})
        labels.append("abc"[label])
    return found, labels


def test_it_is_the_logistic_regression_of_scikit_learn() -> None:
    examples, labels = rows(60)
    only_dense = [{"dense": row["dense"]} for row in examples]
    model = fit(only_dense, labels, Fit(folds=0, tol=1e-6, max_iter=1000))
    matrix = np.stack([row["dense"] / np.linalg.norm(row["dense"]) for row in only_dense])
    reference = LogisticRegression(C=10.0, class_weight="balanced", tol=1e-6, max_iter=1000).fit(
        matrix, labels
    )
    np.testing.assert_allclose(model.probabilities(only_dense), reference.predict_proba(matrix), atol=2e-3)


def test_a_dense_vector_may_weigh_more() -> None:
    examples, labels = rows(60)
    only_dense = [{"dense": row["dense"]} for row in examples]
    model = fit(only_dense, labels, Fit(folds=0, tol=1e-6, max_iter=1000, dense=3.0))
    matrix = np.stack([3 * row["dense"] / np.linalg.norm(row["dense"]) for row in only_dense])
    reference = LogisticRegression(C=10.0, class_weight="balanced", tol=1e-6, max_iter=1000)
    shares = reference.fit(matrix, labels).predict_proba(matrix)
    np.testing.assert_allclose(model.probabilities(only_dense), shares, atol=2e-3)


@pytest.mark.parametrize("terms", [5, 80])
def test_counts_may_weigh_a_little_more_the_more_terms_a_text_has(terms: int) -> None:
    labels = ["a", "b"] * 20
    columns = [np.arange(terms, dtype=np.int32) + (0 if label == "a" else terms) for label in labels]
    counted = [{"n": SparseVector(c, np.ones(terms, np.float32), 2 * terms)} for c in columns]
    model = fit(counted, labels, Fit(folds=0, tol=1e-8, max_iter=1000, dense=3.0))
    rows = np.repeat(np.eye(2)[[int(label == "b") for label in labels]], terms, axis=1) / terms**0.5
    rows *= (terms / 5) ** 0.25
    reference = LogisticRegression(C=10.0, class_weight="balanced", tol=1e-8, max_iter=1000).fit(rows, labels)
    np.testing.assert_allclose(model.probabilities(counted), reference.predict_proba(rows), atol=1e-4)


def test_a_batch_gives_what_each_row_gives() -> None:
    examples, labels = rows(45)
    model = fit(examples, labels, Fit())
    together = model.probabilities(examples)
    alone = np.concatenate([model.probabilities([row]) for row in examples])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    assert together.dtype == np.float32


def test_two_labels_and_one_label() -> None:
    examples, labels = rows(40)
    two = fit(examples, ["yes" if label == "a" else "no" for label in labels], Fit())
    assert two.labels == ("no", "yes")
    assert (
        two.probabilities(examples).argmax(axis=1) == [int(label == "a") for label in labels]
    ).mean() > 0.9
    one = fit(examples, ["only"] * 40, Fit())
    assert one.probabilities(examples[:2]).tolist() == [[1.0], [1.0]]


def test_confidence_matches_how_often_it_is_right() -> None:
    examples, labels = rows(300, noise=2.5)
    model = fit([{"dense": row["dense"]} for row in examples], labels, Fit(C=1000.0))
    fresh, truth = rows(300, noise=2.5)
    shares = model.probabilities([{"dense": row["dense"]} for row in fresh])
    right = np.array([model.labels[row.argmax()] for row in shares]) == truth
    assert abs(shares.max(axis=1).mean() - right.mean()) < 0.1


def test_training_is_repeatable() -> None:
    examples, labels = rows(50)
    one, two = fit(examples, labels, Fit()), fit(examples, labels, Fit())
    assert all(np.array_equal(value, two.arrays()[name]) for name, value in one.arrays().items())


def test_few_examples_of_a_label_do_no_harm() -> None:
    examples, labels = rows(31)
    model = fit(examples, ["rare", *labels[1:]], Fit())
    assert "rare" in model.labels
    assert fit(examples[:2], ["a", "b"], Fit()).temperature == 1.0


def test_missing_features_count_as_nothing() -> None:
    examples, labels = rows(30)
    model = fit([examples[0], {"dense": examples[1]["dense"]}, *examples[2:]], labels, Fit())
    np.testing.assert_allclose(model.logits([{}])[0], model.bias)
    empty = SparseVector(np.zeros(0, np.int32), np.zeros(0, np.float32), 8)
    np.testing.assert_allclose(model.logits([{"sparse": empty}])[0], model.bias)


def test_a_stored_model_is_the_same() -> None:
    examples, labels = rows(30)
    model = fit(examples, labels, Fit())
    again = LinearModel.stored(model.names(), model.arrays())
    np.testing.assert_array_equal(model.probabilities(examples), again.probabilities(examples))
    assert again.labels == model.labels


def test_parts_that_do_not_fit_are_refused() -> None:
    examples, labels = rows(30)
    model = fit(examples, labels, Fit())
    with pytest.raises(PackageError, match="do not fit"):
        LinearModel.stored(replace(model, labels=("a", "b")).names(), model.arrays())
    with pytest.raises(PackageError, match="incomplete"):
        LinearModel.stored(model.names(), {"bias": model.bias})
    with pytest.raises(PackageError, match="incomplete"):
        LinearModel.stored({}, model.arrays())
