"""Try Rasa 3 projects: read, validate, train, run their test stories: python -m bench.compatibility DIR...

Each stage is a process of its own with a time limit, in a copy of the project's folder, without a network: what a
project's configuration names (an action server, Duckling, a database) is never reached, and its `endpoints.yml` is
replaced. With --rasa BIN, Rasa 3.6 does the same work in the same way. Rows go into `compatibility.json` in the folder
of --out, beside those of earlier runs; `compatibility.md` is the table of all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.compatibility_table import table
from bench.machine import machine

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".rasa", ".frontdesk", "models", "results", "node_modules", "venv", ".venv", "__pycache__"
)
ENDPOINTS = 'action_endpoint:\n  url: "http://127.0.0.1:5055/webhook"\n'
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
    "NO_COLOR": "1",
}
ALONE = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
READ = """
from pathlib import Path
from frontdesk.formats.project import read_project
read_project(Path.cwd(), strict=False, names=False)
"""
NAME = "compatibility"


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage came to: whether it did its work, what it cost, and the first thing that went wrong."""

    ok: bool
    seconds: float
    cpu_seconds: float
    error: str = ""


@dataclass(slots=True)
class Row:
    """One project under one engine; `passed` of `stories` test stories held."""

    project: str
    engine: str
    stages: dict[str, Stage] = field(default_factory=dict)
    stories: int = 0
    passed: int = 0
    failed: list[str] = field(default_factory=list)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.compatibility", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR", help="the folder of a Rasa 3 project")
    parser.add_argument("--lenient", action="store_true", help="train with --lenient; counted apart")
    parser.add_argument("--rasa", type=Path, metavar="BIN", help="a `rasa` command: try Rasa instead")
    parser.add_argument("--limit", type=float, default=900, help="seconds that a stage may take (900)")
    parser.add_argument(
        "--only", nargs="+", choices=["load", "validate", "train", "test"], help="only these stages"
    )
    parser.add_argument("--out", type=Path, default=Path("results/compatibility"), help="where results go")
    return parser.parse_args()


def main() -> int:
    """Try each project, write the rows as they come."""
    given = options()
    if not shutil.which("unshare"):
        sys.exit("This needs `unshare` (util-linux) to keep the projects off the network.")
    given.out.mkdir(parents=True, exist_ok=True)
    engine = "rasa" if given.rasa else "frontdesk --lenient" if given.lenient else "frontdesk"
    for folder in given.folders:
        row = attempt(folder.resolve(), engine, given)
        keep(given.out / "compatibility.json", row, partial=bool(given.only))
        print(f"{row.project:60} {row.engine:20} {said(row)}", flush=True)
    (given.out / "compatibility.md").write_text(table(rows_of(given.out / "compatibility.json")), "utf-8")
    return 0


def attempt(folder: Path, engine: str, given: argparse.Namespace) -> Row:
    """Try one project in a copy of its folder; a stage that fails ends the attempt, but for validation."""
    row = Row(label(folder), engine)
    with tempfile.TemporaryDirectory(prefix="compatibility-") as scratch:
        copy = Path(scratch) / "project"
        shutil.copytree(folder, copy, ignore=LEFT_OUT, ignore_dangling_symlinks=True)
        (copy / "endpoints.yml").write_text(ENDPOINTS, "utf-8")
        for name, command in stages(copy, engine, given.rasa).items():
            if given.only and name not in given.only:
                continue
            stage = run(command, copy, given.limit)
            if name == "test":
                told(row, copy)
                stage = Stage(
                    row.stories > 0, stage.seconds, stage.cpu_seconds, "" if row.stories else stage.error
                )
            row.stages[name] = stage
            if not stage.ok and name != "validate":
                break
    return row


