"""Frontdesk: a self-hosted customer-service assistant and the engine under it.

>>> agent = load_agent("path/to/project")
>>> replies = await agent.receive(UserMessage("hello", sender_id="ann"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frontdesk.core.message import UserMessage
    from frontdesk.errors import FrontdeskError
    from frontdesk.runtime.agent import Agent
    from frontdesk.runtime.assembly import load_agent

__version__ = "0.1.0"
__all__ = ["Agent", "FrontdeskError", "UserMessage", "__version__", "load_agent"]

_HOMES = {
    "Agent": "frontdesk.runtime.agent",
    "FrontdeskError": "frontdesk.errors",
    "UserMessage": "frontdesk.core.message",
    "load_agent": "frontdesk.runtime.assembly",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import frontdesk` loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'frontdesk' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
