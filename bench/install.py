"""Measure an installation from nothing: a new clone, a new environment, no downloads kept from before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.engines import ROOT
from bench.processes import timed


def measure_install(say: Callable[[str], None]) -> dict[str, Any]:
    """Return what `make` takes to set up the serving environment in a fresh clone, and what lies there afterwards.

    What is measured is what is committed. Needs git, make and a package index.
    """
    with tempfile.TemporaryDirectory(prefix="bench-install-") as name:
        clone, kept = Path(name) / "clone", Path(name) / "downloads"
        kept.mkdir()
        say("install: cloning")
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
        say("install: setting up, with no downloads kept from before")
        command = ["make", "--silent", f"PYTHON={base_python()}", ".venv/serve"]
        environment = {"PIP_CACHE_DIR": str(kept), "VIRTUAL_ENV": ""}
        cold = timed(command, clone, environment)
        found = {"cold": cold.plain(), **environment_size(clone / ".venv" / "bin")}
        say("install: once more, with the downloads kept")
        shutil.rmtree(clone / ".venv")
        found["downloads_kept"] = timed(command, clone, environment).plain()
        return found


def base_python() -> str:
    """Return the interpreter under this environment."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


def environment_size(binaries: Path) -> dict[str, int]:
    """Return how large an environment is, in MB on disk, and how many packages it has."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, _, names in os.walk(binaries.parent):
        for name in names:
            status = os.lstat(os.path.join(folder, name))  # noqa: PTH118  # a Path each would take seconds
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * 512
    code = "import importlib.metadata as m, json; print(json.dumps(len({d.name.lower() for d in m.distributions()})))"
    done = subprocess.run([binaries / "python", "-c", code], capture_output=True, text=True, check=True)
    return {"environment_mb": round(total / 1e6), "packages": int(json.loads(done.stdout))}


def help_seconds(command: str, rounds: int = 5) -> float:
    """Return the quickest `--help` of a command, in seconds."""
    with tempfile.TemporaryDirectory(prefix="bench-help-") as name:
        return round(min(timed((command, "--help"), Path(name)).wall for _ in range(rounds)), 3)
