"""Measurements in the shape of Rasa's reports; run as a program, it cross-validates the NLU of a folder's project.

Cross-validation trains, and what trains does not run in the process that serves.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frontdesk.errors import FrontdeskError
from frontdesk.evaluation.nlu import NluReport, Score, cross_validate, score

MOST_CONFUSED = 5


def classification(pairs: Sequence[tuple[str, str]], *, confused: bool = False) -> dict[str, Any]:
    """Return {report, precision, f1, accuracy} of (expected, found) pairs, the last three weighted by support.

    `report` has scikit-learn's keys: one row a label, `micro avg`, `macro avg`, `weighted avg` and `accuracy`.
    """
    expected, found = Counter(e for e, _ in pairs), Counter(f for _, f in pairs)
    right = Counter(e for e, f in pairs if e == f)
    labels = sorted(expected | found)
    rows = {label: score(right[label], found[label], expected[label]) for label in labels}
    accuracy = sum(right.values()) / len(pairs) if pairs else 0.0
    report: dict[str, Any] = {label: _row(row) for label, row in rows.items()}
    if confused:
        for label in labels:
            others = Counter(f for e, f in pairs if e == label and f != label)
            report[label]["confused_with"] = dict(others.most_common(MOST_CONFUSED))
    weighted = _mean(list(rows.values()), weighted=True)
    if pairs:
        micro = Score(accuracy, accuracy, accuracy, len(pairs))
        report["accuracy"] = accuracy
        report["micro avg"] = _row(micro)
        report["macro avg"] = _row(_mean(list(rows.values()), weighted=False))
        report["weighted avg"] = _row(weighted)
    return {"report": report, "precision": weighted.precision, "f1": weighted.f1, "accuracy": accuracy}


def _row(row: Score) -> dict[str, Any]:
    return {"precision": row.precision, "recall": row.recall, "f1-score": row.f1, "support": row.support}


def _mean(rows: Sequence[Score], *, weighted: bool) -> Score:
    weights = [row.support if weighted else 1 for row in rows]
    total = sum(weights) or 1

    def mean(values: Sequence[float]) -> float:
        return sum(w * v for w, v in zip(weights, values, strict=True)) / total

    return Score(
        mean([r.precision for r in rows]),
        mean([r.recall for r in rows]),
        mean([r.f1 for r in rows]),
        sum(r.support for r in rows),
    )


def nlu_to_wire(measured: NluReport, *, cross: bool = False) -> dict[str, Any]:
    """Return a measurement as `POST /model/test/intents` answers it; `cross` gives the keys of a cross-validation."""
    guesses = [g for g in measured.guesses if g.expected]
    found = classification([(g.expected, g.found or "None") for g in guesses], confused=True)
    errors = [
        {
            "text": g.text,
            "intent": g.expected,
            "intent_prediction": {"name": g.found, "confidence": g.confidence},
        }
        for g in guesses
        if g.expected != g.found
    ]
    intents: dict[str, Any] = {
        "report": found["report"],
        "precision": found["precision"],
        "f1_score": found["f1"],
    }
    if not cross:
        intents["accuracy"] = found["accuracy"]
        intents["predictions"] = [
            {"text": g.text, "intent": g.expected, "predicted": g.found, "confidence": g.confidence}
            for g in guesses
        ]
    return {
        "intent_evaluation": {**intents, "errors": errors} if guesses else None,
        "entity_evaluation": _entities(measured),
        "response_selection_evaluation": None,
    }


def _entities(measured: NluReport) -> dict[str, Any] | None:
    if not measured.entities:
        return None
    rows = measured.entities
    mean = _mean(list(rows.values()), weighted=True)
    report = {name: _row(row) for name, row in rows.items()} | {"weighted avg": _row(mean)}
    return {"all": {"report": report, "precision": mean.precision, "f1_score": mean.f1, "errors": []}}


def measure_in_folds(folder: Path, count: int) -> dict[str, Any]:
    """Return the cross-validation of a project's NLU on its own examples. Raises FrontdeskError."""
    from frontdesk.core.ports import TrainContext
    from frontdesk.formats.project import read_training
    from frontdesk.formats.settings_files import read_config
    from frontdesk.graph.recipe import Part
    from frontdesk.nlu.pipeline import Pipeline

    config = read_config(folder)
    parts = [Part("component", c.name, c.options, str(c.place)) for c in config.pipeline]
    nlu = read_training(folder / "data").nlu
    embedder = _embedder(folder) if any(getattr(p.make(), "uses_embedder", False) for p in parts) else None
    context = TrainContext(language=config.language, embedder=embedder)
    measured = cross_validate(
        lambda: Pipeline([p.make() for p in parts]), nlu, context, count, lambda _: None
    )
    return nlu_to_wire(measured, cross=True)


def _embedder(folder: Path) -> Any:
    from frontdesk.encoding import weights
    from frontdesk.encoding.graph import build
    from frontdesk.runtime.model import load_embedder

    target = folder / "encoder"
    target.mkdir()
    build(weights.locate(), target)
    return load_embedder(target)


def main() -> int:
    """Print the cross-validation of the project in a folder as JSON: `FOLDER FOLDS`."""
    try:
        print(json.dumps(measure_in_folds(Path(sys.argv[1]), int(sys.argv[2]))))
    except FrontdeskError as error:
        print(f"frontdesk: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
