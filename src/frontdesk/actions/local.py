"""Custom actions in this process: the project's own code, run by the official `rasa-sdk`."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.actions.calls import MAX_EVENTS, read_result, request
from frontdesk.actions.context import ContextSigner
from frontdesk.actions.sdk import error_place, load_executor
from frontdesk.actions.threads import ThreadPool
from frontdesk.core.domain import Domain
from frontdesk.core.ports import ActionCall, ActionResult
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionError, ActionRejected, suggestion

if TYPE_CHECKING:
    from rasa_sdk.executor import ActionExecutor

log = logging.getLogger("frontdesk.actions")

THREADS = 16


class LocalActionServer:
    """Runs the actions of a Python module beside the server, on threads of their own.

    >>> server = LocalActionServer("actions", Path.cwd())
    >>> await server.start()
    >>> await server.run("action_hello", tracker, domain, ActionCall())

    Action code may block; it delays nobody else until `threads` actions run at the same time. What goes in
    and comes out passes through JSON as over HTTP, so that an action cannot change the conversation but by
    its events. An action that keeps an asyncio client should make it anew for each call, since calls may run
    in different event loops.
    """

    def __init__(
        self,
        module: str = "actions",
        folder: Path | None = None,
        *,
        deadline: float = 10.0,
        threads: int = THREADS,
        max_events: int = MAX_EVENTS,
        signer: ContextSigner | None = None,
    ) -> None:
        self.module = module
        self.folder = folder or Path.cwd()
        self.deadline = deadline
        self.max_events = max_events
        self.signer = signer or ContextSigner()
        self._pool = ThreadPool(threads)
        self._executor: ActionExecutor | None = None
        self._starting = asyncio.Lock()
        self._domain: tuple[Domain, dict[str, Any]] | None = None

    async def start(self) -> None:
        """Import the module, once; the first call does so, too. Raises ActionImportError."""
        await self._started()

    async def _started(self) -> ActionExecutor:
        if self._executor is not None:
            return self._executor
        async with self._starting:
            if self._executor is None:
                self._executor = await asyncio.to_thread(load_executor, self.module, self.folder)
            return self._executor

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        """Run one action. Raises ActionRejected, ActionTimeout, ActionError."""
        executor = await self._started()
        if name not in executor.actions:
            hint = suggestion(name, executor.actions)
            raise ActionError(f"The module '{self.module}' has no action '{name}'.", hint=hint)
        wire_domain = self._copied(domain)

        async def work() -> str:
            body = json.loads(request(name, tracker, call, self.signer, self.max_events))
            return await self._execute(executor, name, {**body, "domain": wire_domain})

        return read_result(
            name, json.loads(await self._pool.run(work, self.deadline, f"The action '{name}'"))
        )

    async def _execute(self, executor: ActionExecutor, name: str, body: dict[str, Any]) -> str:
        """Run an action on a thread of the pool, and return its result as JSON."""
        from rasa_sdk.interfaces import ActionExecutionRejection

        try:
            result = await executor.run(body)
        except ActionExecutionRejection as error:
            raise ActionRejected(name, str(error)) from error
        except (Exception, SystemExit) as error:
            what = f"The action '{name}' raised {type(error).__name__}: {str(error).rstrip('.')}."
            raise ActionError(what, where=error_place(error, self.folder)) from error
        try:
            return json.dumps(result.model_dump() if result else {})
        except (TypeError, ValueError, RecursionError) as error:
            hint = "Events and messages hold texts, numbers, booleans, None, lists and mappings of these."
            raise ActionError(
                f"The action '{name}' returned what JSON cannot hold ({error}).", hint=hint
            ) from error

    def _copied(self, domain: Domain) -> dict[str, Any]:
        """Return the domain in wire form, copied once, so that no action changes the engine's own."""
        if self._domain is None or self._domain[0] is not domain:
            self._domain = (domain, copy.deepcopy(dict(domain.wire)))
        return self._domain[1]

    async def names(self) -> frozenset[str]:
        """Return the names of all actions of the module."""
        return frozenset((await self._started()).actions)

    async def close(self) -> None:
        """Let the threads go when they come free; one that hangs is left behind."""
        self._pool.close()
