"""What the operations of the HTTP API share: the assistant, who may call, and what is under way."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sanic import Request, Sanic

from frontdesk.auth.access import Access
from frontdesk.auth.principal import Principal
from frontdesk.channels.http import Refusal
from frontdesk.formats.project_layout import Layout
from frontdesk.runtime.agent import Agent
from frontdesk.server.peers import Workers

MOST_JOBS = 2  # trainings and cross-validations at the same time


@dataclass(frozen=True)
class ApiOptions:
    """How the API is opened: what callers must show, and to which hosts the server may connect for them.

    `hosts` are names, `name:port` or addresses. A callback may go to any public address and to these; models are
    fetched from these alone. `origins` are those of pages of other sites that may use the API. `layout` names other
    endpoints than the project's own.
    """

    access: Access = field(default_factory=Access)
    hosts: frozenset[str] = frozenset()
    origins: tuple[str, ...] = ()
    layout: Layout | None = None


@dataclass
class Api:
    """The API of one running assistant."""

    app: Sanic[Any, Any]
    agent: Agent
    folder: Path
    options: ApiOptions
    pages: Callable[[], dict[str, str]] = dict
    """Renders the pages of the articles of the model in use."""
    archives: dict[str, str] = field(default_factory=dict)
    """The file name of each model that was loaded through here, by the model's id."""
    workers: Workers | None = None
    """The workers at this address, where there are several."""
    jobs: int = 0
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a model is loaded or unloaded."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def models(self) -> Path:
        """The folder of the project's models; nothing outside of it is ever loaded."""
        return self.folder / "models"

    @property
    def archive(self) -> str:
        """The file name of the model in use."""
        return self.archives.get(self.agent.model_id, f"{self.agent.model_id}.tar.gz")

    def background(self, work: Any) -> None:
        """Run something beside the request; a task that nobody holds could vanish."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


@dataclass(frozen=True)
class Call:
    """One request to an operation."""

    api: Api
    request: Request
    caller: Principal
    conversation_id: str = ""

    @property
    def agent(self) -> Agent:
        """The assistant."""
        return self.api.agent

    def text(self, name: str) -> str | None:
        """Return a query parameter."""
        found = self.request.args.get(name)
        return found if found is None else str(found)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a yes-or-no query parameter: anything but `true` is no, as in Rasa."""
        found = self.text(name)
        return default if found is None else found.lower() == "true"

    def number(self, name: str, low: float, high: float) -> float | None:
        """Return a numeric query parameter. Raises Refusal (400) where it is none, or out of bounds."""
        found = self.text(name)
        if found is None:
            return None
        try:
            value = float(found)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            message = f"Invalid parameter value for '{name}'. It must be a number from {low:g} to {high:g}."
            raise bad_parameter(name, "query", message)
        return value


def bad_parameter(name: str, place: str, message: str) -> Refusal:
    """Return the refusal (400) of one parameter, named as Rasa does in `details`."""
    return Refusal(400, "BadRequest", message, details={"parameter": name, "in": place})


def with_conversation(call: Call, conversation_id: str) -> Call:
    """Return the call on a conversation."""
    return dataclasses.replace(call, conversation_id=conversation_id)
