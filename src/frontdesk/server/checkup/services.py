"""What the assistant calls: the actions, the language model, the event broker, where spans go."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import Any

import httpx

from frontdesk.actions.catalog import action_for
from frontdesk.actions.context import VARIABLE
from frontdesk.actions.custom import CustomAction
from frontdesk.actions.remote import RemoteActionServer
from frontdesk.auth.secret import SHORTEST
from frontdesk.core.domain import Domain
from frontdesk.core.ports import BatchBroker
from frontdesk.core.tracker import LISTEN
from frontdesk.errors import EndpointError, UnknownName
from frontdesk.runtime.assembly import action_server, event_broker, language_model
from frontdesk.server.checkup.deployment import Deployment, Finding, Level
from frontdesk.tracing import traced

ACTIONS, LLM, BROKER, TRACING = "actions", "language model", "event broker", "tracing"
OPENAI = "https://api.openai.com/v1"
DEADLINE = 5.0


async def check_actions(deployment: Deployment) -> list[Finding]:
    """Ask where the actions run which there are, and compare them with those that the domain names."""
    endpoint, domain = deployment.endpoints.action_endpoint, deployment.domain
    wanted = custom_actions(domain) if domain is not None else frozenset()
    if endpoint is None:
        if not wanted:
            return [Finding(ACTIONS, Level.OK, "The domain names no custom actions.")]
        what = f"The domain names {len(wanted)} custom actions, and endpoints.yml no place where they run."
        mend = "Add 'action_endpoint: {actions_module: actions}' or a 'url'."
        return [Finding(ACTIONS, Level.ERROR, what, mend)]
    server = action_server(endpoint, deployment.layout.folder, deployment.settings)
    try:
        if isinstance(server, RemoteActionServer):
            try:
                await server.probe()
            except EndpointError as error:
                mend = "Start it: frontdesk run actions. Or correct 'url' under 'action_endpoint'."
                what = f"{server.endpoint.place}: {error.what}"
                return [Finding(ACTIONS, Level.ERROR, what, mend)]
        found = list(action_findings(wanted, await server.names(), domain is not None))
        if isinstance(server, RemoteActionServer):
            found += secret_findings(deployment.environment.get(VARIABLE))
        return found
    finally:
        await server.close()


def custom_actions(domain: Domain) -> frozenset[str]:
    """Return the actions of a domain that somebody has to run."""
    found = set()
    for name in domain.actions:
        try:
            action = action_for(name, domain)
        except UnknownName:
            continue
        if isinstance(action, CustomAction):
            found.add(name)
    return frozenset(found - {LISTEN})  # nobody runs that one: the loop ends with it


def action_findings(wanted: Collection[str], there: Collection[str], known: bool = True) -> Iterable[Finding]:
    """Compare the actions that a domain names with those that there are."""
    if not there:
        what = "The action server answers, but does not say which actions it has."
        if wanted:
            yield Finding(ACTIONS, Level.WARNING, what, "Serve them with rasa-sdk 3 or later: it lists them.")
        return
    missing = sorted(set(wanted) - set(there))
    if missing:
        shown = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        what = f"The domain names actions that are not there: {shown}."
        mend = "Deploy the actions and the model together, or take them out of the domain."
        yield Finding(ACTIONS, Level.ERROR, what, mend)
    elif known:
        what = f"All {len(wanted)} actions of the domain are there."
        yield Finding(ACTIONS, Level.OK, what)


def secret_findings(secret: str | None) -> list[Finding]:
    """Judge the secret with which calls of an action server are signed."""
    if not secret:
        what = f"{VARIABLE} is not set: the action server cannot know for whom an action runs."
        return [Finding(ACTIONS, Level.ERROR, what, "Set the same value there and here.")]
    if len(secret) < SHORTEST:
        what = f"{VARIABLE} has fewer than {SHORTEST} characters."
        mend = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))".'
        return [Finding(ACTIONS, Level.WARNING, what, mend)]
    return []


async def check_language_model(deployment: Deployment) -> list[Finding]:
    """Ask the language model's server which models it has; that costs nothing."""
    llm: Any = language_model(deployment.endpoints.llm)
    if llm is None:
        what = "None is configured: open questions are answered in the articles' own words."
        return [Finding(LLM, Level.OK, what)]
    base = llm.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI
    key = deployment.endpoints.llm.api_key if deployment.endpoints.llm else None
    key = key or deployment.environment.get("OPENAI_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with httpx.AsyncClient(timeout=DEADLINE) as client:
            answer = await client.get(f"{base.rstrip('/')}/models", headers=headers)
    except httpx.HTTPError as error:
        what = f"{base} does not answer ({type(error).__name__}): articles are quoted instead."
        return [Finding(LLM, Level.WARNING, what, "Check 'api_base' and the network.")]
    return [model_finding(answer.status_code, _names(answer), llm.model, base)]


def model_finding(status: int, names: Collection[str], model: str, base: str) -> Finding:
    """Judge what a server says of its models."""
    if status in (401, 403):
        return Finding(
            LLM, Level.ERROR, f"{base} refuses the key (status {status}).", "Check OPENAI_API_KEY."
        )
    if status >= 400:
        what = f"{base} answers, but does not list its models (status {status})."
        return Finding(LLM, Level.NOTE, what)
    if names and model not in names:
        what = f"{base} has no model '{model}'."
        return Finding(LLM, Level.WARNING, what, f"It has: {', '.join(sorted(names)[:5])}.")
    return Finding(LLM, Level.OK, f"{base} answers, and has '{model}'.")


def _names(answer: httpx.Response) -> set[str]:
    try:
        return {str(item["id"]) for item in answer.json()["data"]}
    except (ValueError, KeyError, TypeError):
        return set()


async def check_event_broker(deployment: Deployment) -> list[Finding]:
    """Ask the event broker whether it takes events; what it needs is then told."""
    endpoint = deployment.endpoints.event_broker
    if endpoint is None:
        return []
    broker = event_broker(endpoint, deployment.layout.folder)
    asked = isinstance(broker, BatchBroker)
    try:
        if isinstance(broker, BatchBroker):
            await broker.check()
    finally:
        await broker.close()
    what = "The event broker takes events." if asked else "The event broker's options can be meant."
    return [Finding(BROKER, Level.OK, what)]


async def check_tracing(deployment: Deployment) -> list[Finding]:
    """Make what sends spans; what it needs is then told."""
    with traced(deployment.endpoints.tracing, deployment.environment) as spans:
        if spans is None:
            return []
    return [Finding(TRACING, Level.OK, "Spans are sent away by OTLP.")]
