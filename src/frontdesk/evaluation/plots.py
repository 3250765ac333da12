"""Draw reports as pictures, with matplotlib (the extra `plots`); the HTML page needs none of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.evaluation.classification import Pair
from frontdesk.evaluation.nlu_files import Measured

_MISSING = "matplotlib is missing (pip install 'frontdesk[plots]')"
MISSING = f"No pictures are written, for {_MISSING}; index.html shows the same."
MISSING_CURVE = f"No graph is drawn, for {_MISSING}."
_BINS = 25
_RIGHT, _WRONG = "#009292", "#920000"


def can_draw() -> bool:
    """Tell whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(out: Path, measured: Iterable[Measured]) -> None:
    """Write `NAME_confusion_matrix.png` and, where there are confidences, `NAME_histogram.png`."""
    for one in measured:
        if one.pairs:
            draw_confusion(out / f"{one.name}_confusion_matrix.png", one.pairs, f"{one.title}: confusion")
        if one.sure and (one.right or one.wrong):
            draw_histogram(out / f"{one.name}_histogram.png", one.right, one.wrong, one.title)


def draw_confusion(file: Path, pairs: Sequence[Pair], title: str) -> None:
    """Draw how often each label was taken for each."""
    from matplotlib.colors import LogNorm
    from sklearn.metrics import confusion_matrix

    labels = sorted({label for pair in pairs for label in pair})
    counts = confusion_matrix([e for e, _ in pairs], [f for _, f in pairs], labels=labels)
    size = max(6.0, min(40.0, 0.45 * len(labels) + 3))
    figure, axes = _figure(size, size)
    highest = max(2, int(counts.max()))
    image = axes.imshow(counts, cmap="Blues", norm=LogNorm(vmin=1, vmax=highest), aspect="auto")
    figure.colorbar(image, ax=axes)
    axes.set_xticks(range(len(labels)), labels, rotation=90)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(title=title, xlabel="found", ylabel="expected")
    for row, column in zip(*counts.nonzero(), strict=True):
        number = int(counts[row, column])
        color = "white" if number > highest / 2 else "black"
        axes.text(column, row, number, ha="center", va="center", color=color)
    _save(figure, file)


def draw_histogram(file: Path, right: Sequence[float], wrong: Sequence[float], title: str) -> None:
    """Draw how sure the classifier was where it was right, and where it was wrong."""
    figure, (left, other) = _figure(9.0, 7.0, columns=2)
    for axes, values, name, color in ((left, right, "right", _RIGHT), (other, wrong, "wrong", _WRONG)):
        axes.hist(list(values), bins=_BINS, range=(0, 1), orientation="horizontal", color=color)
        axes.set(title=f"{name}: {len(values)}", xlabel="how many", ylim=(0, 1))
    left.invert_xaxis()
    left.set_ylabel("confidence")
    figure.suptitle(title)
    _save(figure, file)


def draw_curve(file: Path, results: Mapping[str, Any], counts: Sequence[int], x: str, y: str) -> None:
    """Draw how results change with the number of examples: a line a model, the mean over its runs."""
    import numpy as np

    figure, axes = _figure(8.0, 6.0)
    for name, runs in results.items():
        values = np.array(runs, dtype=float)
        mean, spread = values.mean(axis=0), values.std(axis=0)
        axes.plot(counts, mean, marker="o", label=name)
        axes.fill_between(counts, mean - spread, mean + spread, alpha=0.2)
    axes.set(xlabel=x, ylabel=y)
    axes.legend()
    _save(figure, file)


def _figure(width: float, height: float, columns: int = 1) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns, sharey=columns > 1)


def _save(figure: Any, file: Path) -> None:
    figure.savefig(file, bbox_inches="tight")
