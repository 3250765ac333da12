"""Read what the assistant says: the variations of a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frontdesk.core.domain import Response, ResponseCondition
from frontdesk.core.message import Button
from frontdesk.core.training import Place
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.yaml import Block, plain

_CONTENT = ("text", "buttons", "image", "custom", "attachment", "elements", "quick_replies")
_AS_WRITTEN = ("image", "custom", "attachment", "elements", "quick_replies", "button_type", "metadata")
_KEYS = (*_CONTENT, "channel", "condition", "id", "metadata", "button_type")


def read_response(name: str, value: Any, place: Place, complaints: Complaints) -> tuple[Response, ...]:
    """Read one entry of `responses`: its variations."""
    items = complaints.items(value, place, f"The response '{name}'")
    hint = "Add '- text: ...' below it."
    if value is None:
        complaints.error(f"The response '{name}' is empty.", place, hint)
    elif not items and isinstance(value, list):
        # As in Rasa: a server under `nlg:` may do the wording.
        complaints.doubt(f"The response '{name}' has no variation.", place, hint)
    return tuple(_variation(name, item, at, complaints) for item, at in items.placed())


def _variation(name: str, item: Any, place: Place, complaints: Complaints) -> Response:
    if isinstance(item, str):
        complaints.error(f"A variation of '{name}' must be a mapping.", place, "Write '- text: ...'.")
        return Response(item)
    block = complaints.block(item, place, f"A variation of '{name}'")
    complaints.keys(block, _KEYS, f"The response '{name}'", tolerable=True)
    text = block.get("text")
    if not any(block.get(key) for key in _CONTENT):
        hint = f"Give one of: {', '.join(_CONTENT)}."
        found = complaints.error if text is None else complaints.doubt
        found(f"A variation of '{name}' says nothing.", place, hint)
    if text is not None and not isinstance(text, str):
        text = complaints.text(text, block.at("text"), f"The text of '{name}'")
    channel, own_id = block.get("channel"), block.get("id")
    return Response(
        text=text,
        buttons=_buttons(name, block, complaints),
        channel=str(channel) if channel is not None else None,
        conditions=_conditions(name, block, complaints),
        id=str(own_id) if own_id is not None else None,
        data={key: plain(block[key]) for key in _AS_WRITTEN if block.get(key) is not None},
    )


def _buttons(name: str, block: Block, complaints: Complaints) -> tuple[Button, ...]:
    found: list[Button] = []
    items = complaints.items(block.get("buttons"), block.at("buttons"), f"'buttons' of '{name}'")
    for item, place in items.placed():
        button = complaints.block(item, place, f"A button of '{name}'")
        title = complaints.text(
            button.get("title"), button.at("title"), f"The 'title' of a button of '{name}'"
        )
        if title is None:
            continue
        payload, kind = button.get("payload"), button.get("type")
        extra = {key: plain(button[key]) for key in button if key not in ("title", "payload", "type")}
        if payload is None and "url" not in extra:
            payload = title  # such a button sends its own title, as the web widgets do
        sent = None if payload is None else str(payload)
        found.append(Button(title, sent, str(kind) if kind else None, extra))
    return tuple(found)


def _conditions(name: str, block: Block, complaints: Complaints) -> tuple[ResponseCondition, ...]:
    found: list[ResponseCondition] = []
    items = complaints.items(block.get("condition"), block.at("condition"), f"'condition' of '{name}'")
    for item, place in items.placed():
        condition = complaints.block(item, place, f"A condition of '{name}'")
        complaints.keys(condition, ("type", "name", "value"), f"A condition of '{name}'")
        if condition.get("type", "slot") != "slot":
            complaints.error(f"A condition of '{name}' is about a slot only.", place, "Write 'type: slot'.")
        slot = complaints.text(
            condition.get("name"), condition.at("name"), f"The slot of a condition of '{name}'"
        )
        if slot is not None:
            found.append(ResponseCondition(slot, plain(condition.get("value"))))
    return tuple(found)


def written_response(response: Response) -> Mapping[str, Any]:
    """Return a variation as the mapping that stands in a file."""
    written: dict[str, Any] = {}
    if response.text is not None:
        written["text"] = response.text
    if response.buttons:
        written["buttons"] = [_written_button(button) for button in response.buttons]
    written.update(response.data)
    if response.channel is not None:
        written["channel"] = response.channel
    if response.conditions:
        written["condition"] = [
            {"type": c.type, "name": c.name, "value": c.value} for c in response.conditions
        ]
    if response.id is not None:
        written["id"] = response.id
    return written


def _written_button(button: Button) -> dict[str, Any]:
    written = {"title": button.title, "payload": button.payload, "type": button.type, **button.extra}
    return {key: value for key, value in written.items() if value is not None}
