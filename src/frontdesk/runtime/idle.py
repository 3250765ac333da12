"""An assistant without a model: it refuses messages until one is loaded."""

from __future__ import annotations

from pathlib import Path

from frontdesk.actions.catalog import action_for
from frontdesk.actions.responses import DomainResponses
from frontdesk.core.domain import Domain
from frontdesk.core.message import Message
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.settings_files import read_endpoints
from frontdesk.policies.ensemble import choose
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.assembly import action_server, lock_store, tracker_store
from frontdesk.runtime.loop import Loop
from frontdesk.runtime.processor import Processor
from frontdesk.runtime.understanding import Understanding
from frontdesk.settings import Settings


def assemble_without_model(folder: Path, settings: Settings, layout: Layout | None = None) -> Agent:
    """Put an agent together that waits for a model; `reload` gives it one."""
    folder = folder.resolve()
    endpoints = read_endpoints(folder, layout.endpoints if layout else None)
    domain = Domain()
    processor = Processor(
        domain=domain,
        understanding=Understanding(lambda texts: [Message(text) for text in texts]),
        loop=Loop((), choose, action_for, lambda _: False, settings.max_actions),
        nlg=DomainResponses(domain, {}),
        server=action_server(endpoints.action_endpoint, folder, settings),
    )
    store = tracker_store(endpoints.tracker_store, folder)
    announces = endpoints.event_broker is not None
    agent = Agent(processor, store, lock_store(endpoints.lock_store), settings, announces=announces)
    agent.ready = False
    return agent
