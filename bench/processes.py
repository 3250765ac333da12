"""What processes cost, as the kernel counts it: processor time and memory of a whole tree (Linux)."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICK = 1.0 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a program that has ended cost: seconds on the clock and of processor time, and its largest memory in MB."""

    wall: float
    cpu: float
    peak_mb: float
    code: int
    output: str

    def plain(self) -> dict[str, float]:
        """Return the figures, rounded."""
        return {
            "wall_seconds": round(self.wall, 2),
            "cpu_seconds": round(self.cpu, 2),
            "peak_mb": round(self.peak_mb),
        }


class Failed(Exception):
    """Raised where a program of the benchmark did not do its work; holds the end of what it printed."""


def timed(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> Spent:
    """Run a program to its end and return what it and its children cost. Raises Failed."""
    log = cwd / "bench-output.log"
    with log.open("wb") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **(environment or {})}, stdout=out, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    output = log.read_text("utf-8", errors="replace")
    if process.returncode:
        raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{output[-2000:]}")
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, output)


def tree(root: int) -> list[int]:
    """Return a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # gone in the meantime
                children.setdefault(int(_fields(entry)[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting += children.get(process, [])
    return found


def runs(process: int) -> bool:
    """Tell whether a process is there and has not ended."""
    with contextlib.suppress(OSError):
        return _fields(PROC / str(process))[0] not in ("Z", "X")
    return False


def cpu_seconds(root: int) -> float:
    """Return the processor time of a process tree so far, children that have ended included."""
    ticks = 0
    for process in tree(root):
        with contextlib.suppress(OSError):
            fields = _fields(PROC / str(process))
            ticks += sum(int(field) for field in fields[11:15])  # utime, stime, and those of ended children
    return ticks * TICK


def pss_mb(root: int) -> float:
    """Return the memory of a process tree in MB; what several processes share is counted once."""
    kilobytes = 0
    for process in tree(root):
        with contextlib.suppress(OSError):
            kilobytes += _pss(PROC / str(process) / "smaps_rollup")
    return kilobytes / 1024


def _pss(rollup: Path) -> int:
    for line in rollup.read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _fields(process: Path) -> list[str]:
    """Return the fields of /proc/PID/stat that follow the name, which may hold spaces."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def machine_busy() -> float:
    """Return how many seconds the machine's processors have been at work, all together, for anybody."""
    first = (PROC / "stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, interrupt, soft, steal = (int(field) for field in first[:8])
    return (user + nice + system + interrupt + soft + steal) * TICK


@contextlib.contextmanager
def stopped_after(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a server when the block ends, and kill it if it does not go."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


@contextlib.contextmanager
def serving(
    command: Sequence[str],
    cwd: Path,
    url: str,
    environment: Mapping[str, str],
    log: Path,
    seconds: float = 120,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; it begins once `url`/health answers. Raises Failed."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=out, stderr=subprocess.STDOUT)
    with stopped_after(process):
        until = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/health", timeout=5).read()
                break
            if process.poll() is not None or time.monotonic() > until:
                raise Failed(
                    f"The server doesn't answer:\n{log.read_text('utf-8', errors='replace')[-2000:]}"
                )
            time.sleep(0.2)
        yield process
