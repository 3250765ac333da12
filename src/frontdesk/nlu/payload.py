"""Read payloads, with which buttons and programs name an intent instead of leaving it to be guessed."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection
from typing import Any

from frontdesk.core.message import Entity, IntentScore, Message

EXTRACTOR = "RegexMessageHandler"
log = logging.getLogger(__name__)
_PAYLOAD = re.compile(
    r"/(?P<intent>[^{@]+)(?P<confidence>@[0-9.]+)?(?P<entities>\{.*\})?(?P<rest>.*)", re.DOTALL
)
_NAME = re.compile(r"[^\s/]+(?:/[^\s/]+)?")


def read_payload(text: str, intents: Collection[str] | None = None) -> Message | None:
    """Return the final message that a payload means, or None where the text is no payload.

    A payload is `/intent`, `/intent{"entity": "value", "other": ["a", "b"]}`, `/intent@0.8{...}` or
    `/faq/topic`. Where `intents` are given, another name after the slash makes it ordinary text; of a
    retrieval intent the part before the slash has to be known. Entities that are no JSON object are dropped.
    """
    stripped = text.strip()
    match = _PAYLOAD.fullmatch(stripped) if stripped.startswith("/") else None
    if match is None:
        return None
    name = match["intent"].strip()
    if not _known(name, intents):
        return None
    if match["rest"].strip():
        log.warning("The end of the payload '/%s' cannot be read and is ignored.", name)
    score = IntentScore(name, _confidence(match["confidence"]))
    return Message(
        text=stripped, intent=score, ranking=(score,), entities=tuple(_entities(match)), final=True
    )


def _known(name: str, intents: Collection[str] | None) -> bool:
    if _NAME.fullmatch(name) is None:
        return False
    return intents is None or name in intents or name.partition("/")[0] in intents


def _confidence(written: str | None) -> float:
    if written is None:
        return 1.0
    try:
        return min(1.0, float(written[1:]))
    except ValueError:
        return 0.0


def _entities(match: re.Match[str]) -> list[Entity]:
    written = match["entities"]
    if written is None:
        return []
    try:
        found: Any = json.loads(written)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        log.warning(
            "The entities of the payload '/%s' are no JSON object and are ignored.", match["intent"].strip()
        )
        return []
    start, end = match.span("entities")
    return [
        Entity(kind, value, start, end, extractor=EXTRACTOR)
        for kind, values in found.items()
        for value in (values if isinstance(values, list) else [values])
    ]
