"""Put an assistant together from its trained model and its endpoints.yml."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

from frontdesk.actions.catalog import action_for, is_custom
from frontdesk.actions.generators import make_response_generator
from frontdesk.actions.servers import make_action_server
from frontdesk.core.ports import LLM, ActionServer, LockStore, ResponseGenerator, TrackerStore
from frontdesk.formats.endpoints import ActionEndpoint, Endpoint, LanguageModel
from frontdesk.formats.project import read_domain
from frontdesk.formats.settings_files import read_config, read_endpoints
from frontdesk.graph.slot_types import own_types
from frontdesk.policies.ensemble import choose
from frontdesk.registry import resolve
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.loop import Loop
from frontdesk.runtime.model import Model, load_knowledge, load_model
from frontdesk.runtime.processor import Processor
from frontdesk.runtime.understanding import Understanding
from frontdesk.settings import Settings, read_settings

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
) -> Agent:
    """Load the newest model and put an agent around it.

    `store` stands in for the one of endpoints.yml. Without `llm` no language model is used, whatever is configured.
    """
    folder = folder.resolve()
    endpoints = read_endpoints(folder)
    loaded = trusted_model(folder, model or folder / "models")
    server = action_server(endpoints.action_endpoint, folder, settings)
    chosen = language_model(endpoints.llm) if llm else None
    nlg = response_generator(endpoints.nlg, loaded, settings)
    processor = make_processor(loaded, server, settings, nlg, chosen)
    store = store or tracker_store(endpoints.tracker_store, folder)
    return Agent(
        processor, store, lock_store(endpoints.lock_store), settings, model_id=loaded.id, facts=loaded.facts
    )


async def reload(agent: Agent, folder: Path, archive: Path | None = None) -> str:
    """Let an agent answer with another model of its project from the next message on; returns the model's id.

    It is the newest one, or that in `archive`.
    """
    endpoints = read_endpoints(folder)
    loaded = await asyncio.to_thread(trusted_model, folder, archive or folder / "models")
    llm = language_model(endpoints.llm)
    nlg = response_generator(endpoints.nlg, loaded, agent.settings)
    processor = make_processor(loaded, agent.processor.server, agent.settings, nlg, llm)
    await agent.swap(processor, loaded.id, loaded.facts)
    return loaded.id


def make_processor(
    model: Model, server: ActionServer, settings: Settings, nlg: ResponseGenerator, llm: LLM | None = None
) -> Processor:
    """Return what answers with one model."""
    domain = model.domain
    return Processor(
        domain=domain,
        understanding=Understanding(model.pipeline.process),
        loop=Loop(
            policies=model.policies,
            choose=choose,
            action_for=action_for,
            is_custom=lambda name: is_custom(name, domain),
            limit=settings.max_actions,
        ),
        nlg=nlg,
        server=server,
        knowledge=load_knowledge(model, llm),
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
    where = str(endpoint.place) if endpoint.place else None
    return make_action_server(options, folder, deadline=settings.action_deadline, where=where)


def response_generator(endpoint: Endpoint | None, model: Model, settings: Settings) -> ResponseGenerator:
    """Return what words the responses: the model's domain, or what endpoints.yml names."""
    return make_response_generator(
        _options(endpoint),
        model.domain,
        model.facts,
        deadline=settings.action_deadline,
        where=str(endpoint.place) if endpoint and endpoint.place else None,
    )


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


def lock_store(endpoint: Endpoint | None) -> LockStore:
    """Return the lock store of endpoints.yml; in memory where it names none."""
    kind = (endpoint.type if endpoint else None) or "in_memory"
    where = str(endpoint.place) if endpoint and endpoint.place else None
    made: LockStore = resolve("lock store", kind, where=where)(dict(endpoint.options) if endpoint else {})
    return made


def trusted_model(folder: Path, models: Path) -> Model:
    """Load the newest model of `models` (or one archive); it may use classes that the project itself names.

    Raises PackageError.
    """
    return load_model(
        models,
        folder / STATE / "unpacked",
        allowed=named_paths(folder),
        slot_types=lambda: named_slot_types(folder),
    )


def named_slot_types(folder: Path) -> frozenset[str]:
    """Return the slot types of its own that the project's domain names, and so trusts."""
    found = next((folder / n for n in ("domain.yml", "domain.yaml", "domain") if (folder / n).exists()), None)
    return frozenset(own_types(read_domain(found, strict=False)).values()) if found else frozenset()


def named_paths(folder: Path) -> frozenset[str]:
    """Return the components and policies that the project's own config.yml names, and so trusts."""
    config = read_config(folder)
    return frozenset(part.name for part in (*config.pipeline, *config.policies))
