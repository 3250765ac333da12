"""Measure the assistant as a whole, and Rasa beside it on a bot of the same size: python -m bench.

Nothing of the project is touched: bots are copied into a temporary folder and trained and served there. What comes
out are `results.json`, `tables.md` and `load.png` in the folder of --out.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.engines import ROOT, Engine, assistant, bare, rasa, smallbot
from bench.install import environment_size, help_seconds, measure_install
from bench.machine import machine, source_digest, version
from bench.measure import Plan, Words, measure
from bench.plot import plot
from bench.processes import Failed
from bench.report import ratios, report

QUICK = Plan(seconds=3.0, warm_up=1.0)
SHORT = Plan(seconds=4.0, warm_up=1.0)  # for the bare server, whose figures need no patience


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rasa", type=Path, metavar="BIN", help="the bin folder of an environment with Rasa 3.6"
    )
    parser.add_argument(
        "--quick", action="store_true", help="3 s for each load: to see that it works, no figures"
    )
    parser.add_argument("--seconds", type=float, help="how long each load lasts (15)")
    parser.add_argument(
        "--only",
        choices=["assistant", "smallbot"],
        help="measure only one of the two bots, and no bare server",
    )
    parser.add_argument(
        "--install", action="store_true", help="measure instead an installation in a fresh clone"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "results" / "bench", help="where to write the results"
    )
    given = parser.parse_args()
    if given.rasa and not (given.rasa / "rasa").exists():
        parser.error(f"There is no 'rasa' in {given.rasa}.")
    return given


def main() -> int:
    """Measure, write the results, print the tables."""
    given = options()
    begun = time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)

    results: dict[str, Any] = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", "bench", *_command(given)]),
        "machine": machine(),
        "versions": _versions(given.rasa),
        "engines": [],
    }
    try:
        if given.install:
            results["install"] = _installation(given.rasa, say)
        else:
            _measure_all(given, results, say)
    except Failed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    results["seconds"] = round(time.perf_counter() - begun)
    _write(results, given.out, "install" if given.install else "results")
    return 0


def _command(given: argparse.Namespace) -> list[str]:
    """Return the options that were given, without paths of this machine."""
    words = ["--rasa", "BIN"] if given.rasa else []
    words += [f"--{name}" for name in ("quick", "install") if getattr(given, name)]
    words += [f"--seconds={given.seconds:g}"] if given.seconds else []
    return words + ([f"--only={given.only}"] if given.only else [])


def _versions(binaries: Path | None) -> dict[str, str]:
    python = Path(sys.executable)
    found = {name: version(python, name) for name in ("frontdesk", "onnxruntime", "sanic")}
    if binaries:
        found["rasa"] = version(binaries / "python", "rasa")
    return found


def _measure_all(given: argparse.Namespace, results: dict[str, Any], say: Callable[[str], None]) -> None:
    plan = QUICK if given.quick else Plan()
    if given.seconds:
        plan = Plan(seconds=given.seconds, warm_up=plan.warm_up)
    words = Words()
    source = source_digest(ROOT / "src")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        work = Path(name)
        engines: list[Engine] = []
        if given.only != "smallbot":
            engines.append(assistant(work / "assistant"))
        if given.only != "assistant":
            engines.append(smallbot(work / "smallbot"))
            engines += [rasa(work / "rasa", given.rasa)] if given.rasa else []
        for engine in engines:
            results["engines"].append(measure(engine, plan, words, say))
        if not given.only:
            results["limit"] = measure(bare(work / "bare"), QUICK if given.quick else SHORT, words, say)
    results["source_changed"] = source_digest(ROOT / "src") != source
    if given.rasa and given.only != "assistant":
        ours, theirs = results["engines"][-2:]
        results["ratios"] = ratios(ours, theirs)


def _installation(binaries: Path | None, say: Callable[[str], None]) -> dict[str, Any]:
    found = measure_install(say)
    commands = {"frontdesk": Path(sys.executable).parent / "frontdesk"}
    if binaries:
        found["others"] = {"Rasa": environment_size(binaries)}
        commands["rasa"] = binaries / "rasa"
    say("install: --help")
    found["help"] = {name: help_seconds(str(command)) for name, command in commands.items()}
    return found


def _write(results: dict[str, Any], folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    text = report(results)
    (folder / f"{'tables' if name == 'results' else name}.md").write_text(text, "utf-8")
    if results["engines"]:
        plot(results["engines"], folder / "load.png")
    print(text)
    print(f"Written to {folder} in {results['seconds']} s.")


if __name__ == "__main__":
    sys.exit(main())
