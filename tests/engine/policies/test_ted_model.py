from __future__ import annotations

import pytest

from frontdesk.policies.ted_model import Lesson, learn


def lessons(*pairs: tuple[str, str]) -> list[Lesson]:
    return [
        Lesson(tuple(features.split()), action, number) for number, (features, action) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    "pairs",
    [
        (("a", "x"),),
        (("a", "x"), ("b", "y")),
        (("a", "x"), ("b", "y"), ("c", "z"), ("a d", "x"), ("b d", "y"), ("c d", "z")),
    ],
)
def test_actions_are_learnt_however_few_there_are(pairs: tuple[tuple[str, str], ...]) -> None:
    model = learn(lessons(*pairs))
    for features, action in pairs:
        best, share = model.best(features.split())
        assert best == action
        assert 0.4 < share <= 1


def test_confidence_falls_where_stories_disagree() -> None:
    sure = learn(lessons(*[("a", "x"), ("b", "y")] * 6)).best(["a"])[1]
    unsure = learn(lessons(*[("a", "x"), ("a", "y")] * 6)).best(["a"])[1]
    assert sure > 0.8 > unsure


def test_unknown_features_are_left_out() -> None:
    model = learn(lessons(("a", "x"), ("b", "y")))
    assert model.best(["a", "never seen"]) == model.best(["a"])
