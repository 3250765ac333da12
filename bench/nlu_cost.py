"""Measure what it costs to understand a message: CPU milliseconds, alone and in batches, and by component.

    python bench/nlu_cost.py --project . --texts tests/evals/nlu_test.yml

The pipeline of the project's config.yml is trained on its examples in memory and saved nowhere. CPU time is
that of the whole process, so that a second thread would show; the clock on the wall says little on a busy
machine. Every number is the best of several rounds, and no text is kept from one to the next.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from frontdesk.core.message import Message
from frontdesk.core.ports import Component, TrainContext
from frontdesk.encoding.encoder import SentenceEncoder
from frontdesk.encoding.graph import build
from frontdesk.encoding.weights import locate
from frontdesk.formats.project import read_project, read_training
from frontdesk.nlu.pipeline import Pipeline
from frontdesk.training.train import recipe_of

BATCHES = (1, 4, 16, 32)


def spent(work: Callable[[], object], rounds: int) -> float:
    """Return the CPU seconds of the cheapest round."""
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def in_batches(pipeline: Pipeline, texts: Sequence[str], size: int) -> None:
    """Put all texts through the pipeline, so many at a time."""
    for start in range(0, len(texts), size):
        pipeline.process(texts[start : start + size])


def _alone(component: Component, waiting: Sequence[Sequence[Message]]) -> None:
    for messages in waiting:
        component.process(messages)


def by_component(pipeline: Pipeline, texts: Sequence[str], rounds: int) -> list[tuple[str, float]]:
    """Return each component's name with its CPU seconds for all texts, one at a time."""
    waiting = [[Message(text)] for text in texts]
    found = []
    for component in pipeline.components:
        each = partial(_alone, component, waiting)
        found.append((type(component).__name__, spent(each, rounds)))
        waiting = [component.process(messages) for messages in waiting]
    return found


def main() -> int:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--project", type=Path, default=Path())
    parser.add_argument(
        "--texts", type=Path, required=True, help="a training file whose examples are understood"
    )
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    project = read_project(arguments.project, settings=False, strict=False)
    texts = [example.text for example in read_training(arguments.texts, strict=False).nlu.examples]
    with tempfile.TemporaryDirectory() as scratch:
        encoder = SentenceEncoder(build(locate(), Path(scratch)))
        pipeline = Pipeline([part.make() for part in recipe_of(project).pipeline])
        begun = time.process_time()
        pipeline.train(project.training.nlu, TrainContext(embedder=encoder))
        print(
            f"training: {time.process_time() - begun:.1f} CPU-s for {len(project.training.nlu.examples)} examples"
        )
        for size in BATCHES:
            work = partial(in_batches, pipeline, texts, size)
            each = spent(work, arguments.rounds) / len(texts)
            print(f"{size:>3} at a time: {each * 1000:.2f} CPU-ms a message")
        for name, seconds in by_component(pipeline, texts, arguments.rounds):
            print(f"  {name:<32} {seconds / len(texts) * 1000:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
