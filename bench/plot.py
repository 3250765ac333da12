"""Draw messages per second and latency over the number of conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def plot(engines: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Write one picture with two charts: messages per second, and latency from p50 (dot) to p95 (dash)."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (rate, latency) = pyplot.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    levels = [level["conversations"] for level in engines[0]["levels"]]
    places = range(len(levels))
    width = 0.8 / len(engines)
    for number, engine in enumerate(engines):
        shifted = [place + (number - (len(engines) - 1) / 2) * width for place in places]
        bars = rate.bar(
            shifted, [level["per_second"] for level in engine["levels"]], width * 0.9, label=engine["name"]
        )
        rate.bar_label(bars, fmt="%.0f", fontsize=8)
        answered = [level["latency_ms"] or {"p50": 0.0, "p95": 0.0} for level in engine["levels"]]
        half = [each["p50"] for each in answered]
        most = [each["p95"] - each["p50"] for each in answered]
        latency.errorbar(
            shifted, half, yerr=[[0.0] * len(half), most], fmt="o", capsize=6, label=engine["name"]
        )
    for chart, title in ((rate, "messages per second"), (latency, "latency in ms: p50 (dot) to p95 (dash)")):
        chart.set_title(title)
        chart.set_xticks(list(places), [str(level) for level in levels])
        chart.set_xlabel("conversations at once")
        chart.grid(axis="y", alpha=0.3)
        chart.set_axisbelow(True)
    latency.set_yscale("log")
    rate.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
    pyplot.close(figure)
