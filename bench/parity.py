"""Hold the same conversations with Rasa 3.6 and with Frontdesk, and compare them event by event.

    python -m bench.parity --rasa RASA/bin/rasa [PROJECT...] [--assistant]

Both sides train the same files with the same exact policies (rules, memoization) and keyword-only understanding, run
the same custom actions, and hear the same messages: those of `conversations.yml`, and seeded random walks over the
domain. Without a PROJECT, the projects under `bench/parity/projects` are taken. What differs is told with its turn; the
exit code is 1 unless every difference is one that docs/parity.md accounts for.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.engines import QUIET, ROOT
from bench.machine import machine, version
from bench.peers.assistant import actions, assistant_case, copies, train
from bench.peers.cases import PROJECTS, Case, read_case
from bench.peers.compare import ACCOUNTED, compare


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.parity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("projects", nargs="*", type=Path, metavar="PROJECT", help="folders of Rasa projects")
    parser.add_argument(
        "--rasa",
        type=Path,
        required=True,
        metavar="PATH",
        help="the rasa command of an environment with Rasa 3.6",
    )
    parser.add_argument(
        "--assistant", action="store_true", help="compare this repository's own assistant, by config.rasa.yml"
    )
    parser.add_argument(
        "--quick", action="store_true", help="with --assistant: do not train Rasa's understanding"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random walks (1)")
    parser.add_argument("-k", metavar="TEXT", default="", help="only conversations whose name has this text")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "results" / "parity", help="where to write the results"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this folder, and leave it")
    given = parser.parse_args()
    if not given.rasa.is_file():
        parser.error(f"There is no {given.rasa}.")
    return given


def main() -> int:
    """Compare, write the results, print the table."""
    given = options()
    folders = given.projects
    if not folders and not given.assistant:
        folders = sorted(path for path in PROJECTS.iterdir() if path.is_dir())
    cases = [read_case(folder.resolve(), given.seed) for folder in folders]
    if given.k:
        cases = [_only(case, given.k) for case in cases]
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        work = given.keep or Path(name)
        work.mkdir(parents=True, exist_ok=True)
        rows = _compare_all(cases, given.rasa.parent / "python", work) if cases else []
        if given.assistant:
            case = assistant_case(given.seed)
            rows.append(
                _compare_assistant(_only(case, given.k), given.rasa.parent / "python", work, given.quick)
            )
    results = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - begun),
        "machine": machine(),
        "versions": {
            "frontdesk": version(Path(sys.executable), "frontdesk"),
            "rasa": version(given.rasa.parent / "python", "rasa"),
        },
        "accounted": ACCOUNTED,
        "projects": rows,
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "parity.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(table(rows))
    print(f"Written to {given.out} in {results['seconds']} s.")
    return 0 if all(not row["differences"] and not row["error"] for row in rows) else 1


def _only(case: Case, text: str) -> Case:
    kept = [talk for talk in case.conversations if text in talk["name"]]
    return Case(case.name, case.folder, kept, case.actions, case.config)


def _compare_all(cases: Sequence[Case], python: Path, work: Path) -> list[dict[str, Any]]:
    theirs = _run([python, RASA_SIDE], "rasa", [case.job("rasa", work) for case in cases], work)
    ours = []
    for case in cases:
        ours += _run(OUR_SIDE, f"frontdesk-{case.name}", [case.job("frontdesk", work)], work)
    return [row(case, *both) for case, *both in zip(cases, theirs, ours, strict=True)]


def _compare_assistant(case: Case, python: Path, work: Path, quick: bool) -> dict[str, Any]:
    jobs = copies(case, work, quick=quick)
    project = Path(jobs["frontdesk"]["folder"])
    train(project, work / "assistant-train.log")
    told = []
    for side, command in (("rasa", [python, RASA_SIDE]), ("frontdesk", OUR_SIDE)):
        with actions(project, work, side) as url:
            told += _run(command, f"{side}-{case.name}", [{**jobs[side], "action_url": url}], work)
    return row(case, *told)


RASA_SIDE = Path(__file__).parent / "peers" / "rasa_side.py"
OUR_SIDE = [sys.executable, "-m", "bench.peers.frontdesk_side"]


def _run(command: Sequence[Any], name: str, jobs: Sequence[Mapping[str, Any]], work: Path) -> list[Any]:
    """Let one side do some jobs in one process."""
    file = work / f"{name}.json"
    file.write_text(json.dumps(jobs), "utf-8")
    ours = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    environment = {**os.environ, **QUIET, "PYTHONPATH": ours if command == OUR_SIDE else ""}
    with (work / f"{name}.log").open("w") as log:
        done = subprocess.run(
            [*map(str, command), str(file)], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    if done.returncode:
        tail = (work / f"{name}.log").read_text("utf-8")[-3000:]
        return [{"error": f"the process ended with code {done.returncode}:\n{tail}"} for _ in jobs]
    found: list[Any] = json.loads(file.with_suffix(".out").read_text("utf-8"))
    return found


def row(case: Case, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Return what came out for one project."""
    found: dict[str, Any] = {
        "project": case.name,
        "conversations": len(case.conversations),
        "turns": case.turns,
    }
    error = "; ".join(
        f"{side}: {told['error']}"
        for side, told in (("Rasa", theirs), ("Frontdesk", ours))
        if told.get("error")
    )
    if error:
        return {**found, "equal": 0, "error": error, "differences": []}
    differences = []
    accounted: list[dict[str, Any]] = []
    equal = left_out = 0
    for talk, *logs in zip(case.conversations, theirs["conversations"], ours["conversations"], strict=True):
        messages = [turn for turn in talk["turns"] if "wait" not in turn]
        foreseen = talk.get("differs") or {}
        for number, (said, told) in enumerate(zip(messages, compare(*logs), strict=True), start=1):
            if number == foreseen.get("turn"):
                # what follows goes on from different states, and is not compared
                reason = foreseen["because"]
                accounted.append(
                    {"conversation": talk["name"], "turn": number, "because": reason, "difference": told}
                )
                left_out += len(messages) - number + 1
                if told is None or reason not in ACCOUNTED:
                    differences.append(
                        {
                            "conversation": talk["name"],
                            "turn": number,
                            "said": said,
                            "difference": f"no '{reason}'",
                        }
                    )
                break
            equal += told is None
            if told is not None:
                differences.append(
                    {"conversation": talk["name"], "turn": number, "said": said, "difference": told}
                )
    found["turns"] -= left_out
    return {**found, "equal": equal, "error": "", "differences": differences, "accounted": accounted}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the results for a person to read (Markdown)."""
    lines = ["| project | conversations | turns | equal | first difference |", "|---|--:|--:|--:|---|"]
    for found in rows:
        first = found["error"] or _told(found["differences"][:1])
        lines.append(
            f"| {found['project']} | {found['conversations']} | {found['turns']} | {found['equal']} | {first} |"
        )
    total = [sum(found[key] for found in rows) for key in ("conversations", "turns", "equal")]
    lines.append("| **all** | " + " | ".join(map(str, total)) + " | |")
    return "\n".join(lines)


def _told(differences: Sequence[Mapping[str, Any]]) -> str:
    return "".join(f"{d['conversation']}, turn {d['turn']}: {d['difference'][:300]}" for d in differences)


if __name__ == "__main__":
    sys.exit(main())
