"""What those who run a server need of it: readiness, an end that loses nothing, numbers that change with time."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sanic import Sanic

from frontdesk import measures
from frontdesk.auth.secret import read_secret
from frontdesk.errors import FrontdeskError
from frontdesk.formats.project_layout import Layout
from frontdesk.runtime.assembly import STATE
from frontdesk.runtime.relay import Relay
from frontdesk.server.listening import Listening
from frontdesk.server.readiness import READY, Dependency, Readiness, mount_readiness
from frontdesk.settings import Settings
from frontdesk.telemetry import name_conversations

log = logging.getLogger("frontdesk.server")

Amounts = Mapping[str, Callable[[], Awaitable[float]]]
"""What is asked for how much there is of something, by its name in `measures.AMOUNTS`."""
LOOK_EVERY = 2.0
"""Seconds between two looks at amounts, while somebody measures."""
NEW_OBJECTS = 10_000
"""Objects that are made (and still there) before the garbage collector looks at the new ones."""
LONGER = 5.0
"""Seconds that the server waits for open requests longer than a turn may take."""


def operate(
    app: Sanic[Any, Any],
    settings: Settings,
    layout: Layout,
    at: Listening,
    dependencies: Sequence[Dependency],
    amounts: Amounts,
) -> None:
    """Set the server's limits of time, tell at /ready whether it can take messages, and let it end in peace.

    At a signal it says for `FRONTDESK_DRAIN` seconds that it is not ready, and still answers: so that whatever shares
    out messages sends none here any more. Then it takes no new connection, and waits for the turns under way. While
    somebody measures, `amounts` are asked for. Call it last: what is to happen first at the end is registered last.
    """
    app.config.RESPONSE_TIMEOUT = at.response_timeout or app.config.RESPONSE_TIMEOUT
    app.config.REQUEST_TIMEOUT = at.request_timeout or app.config.REQUEST_TIMEOUT
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = settings.turn_deadline + LONGER
    name_conversations(settings.log_conversations, read_secret(layout.folder / STATE))
    readiness = Readiness(dependencies)
    mount_readiness(app, readiness)
    looking: set[asyncio.Task[None]] = set()

    @app.after_server_start
    async def begin(_: Sanic[Any, Any]) -> None:
        looking.add(asyncio.create_task(_look(readiness, amounts)))

    @app.before_server_stop
    async def drain(_: Sanic[Any, Any]) -> None:
        readiness.draining = True
        measures.level("frontdesk_ready", 0)
        if settings.drain:
            log.info("No new messages, please: the server ends in %g s.", settings.drain)
            await asyncio.sleep(settings.drain)
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)


def spare_collections() -> None:
    """Let the garbage collector leave alone what was loaded so far, which stays, and look at the rest less often.

    At Python's 700 new objects it runs at every third message, and takes 0.2 to 0.6 ms of each (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)


def amounts_of(relay: Relay | None) -> Amounts:
    """Return what is asked of an assistant: how much waits for its event broker."""
    return {"frontdesk_outbox_depth": relay.outbox.depth} if relay is not None else {}


def watched(
    settings: Settings, layout: Layout, dependencies: Sequence[Dependency], amounts: Amounts
) -> asyncio.Task[None]:
    """Let a process without an address of its own be measured, until the task that is returned is cancelled."""
    name_conversations(settings.log_conversations, read_secret(layout.folder / STATE))
    return asyncio.create_task(_look(Readiness(dependencies), amounts))


async def _look(readiness: Readiness, amounts: Amounts) -> None:
    """Tell again and again what only changes with time, where somebody measures."""
    while measures.listened():
        measures.level("frontdesk_ready", await readiness.look() == READY)
        for name, ask in amounts.items():
            with suppress(FrontdeskError):  # readiness tells what is away
                measures.level(name, await ask())
        measures.refresh()
        await asyncio.sleep(LOOK_EVERY)
