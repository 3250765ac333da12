"""Views as JSON: how rules are saved, and how stories are remembered by digest.

The shape is Rasa's: {user: {intent, text, entities}, slots, prev_action: {action_name | action_text},
active_loop: {name}}, empty parts left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from frontdesk.core.states import View
from frontdesk.core.tracker import LISTEN


def view_to_json(view: View) -> dict[str, Any]:
    """Return a view JSON-ready."""
    user = {"intent": view.intent, "text": view.text, "entities": list(view.entities)}
    action = {"action_name": view.action, "action_text": view.action_text}
    slots = {name: value if isinstance(value, str) else list(value) for name, value in view.slots}
    parts: dict[str, dict[str, Any]] = {
        "user": user,
        "slots": slots,
        "prev_action": action,
        "active_loop": {"name": view.loop},
    }
    filled = {part: {key: value for key, value in inner.items() if value} for part, inner in parts.items()}
    return {part: inner for part, inner in filled.items() if inner}


def view_from_json(wire: Mapping[str, Any]) -> View:
    """Read a view back."""
    user, action = wire.get("user", {}), wire.get("prev_action", {})
    slots = wire.get("slots", {})
    return View(
        intent=user.get("intent"),
        text=user.get("text"),
        entities=tuple(user.get("entities", ())),
        slots=tuple((name, v if isinstance(v, str) else tuple(v)) for name, v in sorted(slots.items())),
        action=action.get("action_name"),
        action_text=action.get("action_text"),
        loop=wire.get("active_loop", {}).get("name"),
    )


def key_text(views: Iterable[View]) -> str:
    """Return views as one line of JSON, in the exact form that Rasa compares rules by."""
    return json.dumps([view_to_json(view) for view in views], sort_keys=True)


def view_digest(view: View) -> bytes:
    """Return 16 bytes that are the same for equal views, in any process."""
    text = json.dumps(view_to_json(view), sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()


def history_digest(digests: Sequence[bytes]) -> str:
    """Return one digest for several views, oldest first."""
    return hashlib.blake2b(b"".join(digests), digest_size=16).hexdigest()


def spoken(view: View) -> View:
    """Return a past view as it is compared: what was understood counts, and the words only without it."""
    return replace(view, text=None) if view.intent and view.text else view


def asked(view: View) -> View:
    """Return the newest view as it is compared by intent: after the user spoke, the words do not count."""
    return replace(view, text=None) if view.action == LISTEN and view.text else spoken(view)


def is_start(view: View) -> bool:
    """Tell whether nothing has been done yet in this view."""
    return not view.action and not view.action_text