def stages(copy: Path, engine: str, rasa: Path | None) -> dict[str, list[str]]:
    """Return the commands of an engine, stage by stage; a project without test stories has no last one."""
    if rasa:
        command = [str(rasa.resolve())]
        domain = [] if (copy / "domain.yml").exists() else ["--domain", "domain"]
        found = {
            "validate": [*command, "data", "validate", *domain],
            "train": [*command, "train", "--fixed-model-name", NAME, *domain],
            "test": [*command, "test", "core", "--e2e", "-s", "tests", "-m", f"models/{NAME}.tar.gz"],
        }
    else:
        command = [sys.executable, "-m", "frontdesk.cli.main"]
        lenient = ["--lenient"] if engine.endswith("--lenient") else []
        found = {
            "load": [sys.executable, "-c", READ],
            "validate": [*command, "data", "validate"],
            "train": [*command, "train", "--fixed-model-name", NAME, *lenient],
            "test": [*command, "test", "core"],
        }
    if not any((copy / "tests").rglob("test_*.y*ml")):
        del found["test"]
    return found


def run(command: list[str], cwd: Path, limit: float) -> Stage:
    """Run one stage without a network; end it and its children at the limit."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*ALONE, *command],
        cwd=cwd,
        env={**os.environ, **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=limit)
        late = False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed, _ = process.communicate()
        late = True
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    output = printed.decode("utf-8", "replace")
    ok = process.returncode == 0 and not late
    error = "" if ok else f"not done after {limit:.0f} s" if late else first_error(output)
    return Stage(ok, round(time.perf_counter() - begun, 1), round(cpu, 1), error)


def first_error(output: str) -> str:
    """Return the line of what a command printed that says what went wrong."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in output.splitlines()]
    lines = [line for line in lines if line]
    if "Traceback (most recent call last):" in lines:
        return lines[-1][:300]
    wrong = [line for line in lines if re.match(r"(error|Error|ERROR|FAILED)\b|\S*(Error|Exception):", line)]
    return (wrong or lines[-1:] or ["no output"])[0][:300]


def told(row: Row, copy: Path) -> None:
    """Take the outcome of the test stories from the reports, which both engines write alike."""
    report = copy / "results" / "story_report.json"
    if report.exists():
        counted = json.loads(report.read_text("utf-8")).get("conversation_accuracy", {})
        row.stories, row.passed = counted.get("total", 0), counted.get("correct", 0)
    failures = copy / "results" / "failed_test_stories.yml"
    if failures.exists():
        row.failed = re.findall(r"^- story: (.*)$", failures.read_text("utf-8"), re.MULTILINE)


def label(folder: Path) -> str:
    """Return a project's name: a folder called owner+name is that repository, what follows a folder in it."""
    for depth, part in enumerate(folder.parts):
        if "+" in part:
            return "/".join([part.replace("+", "/", 1), *folder.parts[depth + 1 :]])
    return folder.name


def said(row: Row) -> str:
    """Return one line about a row."""
    parts = [
        f"{name} {'ok' if stage.ok else 'NO'} {stage.seconds:.0f}s"
        + (f" ({stage.error})" if stage.error else "")
        for name, stage in row.stages.items()
    ]
    return ", ".join(parts) + (f", {row.passed} of {row.stories}" if row.stories else "")


def rows_of(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a results file."""
    found: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["rows"] if file.exists() else []
    return found


def keep(file: Path, row: Row, *, partial: bool) -> None:
    """Write a row into the results, in place of what an earlier run said; a `partial` one replaces only its stages."""
    rows = rows_of(file)
    known = [r for r in rows if (r["project"], r["engine"]) == (row.project, row.engine)]
    fresh: dict[str, Any] = asdict(row)
    for old in known:
        rows.remove(old)
        if partial:
            fresh["stages"] = {**old["stages"], **fresh["stages"]}
        if partial and "test" not in row.stages:
            fresh |= {key: old[key] for key in ("stories", "passed", "failed")}
    rows.append(fresh)
    rows.sort(key=lambda r: (str(r["project"]).lower(), str(r["engine"])))
    whole = {"at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "machine": machine(), "rows": rows}
    written = file.with_suffix(".new")
    written.write_text(json.dumps(whole, indent=1, ensure_ascii=False), "utf-8")
    written.replace(file)


if __name__ == "__main__":
    sys.exit(main())
