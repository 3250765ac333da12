"""Measure what a server carries: python -m bench.server.

The assistant is copied into a temporary folder and trained and served there. What comes out are `server.json`,
`server.md` and `server.png` in the folder of --out.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.engines import ROOT
from bench.machine import machine, version
from bench.processes import Failed, machine_busy
from bench.report import table
from bench.server.kills import kills
from bench.server.parts import PARTS as LOADS
from bench.server.parts import Bench, Row
from bench.server.plot import plot

QUICK = 0.02
PARTS = {**LOADS, "kills": kills}


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="some of the parts"
    )
    parser.add_argument(
        "--rasa", type=Path, metavar="BIN", help="the bin folder of an environment with Rasa 3.6"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="how much of each time and number (1)")
    parser.add_argument("--quick", action="store_true", help=f"the same as --scale {QUICK}: no figures")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "results" / "bench", help="where to write the results"
    )
    return parser.parse_args()


def main() -> int:
    """Measure, write the results, print the table; 1 where a part failed or fell short."""
    given, begun = options(), time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)

    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), say, QUICK if given.quick else given.scale, given.rasa)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        about = {"made": made, "machine": machine(), "busy": {}}
        command = ["python", "-m", "bench.server"]
        command += ["--only", *given.only] if len(given.only) < len(PARTS) else []
        command += ["--scale", f"{bench.scale:g}"] if bench.scale != 1 else []
        about["command"] = shlex.join([*command, *(["--rasa", "BIN"] if given.rasa else [])])
        for name in given.only:
            say(name)
            busy, since = machine_busy(), time.perf_counter()
            try:
                rows += PARTS[name](bench)
            except Failed as error:
                rows.append(Row(name, "to be measured", str(error).splitlines()[0], False))
                say(str(error))
            about["busy"][name] = round((machine_busy() - busy) / (time.perf_counter() - since), 2)
            _write(given.out, about, rows, bench.results)  # a run takes hours, and may be stopped
        print(report(about, rows))
        print(f"Written to {given.out}.")
    return 0 if all(row.met for row in rows) else 1


def _write(folder: Path, about: Mapping[str, Any], rows: Sequence[Row], results: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    whole = {**about, "rows": [asdict(row) for row in rows], "results": results}
    (folder / "server.json").write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
    (folder / "server.md").write_text(report(about, rows), "utf-8")
    plot(results, folder / "server.png")


def report(about: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """Return the table of one run."""
    known = about["machine"]
    head = (
        f"{about['made']}: `{about['command']}`\n\n{known['processor']}, {known['cores']} cores, "
        f"{known['memory_gb']} GB, {known['system']}; sanic {version(Path(sys.executable), 'sanic')}. "
        "Cores at work, all told: "
        f"{', '.join(f'{name} {cores}' for name, cores in about['busy'].items())}."
    )
    lines = [
        [row.work, row.must, row.measured, {True: "yes", False: "no", None: "-"}[row.met]] for row in rows
    ]
    return f"{head}\n\n{table(['work', 'must reach', 'measured', 'reached'], lines)}\n"


if __name__ == "__main__":
    sys.exit(main())
