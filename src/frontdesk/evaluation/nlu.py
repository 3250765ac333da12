"""Measure what the NLU understands: intents, entities, sentiment."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import Progress, TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import TrainingError
from frontdesk.nlu.fallback_classifier import FALLBACK
from frontdesk.nlu.pipeline import Pipeline

Process = Callable[[Sequence[str]], list[Message]]
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and their harmonic mean, from 0 to 1; `support` is how often it should have been found."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Guess:
    """An example, and what was understood instead of, or as, its intent."""

    text: str
    expected: str
    found: str | None
    confidence: float


@dataclass(frozen=True)
class NluReport:
    """What was measured on a set of examples. `confusion` counts (expected, found) pairs of intents.

    `understood` are the examples with what was understood of each, for those who want to know more.
    """

    guesses: tuple[Guess, ...] = ()
    entities: Mapping[str, Score] = field(default_factory=dict)
    understood: tuple[tuple[Example, Message], ...] = field(default=(), repr=False)

    @property
    def accuracy(self) -> float:
        """The share of examples whose intent was found."""
        return sum(g.expected == g.found for g in self.guesses) / max(1, len(self.guesses))

    @property
    def confusion(self) -> Counter[tuple[str, str]]:
        """How often each intent was taken for each."""
        return Counter((g.expected, g.found or "none") for g in self.guesses)

    @property
    def wrong(self) -> list[Guess]:
        """What was misunderstood, the surest mistakes first."""
        return sorted((g for g in self.guesses if g.expected != g.found), key=lambda g: -g.confidence)

    @property
    def intents(self) -> dict[str, Score]:
        """The score of each intent."""
        expected = Counter(g.expected for g in self.guesses)
        found = Counter(g.found for g in self.guesses)
        right = Counter(g.expected for g in self.guesses if g.expected == g.found)
        return {name: score(right[name], found[name], expected[name]) for name in sorted(expected)}

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the intents, each counting the same."""
        scores = self.intents.values()
        return sum(s.f1 for s in scores) / max(1, len(scores))


def score(right: int, found: int, expected: int) -> Score:
    """Return the score for so many right out of so many found and so many expected."""
    precision = right / found if found else 0.0
    recall = right / expected if expected else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return Score(precision, recall, f1, expected)


def evaluate(process: Process, examples: Sequence[Example], *, undo_fallback: bool = False) -> NluReport:
    """Return what a pipeline understands of examples; a fallback counts as wrong.

    Of a retrieval intent (`faq/topic`) the part before the slash has to be found. With `undo_fallback` what was found
    before the fallback counts, as in Rasa's tests.
    """
    guesses: list[Guess] = []
    understood: list[tuple[Example, Message]] = []
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for start in range(0, len(examples), _BATCH):
        batch = examples[start : start + _BATCH]
        for example, found_of in zip(batch, process([e.text for e in batch]), strict=True):
            message = without_fallback(found_of) if undo_fallback else found_of
            understood.append((example, message.but(features=())))
            intent = message.intent
            found = intent.name if intent else None
            expected = example.intent.partition("/")[0]
            guesses.append(Guess(example.text, expected, found, intent.confidence if intent else 0.0))
            _count(example.entities, message.entities, counts)
    judged = {kind: row for kind, row in sorted(counts.items()) if row[2]}
    scores = {kind: score(*row) for kind, row in judged.items()}
    return NluReport(tuple(guesses), scores, tuple(understood))


def without_fallback(message: Message) -> Message:
    """Return a message with the intent that was found before the fallback took its place."""
    if message.intent is None or message.intent.name != FALLBACK or len(message.ranking) < 2:
        return message
    return message.but(intent=message.ranking[1], ranking=message.ranking[1:])


def _count(expected: Sequence[Entity], found: Sequence[Entity], counts: dict[str, list[int]]) -> None:
    """Count exact spans: right, found, expected. Kinds that the examples never annotate are judged by nobody."""
    wanted = {(e.entity, e.start, e.end) for e in expected}
    seen = {(e.entity, e.start, e.end) for e in found}
    for kind in {k for k, _, _ in wanted | seen}:
        row = counts[kind]
        row[0] += sum(1 for span in wanted & seen if span[0] == kind)
        row[1] += sum(1 for span in seen if span[0] == kind)
        row[2] += sum(1 for span in wanted if span[0] == kind)


def folds(
    examples: Sequence[Example], count: int, seed: int = 0
) -> Iterator[tuple[list[Example], list[Example]]]:
    """Yield (to learn from, to test on) so that every intent is spread evenly over the folds.

    Raises TrainingError where there are fewer than two folds, or fewer examples than folds.
    """
    if not 2 <= count <= len(examples):
        what = f"{len(examples)} examples cannot be divided into {count} folds."
        raise TrainingError(what, hint="Use from 2 folds up to as many as there are examples.")
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_intent[example.intent].append(example)
    parts: list[list[Example]] = [[] for _ in range(count)]
    dealt = 0
    for name in sorted(by_intent):
        group = by_intent[name]
        random.Random(f"{seed}{name}").shuffle(group)  # noqa: S311  # not for secrets
        for example in group:
            parts[dealt % count].append(example)
            dealt += 1
    for held_out in range(count):
        learn = [e for number, part in enumerate(parts) if number != held_out for e in part]
        yield learn, parts[held_out]


def cross_validate(
    make: Callable[[], Pipeline],
    nlu: NluExamples,
    context: TrainContext,
    count: int,
    progress: Progress,
    *,
    undo_fallback: bool = False,
) -> NluReport:
    """Train and test `count` times, each time on another part; returns one report over all parts.

    `make` returns an untrained pipeline; for `undo_fallback` see `evaluate`.
    """
    tested: list[Example] = []
    understood: list[Message] = []
    for number, (learn, held_out) in enumerate(folds(nlu.examples, count), start=1):
        progress(f"fold {number} of {count}: {len(learn)} examples to learn from, {len(held_out)} to test on")
        pipeline = make()
        pipeline.train(replace(nlu, examples=tuple(learn)), context)
        for start in range(0, len(held_out), _BATCH):
            understood += pipeline.process([e.text for e in held_out[start : start + _BATCH]])
        tested += held_out
    # In their order, and not by text: the same text may be in two folds, understood differently in each.
    answers = iter(understood)
    return evaluate(lambda texts: [next(answers) for _ in texts], tested, undo_fallback=undo_fallback)
