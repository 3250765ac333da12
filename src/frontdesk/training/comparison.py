"""Train the dialogue by several configs, each on more and on fewer stories, so that they can be compared."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from frontdesk.core.ports import Progress
from frontdesk.core.training import TrainingSet
from frontdesk.formats.project import read_laid_out
from frontdesk.formats.project_layout import Layout
from frontdesk.training.train import train

MARK = "__percentage__"
"""Stands between the name of a config and the percentage in the name of a model, as in Rasa."""
COUNTS = "num_stories.json"


def train_for_comparison(
    layout: Layout,
    configs: Sequence[Path],
    out: Path,
    runs: int,
    percentages: Sequence[int],
    progress: Progress,
) -> list[int]:
    """Write `run_1/NAME__percentage__25.tar.gz` and so on; returns how many stories each percentage leaves.

    All configs of one run learn from the same stories; rules are never left out.
    """
    left: list[int] = []
    for run in range(1, runs + 1):
        left = []
        for percentage in percentages:
            for config in configs:
                project = read_laid_out(replace(layout, config=config.resolve()))
                training = without(project.training, percentage, run)
                progress(f"run {run} of {runs}: {config.stem} without {percentage} % of the stories")
                name = f"{config.stem}{MARK}{percentage}"
                some = replace(project, training=training)
                train(some, out / f"run_{run}", progress, name=name, only="core", layout=layout)
            left.append(len(training.stories))
    out.mkdir(parents=True, exist_ok=True)
    (out / COUNTS).write_text(json.dumps(left), "utf-8")
    return left


def without(training: TrainingSet, percentage: int, seed: int) -> TrainingSet:
    """Return the training set with so many percent of its stories left out, drawn by lot."""
    stories = list(training.stories)
    random.Random(seed).shuffle(stories)  # noqa: S311  # not for secrets
    kept = len(stories) - round(percentage / 100 * len(stories))
    return replace(training, stories=tuple(stories[:kept]))
