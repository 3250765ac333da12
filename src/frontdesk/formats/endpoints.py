"""Read endpoints.yml: where the parts of a running assistant are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from frontdesk.core.training import Place
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.yaml import Block, plain

KEYS = (
    "version", "action_endpoint", "tracker_store", "lock_store", "event_broker", "nlg", "nlu", "llm",
    "knowledge", "models", "model", "tracing", "metrics", "auth", "rate_limits", "outgoing", "queue",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A store, a broker or a server: its `type` and `url` if given, and everything else as options."""

    type: str | None = None
    url: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ActionEndpoint:
    """Where custom actions run: in a module of this process, or at an action server's URL.

    `options` holds what is said beside (headers, basic_auth, token, params, cafile, timeout ...).
    """

    actions_module: str | None = None
    url: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Which language model answers at an OpenAI-compatible address; `options`: temperature and the like."""

    model: str | None = None
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float = 5.0
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Where the articles and the facts in them stand: folders below the project's."""

    articles: str = "kb"
    facts: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Everything in endpoints.yml; None stands for what the file does not say.

    `auth`, `rate_limits` and `outgoing` hold only options: who may call, how often, and what may be called.
    """

    action_endpoint: ActionEndpoint | None = None
    tracker_store: Endpoint | None = None
    lock_store: Endpoint | None = None
    event_broker: Endpoint | None = None
    nlg: Endpoint | None = None
    nlu: Endpoint | None = None
    models: Endpoint | None = None
    queue: Endpoint | None = None
    llm: LanguageModel | None = None
    knowledge: Knowledge | None = None
    tracing: Endpoint | None = None
    auth: Endpoint | None = None
    rate_limits: Endpoint | None = None
    outgoing: Endpoint | None = None


def read(root: Block, complaints: Complaints) -> Endpoints:
    """Read the content of endpoints.yml."""
    complaints.keys(root, KEYS, "endpoints.yml", tolerable=True)
    return Endpoints(
        action_endpoint=_action(root, complaints),
        tracker_store=_endpoint("tracker_store", root, complaints),
        lock_store=_endpoint("lock_store", root, complaints),
        event_broker=_endpoint("event_broker", root, complaints),
        nlg=_endpoint("nlg", root, complaints),
        nlu=_endpoint("nlu", root, complaints),
        models=_endpoint("models", root, complaints),
        queue=_endpoint("queue", root, complaints),
        llm=_llm(root, complaints),
        knowledge=_knowledge(root, complaints),
        tracing=_endpoint("tracing", root, complaints),
        auth=_endpoint("auth", root, complaints),
        rate_limits=_endpoint("rate_limits", root, complaints),
        outgoing=_endpoint("outgoing", root, complaints),
    )


def _section(key: str, root: Block, complaints: Complaints) -> Block | None:
    if root.get(key) is None:
        return None
    return complaints.block(root[key], root.at(key), f"'{key}'")


def _text(block: Block, key: str, complaints: Complaints) -> str | None:
    if block.get(key) is None:
        return None
    return complaints.text(block[key], block.at(key), f"'{key}'")


def _rest(block: Block, *known: str) -> dict[str, Any]:
    return {key: plain(value) for key, value in block.items() if key not in known}


def _endpoint(key: str, root: Block, complaints: Complaints) -> Endpoint | None:
    block = _section(key, root, complaints)
    if block is None:
        return None
    kind, url = _text(block, "type", complaints), _text(block, "url", complaints)
    return Endpoint(kind, url, _rest(block, "type", "url"), root.at(key))


def _action(root: Block, complaints: Complaints) -> ActionEndpoint | None:
    block = _section("action_endpoint", root, complaints)
    if block is None:
        return None
    module, url = _text(block, "actions_module", complaints), _text(block, "url", complaints)
    where = root.at("action_endpoint")
    if (module is None) == (url is None):
        what = "'action_endpoint' says both 'actions_module' and 'url'." if module else (
            "'action_endpoint' says neither where custom actions are nor at which address."
        )  # fmt: skip
        hint = "Give 'actions_module: actions' to run them here, or the 'url:' of an action server."
        complaints.error(what, where, hint)
    return ActionEndpoint(module, url, _rest(block, "actions_module", "url"), where)


def _llm(root: Block, complaints: Complaints) -> LanguageModel | None:
    block = _section("llm", root, complaints)
    if block is None:
        return None
    return LanguageModel(
        model=_set(block, "model", complaints),
        api_base=_set(block, "api_base", complaints) or _set(block, "base_url", complaints),
        api_key=_set(block, "api_key", complaints),
        timeout=_seconds(block, "timeout", 5.0, complaints),
        options=_rest(block, "model", "api_base", "base_url", "api_key", "timeout"),
        place=root.at("llm"),
    )


def _set(block: Block, key: str, complaints: Complaints) -> str | None:
    """Read a text; an empty one (an environment variable that is empty) counts as none."""
    return _text(block, key, complaints) if block.get(key) != "" else None


def _knowledge(root: Block, complaints: Complaints) -> Knowledge | None:
    block = _section("knowledge", root, complaints)
    if block is None:
        return None
    articles = _text(block, "articles", complaints) or "kb"
    facts = _text(block, "facts", complaints)
    return Knowledge(articles, facts, _rest(block, "articles", "facts"), root.at("knowledge"))


def _seconds(block: Block, key: str, default: float, complaints: Complaints) -> float:
    """Read a number, also one that came as text out of the environment."""
    value = block.get(key, default)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if number > 0:
        return number
    complaints.error(f"'{key}' must be a number of seconds above 0.", block.at(key))
    return default
