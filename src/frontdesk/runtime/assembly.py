"""Put an assistant together from its trained model and its endpoints.yml."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.actions.catalog import action_for, is_custom
from frontdesk.actions.generators import make_response_generator
from frontdesk.actions.servers import make_action_server, repeatable
from frontdesk.core.ports import LLM, ActionServer, EventBroker, LockStore, ResponseGenerator, TrackerStore
from frontdesk.endpoint import read_endpoint, seconds
from frontdesk.errors import ConfigError, StoreError
from frontdesk.formats.endpoints import ActionEndpoint, Endpoint, Endpoints, LanguageModel
from frontdesk.formats.project import read_laid_out
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.settings_files import read_config, read_endpoints
from frontdesk.graph.slot_types import own_types
from frontdesk.policies.ensemble import choose
from frontdesk.registry import resolve
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.loop import Loop, never
from frontdesk.runtime.model import Model, load_knowledge, load_model
from frontdesk.runtime.processor import Processor
from frontdesk.runtime.understanding import Understanding
from frontdesk.settings import Settings, read_settings
from frontdesk.stores.redis_queue import RedisQueue

if TYPE_CHECKING:
    from frontdesk.nlu.remote import RemoteNlu

log = logging.getLogger("frontdesk.runtime")

STATE = ".frontdesk"
"""The folder of a project that holds what is made while it runs: conversations, caches, the secret."""


def load_agent(folder: Path | str = ".", model: Path | str | None = None) -> Agent:
    """Return the assistant of a project that is trained (`frontdesk train`); `model` names another archive."""
    return assemble(Path(folder), Path(model) if model else None, read_settings())


def assemble(
    folder: Path,
    model: Path | None,
    settings: Settings,
    *,
    store: TrackerStore | None = None,
    llm: bool = True,
    layout: Layout | None = None,
) -> Agent:
    """Load the newest model and put an agent around it.

    `store` stands in for the one of endpoints.yml. Without `llm` no language model is used, whatever is configured.
    `layout` names other endpoints and another config than the project's own.
    """
    folder = folder.resolve()
    layout = layout or Layout(folder)
    endpoints = read_endpoints(folder, layout.endpoints)
    loaded = trusted_model(layout, model or folder / "models")
    _tell_half(loaded)
    server = action_server(endpoints.action_endpoint, folder, settings)
    chosen = language_model(endpoints.llm) if llm else None
    processor = make_processor(loaded, server, settings, endpoints, chosen)
    given = store is not None
    store = store or tracker_store(endpoints.tracker_store, folder)
    return Agent(
        processor,
        store,
        lock_store(endpoints.lock_store),
        settings,
        model_id=loaded.id,
        facts=loaded.facts,
        announces=endpoints.event_broker is not None and not given,
    )


def _tell_half(model: Model) -> None:
    """Say what a model that was trained for one half only will not do."""
    if not model.recipe.policies:
        log.warning("The model holds no policies: messages are understood, and nobody answers them.")
    elif not model.recipe.pipeline:
        log.warning("The model holds no NLU: only payloads such as '/greet' are understood.")


async def reload(
    agent: Agent, folder: Path, archive: Path | None = None, layout: Layout | None = None
) -> str:
    """Let an agent answer with another model of its project from the next message on; returns the model's id.

    It is the newest one, or that in `archive`; for `layout` see `assemble`.
    """
    layout = layout or Layout(folder)
    endpoints = read_endpoints(folder, layout.endpoints)
    loaded = await asyncio.to_thread(trusted_model, layout, archive or folder / "models")
    llm = language_model(endpoints.llm)
    processor = make_processor(loaded, agent.processor.server, agent.settings, endpoints, llm)
    idle = not agent.ready
    await agent.swap(processor, loaded.id, loaded.facts)
    if idle:  # nobody answered what was written down before
        try:
            await agent.take_up(crashed=False)
        except StoreError as error:
            log.error("Turns that were cut off cannot be taken up yet: %s", error)
    return loaded.id


def make_processor(
    model: Model, server: ActionServer, settings: Settings, endpoints: Endpoints, llm: LLM | None = None
) -> Processor:
    """Return what answers with one model."""
    domain = model.domain
    return Processor(
        domain=domain,
        understanding=Understanding(
            model.pipeline.process,
            model.pipeline.steps,
            remote_nlu(endpoints.nlu, model.pipeline.intents, settings),
        ),
        loop=make_loop(model, settings, endpoints.action_endpoint),
        nlg=response_generator(endpoints.nlg, model, settings),
        server=server,
        knowledge=load_knowledge(model, llm),
    )


def make_loop(model: Model, settings: Settings, actions: ActionEndpoint | None = None) -> Loop:
    """Return what decides and acts with one model."""
    return Loop(
        policies=model.policies,
        choose=choose,
        action_for=action_for,
        is_custom=cache(lambda name: is_custom(name, model.domain)),
        repeatable=repeatable(actions.options, _where(actions)) if actions else never,
        limit=settings.max_actions,
        identity={
            "model_id": model.id,
            **({"assistant_id": model.assistant_id} if model.assistant_id else {}),
        },
    )


def language_model(configured: LanguageModel | None) -> LLM | None:
    """Return the language model of endpoints.yml or the environment, or None where there is none."""
    if configured is None and not os.environ.get("FRONTDESK_LLM_MODEL"):
        if os.environ.get("OPENAI_API_KEY"):
            log.info("OPENAI_API_KEY is set, but FRONTDESK_LLM_MODEL names no model: answers are quoted.")
        return None  # without a look at the client, which takes long to import
    from frontdesk.llm.openai_client import OpenAIChat

    return OpenAIChat.from_endpoints(configured)


def action_server(endpoint: ActionEndpoint | None, folder: Path, settings: Settings) -> ActionServer:
    """Return where custom actions run: at the URL given, in this process, or nowhere."""
    if endpoint is None:
        return make_action_server(None, folder)
    named = {"actions_module": endpoint.actions_module, "url": endpoint.url}
    options = {**endpoint.options, **{key: value for key, value in named.items() if value}}
    return make_action_server(options, folder, deadline=settings.action_deadline, where=_where(endpoint))


def _where(endpoint: ActionEndpoint) -> str | None:
    return str(endpoint.place) if endpoint.place else None


def response_generator(endpoint: Endpoint | None, model: Model, settings: Settings) -> ResponseGenerator:
    """Return what words the responses: the model's domain, or what endpoints.yml names."""
    return make_response_generator(
        _options(endpoint),
        model.domain,
        model.facts,
        deadline=settings.action_deadline,
        where=str(endpoint.place) if endpoint and endpoint.place else None,
    )


