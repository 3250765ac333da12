"""The machine itself: versions, room on the disk, how many connections may be open."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
from pathlib import Path

from frontdesk import __version__
from frontdesk.runtime.assembly import STATE
from frontdesk.server.checkup.deployment import Deployment, Finding, Level

MACHINE, DISK = "machine", "disk"
GB = 1_000_000_000
ROOM = (1 * GB, GB // 5)
"""Free bytes below which it is a warning, and an error."""
CONNECTIONS = 4096


async def check_machine(deployment: Deployment) -> list[Finding]:
    """Tell the versions, and how many connections may be open."""
    what = f"Frontdesk {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}."
    found = [Finding(MACHINE, Level.OK, what)]
    limit = open_files()
    if limit is not None and limit < CONNECTIONS:
        what = f"A process may open {limit} files: about so many connections at once."
        found.append(
            Finding(MACHINE, Level.WARNING, what, "Raise it: ulimit -n 65536 (LimitNOFILE in systemd).")
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if deployment.workers > 2 * cores:
        what = f"{deployment.workers} workers share {cores} cores."
        found.append(
            Finding(MACHINE, Level.WARNING, what, f"Take --workers {cores}: more are in each other's way.")
        )
    return found


def open_files() -> int | None:
    """Return how many files a process may open; None where nobody knows."""
    if sys.platform == "win32":
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else int(soft)


async def check_disk(deployment: Deployment) -> list[Finding]:
    """Tell where room gets short, and where nothing can be written."""
    folder = deployment.layout.folder
    state = folder / STATE
    place = state if state.exists() else folder
    if not os.access(place, os.W_OK):
        return [Finding(DISK, Level.ERROR, f"{place} cannot be written to.", "Let the server's user own it.")]
    return [room_finding(place, shutil.disk_usage(place).free)]


def room_finding(place: Path, free: int) -> Finding:
    """Judge the room that is left."""
    what = f"{free / GB:.1f} GB are free at {place}."
    if free < ROOM[1]:
        mend = "Make room now: without any, messages get 503."
        return Finding(DISK, Level.ERROR, what, mend)
    if free < ROOM[0]:
        return Finding(DISK, Level.WARNING, what, "Make room.")
    return Finding(DISK, Level.OK, what)
