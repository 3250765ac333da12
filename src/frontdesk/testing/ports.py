"""Ports for the servers that tests start: no two processes of tests that run side by side get the same one."""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path

FIRST, LAST = 20_000, 32_000
"""Below the ports that systems hand out by themselves: whoever asks for any port is given none of these."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on, and that nobody else is told of for long.

    The system would name one, but could give it to another process before a server that is being started listens
    there. All processes of this user count on in one file instead.
    """
    file = os.open(_counter(), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = os.pread(file, 16, 0)
        # Another user of this machine begins elsewhere.
        begin = int(last) + 1 if last else random.randrange(FIRST, LAST)  # noqa: S311  # no secret
        tried = (FIRST + (begin - FIRST + number) % (LAST - FIRST) for number in itertools.count())
        port = next(port for port in itertools.islice(tried, LAST - FIRST) if _is_free(port))
        os.pwrite(file, b"%d" % port, 0)
    finally:
        os.close(file)
    return port


def _counter() -> Path:
    return Path(tempfile.gettempdir()) / f"frontdesk-test-ports-{os.getuid()}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
