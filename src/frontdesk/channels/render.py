"""What is said, as Rasa's REST channel writes it: one JSON object for each bubble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.core.events import BotUttered


def render(event: BotUttered, recipient_id: str) -> list[dict[str, Any]]:
    """Return the bubbles of one thing said, in the order in which Rasa's output channels send them.

    A text is split at blank lines, except where it has buttons. What has another shape than Rasa's is passed over, so
    that an action which did its work is not answered with an apology.
    """
    content = event.data
    text = "" if event.text is None else str(event.text)
    bubbles: list[dict[str, Any]] = []
    if content.get("quick_replies"):
        bubbles.append({"text": text, "buttons": _buttons(content["quick_replies"])})
    elif content.get("buttons"):
        bubbles.append({"text": text, "buttons": _buttons(content["buttons"])})
    elif text:
        bubbles.extend({"text": part} for part in text.strip().split("\n\n") if part)
    if content.get("custom"):
        bubbles.append({"custom": content["custom"]})
    if content.get("image"):
        bubbles.append({"image": content["image"]})
    if content.get("attachment") and content.get("attachment") != content.get("image"):
        bubbles.append({"attachment": content["attachment"]})
    for element in _list(content.get("elements")):
        if not isinstance(element, Mapping):
            continue
        title = f"{element.get('title', '')} : {element.get('subtitle', '')}"
        # Channels that can show a card find the element itself; to the others it is a text with buttons.
        about = {"element": dict(element)}
        bubbles.append({"text": title, "buttons": _buttons(element.get("buttons")), "metadata": about})
    sources = event.metadata.get("sources")
    if sources and bubbles:
        bubbles[-1]["metadata"] = {**bubbles[-1].get("metadata", {}), "sources": list(sources)}
    return [{"recipient_id": recipient_id, **bubble} for bubble in bubbles]


def _buttons(buttons: Any) -> list[dict[str, Any]]:
    return [
        dict(b) if isinstance(b, Mapping) else {"title": str(b), "payload": str(b)} for b in _list(buttons)
    ]


def _list(found: Any) -> Sequence[Any]:
    return found if isinstance(found, list | tuple) else ()


def plain(reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reply in Rasa's REST form: without the sources of an answer and the element behind a text."""
    return {key: value for key, value in reply.items() if key != "metadata"}
