"""Points at which a process of the server ends itself as `kill -9` would, once it is told to.

A project names `bench.server.marks.Marks` in its credentials.yml. That is no channel for anybody; it is loaded by
servers, front servers and workers alike, and listens where the stops of a message are measured.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frontdesk import measures

POINTS = {
    "channel after": "read, and not yet written down",
    "inbox after": "written down, and not yet acknowledged",
    "wait after": "its conversation's lock is held",
    "load after": "the conversation is loaded",
    "understand after": "understood",
    "choose after": "decided",
    "act before": "before an action",
    "act after": "after an action's effect, before anybody knows of it",
    "respond after": "worded",
    "commit before": "before a commit",
    "commit after": "committed, and not yet told",
    "send before": "before a reply goes out",
    "send after": "a reply has gone out",
}
"""The marked points, each before or after a stop of a message (`measures.STOPS`), and what is so there."""


class Marks:
    """Hears of every stop, and kills its process at the point that a file names; the file is gone then.

    The option `file` says where that is. Of several processes one takes it.
    """

    name = "marks"

    def __init__(self, options: Mapping[str, Any], secret: str) -> None:
        self.file = Path(str(options["file"]))
        measures.listen(self)

    def mount(self, app: Any, gate: Any) -> None:
        """Add nothing: nobody speaks here."""

    def enter(self, stop: str, what: str) -> None:
        """Hear that a stop begins."""
        self.pass_by(f"{stop} before")

    def leave(self, stop: str, begun: Any, seconds: float, error: BaseException | None) -> None:
        """Hear that a stop ended."""
        if error is None:
            self.pass_by(f"{stop} after")

    def pass_by(self, point: str) -> None:
        """End this process where the file names this point."""
        try:
            if self.file.read_text("utf-8") == point:
                self.file.unlink()  # whoever is second finds nothing to unlink
                os.kill(os.getpid(), signal.SIGKILL)
        except FileNotFoundError:
            pass

    def count(self, name: str, value: str, amount: float) -> None:
        """Hear that something happened."""

    def set(self, name: str, amount: float) -> None:
        """Hear how much there is of something."""

    def arrive(self, headers: Mapping[str, str]) -> None:
        """Hear that a request begins."""

    def carried(self) -> Mapping[str, str]:
        """Return nothing that goes along."""
        return {}

    def refresh(self) -> None:
        """Hear that it is time to look."""
