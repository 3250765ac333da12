"""Write what was measured as tables that a person reads (Markdown), and as ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Found = Mapping[str, Any]

BUSY = 0.15  # cores; more than this at work elsewhere is worth a remark


def report(results: Found) -> str:
    """Return the tables of one run."""
    engines: Sequence[Found] = results["engines"]
    parts = [_heading(results)]
    if engines:
        parts += [_overview(engines), _load(engines, results.get("limit"))]
    if results.get("ratios"):
        parts.append(_ratios(results["ratios"]))
    if results.get("install"):
        parts.append(_install(results["install"]))
    parts.append(_remarks(results))
    return "\n\n".join(part for part in parts if part) + "\n"


def ratios(ours: Found, theirs: Found) -> dict[str, float]:
    """Return how many times better one engine is than another at the same bot; above 1 is better."""
    found = {
        "training, CPU time": _over(theirs["train"]["cpu_seconds"], ours["train"]["cpu_seconds"]),
        "training, nothing changed": _over(
            theirs["train_unchanged"]["wall_seconds"], ours["train_unchanged"]["wall_seconds"]
        ),
        "start until the first answer": _over(theirs["start"]["wall_seconds"], ours["start"]["wall_seconds"]),
        "memory at the end": _over(theirs["memory"]["end_mb"], ours["memory"]["end_mb"]),
    }
    for mine, other in zip(ours["levels"], theirs["levels"], strict=True):
        number = mine["conversations"]
        if not mine["latency_ms"] or not other["latency_ms"]:
            continue
        found[f"messages per second, {number} conversations"] = _over(mine["per_second"], other["per_second"])
        found[f"p95, {number} conversations"] = _over(other["latency_ms"]["p95"], mine["latency_ms"]["p95"])
        found[f"CPU time per message, {number} conversations"] = _over(
            other["server_cpu_ms"], mine["server_cpu_ms"]
        )
    return found


def _over(one: float, other: float) -> float:
    return round(one / other, 1) if other else float("inf")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with columns of even width, the first to the left and numbers to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join([first, *rest])} |"

    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([line(head), f"|{rule}|", *(line(row) for row in rows)])


def _heading(results: Found) -> str:
    machine, versions = results["machine"], results["versions"]
    known = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"{results['made']}: `{results['command']}`\n\n"
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}; {known}. "
        f"Load average before: {', '.join(str(value) for value in machine['load_before'])}."
    )


def _overview(engines: Sequence[Found]) -> str:
    def seconds(part: str, kind: str) -> list[str]:
        return [f"{each[part][kind]:,.1f} s" if part in each else "-" for each in engines]

    rows = [
        ["training from nothing", *seconds("train", "wall_seconds")],
        ["- processor time", *seconds("train", "cpu_seconds")],
        ["- largest memory", *(f"{each['train']['peak_mb']:,} MB" for each in engines)],
        ["training, nothing changed", *seconds("train_unchanged", "wall_seconds")],
        ["first start until the first answer", *seconds("first_start", "wall_seconds")],
        ["start until the first answer", *seconds("start", "wall_seconds")],
        ["- processor time", *seconds("start", "cpu_seconds")],
        ["memory (PSS) after warm-up", *(f"{each['memory']['warm_mb']:,} MB" for each in engines)],
        ["memory (PSS) at the end", *(f"{each['memory']['end_mb']:,} MB" for each in engines)],
        ["- messages in between", *(f"{each['memory']['messages_between']:,}" for each in engines)],
    ]
    return table(["", *(each["name"] for each in engines)], rows)


def _load(engines: Sequence[Found], limit: Found | None) -> str:
    head = ["conversations at once", "messages/s", "p50 ms", "p95 ms", "p99 ms", "server CPU-ms/message"]
    head += ["load CPU-ms/message", "messages", "errors", "unexpected"]
    rows = [
        _level(each["name"], level)
        for each in (*engines, *([limit] if limit else []))
        for level in each["levels"]
    ]
    return table(head, rows)


def _level(name: str, level: Found) -> list[str]:
    latency = level["latency_ms"]
    answered = max(level["answered"], 1)
    return [
        f"{name}, {level['conversations']}",
        f"{level['per_second']:,.1f}",
        *(f"{latency[p]:,.1f}" if latency else "-" for p in ("p50", "p95", "p99")),
        f"{level['server_cpu_ms']:.2f}",
        f"{1000 * level['load_cpu_seconds'] / answered:.2f}",
        f"{level['answered']:,}",
        str(sum(level["errors"].values())),
        str(sum(level["unexpected_answers"].values())),
    ]


def _ratios(found: Mapping[str, float]) -> str:
    rows = [[what, f"{times:g}"] for what, times in found.items()]
    return table(["the small bot: times better than Rasa", "factor"], rows)


def _install(found: Found) -> str:
    rows = []
    if "cold" in found:
        rows += [
            ["`make`, no downloads kept", f"{found['cold']['wall_seconds']:.0f} s"],
            ["`make`, downloads kept", f"{found['downloads_kept']['wall_seconds']:.0f} s"],
            ["environment", f"{found['environment_mb']:,} MB, {found['packages']} packages"],
        ]
    rows += [
        [f"environment of {name}", f"{size['environment_mb']:,} MB, {size['packages']} packages"]
        for name, size in found.get("others", {}).items()
    ]
    rows += [
        [f"`{command} --help`", f"{seconds:.2f} s"] for command, seconds in found.get("help", {}).items()
    ]
    return table(["installation", ""], rows)


def _remarks(results: Found) -> str:
    levels = [(engine["name"], level) for engine in results["engines"] for level in engine["levels"]]
    lines = []
    if results.get("source_changed"):
        lines.append(
            "- The engine's source was edited during the run: parts were trained again for that reason."
        )
    busiest = max((level["cores_busy_elsewhere"] for _, level in levels), default=0.0)
    if busiest > BUSY:
        lines.append(
            f"- Up to {busiest:.1f} cores were busy with something else: times on the clock are worse than they "
            "would be, and processor times, too."
        )
    for name, level in levels:
        where = f"{name}, {level['conversations']} conversations"
        lines += [f"- {where}: {number} x {text}" for text, number in level["errors"].items()]
    return "\n".join(lines)
