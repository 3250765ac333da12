"""Leaving stories out."""

from __future__ import annotations

import pytest

from frontdesk.core.training import Rule, Story, TrainingSet
from frontdesk.training.comparison import without

SET = TrainingSet(stories=tuple(Story(str(n), ()) for n in range(8)), rules=(Rule("r", ()),))


@pytest.mark.parametrize(("percentage", "left"), [(0, 8), (25, 6), (50, 4), (100, 0)])
def test_so_many_percent_of_the_stories(percentage: int, left: int) -> None:
    found = without(SET, percentage, 1)
    assert len(found.stories) == left
    assert found.rules == SET.rules
    assert found == without(SET, percentage, 1)


def test_fewer_stories_are_a_part_of_more() -> None:
    assert set(without(SET, 75, 3).stories) < set(without(SET, 25, 3).stories)
