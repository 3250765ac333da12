"""Divide examples or stories into those to learn from and those to test on."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import TrainingError
from frontdesk.formats import yaml
from frontdesk.formats.sources import Sources
from frontdesk.formats.yaml import Block
from frontdesk.training.round_trip import EditedFile


def split_examples(
    nlu: NluExamples, fraction: float, seed: int | None = None
) -> tuple[NluExamples, NluExamples]:
    """Return (to learn from, to test on); each intent is divided by itself, rare ones first.

    Of an intent with two examples or more at least one is on each side; a single one is learnt from. Synonyms,
    patterns and lookup tables go with both, responses with the examples that need them. The same `seed` gives the
    same division. Raises TrainingError where there is nothing to divide.
    """
    groups: dict[str, list[Example]] = {}
    for example in nlu.examples:
        groups.setdefault(example.intent, []).append(example)
    if not any(len(group) > 1 for group in groups.values()):
        raise TrainingError("No intent has more than one example.", hint="There is nothing to divide.")
    chance = random.Random(seed)  # noqa: S311 - a fair division, no secret
    learn: set[int] = set()
    numbers = {id(example): number for number, example in enumerate(nlu.examples)}
    passed = taken = 0
    for group in sorted(groups.values(), key=len):
        shuffled = list(group)
        chance.shuffle(shuffled)
        passed += len(group)
        # What a rare intent got too many of, a frequent one makes up for.
        count = max(1, min(int(passed * fraction) - taken, len(group) - 1))
        taken += count
        learn.update(numbers[id(example)] for example in shuffled[:count])
    sides: tuple[list[Example], list[Example]] = ([], [])
    for number, example in enumerate(nlu.examples):
        sides[0 if number in learn else 1].append(example)
    return _with(nlu, sides[0]), replace(_with(nlu, sides[1]), sentiment=())


def _with(nlu: NluExamples, examples: list[Example]) -> NluExamples:
    needed = {f"utter_{example.intent}" for example in examples}
    responses = {name: value for name, value in nlu.responses.items() if name in needed}
    return replace(nlu, examples=tuple(examples), responses=responses)


def split_story_files(
    source: Path, out: Path, fraction: float, seed: int | None = None
) -> Iterator[tuple[Path, int]]:
    """Write `train_NAME` and `test_NAME` into `out` for each file with stories; yield each with its count.

    Everything else that a file holds goes with what is learnt from. The stories keep their wording; a file with one
    story cannot be divided and is left out. Raises TrainingError where no file could be divided.
    """
    paths = Sources(source).yaml_files(source) if source.is_dir() else [source]
    written = 0
    for path in paths:
        content = yaml.read(path)
        stories = content.get("stories") if isinstance(content, Block) else None
        if not isinstance(stories, list) or len(stories) < 2:
            continue
        held_out = min(len(stories) - 1, max(1, math.ceil(len(stories) * (1 - fraction) - 1e-9)))
        order = list(range(len(stories)))
        random.Random(seed).shuffle(order)  # noqa: S311 - a fair division, no secret
        tests = set(order[:held_out])
        out.mkdir(parents=True, exist_ok=True)
        for prefix, wanted in (("train", set(order) - tests), ("test", tests)):
            target = out / f"{prefix}_{path.name}"
            target.write_text(_part(path, wanted, whole=prefix == "train"), "utf-8")
            written += 1
            yield target, len(wanted)
    if not written:
        raise TrainingError(
            "No file holds more than one story.", where=str(source), hint="There is nothing to divide."
        )


def _part(path: Path, wanted: set[int], *, whole: bool) -> str:
    file = EditedFile(path)
    content = file.content
    for number in reversed(range(len(content["stories"]))):
        if number not in wanted:
            del content["stories"][number]
    if not whole:
        for key in [key for key in content if key not in ("version", "stories")]:
            del content[key]
    return file.text()
