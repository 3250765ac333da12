"""How often labels were found where they should have been, in the shape of Rasa's report files."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Pair = tuple[str, str]
"""What was expected, and what was found."""

MOST_CONFUSED = 3


@dataclass(frozen=True)
class Figures:
    """scikit-learn's classification report, and three figures weighted by how often each label was expected."""

    report: dict[str, Any] = field(default_factory=dict)
    precision: float = 0.0
    f1: float = 0.0
    accuracy: float = 0.0


def figures(pairs: Sequence[Pair], *, exclude: str | None = None, confused: bool = True) -> Figures:
    """Return the figures of (expected, found) pairs.

    Judged are the labels that were expected, but for `exclude`. `confused` adds to each label what it was taken for.
    """
    labels = sorted({expected for expected, _ in pairs} - {exclude})
    if not labels:
        return Figures()
    from sklearn import metrics

    expected, found = [e for e, _ in pairs], [f for _, f in pairs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a label that was never found has no precision, and counts as 0
        report: dict[str, Any] = metrics.classification_report(
            expected, found, labels=labels, output_dict=True, zero_division=0
        )
    accuracy = sum(e == f for e, f in pairs) / len(pairs)
    if "micro avg" not in report:  # scikit-learn gives the one or the other
        row = {"precision": accuracy, "recall": accuracy, "f1-score": accuracy}
        report["micro avg"] = {**row, "support": report["macro avg"]["support"]}
    report["accuracy"] = accuracy
    if confused:
        for label in labels:
            report[label]["confused_with"] = _taken_for(label, pairs, exclude)
    weighted = report["weighted avg"]
    return Figures(_numbers(report), float(weighted["precision"]), float(weighted["f1-score"]), accuracy)


def _taken_for(label: str, pairs: Sequence[Pair], exclude: str | None) -> dict[str, int]:
    counts = Counter(
        found for expected, found in pairs if expected == label and found not in (label, exclude)
    )
    return dict(counts.most_common(MOST_CONFUSED))


def _numbers(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report with plain numbers in place of numpy's; how often is a whole number."""
    return {
        key: _numbers(value)
        if isinstance(value, dict)
        else int(value)
        if key == "support" or isinstance(value, int)
        else float(value)
        for key, value in report.items()
    }
