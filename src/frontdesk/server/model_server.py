"""Answer with the model that a server of models has (`models` in endpoints.yml): asked at the start, and then again.

As with Rasa, a request carries the last `ETag` as `If-None-Match`; 304 and 204 mean that there is no other model.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from sanic import Sanic

from frontdesk.endpoint import read_endpoint
from frontdesk.endpoint_client import EndpointClient
from frontdesk.errors import ConfigError, EndpointError, FrontdeskError, PackageError
from frontdesk.formats.endpoints import Endpoint
from frontdesk.formats.project_layout import Layout
from frontdesk.graph.package import newest, peek_manifest
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.assembly import reload
from frontdesk.server.peers import Workers
from frontdesk.stores.model_storage import digest_of

log = logging.getLogger("frontdesk.models")

EVERY = 100.0
"""Seconds between two questions, as in Rasa (`wait_time_between_pulls`)."""
DEADLINE = 300.0
"""Seconds that a model may take to arrive."""
PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds between tries at the start."""

Tell = Callable[[str, Path], Awaitable[None]]
"""Is told a model's id, and where it is kept."""


class ModelServer:
    """Asks one server for a model that is not the one it had before.

    >>> server = ModelServer(endpoint, Path("models"))
    >>> draft = await server.pull()

    What arrived has a model's name only after `keep`, so that a restart never takes half of one for the newest.
    """

    def __init__(self, configured: Endpoint, models: Path, before: Path | None = None) -> None:
        where = str(configured.place) if configured.place else None
        self.every = _every(configured.options, where)
        self.models = models
        self._client = EndpointClient(
            read_endpoint({"url": configured.url, **configured.options}, "models", where)
        )
        self.place = self._client.endpoint.place
        self._tag: str | None = None
        self._digest = digest_of(before) if before is not None and before.is_file() else None

    async def pull(self) -> Path | None:
        """Fetch another model than before; None where there is none. Raises EndpointError."""
        self.models.mkdir(parents=True, exist_ok=True)
        draft = self.models / f".fetched-{secrets.token_hex(4)}"
        headers = {"If-None-Match": self._tag} if self._tag else {}
        try:
            status, said = await self._client.download(draft, headers, DEADLINE)
            if status in (204, 304):
                return None
            if status != 200:
                raise EndpointError(f"The answer has status {status}.", where=self.place)
            self._tag = said.get("ETag")
            digest = digest_of(draft)
            if digest == self._digest:  # a server that sends no ETag, or one that was asked at the start
                return None
            self._digest = digest
            return draft.rename(draft.with_suffix(".whole"))
        finally:
            draft.unlink(missing_ok=True)

    def keep(self, draft: Path) -> Path:
        """Give what was fetched a model's name."""
        target = self.models / f"served-{str(self._digest)[:16]}.tar.gz"
        os.replace(draft, target)
        os.utime(target)
        return target

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


def _every(options: Mapping[str, Any], where: str | None) -> float:
    """Return the seconds between two questions; 0 where it is asked once. Raises ConfigError."""
    given = options.get("wait_time_between_pulls", EVERY)
    try:
        seconds = float(given or 0)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        what = f"'models': 'wait_time_between_pulls' is '{given}'."
        raise ConfigError(what, where=where, hint="Write a number of seconds; 0 or nothing asks once.")
    return seconds


def pulled(configured: Endpoint | None, models: Path) -> Path | None:
    """Return the model that the server of models has at the start; None where no server is named.

    One that cannot be reached does no harm where there is a model already; where there is none, raises EndpointError.
    """
    if configured is None or not configured.url:
        return None
    return asyncio.run(_first(ModelServer(configured, models)))


async def _first(server: ModelServer) -> Path | None:
    try:
        for pause in (*PAUSES, None):
            try:
                draft = await server.pull()
                break
            except EndpointError as error:
                if pause is None:
                    if newest(server.models) is None:
                        raise
                    log.error("The server of models is away; the newest model here is used: %s", error)
                    return None
                await asyncio.sleep(pause)
        if draft is None:
            return None
        if not peek_manifest(draft):
            draft.unlink()
            raise PackageError("What the server of models has is no model.", where=server.place)
        return server.keep(draft)
    finally:
        await server.close()


def follow(
    app: Sanic[Any, Any],
    agent: Agent,
    layout: Layout,
    configured: Endpoint | None,
    model: Path | None,
    pages: Callable[[], dict[str, str]],
    workers: Workers | None,
) -> None:
    """Let a server that began with `model` answer with another one as soon as the server of models has one.

    Each of several `workers` asks for itself; one that is started again begins with what another one has already.
    """
    server = named_server(layout, configured, model)
    if server is None:
        return

    async def tell(model_id: str, kept: Path) -> None:
        app.ctx.model_id = model_id
        if workers is not None:
            workers.choose(kept)
        app.ctx.articles = await asyncio.to_thread(pages)

    tasks: set[asyncio.Task[None]] = set()

    @app.after_server_start
    async def begin(_: Sanic[Any, Any]) -> None:
        tasks.add(asyncio.create_task(following(agent, layout, server, tell)))

    @app.before_server_stop
    async def end(_: Sanic[Any, Any]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def named_server(layout: Layout, configured: Endpoint | None, model: Path | None) -> ModelServer | None:
    """Return the server of models for one that began with `model`; None where none is named. Raises ConfigError."""
    if configured is None or not configured.url:
        return None
    return ModelServer(configured, layout.folder / "models", before=model)


async def following(agent: Agent, layout: Layout, server: ModelServer, tell: Tell | None = None) -> None:
    """Let an agent answer with what a server of models has, until canceled; `tell` hears of each model that came.

    Nothing is done where the server is to be asked once.
    """
    try:
        while server.every:
            await asyncio.sleep(server.every)
            try:
                draft = await server.pull()
                if draft is not None:
                    await _use(agent, layout, server, draft, tell)
            except (FrontdeskError, OSError) as error:
                log.error("The model in use goes on: %s", error)
            except Exception:  # whatever a model makes of being loaded; the next one may be better
                log.exception("The model in use goes on.")
    finally:
        await server.close()


async def _use(agent: Agent, layout: Layout, server: ModelServer, draft: Path, tell: Tell | None) -> None:
    try:
        model_id = await reload(agent, layout.folder, draft, layout)
        kept = server.keep(draft)
    finally:
        draft.unlink(missing_ok=True)
    if tell is not None:
        await tell(model_id, kept)
    log.info("Answering with the model %s of the server of models.", model_id)
