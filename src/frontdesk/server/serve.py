"""Serve one project: train if asked, load, answer; reload when a designer saves a file."""

from __future__ import annotations

import asyncio
import functools
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sanic import Sanic

from frontdesk.auth.access import Access
from frontdesk.auth.secret import read_secret
from frontdesk.core.ports import Channel, Exchange, Progress, SharedChannel
from frontdesk.errors import FrontdeskError
from frontdesk.formats.credentials import ChannelCredentials, Credentials
from frontdesk.formats.endpoints import Endpoints
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.settings_files import read_credentials, read_endpoints
from frontdesk.graph.package import newest
from frontdesk.registry import resolve
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.assembly import STATE, assemble, event_broker, reload
from frontdesk.runtime.front import Front
from frontdesk.runtime.idle import assemble_without_model
from frontdesk.runtime.outlets import Outlets
from frontdesk.runtime.relay import Relay
from frontdesk.runtime.scheduler import ReminderScheduler
from frontdesk.server.api import is_local, mount_api
from frontdesk.server.api_context import ApiOptions
from frontdesk.server.app import create_app
from frontdesk.server.articles import render_articles
from frontdesk.server.cors import open_to
from frontdesk.server.inspector import mount_inspector
from frontdesk.server.inspector_access import Entrance, new_key
from frontdesk.server.listening import Listening
from frontdesk.server.model_server import follow, pulled
from frontdesk.server.operating import amounts_of, operate, spare_collections
from frontdesk.server.peers import Workers, choose
from frontdesk.server.protection import Protection
from frontdesk.server.readiness import dependencies_of
from frontdesk.server.workers import Supervisor, check_shared, end_with_supervisor, fellow_workers
from frontdesk.settings import Settings
from frontdesk.training.train import inputs_digest, is_current

log = logging.getLogger("frontdesk.server")

WATCH_EVERY = 1.0  # seconds
SETTLE_EVERY = 5.0  # seconds between two tries to store what could not be stored


def serve(
    layout: Layout,
    model: Path | None,
    settings: Settings,
    at: Listening,
    protection: Protection,
    *,
    train_first: bool,
    watch: bool,
    progress: Progress,
    api: ApiOptions | None = None,
    connector: str | None = None,
    inspector: bool = False,
) -> int:
    """Answer until a signal comes; returns the exit code.

    `api` opens the HTTP API, `connector` only one channel, `inspector` the page on conversations.
    """
    workers = fellow_workers()
    entrance = _entrance(protection.access if inspector else None, at, workers)
    # Sanic says "Experienced exception" beside the error itself, which the command line tells.
    logging.getLogger("sanic.error").addFilter(lambda record: "Experienced exception" not in record.msg)
    at.check()
    folder, models = layout.folder, layout.folder / "models"
    endpoints = read_endpoints(folder, layout.endpoints)
    if train_first and not is_current(folder, endpoints, models, layout):
        train_project(layout, progress)
    if workers is None:  # of several, the first process asks for all
        model = model or pulled(endpoints.models, models)
    archive = _archive(workers, model or models)
    waits = api is not None and archive is None
    agent = _assembled(layout, archive or model, settings, progress, waits=waits)
    credentials = only(connector, read_credentials(folder, layout.credentials))
    channels = open_channels(credentials, folder, agent.exchange)
    agent.outlets = Outlets(channels)
    app = create_app(agent, channels, settings, agent.model_id, protection, workers)
    pages = functools.partial(article_pages, layout, agent)
    app.ctx.articles = pages() if agent.ready else {}
    if api is not None:
        local = is_local(at.interface)
        mount_api(app, agent, folder, api, local=local, pages=pages, archive=archive, workers=workers)
    if entrance is not None:
        mount_inspector(app, agent, layout, entrance)
    open_to(app, at.origins)

    def ready() -> None:
        if not at.worker:
            greet(credentials, at, progress, entrance)

    follow(app, agent, layout, endpoints.models, archive, pages, workers)
    relay = relay_of(agent, endpoints, folder)
    _add_lifetime(app, agent, layout, relay, watch=watch, ready=ready, workers=workers)
    operate(app, settings, layout, at, dependencies_of(agent, endpoints, relay), amounts_of(relay))
    run_app(app, at)
    return 0


def run_app(app: Sanic[Any, Any], at: Listening) -> None:
    """Let an application answer at an address until a signal comes."""
    app.run(
        at.interface,
        at.port,
        sock=at.shared(),
        ssl=at.encryption,
        single_process=True,
        access_log=False,
        motd=False,
        debug=False,
    )


