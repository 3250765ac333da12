from __future__ import annotations

from frontdesk.nlu.neural_options import left_over, seed


def test_only_options_that_are_set_are_told() -> None:
    assert left_over("X", {"use_gpu": False, "epochs": 5, "run_eagerly": None}) is None
    assert left_over("X", {"use_gpu": True}) == (
        "X: 'use_gpu' spoke to TensorFlow, which is not used here; take it out."
    )


def test_the_seed_is_rasas_or_a_fixed_one() -> None:
    assert seed({"random_seed": 7}) == 7
    assert seed({}) == seed({"random_seed": None}) == seed({"random_seed": True}) == 42
