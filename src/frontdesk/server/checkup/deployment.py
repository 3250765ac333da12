"""What is looked at, what is found, and who looks: each check is one function of a deployment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from frontdesk.core.domain import Domain
from frontdesk.errors import FrontdeskError
from frontdesk.formats.credentials import Credentials
from frontdesk.formats.endpoints import Endpoints
from frontdesk.formats.project_layout import Layout
from frontdesk.server.api import is_local
from frontdesk.server.listening import Listening
from frontdesk.server.protection import Protection
from frontdesk.settings import Settings

DEADLINE = 15.0
"""Seconds that one check may take."""


class Level(IntEnum):
    """How bad a finding is; the worst one is the exit code of the command."""

    OK = 0
    NOTE = -1
    WARNING = 1
    ERROR = 2

    @property
    def word(self) -> str:
        """The level as it is told."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and how to mend it; neither ever holds a secret."""

    check: str
    level: Level
    what: str
    mend: str = ""


@dataclass
class Deployment:
    """A project, and how it is to be served; `domain` is known once the model was looked at."""

    layout: Layout
    settings: Settings
    at: Listening
    models: Path
    endpoints: Endpoints = field(default_factory=Endpoints)
    credentials: Credentials = field(default_factory=Credentials)
    protection: Callable[[], Protection] = Protection
    api: bool = False
    workers: int = 1
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    domain: Domain | None = None

    @property
    def public(self) -> bool:
        """Tell whether other machines can reach the server."""
        return not is_local(self.at.interface)

    @property
    def several(self) -> bool:
        """Tell whether several processes answer the same conversations."""
        kind = (self.endpoints.lock_store.type if self.endpoints.lock_store else None) or "in_memory"
        return self.workers > 1 or kind != "in_memory"


Check = Callable[[Deployment], Awaitable[Iterable[Finding]]]


async def examine(
    deployment: Deployment, checks: Sequence[tuple[str, Check]], deadline: float = DEADLINE
) -> list[Finding]:
    """Return what all checks find, in their order. One that cannot be made is an error of its own.

    The first one reads the files: where they cannot be read, no other could say anything true.
    """
    found: list[Finding] = []
    for name, check in checks:
        try:
            async with asyncio.timeout(deadline):
                found += await check(deployment)
        except TimeoutError:
            found.append(Finding(name, Level.ERROR, f"No answer within {deadline:g} s.", "Is it there?"))
        except FrontdeskError as error:
            where = f"{error.where}: " if error.where else ""
            found.append(Finding(name, Level.ERROR, f"{where}{error.what}", error.hint or ""))
        except Exception as error:  # whatever a driver raises; its own words may hold what is secret
            what = f"It cannot be checked ({type(error).__name__})."
            found.append(Finding(name, Level.ERROR, what))
        if name == checks[0][0] and worst(found) == Level.ERROR:
            break
    return found


def worst(findings: Iterable[Finding]) -> int:
    """Return the exit code: 0 where all is well, 1 with warnings, 2 with errors."""
    return max((int(finding.level) for finding in findings if finding.level > 0), default=0)
