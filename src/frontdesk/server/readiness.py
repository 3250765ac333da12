"""Whether a server can take messages: what it hangs on is asked with a deadline, and not again and again."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from sanic import Request, Sanic
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.core.ports import BatchBroker
from frontdesk.errors import FrontdeskError
from frontdesk.formats.endpoints import Endpoints
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.relay import Relay

log = logging.getLogger("frontdesk.server")

EVERY = 3.0
"""Seconds for which an answer of a dependency is good."""
DEADLINE = 2.0
"""Seconds that a dependency has for an answer."""
OK, FAILING, OFF = "ok", "failing", "off"
READY, NOT_READY, DRAINING = "ready", "not ready", "draining"


@runtime_checkable
class Probed(Protocol):
    """Something elsewhere that can be asked whether it answers, at little cost and with no effect."""

    async def probe(self) -> None:
        """Return where it answers. Raises FrontdeskError."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that the server hangs on.

    `check` returns "ok", "failing" or "off" (nothing of the kind is configured), or raises. Without one that is
    `needed`, no message can be answered; without another, answers are poorer.
    """

    name: str
    check: Callable[[], Awaitable[str]]
    needed: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    state: str
    at: float


class Readiness:
    """Knows whether the server can take messages.

    Whoever asks while the dependencies are being asked waits for the same answer. `draining` says that the server is
    about to end: it finishes what it has and wants nothing new.
    """

    def __init__(
        self,
        dependencies: Sequence[Dependency],
        *,
        every: float = EVERY,
        deadline: float = DEADLINE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dependencies = dependencies
        self.draining = False
        self._every, self._deadline, self._clock = every, deadline, clock
        self._seen: dict[str, _Seen] = {}
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None

    async def look(self) -> str:
        """Return "ready", "not ready" or "draining"."""
        if self._asking is None and (self._asked_at is None or self._clock() - self._asked_at >= self._every):
            self._asking = asyncio.create_task(self._ask())
        if self._asking is not None:
            await asyncio.shield(self._asking)
        if self.draining:
            return DRAINING
        fine = all(self._seen[each.name].state == OK for each in self.dependencies if each.needed)
        return READY if fine else NOT_READY

    async def report(self) -> dict[str, Any]:
        """Return the state of the server and of each dependency, with the seconds since it was asked; no secrets."""
        status, now = await self.look(), self._clock()
        told = {
            each.name: {
                "state": self._seen[each.name].state,
                "age": round(now - self._seen[each.name].at, 1),
                "needed": each.needed,
            }
            for each in self.dependencies
        }
        return {"status": status, "dependencies": told}

    async def _ask(self) -> None:
        try:
            await asyncio.gather(*(self._ask_one(each) for each in self.dependencies))
            self._asked_at = self._clock()
        finally:
            self._asking = None

    async def _ask_one(self, dependency: Dependency) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                state = await dependency.check()
            why = ""
        except TimeoutError:
            state, why = FAILING, f"no answer within {self._deadline:g} s"
        except Exception as error:  # whatever a driver raises; the reason is for the log alone
            state = FAILING
            why = error.sentence if isinstance(error, FrontdeskError) else type(error).__name__
        before = self._seen.get(dependency.name)
        self._seen[dependency.name] = _Seen(state, self._clock())
        if state == FAILING and (before is None or before.state != FAILING):
            log.error("A check of '%s' failed: %s", dependency.name, why or "it says so itself")
        elif before is not None and before.state == FAILING:
            log.info("'%s' answers again.", dependency.name)


def dependencies_of(agent: Agent, endpoints: Endpoints, relay: Relay | None = None) -> list[Dependency]:
    """Return what an assistant hangs on; `relay` sends its events to a broker, where there is one."""
    assistant = _Assistant(agent, endpoints, relay)
    return [
        Dependency("model", assistant.model, needed=True),
        Dependency("tracker_store", assistant.tracker_store, needed=True),
        Dependency("lock_store", assistant.lock_store, needed=True),
        Dependency("action_server", assistant.action_server),
        Dependency("knowledge", assistant.knowledge),
        Dependency("language_model", assistant.language_model),
        Dependency("event_broker", assistant.event_broker),
    ]


class _Assistant:
    """Asks each thing that an assistant hangs on, at little cost and with no effect."""

    def __init__(self, agent: Agent, endpoints: Endpoints, relay: Relay | None) -> None:
        self.agent, self.endpoints, self.relay = agent, endpoints, relay
        self.probe = f"readiness-{uuid.uuid4().hex}"

    async def model(self) -> str:
        return OK if self.agent.ready else FAILING

    async def tracker_store(self) -> str:
        await self.agent.store.next_reminder()
        return OK

    async def lock_store(self) -> str:
        if not self.agent.local:
            async with self.agent.locks.lock(self.probe):
                pass
        return OK

    async def action_server(self) -> str:
        server = self.agent.processor.server
        if self.endpoints.action_endpoint is None:
            return OFF
        if isinstance(server, Probed):
            await server.probe()
            return OK
        return OK if await server.names() else FAILING

    async def knowledge(self) -> str:
        return OK if self.agent.processor.knowledge is not None else OFF

    async def language_model(self) -> str:
        llm = getattr(getattr(self.agent.processor.knowledge, "grounded", None), "llm", None)
        if llm is None:
            return OFF
        # It is not called: a call costs money. Its breaker tells how the last ones went.
        return FAILING if getattr(getattr(llm, "breaker", None), "remaining", 0.0) > 0 else OK

    async def event_broker(self) -> str:
        if self.relay is None:
            return OFF
        if isinstance(self.relay.broker, BatchBroker):
            await self.relay.broker.check()
        return FAILING if self.relay.failures else OK


def mount_readiness(app: Sanic[Any, Any], readiness: Readiness) -> None:
    """Answer at /ready: 200 where the server can take messages, else 503."""

    @app.get("/ready", name="ready")
    async def ready(_: Request) -> HTTPResponse:
        told = await readiness.report()
        headers = {"Cache-Control": "no-store"}
        if told["status"] == READY:
            return json_response(told, headers=headers)
        return json_response(told, status=503, headers={**headers, "Retry-After": "2"})