def _entrance(access: Access | None, at: Listening, workers: Workers | None) -> Entrance | None:
    if access is None:
        return None
    return Entrance.make(access, at.interface, workers.inspector_key() if workers is not None else None)


def _archive(workers: Workers | None, models: Path) -> Path | None:
    """Return the model to load, if any: of a worker, the one that all of them have."""
    if workers is None:
        return newest(models)
    chosen = workers.chosen()
    if chosen is not None and not chosen.is_file():
        log.warning("The model %s of the other workers is gone; the newest one is loaded.", chosen.name)
        return newest(models)
    return chosen


def serve_by_workers(
    count: int,
    layout: Layout,
    model: Path | None,
    settings: Settings,
    at: Listening,
    *,
    train_first: bool,
    progress: Progress,
    connector: str | None,
    beside: Sequence[str],
    queued: bool,
) -> int:
    """Let several processes answer at one address until a signal comes; returns the exit code.

    `beside` are options that were given and need a process alone; those that are `queued` need no model.
    """
    endpoints = read_endpoints(layout.folder, layout.endpoints)
    credentials = only(connector, read_credentials(layout.folder, layout.credentials))
    check_shared(endpoints, credentials, layout.folder, beside)
    models = layout.folder / "models"
    if train_first and not is_current(layout.folder, endpoints, models, layout):
        train_project(layout, progress)
    read_secret(layout.folder / STATE)  # made now, it is the same for all
    patience = settings.drain + settings.turn_deadline + settings.action_deadline + 15.0
    if not queued:
        model = model or pulled(endpoints.models, models)

    def agree(folder: Path) -> None:
        choose(folder, newest(model or models))
        (folder / "inspector-key").write_text(new_key(), "utf-8")

    return Supervisor(count, at, patience, progress, agree).run()


def _assembled(
    layout: Layout, model: Path | None, settings: Settings, progress: Progress, *, waits: bool
) -> Agent:
    if waits:
        progress("there is no model: waiting for one (PUT /model, POST /model/train)")
        return assemble_without_model(layout.folder, settings, layout)
    progress("loading the model")
    return assemble(layout.folder, model, settings, layout=layout)


def only(connector: str | None, credentials: Credentials) -> Credentials:
    """Return the credentials of one channel, with no options where the file does not name it."""
    if connector is None:
        return credentials
    entry = credentials.channels.get(connector) or ChannelCredentials(connector)
    return Credentials({connector: entry})


def train_project(layout: Layout, progress: Progress) -> None:
    """Train in this process. Raises FrontdeskError with what is wrong in the files."""
    from frontdesk.formats.project import read_laid_out
    from frontdesk.training.train import train

    progress("reading the project")
    report = train(read_laid_out(layout), layout.folder / "models", progress, layout=layout)
    progress(f"trained {report.archive.name} ({report.trained} parts trained, {report.reused} reused)")


def open_channels(credentials: Credentials, folder: Path, exchange: Exchange) -> list[Channel]:
    """Make the channels that credentials.yml names; those whose clients other processes speak to join the exchange."""
    for notice in credentials.notices:
        log.info("%s", notice)
    secret = read_secret(folder / STATE)
    made: list[Channel] = []
    for entry in credentials.channels.values():
        where = str(entry.place) if entry.place else None
        channel: Channel = resolve("channel", entry.name, where=where)(dict(entry.options), secret)
        if isinstance(channel, SharedChannel):
            channel.join(exchange)
        made.append(channel)
    return made


def article_pages(layout: Layout, gate: Agent | Front) -> dict[str, str]:
    """Return the pages of the project's articles by their address, with the facts that the gate knows."""
    knowledge = read_endpoints(layout.folder, layout.endpoints).knowledge
    if knowledge is None:
        return {}
    return render_articles(layout.folder / knowledge.articles, gate.facts)


def relay_of(agent: Agent, endpoints: Endpoints, folder: Path) -> Relay | None:
    """Return what tells the event broker of endpoints.yml; None where it names none."""
    configured = endpoints.event_broker
    return Relay(agent, event_broker(configured, folder)) if configured is not None else None


