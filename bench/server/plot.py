"""Draw how long answers took under each load, and memory over the time of the soak."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def plot(results: Mapping[str, Any], file: Path) -> None:
    """Write one picture with two charts: latency from p50 (dot) to p99 (dash), and memory over time."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    loads = {name: results[name]["latency_ms"] for name in ("paced", "users", "sockets") if name in results}
    loads |= {name: found["latency_ms"] for name, found in results.get("throughput", {}).items()}
    figure, (latency, memory) = pyplot.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
    for place, took in enumerate(loads.values()):
        if took:
            latency.vlines(place, took["p50"], took["p99"])
            latency.plot([place], [took["p50"]], "o", color="C0")
            latency.plot([place], [took["p95"]], "_", color="C0", markersize=12)
    latency.set_xticks(range(len(loads)), list(loads), rotation=20, ha="right", fontsize=8)
    latency.set_yscale("log")
    latency.set_title("latency in ms: p50 (dot), p95 (dash), to p99")
    curve = results.get("soak", {}).get("curve", [])
    memory.plot([at / 60 for at, _ in curve], [megabytes for _, megabytes in curve])
    memory.set_title("soak: memory (PSS) in MB over minutes")
    for chart in (latency, memory):
        chart.grid(axis="y", alpha=0.3)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
    pyplot.close(figure)
