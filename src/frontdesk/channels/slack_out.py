"""What is said, as messages of Slack: text, Block Kit and attachments, within Slack's limits and without its marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.channels import texts

TEXT = 4_000  # characters of a message that Slack shows as one; it cuts at 40,000
SECTION = 3_000  # characters of a section's text
TITLE = 75  # characters of a button's text
VALUE = 2_000  # characters of a button's value
ADDRESS = 3_000  # characters of an image's or a button's address
ALTERNATIVE = 2_000  # characters of what is read out in place of an image
ROW = 25  # elements of an actions block
BLOCKS = 50  # blocks of a message
OURS = "frontdesk-choice-"
"""Begins the ids of the blocks with buttons that are made here."""

Message = dict[str, Any]
"""Arguments of chat.postMessage, without the channel."""


def messages(reply: Mapping[str, Any]) -> list[Message]:
    """Return a reply (in the form of the REST channel) as messages; raises ValueError where it cannot be one."""
    custom = reply.get("custom")
    if custom:
        return [_custom(custom)]
    if reply.get("image"):
        return [_image(str(reply["image"]))]
    if reply.get("attachment"):
        attached = reply["attachment"]
        if isinstance(attached, Mapping):
            return [{"attachments": [dict(attached)]}]
        return [{"text": part} for part in split(str(attached), TEXT)]
    text = str(reply.get("text") or "")
    buttons = [button for button in reply.get("buttons") or () if isinstance(button, Mapping)]
    element = (reply.get("metadata") or {}).get("element")
    if buttons or element:
        return _with_blocks(text, buttons, element)
    return [{"text": part} for part in split(text, TEXT)]


def escape(text: str) -> str:
    """Return a text that Slack shows as it is: it can mention nobody, link nowhere under another name."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def split(text: str, most: int) -> list[str]:
    """Return a text, escaped, in parts of at most so many characters, cut at lines or words where there are any."""
    return [escape(part) for part in texts.split(text, most, _size)]


def _size(character: str) -> int:
    """Count a character as it is escaped."""
    return {"&": 5, "<": 4, ">": 4}.get(character, 1)


def _custom(custom: Any) -> Message:
    """Return what is sent as it is: arguments of chat.postMessage, or a list of blocks."""
    if isinstance(custom, Mapping):
        return dict(custom)
    if isinstance(custom, list) and all(isinstance(block, Mapping) for block in custom):
        return {"blocks": custom}
    raise ValueError("'custom' is neither an object nor a list of blocks")


def _image(address: str) -> Message:
    if not _is_address(address):
        return {"text": escape(address)[:TEXT]}
    image = {"type": "image", "image_url": address, "alt_text": address[:ALTERNATIVE]}
    return {"text": escape(address), "blocks": [image]}


def _is_address(text: Any) -> bool:
    return isinstance(text, str) and text.startswith(("https://", "http://")) and len(text) <= ADDRESS


def _with_blocks(text: str, buttons: Sequence[Mapping[str, Any]], element: Any) -> list[Message]:
    shown = _card(element) if isinstance(element, Mapping) else [_section(p) for p in split(text, SECTION)]
    made = [_button(number, button) for number, button in enumerate(buttons)]
    too_long = [f"• {escape(title)}" for title, block in made if block is None]
    shown += [_section(part) for part in texts.joined(too_long, SECTION)]
    elements = [block for _, block in made if block is not None]
    rows: list[dict[str, Any]] = [
        {"type": "actions", "block_id": f"{OURS}{start // ROW}", "elements": elements[start : start + ROW]}
        for start in range(0, len(elements), ROW)
    ]
    blocks = [*shown, *rows]
    told = (split(text, TEXT) or [", ".join(escape(title) for title, _ in made)[:TEXT]])[0]
    return [{"text": told, "blocks": blocks[n : n + BLOCKS]} for n in range(0, len(blocks), BLOCKS)]


def _section(escaped: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": escaped}}


def _card(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    title, subtitle = (str(element.get(key) or "").strip() for key in ("title", "subtitle"))
    shown = [f"*{part}*" for part in split(title, SECTION - 2)[:1]] + split(subtitle, SECTION)
    sections = [_section(part) for part in shown]
    if sections and _is_address(element.get("image_url")):
        image = {
            "type": "image",
            "image_url": element["image_url"],
            "alt_text": title[:ALTERNATIVE] or "image",
        }
        sections[0] = {**sections[0], "accessory": image}
    return sections


def _button(number: int, button: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """Return a button's title, and its element, or None where Slack could not keep what it stands for."""
    title = " ".join(str(button.get("title") or button.get("payload") or "…").split())
    shown = title if len(title) <= TITLE else f"{title[: TITLE - 1]}…"
    made: dict[str, Any] = {
        "type": "button",
        "action_id": f"choice-{number}",
        "text": {"type": "plain_text", "text": shown, "emoji": True},
    }
    if _is_address(button.get("url")):  # a link says nothing to the assistant
        return title, {**made, "url": button["url"]}
    value = str(button.get("payload") or title)
    return title, ({**made, "value": value} if len(value) <= VALUE else None)


def after_choice(message: Mapping[str, Any], title: str | None) -> dict[str, Any] | None:
    """Return what takes the place of a message whose button was pressed: the choice in place of our buttons."""
    blocks = message.get("blocks")
    if not isinstance(blocks, list):
        return None
    kept = [block for block in blocks if not _is_ours(block)]
    if len(kept) == len(blocks):
        return None
    if title:
        said = {"type": "mrkdwn", "text": f":white_check_mark: {escape(title)}"}
        kept = [*kept, {"type": "context", "elements": [said]}]
    return {"replace_original": True, "text": str(message.get("text") or title or "…"), "blocks": kept}


def _is_ours(block: Any) -> bool:
    return isinstance(block, Mapping) and str(block.get("block_id") or "").startswith(OURS)
