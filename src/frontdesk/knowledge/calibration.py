"""Learn from the articles themselves from which score on they answer a question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.core.ports import Embedder
from frontdesk.errors import PackageError
from frontdesk.knowledge.ranking import Ranker

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1
LOST = 0.03
"""Share of answerable questions that may be refused."""
DOUBTFUL_LOST = 0.005
ENOUGH = 1000
"""More questions than this are sampled."""
PRIOR = 40
"""The thresholds below count as much as so many questions of the articles."""
TYPICAL = {True: 0.43, False: 0.34}
"""Threshold with and without an encoder, measured on a help centre of 35 articles."""
_OFF_TOPIC = Path(__file__).parent / "offtopic.txt"


@dataclass(frozen=True, slots=True)
class Calibration:
    """From which score on a question counts as answered.

    Between `doubtful` and `threshold` a language model may still find the answer in the passages. `slope` and
    `even` give the confidence: a logistic curve that is one half at `even`. `questions` is how many the
    figures rest on.
    """

    threshold: float
    doubtful: float
    slope: float
    even: float
    questions: int = 0

    def confidence(self, score: float) -> float:
        """Return how likely it is that the articles answer a question with this score, 0 to 1."""
        return float(1 / (1 + np.exp(-np.clip(self.slope * (score - self.even), -30, 30))))

    def write(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Calibration:
        """Read what `write` wrote. Raises PackageError."""
        try:
            wire: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if wire.pop("format") != FORMAT:
                raise ValueError("unknown format")
            return cls(**wire)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            hint = "Train again, so that the knowledge base is built anew."
            raise PackageError(
                f"The calibration cannot be read ({error}).", where=str(file), hint=hint
            ) from error


def calibrate(ranker: Ranker, embedder: Embedder | None) -> Calibration:
    """Return thresholds from the questions of the articles and from sentences that no article answers.

    A question is answerable when it is left out of the index itself; it becomes unanswerable when its whole
    article is left out. Few questions move the typical threshold only a little.
    """
    typical = TYPICAL[embedder is not None]
    answerable, foreign = _own_scores(ranker)
    foreign += _bank_scores(ranker, embedder)
    threshold = _pulled(answerable, LOST, typical)
    doubtful = min(_pulled(answerable, DOUBTFUL_LOST, typical - 0.08), threshold)
    slope, even = _logistic(answerable, foreign, threshold)
    return Calibration(
        threshold=round(threshold, 4),
        doubtful=round(doubtful, 4),
        slope=round(slope, 4),
        even=round(even, 4),
        questions=len(answerable),
    )


def _own_scores(ranker: Ranker) -> tuple[list[float], list[float]]:
    """Return the scores of each question with its article (but without itself), and without its article."""
    own: list[float] = []
    others: list[float] = []
    step = 1 + len(ranker.questions) // ENOUGH
    for number, (text, passage) in list(enumerate(ranker.questions))[::step]:
        vector = None if ranker.vectors is None else ranker.vectors.questions[number]
        ranked = ranker.rank(text, vector, ranker.count, leave_out=number)
        home = ranker.article_of[passage]
        own += [ranked[0].score] if ranked else []
        others += (
            [next((one.score for one in ranked if one.article != home), 0.0)] if ranker.count > 1 else []
        )
    return own, others


def _bank_scores(ranker: Ranker, embedder: Embedder | None) -> list[float]:
    bank = _OFF_TOPIC.read_text(encoding="utf-8").split("\n")
    sentences = [line for line in bank if line.strip()]
    vectors = [None] * len(sentences) if embedder is None else embedder.embed(sentences)
    found = (ranker.rank(text, vector, 1) for text, vector in zip(sentences, vectors, strict=True))
    return [ranked[0].score if ranked else 0.0 for ranked in found]


def _pulled(scores: Sequence[float], lost: float, typical: float) -> float:
    """Return the quantile below which `lost` of the scores fall, drawn to `typical` if they are few."""
    if not scores:
        return typical
    count = len(scores)
    return (count * float(np.quantile(scores, lost)) + PRIOR * typical) / (count + PRIOR)


def _logistic(answerable: Sequence[float], foreign: Sequence[float], threshold: float) -> tuple[float, float]:
    """Fit slope and middle of the curve between the two groups, which count alike (Newton's method)."""
    if len(answerable) < 10:
        return 15.0, threshold
    scores = np.array([*answerable, *foreign])
    truth = np.array([1.0] * len(answerable) + [0.0] * len(foreign))
    shares = np.where(truth > 0, 0.5 / len(answerable), 0.5 / max(len(foreign), 1)) * len(scores)
    middle, spread = scores.mean(), scores.std() or 1.0
    design = np.stack([(scores - middle) / spread, np.ones_like(scores)], axis=1)
    theta: NDArray[np.float64] = np.zeros(2)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ theta))
        gradient = design.T @ (shares * (chance - truth)) + np.array([theta[0], 0.0])
        curve = (design * (shares * chance * (1 - chance))[:, None]).T @ design + np.diag([1.0, 1e-6])
        theta = theta - np.linalg.solve(curve, gradient)
    slope = max(float(theta[0] / spread), 1.0)
    return slope, float(middle - theta[1] / max(float(theta[0]), 1e-6) * spread)
