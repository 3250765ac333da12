"""The table of `bench/compatibility.py`, for docs/compatibility.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CHOSEN = Path(__file__).with_name("compatibility_projects.yml")
HEAD = (
    "| project | commit | language | what it uses | load, validate | train | own test stories | s of processor time |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def table(rows: list[dict[str, Any]]) -> str:
    """Return the Markdown table of all rows, one line a project, the counts above it."""
    by_project: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        by_project.setdefault(row["project"], {})[row["engine"]] = row
    known = {_name(entry): entry for entry in YAML(typ="safe").load(CHOSEN.read_text("utf-8"))["projects"]}
    ordered = [name for name in known if name in by_project] + sorted(set(by_project) - set(known))
    lines = [_line(name, known.get(name, {}), by_project[name]) for name in ordered]
    return _counts(by_project) + "\n" + HEAD + "\n".join(lines) + "\n"


def _name(entry: dict[str, Any]) -> str:
    return "/".join([entry["repository"], *([entry["folder"]] if "folder" in entry else [])])


def _counts(by_project: dict[str, dict[str, dict[str, Any]]]) -> str:
    ours = [found["frontdesk"] for found in by_project.values() if "frontdesk" in found]
    lenient = [found for found in by_project.values() if _trains(found.get("frontdesk --lenient"))]
    alike = [(f["frontdesk"], f["rasa"]) for f in by_project.values() if _tested(f)]
    stages = [
        f"{sum(_ok(row, stage) for row in ours)} of {len(ours)} {verb}"
        for stage, verb in (("load", "load"), ("validate", "validate"), ("train", "train"))
    ]
    extra = sum(not _trains(found.get("frontdesk")) for found in lenient)
    at_least = sum(mine["passed"] >= theirs["passed"] for mine, theirs in alike)
    return (
        f"{', '.join(stages)} ({extra} more with --lenient). Test stories beside Rasa: {len(alike)} projects, "
        f"{sum(m['passed'] for m, _ in alike)} stories pass here and {sum(r['passed'] for _, r in alike)} there; "
        f"{at_least} projects pass at least as many here.\n"
    )


def _ok(row: dict[str, Any] | None, stage: str) -> bool:
    return bool(row and row["stages"].get(stage, {}).get("ok"))


def _trains(row: dict[str, Any] | None) -> bool:
    return _ok(row, "train")


def _tested(found: dict[str, dict[str, Any]]) -> bool:
    return all(found.get(engine, {}).get("stories") for engine in ("frontdesk", "rasa"))


def _line(name: str, entry: dict[str, Any], found: dict[str, dict[str, Any]]) -> str:
    strict, lenient, rasa = found.get("frontdesk"), found.get("frontdesk --lenient"), found.get("rasa")
    shown = strict if _trains(strict) or not lenient else lenient
    read = "yes" if _ok(strict, "load") and _ok(strict, "validate") else "no"
    train = "yes" if _trains(strict) else "--lenient" if _trains(lenient) else "no"
    cells = [
        name,
        str(entry.get("commit", ""))[:10],
        str(entry.get("language", "")),
        ", ".join(entry.get("features", [])),
        f"{read} / {_verdict(rasa, 'validate')}",
        f"{train} / {_verdict(rasa, 'train')}",
        f"{_stories(shown)} / {_stories(rasa)}" if entry.get("own_tests", True) else "no own ones",
        f"{_cost(shown)} / {_cost(rasa)}",
    ]
    return "| " + " | ".join(cells) + " |"


def _verdict(row: dict[str, Any] | None, stage: str) -> str:
    if row is None or stage not in row["stages"]:
        return "?"
    late = "not done" in row["stages"][stage]["error"]
    return "yes" if _ok(row, stage) else "too slow" if late else "no"


def _stories(row: dict[str, Any] | None) -> str:
    return f"{row['passed']} of {row['stories']}" if row and row["stories"] else "?"


def _cost(row: dict[str, Any] | None) -> str:
    """Return the processor time of training and of the test stories."""
    stages = [row["stages"][name] for name in ("train", "test") if name in row["stages"]] if row else []
    return f"{sum(stage['cpu_seconds'] for stage in stages):.0f}" if stages else "?"
