from __future__ import annotations

import logging

import pytest

from frontdesk.core.options import left_over, seed, tell_unknown


def test_only_options_that_are_set_are_told() -> None:
    assert left_over("X", {"use_gpu": False, "epochs": 5, "run_eagerly": None}) is None
    assert left_over("X", {"use_gpu": True}) == (
        "X: 'use_gpu' spoke to TensorFlow, which is not used here; take it out."
    )


def test_the_seed_is_rasas_or_a_fixed_one() -> None:
    assert seed({"random_seed": 7}) == 7
    assert seed({}) == seed({"random_seed": None}) == seed({"random_seed": True}) == 42


def test_an_unknown_option_is_told_once_with_the_nearest_name(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            tell_unknown("Y", {"treshold": 1, "alias": "a"}, ["threshold", "alias"])
    assert [record.getMessage() for record in caplog.records] == [
        "Y has no option 'treshold', which is ignored. Did you mean 'threshold'?"
    ]
