"""Compare several configs: pipelines on examples that they did not see, dialogue models on test stories."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from frontdesk.core.ports import Progress
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import FrontdeskError, TrainingError
from frontdesk.evaluation.classification import figures
from frontdesk.evaluation.nlu import Process, evaluate
from frontdesk.evaluation.nlu_files import Wanted, dump, write_nlu
from frontdesk.formats.nlu import write as write_examples

RESULTS = "results.json"
FEWEST = 5
"""So many examples an intent needs to be compared, as in Rasa."""
_TEST_SHARE = 0.2

TrainOn = Callable[[NluExamples], Process]
"""Trains one config's pipeline on examples."""


@dataclass(frozen=True)
class NluComparison:
    """The F1 of each config, by run and percentage, and how many examples each percentage leaves to learn from."""

    scores: Mapping[str, list[list[float]]] = field(default_factory=dict)
    counts: tuple[int, ...] = ()


def compare_nlu(
    out: Path,
    configs: Mapping[str, TrainOn],
    nlu: NluExamples,
    runs: int,
    percentages: Sequence[int],
    progress: Progress,
) -> NluComparison:
    """Train every config on more and on fewer examples, test it on a fifth that is held back, write the files.

    A config that cannot be trained scores 0 and is told. Raises TrainingError where there are too few examples.
    """
    kept = _frequent(nlu)
    scores: dict[str, list[list[float]]] = {name: [] for name in configs}
    counts: list[int] = []
    for run in range(1, runs + 1):
        folder = out / f"run_{run}"
        learn, test = _divided(kept.examples, _TEST_SHARE, run)
        _keep(folder / "test.yml", replace(kept, examples=tuple(test)))
        for name in configs:
            scores[name].append([])
        counts = []
        for percentage in percentages:
            some, _ = _divided(learn, percentage / 100, run)
            counts.append(len(some))
            part = replace(kept, examples=tuple(some))
            there = folder / f"{percentage}%_exclusion"
            _keep(there / "train" / "train.yml", part)
            for name, train_on in configs.items():
                progress(f"run {run} of {runs}: {name} on {len(some)} examples")
                scores[name][-1].append(_scored(there / f"{name}_report", train_on, part, test, progress))
    dump(out / RESULTS, scores)
    return NluComparison(scores, tuple(counts))


def _scored(
    out: Path, train_on: TrainOn, part: NluExamples, test: Sequence[Example], progress: Progress
) -> float:
    try:
        report = evaluate(train_on(part), test, undo_fallback=True)
    except FrontdeskError as error:
        progress(f"It cannot be trained, and scores 0. {error.sentence}")
        return 0.0
    write_nlu(out, report, Wanted())
    return figures([(g.expected, g.found or "") for g in report.guesses]).f1


def _frequent(nlu: NluExamples) -> NluExamples:
    counts = Counter(example.intent for example in nlu.examples)
    kept = tuple(e for e in nlu.examples if e.intent and counts[e.intent] >= FEWEST)
    if len({e.intent for e in kept}) < 2:
        hint = f"At least two intents need {FEWEST} examples each."
        raise TrainingError("There are too few examples to compare anything.", hint=hint)
    return replace(nlu, examples=kept)


def _divided(examples: Sequence[Example], share: float, seed: int) -> tuple[list[Example], list[Example]]:
    """Return the examples without a share of each intent, and that share; the same seed draws the same ones."""
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_intent[example.intent].append(example)
    rest: list[Example] = []
    out: list[Example] = []
    for name, group in sorted(by_intent.items()):
        random.Random(f"{seed}{name}").shuffle(group)  # noqa: S311  # not for secrets
        # One of each intent stays, or the intent could not be learnt at all.
        cut = min(len(group) - 1, round(share * len(group)))
        out += group[:cut]
        rest += group[cut:]
    return rest, out


def _keep(file: Path, nlu: NluExamples) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(write_examples(nlu), "utf-8")
