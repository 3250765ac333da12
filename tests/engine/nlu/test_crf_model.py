from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.errors import PackageError
from frontdesk.nlu.crf_model import OUTSIDE, CrfModel, CrfOptions, Tag, learn

B, I, L, U = (Tag(prefix, "thing") for prefix in "BILU")  # noqa: E741
OTHER = Tag("L", "other")
TAGS = [OUTSIDE, B, I, L, U, OTHER]


def possible(path: tuple[Tag, ...]) -> bool:
    pairs = itertools.pairwise(path)
    return (
        not path[0].continues
        and not path[-1].opens
        and all((b.continues and a.kind == b.kind) if a.opens else not b.continues for a, b in pairs)
    )


def by_hand(scores: np.ndarray, steps: np.ndarray) -> tuple[tuple[Tag, ...], np.ndarray]:
    """The best path and the marginals, by trying every possible one."""
    total, shares, best, path = 0.0, np.zeros_like(scores), -np.inf, None
    for columns in itertools.product(range(len(TAGS)), repeat=len(scores)):
        tags = tuple(TAGS[column] for column in columns)
        if not possible(tags):
            continue
        value = sum(scores[place, column] for place, column in enumerate(columns))
        value += sum(steps[a, b] for a, b in itertools.pairwise(columns))
        if value > best:
            best, path = value, tags
        total += np.exp(value)
        for place, column in enumerate(columns):
            shares[place, column] += np.exp(value)
    assert path is not None
    return path, shares / total


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(0, 10_000))
def test_decoding_is_what_trying_every_path_gives(length: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.normal(0, 2, (length, len(TAGS))).astype(np.float32)
    steps = random.normal(0, 1, (len(TAGS), len(TAGS))).astype(np.float32)
    model = CrfModel(
        TAGS, {f"f{n}": n for n in range(length)}, weights, np.zeros((0, len(TAGS)), np.float32), steps
    )
    decoded = model.decode([[f"f{n}", "unknown"] for n in range(length)])
    path, shares = by_hand(weights.astype(float), steps.astype(float))
    assert tuple(tag for tag, _ in decoded) == path
    for place, (tag, share) in enumerate(decoded):
        same = sum(shares[place, n] for n, other in enumerate(TAGS) if other.kind == tag.kind)
        assert share == pytest.approx(same, abs=1e-5)


def sentences() -> tuple[list[list[list[str]]], list[list[Tag]]]:
    words = [
        ["the", "red", "lamp"],
        ["a", "lamp"],
        ["the", "old", "red", "lamp", "here"],
        ["a", "cup"],
        ["here"],
    ]
    tags = [[OUTSIDE, B, L], [OUTSIDE, U], [OUTSIDE, OUTSIDE, B, L, OUTSIDE], [OUTSIDE, U], [OUTSIDE]]
    features = [
        [[f"w={word}", *([f"p={line[n - 1]}"] if n else [])] for n, word in enumerate(line)] for line in words
    ]
    return features, tags


def test_it_learns_and_repeats_itself() -> None:
    features, tags = sentences()
    one, two = (learn(features, [None] * len(features), tags, CrfOptions()) for _ in range(2))
    assert [[tag for tag, _ in one.decode(line)] for line in features] == tags
    assert all(np.array_equal(value, two.arrays()[name]) for name, value in one.arrays().items())
    assert one.names() == two.names()


def test_dense_features_help_and_can_be_carried_back_over_axes() -> None:
    features, tags = sentences()
    random = np.random.default_rng(1)
    axes = random.normal(size=(5, 2)).astype(np.float32)
    raw = [np.array([[float(tag != OUTSIDE)] * 5 for tag in line], np.float32) for line in tags]
    plain = [[["bias"] for _ in line] for line in features]
    model = learn(plain, [rows @ axes for rows in raw], tags, CrfOptions(l1=0.0, l2=0.01))
    wide = model.over(axes)
    assert wide.dense.shape == (5, len(model.tags))
    for line, rows, answer in zip(plain, raw, tags, strict=True):
        found = wide.decode(line, rows)
        assert [tag.entity for tag, _ in found] == [tag.entity for tag in answer]
        assert [share for _, share in found] == pytest.approx(
            [share for _, share in model.decode(line, rows @ axes)], abs=1e-4
        )


def test_a_stored_model_is_the_same() -> None:
    features, tags = sentences()
    model = learn(features, [None] * len(features), tags, CrfOptions())
    again = CrfModel.stored(model.names(), model.arrays())
    assert [again.decode(line) for line in features] == [model.decode(line) for line in features]
    assert model.decode([]) == []


def test_parts_that_do_not_fit_are_refused() -> None:
    features, tags = sentences()
    model = learn(features, [None] * len(features), tags, CrfOptions())
    with pytest.raises(PackageError, match="do not fit"):
        CrfModel.stored({**model.names(), "tags": [["", "", "", ""]]}, model.arrays())
    with pytest.raises(PackageError, match="incomplete"):
        CrfModel.stored(model.names(), {})