def remote_nlu(
    endpoint: Endpoint | None, intents: Collection[str] | None, settings: Settings
) -> RemoteNlu | None:
    """Return the server that understands messages, or None where the model does so itself."""
    if endpoint is None:
        return None
    from frontdesk.nlu.remote import RemoteNlu

    options, where = _options(endpoint), str(endpoint.place) if endpoint.place else None
    late = seconds(options, settings.action_deadline, "nlu", where)
    return RemoteNlu(read_endpoint(options, "nlu", where), deadline=late, intents=intents)


def _options(endpoint: Endpoint | None) -> dict[str, Any]:
    if endpoint is None:
        return {}
    named = {"type": endpoint.type, "url": endpoint.url}
    return {**{key: value for key, value in named.items() if value}, **endpoint.options}


def tracker_store(endpoint: Endpoint | None, folder: Path) -> TrackerStore:
    """Return the tracker store of endpoints.yml; in memory where it names none."""
    kind = (endpoint.type if endpoint else None) or "memory"
    where = str(endpoint.place) if endpoint and endpoint.place else None
    options = dict(endpoint.options) if endpoint else {}
    if endpoint and endpoint.url:
        options["url"] = endpoint.url
    elif kind.lower() == "sql" and str(options.get("dialect", "sqlite")) == "sqlite":
        # A relative file belongs to the project, wherever the command was started.
        options["db"] = str(folder / str(options.get("db") or f"{STATE}/conversations.db"))
    made: TrackerStore = resolve("tracker store", kind, where=where)(options)
    return made


def event_broker(endpoint: Endpoint, folder: Path) -> EventBroker:
    """Return the event broker that endpoints.yml names; a relative file belongs to the project."""
    kind = endpoint.type or "pika"  # as in Rasa
    where = str(endpoint.place) if endpoint.place else None
    options = dict(endpoint.options)
    if endpoint.url:
        options["url"] = endpoint.url
    if kind.lower() in ("file", "fileeventbroker"):
        options["path"] = str(folder / str(options.get("path") or "rasa_event.log"))
    if kind.lower() == "sql" and str(options.get("dialect", "sqlite")) == "sqlite" and not endpoint.url:
        options["db"] = str(folder / str(options.get("db") or "events.db"))
    made: EventBroker = resolve("event broker", kind, where=where)(options)
    return made


def lock_store(endpoint: Endpoint | None) -> LockStore:
    """Return the lock store of endpoints.yml; in memory where it names none."""
    kind = (endpoint.type if endpoint else None) or "in_memory"
    where = str(endpoint.place) if endpoint and endpoint.place else None
    options = dict(endpoint.options) if endpoint else {}
    if endpoint and endpoint.url:
        options["url"] = endpoint.url
    made: LockStore = resolve("lock store", kind, where=where)(options)
    return made


def message_queue(endpoints: Endpoints) -> RedisQueue:
    """Return the queue of endpoints.yml; where it names none, one beside the locks. Raises ConfigError."""
    given = endpoints.queue or endpoints.lock_store
    kind = ((given.type if given else None) or "redis").lower()
    if given is None or kind != "redis":
        what = "A queue needs Redis." if endpoints.queue else "A queue needs a Redis that its servers share."
        where = str(given.place) if given and given.place else "endpoints.yml: queue"
        raise ConfigError(what, where=where, hint="Write `queue:` with `type: redis` and `url:`.")
    options = dict(given.options) | ({"url": given.url} if given.url else {})
    return RedisQueue(options)


def trusted_model(layout: Layout, models: Path) -> Model:
    """Load the newest model of `models` (or one archive); it may use classes that the project itself names.

    Raises PackageError.
    """
    configured = layout.learnt_from()["config.yml"].exists()
    return load_model(
        models,
        layout.folder / STATE / "unpacked",
        allowed=named_paths(layout.folder, layout.config) if configured else (),
        slot_types=lambda: named_slot_types(layout),
        addresses=named_addresses(layout.folder, layout.config) if configured else (),
    )


def named_slot_types(layout: Layout) -> frozenset[str]:
    """Return the slot types of its own that the project's domain names, and so trusts."""
    return frozenset(
        own_types(read_laid_out(layout, settings=False, names=False, domain_needed=False).domain).values()
    )


def named_addresses(folder: Path, path: Path | None = None) -> frozenset[str]:
    """Return the addresses of servers that the project's own config.yml (or `path`) names, and so trusts."""
    found = (part.options.get("url") for part in read_config(folder, path).pipeline)
    return frozenset(str(url) for url in found if url)


def named_paths(folder: Path, path: Path | None = None) -> frozenset[str]:
    """Return the components and policies that the project's own config.yml (or `path`) names, and so trusts."""
    config = read_config(folder, path)
    return frozenset(part.name for part in (*config.pipeline, *config.policies))
