"""Draw what was measured in the HTML page itself: a table of confusions, and how sure right and wrong answers were."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence

from frontdesk.evaluation.classification import Pair
from frontdesk.evaluation.nlu_files import Measured
from frontdesk.evaluation.tokens import NO_ENTITY

BINS = 20
_WIDE, _HIGH, _ROW = 320, 12, 14  # of half a picture, of a bar and of its row, in pixels
_RIGHT, _WRONG = "#1c7c54", "#b3261e"


def chart(measured: Measured) -> str:
    """Return one thing that was measured as HTML; every text of the project is escaped."""
    title = html.escape(measured.title)
    share = f"{measured.figures.accuracy:.1%} right, F1 {measured.figures.f1:.3f}"
    parts = [f"<h3>{title}: {share}</h3>", _matrix(measured.pairs)]
    if measured.sure and (measured.right or measured.wrong):
        parts.append(_histogram(measured.right, measured.wrong))
    return "\n".join(parts)


def _matrix(pairs: Sequence[Pair]) -> str:
    # Words outside of entities would outshine everything else.
    counts = Counter(pair for pair in pairs if pair != (NO_ENTITY, NO_ENTITY))
    names = sorted({name for pair in counts for name in pair})
    if not names:
        return ""
    totals = Counter[str]()
    for (expected, _), number in counts.items():
        totals[expected] += number
    head = "".join(f"<th>{html.escape(name or 'none')}</th>" for name in names)
    rows = []
    for expected in names:
        cells = []
        for found in names:
            number = counts[(expected, found)]
            strength = number / totals[expected] if totals[expected] else 0.0
            color = "40,140,90" if expected == found else "200,60,40"
            cells.append(f"<td style='background:rgba({color},{strength:.2f})'>{number or ''}</td>")
        rows.append(f"<tr><th>{html.escape(expected or 'none')}</th>{''.join(cells)}</tr>")
    table = f"<table class='matrix'><thead><tr><th></th>{head}</tr></thead>{''.join(rows)}</table>"
    return f"<p>Rows are what it was, columns what was found.</p><div class='wide'>{table}</div>"


def _histogram(right: Sequence[float], wrong: Sequence[float]) -> str:
    """Draw how often the classifier was so sure: where it was right to the left, where it was wrong to the right."""
    sides = [_tally(right), _tally(wrong)]
    bars = []
    for number in range(BINS):
        top = (BINS - 1 - number) * _ROW
        for side, tally, color in ((-1, sides[0], _RIGHT), (1, sides[1], _WRONG)):
            length = tally[number] / max(1, *tally) * (_WIDE - 60)
            start = _WIDE - length if side < 0 else _WIDE
            said = f"{tally[number]} from {number / BINS:.2f} to {(number + 1) / BINS:.2f}"
            bars.append(
                f"<rect x='{start:.1f}' y='{top}' width='{length:.1f}' height='{_HIGH}' fill='{color}'>"
                f"<title>{said}</title></rect>"
            )
            if tally[number]:
                at = start - 4 if side < 0 else start + length + 4
                anchor = "end" if side < 0 else "start"
                bars.append(
                    f"<text x='{at:.1f}' y='{top + 10}' text-anchor='{anchor}' font-size='10' "
                    f"fill='currentColor'>{tally[number]}</text>"
                )
    size = f"width='{2 * _WIDE}' height='{BINS * _ROW}'"
    told = f"How sure it was, from 1 (top) to 0: right ({len(right)}) on the left, wrong ({len(wrong)}) on the right."
    return f"<p>{told}</p><svg {size} role='img' aria-label='confidences'>{''.join(bars)}</svg>"


def _tally(values: Sequence[float]) -> list[int]:
    counts = Counter(min(BINS - 1, max(0, int(value * BINS))) for value in values)
    return [counts[number] for number in range(BINS)]
