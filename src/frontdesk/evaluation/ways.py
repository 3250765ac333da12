"""Test stories with alternatives (`or`) and checkpoints, unrolled into stories without them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from frontdesk.core.training import CheckpointStep, OrStep, Step, Story

MOST = 1_000
"""So many ways through test stories are followed."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The steps between two checkpoints (None: the beginning, or the end) of a story."""

    story: Story
    begins: str | None
    steps: tuple[Step, ...]
    ends: str | None


def ways(stories: Sequence[Story]) -> list[Story]:
    """Return each way through the stories: each choice of an `or`, and each story that goes on at a checkpoint.

    A story without either comes back as it is. A checkpoint where nothing goes on ends the story there.
    """
    stretches = [stretch for story in stories for stretch in _stretches(story)]
    starts = [number for number, stretch in enumerate(stretches) if stretch.begins is None]
    found = itertools.chain.from_iterable(_from(stretches, (number,)) for number in starts)
    return list(itertools.islice(found, MOST if any(s.begins for s in stretches) else None))


def _stretches(story: Story) -> Iterator[_Stretch]:
    begins: str | None = None
    steps: list[Step] = []
    for step in story.steps:
        if not isinstance(step, CheckpointStep):
            steps.append(step)
            continue
        if steps:
            yield _Stretch(story, begins, tuple(steps), step.name)
        begins, steps = step.name, []
    if steps or begins is None:
        yield _Stretch(story, begins, tuple(steps), None)


def _from(stretches: Sequence[_Stretch], way: tuple[int, ...]) -> Iterator[Story]:
    """Yield the stories that begin as `way` says; a way never goes through the same stretch twice."""
    last = stretches[way[-1]]
    following = [
        number
        for number, stretch in enumerate(stretches)
        if last.ends is not None and stretch.begins == last.ends and number not in way
    ]
    for number in following:
        yield from _from(stretches, (*way, number))
    if not following:
        yield from _choices([stretches[number] for number in way])


def _choices(way: Sequence[_Stretch]) -> Iterator[Story]:
    first = way[0].story
    names = dict.fromkeys(stretch.story.name for stretch in way)
    options = [
        step.options if isinstance(step, OrStep) else (step,) for stretch in way for step in stretch.steps
    ]
    for steps in itertools.product(*options):
        yield first if steps == first.steps else replace(first, name=" > ".join(names), steps=steps)