def _add_lifetime(
    app: Sanic[Any, Any],
    agent: Agent,
    layout: Layout,
    relay: Relay | None,
    *,
    watch: bool,
    ready: Callable[[], None],
    workers: Workers | None,
) -> None:
    tasks: set[asyncio.Task[Any]] = set()
    reminders = ReminderScheduler(agent)
    files = _Files(layout) if watch else None

    @app.before_server_start
    async def prepare(_: Sanic[Any, Any]) -> None:
        if files is not None:
            # Before anybody hears that the server is ready: whatever is saved then counts.
            await files.changed()
        await agent.start()
        await agent.exchange.start()
        spare_collections()
        # Before the first request is read, so that no new message overtakes one that was cut off.
        tasks.add(asyncio.create_task(_settle(agent, await _take_up(agent))))
        await reminders.start()
        if relay is not None:
            await relay.start()

    @app.after_server_start
    async def begin(app: Sanic[Any, Any]) -> None:
        if files is not None:
            tasks.add(asyncio.create_task(_watch(agent, layout, app, files)))
        if workers is not None:
            await workers.open(app)
            tasks.add(asyncio.create_task(end_with_supervisor()))
        ready()

    @app.before_server_stop
    async def end(_: Sanic[Any, Any]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if workers is not None:
            await workers.close()
        await reminders.stop()

    @app.after_server_stop
    async def close(_: Sanic[Any, Any]) -> None:
        await agent.close(*([relay.stop] if relay is not None else []))
        await agent.exchange.close()


async def _take_up(agent: Agent) -> Sequence[asyncio.Task[Any]] | None:
    if not agent.ready:  # whoever loads a model takes them up
        return []
    try:
        return await agent.take_up()
    except FrontdeskError as error:
        log.error("Turns that were cut off cannot be taken up yet: %s", error)
        return None


async def _settle(agent: Agent, turns: Sequence[asyncio.Task[Any]] | None) -> None:
    """See to it that whatever was received is answered in the end, also after a crash or a locked database."""
    while turns is None:
        await asyncio.sleep(SETTLE_EVERY)
        turns = await _take_up(agent)
    if turns:
        log.info("Taking up %d turns that were cut off.", len(turns))
        await asyncio.gather(*turns, return_exceptions=True)
    while True:
        await asyncio.sleep(SETTLE_EVERY)
        await agent.settle()


class _Files:
    """The files of a project, as they were when they were last looked at."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._endpoints = read_endpoints(layout.folder, layout.endpoints)
        self._seen: str | None = None

    async def changed(self) -> bool:
        """Look at them; tell whether one is another than the last time."""
        before = self._seen
        with suppress(OSError):  # an editor is replacing a file at this moment
            found = self._layout.folder, self._endpoints, self._layout
            self._seen = await asyncio.to_thread(inputs_digest, *found)
        return before is not None and before != self._seen


async def _watch(agent: Agent, layout: Layout, app: Sanic[Any, Any], files: _Files) -> None:
    """Train in a process of its own when a file of the project changes, then answer with the new model."""
    while True:
        await asyncio.sleep(WATCH_EVERY)
        if await files.changed():
            await _renew(agent, layout, app)


async def _renew(agent: Agent, layout: Layout, app: Sanic[Any, Any]) -> None:
    folder = layout.folder
    begun = time.monotonic()
    log.info("A file changed; training.")
    command = [sys.executable, "-m", "frontdesk.cli.main", "train", "--quiet", "--project", str(folder)]
    command += ["--endpoints", str(layout.endpoints)] if layout.endpoints else []
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:  # the server stops
            process.kill()
    if code != 0:
        log.error("Not reloaded: the model in use goes on.")
        return
    try:
        app.ctx.model_id = await reload(agent, folder, layout=layout)
        app.ctx.articles = await asyncio.to_thread(article_pages, layout, agent)
    except (FrontdeskError, OSError) as error:
        log.error("Not reloaded, the model in use goes on: %s", error)
        return
    log.info("Reloaded after %.1f s.", time.monotonic() - begun)


def greet(
    credentials: Credentials, at: Listening, progress: Progress, entrance: Entrance | None = None
) -> None:
    """Say that the server is ready, and where."""
    chat = credentials.channels.get("chat")
    progress("ready")
    lines = [f"\n  Chat page: {at.url}\n"] if chat else [f"\n  Listening on {at.url}\n"]
    if entrance is not None:
        lines.append(f"  Inspector: {entrance.link(at.url)}\n")
    examples = list(chat.options.get("examples") or ()) if chat else []
    if examples:
        lines.append("  Try:")
        lines += [f"    {sentence}" for sentence in examples]
    print("\n".join(lines) + "\n\n  Stop with Ctrl-C.\n", file=sys.stderr, flush=True)
