"""Read what a vendor tells and what options say, in whatever shape they come; check who signed it."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from typing import Any

from frontdesk.channels.http import LARGEST_METADATA, LONGEST_ID, Refusal, size_as_json
from frontdesk.core.ports import Options
from frontdesk.errors import ConfigError

log = logging.getLogger("frontdesk.channels")


def kept(text: str) -> str:
    """Return a text that stores can keep: half of a character could not be."""
    return text.strip().encode(errors="replace").decode()


def told_beside(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told beside a message's words, if it can be kept with it."""
    size = size_as_json(about)
    if size is not None and size <= LARGEST_METADATA:
        return dict(about)
    log.warning("What was told beside a message is too large, and is not kept (%s characters).", size)
    return {}


def within(message_id: str) -> str:
    """Return a message's id as stores can keep it; two that differ stay two."""
    if len(message_id) <= LONGEST_ID and "\0" not in message_id:
        return kept(message_id)
    return hashlib.sha256(message_id.encode(errors="replace")).hexdigest()


def same(shown: str | None, expected: str) -> bool:
    """Tell whether somebody shows what is expected, in a time that tells nothing of it; nothing is never shown."""
    if not shown or not expected:
        return False
    return hmac.compare_digest(shown.encode(errors="replace"), expected.encode())


def signed(secret: str, content: bytes, algorithm: str = "sha256") -> str:
    """Return the hexadecimal HMAC of a body."""
    return hmac.new(secret.encode(), content, algorithm).hexdigest()


def unsigned(vendor: str) -> Refusal:
    """Return the refusal of what a vendor did not sign."""
    return Refusal(401, "NotAuthenticated", f"This is not signed by {vendor}.")


def needed(options: Options, key: str, channel: str, where: str) -> str:
    """Return an option that has to be there; `where` says where to find it. Raises ConfigError."""
    found = str(options.get(key) or "").strip()
    if not found:
        hint = f"Take it from {where}, and write it as ${{NAME}} in credentials.yml."
        raise ConfigError(f"The {channel} channel has no '{key}'.", hint=hint)
    return found


def switch(options: Options, key: str, channel: str) -> bool:
    """Return an option that is true or false, by itself false. Raises ConfigError."""
    found = options.get(key) or False
    if not isinstance(found, bool):  # a text such as "false" would be true to a careless reader
        raise ConfigError(f"'{key}' of the {channel} channel is '{found}'.", hint="It can be true or false.")
    return found


def part(told: Any, *keys: str) -> Mapping[str, Any]:
    """Return an object inside what was told, or an empty one."""
    for key in keys:
        told = told.get(key) if isinstance(told, Mapping) else None
    return told if isinstance(told, Mapping) else {}


def word(told: Mapping[str, Any], key: str) -> str:
    """Return a text inside what was told (a whole number as one, too), or an empty one."""
    found = told.get(key)
    return str(found) if type(found) is int else text_of(told, key)


def text_of(told: Mapping[str, Any], key: str) -> str:
    """Return a text inside what was told, or an empty one."""
    found = told.get(key)
    return found if isinstance(found, str) else ""


def several(told: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list inside what was told."""
    found = told.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def address_in(attached: Mapping[str, Any]) -> str:
    """Return where a file is that a reply has attached. Raises ValueError where that is not said."""
    found = word(attached, "url") or word(part(attached, "payload"), "src")
    if not found:
        raise ValueError("the attachment has no 'url'")
    return found


def tokens(options: Options, key: str, channel: str) -> tuple[str, ...]:
    """Return the tokens that a webhook has to show one of, in one option; without any that is said, once."""
    given = options.get(key)
    found = [str(one).strip() for one in (given if isinstance(given, list) else [given]) if one]
    if not any(found):
        log.warning(
            "The %s channel has no '%s': whoever reaches it can speak there, so nobody is ever verified.",
            channel,
            key,
        )
    return tuple(one for one in found if one)
