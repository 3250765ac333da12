"""Which machine the figures come from."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from pathlib import Path


def machine() -> dict[str, str | int | float | list[float]]:
    """Return what a reader must know to compare: processors, memory, system, and how busy it was before."""
    return {
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor() or "unknown",
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int((_line("/proc/meminfo", "MemTotal") or "0").split()[0]) / 1024**2, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
    }


def source_digest(folder: Path) -> str:
    """Return a digest of the Python files in a folder, to tell whether somebody changed them during a run."""
    found = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()


def version(python: Path, package: str) -> str:
    """Return which version of a package an environment has."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _line(file: str, name: str) -> str | None:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
