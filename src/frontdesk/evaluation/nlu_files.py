"""Write what was measured of the NLU into Rasa's report files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.core.codec import entity_to_wire
from frontdesk.core.message import Message
from frontdesk.core.training import Example
from frontdesk.evaluation.classification import Figures, Pair, figures
from frontdesk.evaluation.nlu import NluReport
from frontdesk.evaluation.tokens import NO_ENTITY, Tagged, by_extractor

SELECTOR = "response_selector"
"""Where a message keeps what was selected, by retrieval intent (`default` for a selector of all of them)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files are written beside the reports."""

    successes: bool = False
    errors: bool = True


@dataclass(frozen=True)
class Measured:
    """One thing that was measured, by the name that its files begin with.

    `pairs` are (expected, found) labels; `right` and `wrong` are how sure the classifier was of what it found.
    """

    name: str
    title: str
    pairs: Sequence[Pair]
    figures: Figures
    right: Sequence[float] = ()
    wrong: Sequence[float] = ()
    sure: bool = True
    """Whether there are confidences to draw."""


def write_nlu(out: Path, report: NluReport, wanted: Wanted) -> list[Measured]:
    """Write `intent_report.json` and its like into a folder; returns what was measured, for plots and pages."""
    out.mkdir(parents=True, exist_ok=True)
    measured = []
    if len({example.intent.partition("/")[0] for example, _ in report.understood}) >= 2:
        measured.append(_intents(out, report, wanted))
    if len({e.intent for e, _ in report.understood if "/" in e.intent}) >= 2:
        measured.append(_responses(out, report, wanted))
    for extractor, tagged in by_extractor(report.understood).items():
        measured.append(_entities(out, extractor, tagged, wanted))
    return measured


def dump(file: Path, content: object) -> None:
    """Write JSON as people can read it."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=float), "utf-8")


def _intents(out: Path, report: NluReport, wanted: Wanted) -> Measured:
    guesses = [g for g in report.guesses if g.expected]
    pairs = [(g.expected, g.found or "") for g in guesses]
    found = figures(pairs)
    dump(out / "intent_report.json", found.report)
    rows = [
        {
            "text": g.text,
            "intent": g.expected,
            "intent_prediction": {"name": g.found or "", "confidence": g.confidence},
        }
        for g in guesses
    ]
    _rows(out, "intent", rows, [expected == taken for expected, taken in pairs], wanted)
    right = [g.confidence for g in guesses if g.expected == g.found]
    wrong = [g.confidence for g in guesses if g.expected != g.found]
    return Measured("intent", "Intents", pairs, found, right, wrong)


def _responses(out: Path, report: NluReport, wanted: Wanted) -> Measured:
    rows, pairs, sure = [], [], []
    for example, message in report.understood:
        if "/" not in example.intent:
            continue
        name, confidence = selected(example, message)
        pairs.append((example.intent, name))
        sure.append(confidence)
        rows.append(
            {
                "text": example.text,
                "intent_response_key_target": example.intent,
                "intent_response_key_prediction": {"name": name, "confidence": confidence},
            }
        )
    found = figures(pairs)
    dump(out / "response_selection_report.json", found.report)
    good = [expected == taken for expected, taken in pairs]
    _rows(out, "response_selection", rows, good, wanted)
    right = [c for c, ok in zip(sure, good, strict=True) if ok]
    wrong = [c for c, ok in zip(sure, good, strict=True) if not ok]
    return Measured("response_selection", "Selected responses", pairs, found, right, wrong)


def selected(example: Example, message: Message) -> tuple[str, float]:
    """Return which response was selected for an example of a retrieval intent, and how sure that is."""
    chosen = message.extra.get(SELECTOR)
    chosen = chosen if isinstance(chosen, Mapping) else {}
    by = chosen.get(example.intent.partition("/")[0]) or chosen.get("default") or {}
    response = by.get("response") or {}
    return str(response.get("intent_response_key") or ""), float(response.get("confidence") or 0.0)


def _entities(out: Path, extractor: str, tagged: Sequence[Tagged], wanted: Wanted) -> Measured:
    words = [
        word
        for one in tagged
        for word in zip(one.expected_labels, one.found_labels, one.confidences, strict=True)
    ]
    pairs = [(expected, found) for expected, found, _ in words]
    found = figures(pairs, exclude=NO_ENTITY)
    dump(out / f"{extractor}_report.json", found.report)
    if wanted.successes and any(one.right for one in tagged):
        dump(out / f"{extractor}_successes.json", [_entity_row(one) for one in tagged if one.right])
    if wanted.errors and any(one.wrong for one in tagged):
        dump(out / f"{extractor}_errors.json", [_entity_row(one) for one in tagged if one.wrong])
    right = [c for expected, taken, c in words if expected == taken != NO_ENTITY]
    wrong = [c for expected, taken, c in words if taken not in (NO_ENTITY, expected)]
    sure = extractor in ("DIETClassifier", "CRFEntityExtractor")
    return Measured(extractor, f"Entities by {extractor}", pairs, found, right, wrong, sure)


def _entity_row(one: Tagged) -> dict[str, Any]:
    return {
        "text": one.example.text,
        "entities": [entity_to_wire(entity) for entity in one.example.entities],
        "predicted_entities": [entity_to_wire(entity) for entity in one.found],
    }


def _rows(
    out: Path, name: str, rows: Sequence[Mapping[str, Any]], good: Sequence[bool], wanted: Wanted
) -> None:
    """Write what was found, and what was not; a file that would be empty is not written, as in Rasa."""
    right = [row for row, ok in zip(rows, good, strict=True) if ok]
    wrong = [row for row, ok in zip(rows, good, strict=True) if not ok]
    if wanted.successes and right:
        dump(out / f"{name}_successes.json", right)
    if wanted.errors and wrong:
        dump(out / f"{name}_errors.json", wrong)
