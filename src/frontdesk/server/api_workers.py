"""The API over several workers: a model is loaded in all of them, and all of them tell how they are."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from sanic import Request, Sanic
from sanic.exceptions import NotFound
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.channels.http import Refusal, body, text_field
from frontdesk.server.api_context import MOST_JOBS, Api
from frontdesk.server.peers import Workers, from_a_peer

MODEL, STATUS = "/.worker/model", "/.worker/status"
LONGEST = 120.0
"""Seconds that a worker has to load a model, or to be started anew."""
TRAININGS = tuple(f"training-{number}" for number in range(MOST_JOBS))

Follow = Callable[[Api, Path | None], Awaitable[None]]


@asynccontextmanager
async def changing(api: Api) -> AsyncIterator[None]:
    """Let nobody else load or unload a model, in this worker or another one."""
    async with AsyncExitStack() as stack:
        if api.workers is not None:
            await stack.enter_async_context(api.workers.alone("changing"))
        await stack.enter_async_context(api.changing)
        yield


@asynccontextmanager
async def job(api: Api) -> AsyncIterator[None]:
    """Count a training while it runs. Raises Refusal (429) where as many run as may, over all workers."""
    lock = api.workers.take(*TRAININGS) if api.workers is not None else None
    if api.jobs >= MOST_JOBS or (api.workers is not None and lock is None):
        message = f"{MOST_JOBS} trainings are running. Try again when one has ended."
        raise Refusal(429, "TooManyTrainings", message, {"Retry-After": "30"})
    api.jobs += 1
    try:
        yield
    finally:
        api.jobs -= 1
        if lock is not None:
            os.close(lock)


async def tell_others(api: Api, archive: Path | None) -> None:
    """Let the other workers answer with the model that this one has, or let go of theirs.

    Raises Refusal (500) naming how many do, where it is not all of them; the others take it when they are started anew.
    """
    workers = api.workers
    if workers is None:
        return
    workers.choose(archive)
    found = await asyncio.gather(*(_told(workers, number, archive) for number in workers.others()))
    wrong = [said for said in found if said is not None]
    if wrong:
        does = "answer with the model" if archive else "let go of the model"
        message = f"{workers.count - len(wrong)} of {workers.count} workers {does}. {' '.join(wrong)}"
        raise Refusal(500, "WorkersDiffer", message)


async def _told(workers: Workers, number: int, archive: Path | None) -> str | None:
    """Tell one worker, also one that is just being started anew; returns what is wrong."""
    until = time.monotonic() + LONGEST
    content = {"archive": str(archive) if archive else None}
    while (left := until - time.monotonic()) > 0:
        answer = await workers.ask(number, "PUT", MODEL, content, within=left)
        if isinstance(answer, dict):
            done = answer.get("done") is True
            return None if done else f"Worker {number}: {answer.get('message')}"
        await asyncio.sleep(0.5)
    return f"Worker {number} does not answer."


async def statuses(api: Api) -> list[dict[str, Any]]:
    """Return how each worker is; one that does not answer is only named."""
    workers = api.workers
    if workers is None:
        return []

    async def ask(number: int) -> dict[str, Any]:
        answer = await workers.ask(number, "GET", STATUS, within=5.0)
        return answer if isinstance(answer, dict) else {"worker": number, "ready": False}

    others = await asyncio.gather(*(ask(number) for number in workers.others()))
    return sorted([_status(api, workers), *others], key=lambda found: int(found["worker"]))


def _status(api: Api, workers: Workers) -> dict[str, Any]:
    return {
        "worker": workers.number,
        "pid": os.getpid(),
        "ready": api.agent.ready,
        "model_id": api.agent.model_id,
        "model_file": api.archive if api.agent.ready else "",
        "num_active_training_jobs": api.jobs,
    }


def mount_following(app: Sanic[Any, Any], api: Api, workers: Workers, follow: Follow) -> None:
    """Add what the other workers may ask, and nobody else; `follow` loads a model, or lets go of it."""

    @app.put(MODEL, name="worker_model")
    async def model(request: Request) -> HTTPResponse:
        _only_for_peers(request)
        archive = text_field(body(request), "archive")
        async with api.changing:
            await follow(api, Path(archive) if archive else None)
        return json_response({"done": True})

    @app.get(STATUS, name="worker_status")
    async def status(request: Request) -> HTTPResponse:
        _only_for_peers(request)
        return json_response(_status(api, workers))


def _only_for_peers(request: Request) -> None:
    if not from_a_peer(request):
        raise NotFound(f"Requested URL {request.path} not found")
