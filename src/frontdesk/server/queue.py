"""The queue mode: front servers that take messages and write them down, and workers that answer them."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import Any

from sanic import Sanic

from frontdesk.actions.facts import read_facts
from frontdesk.auth.secret import read_secret
from frontdesk.channels.lines import Lines
from frontdesk.core.ports import Progress
from frontdesk.formats.credentials import Credentials
from frontdesk.formats.endpoints import Endpoints
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.settings_files import read_credentials, read_endpoints
from frontdesk.runtime.assembly import STATE, assemble, lock_store, message_queue, tracker_store
from frontdesk.runtime.front import Front
from frontdesk.runtime.outlets import Outlets
from frontdesk.runtime.scheduler import ReminderScheduler
from frontdesk.runtime.worker import QueueWorker
from frontdesk.server.app import create_app
from frontdesk.server.cors import open_to
from frontdesk.server.listening import Listening
from frontdesk.server.model_server import pulled
from frontdesk.server.operating import amounts_of, operate, spare_collections, watched
from frontdesk.server.peers import Workers
from frontdesk.server.protection import Protection
from frontdesk.server.readiness import OK, Dependency, dependencies_of
from frontdesk.server.serve import article_pages, greet, only, open_channels, relay_of, run_app
from frontdesk.server.workers import check_shared, end_with_supervisor, fellow_workers
from frontdesk.settings import Settings
from frontdesk.stores.exchange import exchange_of
from frontdesk.telemetry import name_conversations

LAST = 10.0
"""Seconds for replies that are on their way to a vendor when a worker ends."""

log = logging.getLogger("frontdesk.queue")


def check_front(endpoints: Endpoints, credentials: Credentials, folder: Path) -> None:
    """Raise ConfigError where front servers and workers would not share what they have to."""
    check_shared(endpoints, credentials, folder, alone="Or run one server without a queue.")
    message_queue(endpoints)


def serve_front(
    layout: Layout,
    settings: Settings,
    at: Listening,
    protection: Protection,
    *,
    progress: Progress,
    connector: str | None,
) -> int:
    """Take messages until a signal comes, and let workers answer them; returns the exit code."""
    at.check()
    endpoints = read_endpoints(layout.folder, layout.endpoints)
    credentials = only(connector, read_credentials(layout.folder, layout.credentials))
    check_front(endpoints, credentials, layout.folder)
    knowledge = endpoints.knowledge
    facts = read_facts(layout.folder / knowledge.facts) if knowledge and knowledge.facts else {}
    store = tracker_store(endpoints.tracker_store, layout.folder)
    exchange = exchange_of(lock_store(endpoints.lock_store))
    front = Front(store, message_queue(endpoints), exchange, settings, facts)
    channels = open_channels(credentials, layout.folder, front.exchange)
    front.outlets = Outlets(channels)
    workers = fellow_workers()
    app = create_app(front, channels, settings, protection=protection, peers=workers)
    app.ctx.articles = article_pages(layout, front)
    open_to(app, at.origins)
    _add_lifetime(app, front, workers)

    @app.after_server_start
    async def ready(_: Sanic[Any, Any]) -> None:
        if not at.worker:
            greet(credentials, at, progress)

    operate(app, settings, layout, at, _hangs_on(front), {"frontdesk_queue_depth": front.queue.length})
    run_app(app, at)
    return 0


def _hangs_on(front: Front) -> list[Dependency]:
    async def store() -> str:
        await front.store.next_reminder()
        return OK

    async def queue() -> str:
        await front.queue.check_room()
        return OK

    return [Dependency("tracker_store", store, needed=True), Dependency("queue", queue, needed=True)]


def _add_lifetime(app: Sanic[Any, Any], front: Front, workers: Workers | None) -> None:
    tasks: set[asyncio.Task[Any]] = set()

    @app.before_server_start
    async def prepare(_: Sanic[Any, Any]) -> None:
        await front.exchange.start()

    @app.after_server_start
    async def begin(app: Sanic[Any, Any]) -> None:
        if workers is not None:
            await workers.open(app)
            tasks.add(asyncio.create_task(end_with_supervisor()))

    @app.before_server_stop
    async def end(_: Sanic[Any, Any]) -> None:
        for task in tasks:
            task.cancel()
        if workers is not None:
            await workers.close()

    @app.after_server_stop
    async def close(_: Sanic[Any, Any]) -> None:
        await front.close()


def work(layout: Layout, model: Path | None, settings: Settings, most: int, progress: Progress) -> int:
    """Answer what front servers wrote down, until a signal comes; returns the exit code."""
    endpoints = read_endpoints(layout.folder, layout.endpoints)
    credentials = read_credentials(layout.folder, layout.credentials)
    check_front(endpoints, credentials, layout.folder)
    model = model or pulled(endpoints.models, layout.folder / "models")
    progress("loading the model")
    return asyncio.run(_work(layout, model, settings, most, progress, endpoints, credentials))


async def _work(
    layout: Layout,
    model: Path | None,
    settings: Settings,
    most: int,
    progress: Progress,
    endpoints: Endpoints,
    credentials: Credentials,
) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    agent = assemble(layout.folder, model, settings, layout=layout)
    queue = message_queue(endpoints)
    name_conversations(settings.log_conversations, read_secret(layout.folder / STATE))
    channels = open_channels(credentials, layout.folder, agent.exchange)
    create_app(
        agent, channels, settings
    )  # nothing is served: some channels look at conversations to bring replies
    agent.outlets = Outlets(channels)
    worker, reminders = QueueWorker(agent, queue, most), ReminderScheduler(agent)
    relay = relay_of(agent, endpoints, layout.folder)
    await agent.start()
    spare_collections()
    await reminders.start()
    if relay is not None:
        await relay.start()
    amounts = {"frontdesk_queue_depth": queue.length, **amounts_of(relay)}
    watching = watched(settings, layout, dependencies_of(agent, endpoints, relay), amounts)
    progress(f"ready: answering what waits at {queue.place}")
    running = asyncio.create_task(worker.run())
    signaled = asyncio.create_task(stopping.wait())
    await asyncio.wait([running, signaled], return_when=asyncio.FIRST_COMPLETED)
    worker.stop()
    await running
    progress("finishing what was taken")
    await reminders.stop()
    await worker.finish(settings.turn_deadline + settings.action_deadline)
    lines = [line for channel in channels if isinstance(line := getattr(channel, "lines", None), Lines)]
    await asyncio.gather(*(line.end(LAST) for line in lines))
    for task in (signaled, watching):
        task.cancel()
    await asyncio.gather(signaled, watching, return_exceptions=True)
    await queue.close()
    await agent.close(*([relay.stop] if relay is not None else []))
    await agent.exchange.close()
    return 0
