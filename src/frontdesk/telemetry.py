"""Logs that people and machines can read, without personal data.

What looks like an address or a number of a person or a card is taken out of every line. While a message is answered,
the words that its user wrote, and those that the conversation has kept in slots, are taken out of whatever a line tells
beside its own words, such as the text of an error; the conversation is named by a pseudonym.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from frontdesk import measures
from frontdesk.errors import FrontdeskError
from frontdesk.redaction import PatternRedactor, one_line
from frontdesk.settings import Settings

_redact = PatternRedactor().redact

LONGEST_CAUSE = 200  # characters of an unexpected error's own words
SHORTEST_WORD = 3
SAID = "[said]"
"""Stands in a line for a word of the user's."""
_WORD = re.compile(r"[^\W_](?:[\w'’-]*[^\W_])?")
_NOT_SAID = ("requested_slot",)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Of which conversation a line may speak, what its user has just written, and what it has kept in slots."""

    sender_id: str
    text: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)

    def words(self) -> set[str]:
        """Return the words that are the user's own."""
        kept = (value for name, value in self.slots.items() if name not in _NOT_SAID)
        texts = [self.text, self.sender_id, *(text for value in kept for text in _texts(value))]
        found = {word for text in texts for word in _WORD.findall(text) if len(word) >= SHORTEST_WORD}
        return found | ({self.sender_id} if len(self.sender_id) >= SHORTEST_WORD else set())


_current: ContextVar[Conversation | None] = ContextVar("conversation", default=None)
_naming = {"way": "hashed", "key": os.urandom(16)}


def about(sender_id: str, text: str = "", slots: Mapping[str, Any] | None = None) -> None:
    """Say which conversation the lines of this task are about."""
    _current.set(Conversation(sender_id, text, slots or {}))


def current() -> Conversation | None:
    """Return the conversation that this task is about."""
    return _current.get()


def name_conversations(way: str, secret: str) -> None:
    """Name conversations in logs as `way` says (hashed, plain, none); with one secret, a hash is always the same."""
    key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"frontdesk-logs").digest()
    _naming.update(way=way, key=key)


def conversation_name(sender_id: str) -> str | None:
    """Return how a conversation is named in logs; a hash tells nobody without the secret whose it is."""
    if _naming["way"] == "none":
        return None
    if _naming["way"] == "plain":
        return sender_id
    key = _naming["key"]
    assert isinstance(key, bytes)
    return hashlib.blake2b(sender_id.encode(errors="replace"), digest_size=8, key=key).hexdigest()


class PlainFormatter(logging.Formatter):
    """Formats a record as one line: time, level, where, what."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the kind and place of an unexpected error; a traceback follows only at debug level."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        text = one_line(_redact(_told(record) + _without_said(_cause(record))))
        line = f"{clock} {record.levelname.lower():<8} {record.name}: {text}"
        if record.exc_info and logging.getLogger().isEnabledFor(logging.DEBUG):
            line += "\n" + _redact(_without_said(self.formatException(record.exc_info)))
        return line


def _cause(record: logging.LogRecord) -> str:
    """Tell what an unexpected error was and where; an error of ours says so itself."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None or isinstance(error, FrontdeskError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f" ({type(error).__name__}: {str(error)[:LONGEST_CAUSE]}{place})"


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object as text."""
        entry: dict[str, Any] = {
            "timestamp": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _redact(_told(record)),
        }
        conversation = _current.get()
        if conversation is not None and (name := conversation_name(conversation.sender_id)):
            entry["conversation"] = name
        trace = measures.carried().get("traceparent", "").split("-")
        if len(trace) == 4:
            entry |= {"trace_id": trace[1], "span_id": trace[2]}
        if record.exc_info:
            entry["exception"] = _redact(_without_said(self.formatException(record.exc_info)))
        return json.dumps(entry, ensure_ascii=True)


def _told(record: logging.LogRecord) -> str:
    """Return what a record says; of what it puts into its own words, nothing that the user wrote stays."""
    if not record.args or _current.get() is None:
        return record.getMessage()
    given = record.args
    kept = (
        {name: _as_told(value) for name, value in given.items()}
        if isinstance(given, Mapping)
        else tuple(_as_told(value) for value in given)
    )
    return str(record.msg) % kept


def _as_told(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else _without_said(str(value))


def _without_said(text: str) -> str:
    """Return a text without the words of the user whose message is being answered."""
    conversation = _current.get()
    words = conversation.words() if conversation is not None else set()
    if not text or not words:
        return text
    longest_first = sorted(words, key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
    return re.sub(pattern, SAID, text, flags=re.IGNORECASE)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def configure_logging(settings: Settings, *beside: logging.Handler) -> None:
    """Send all logs to standard error in one form, and to the handlers that are given `beside`."""
    handlers = [logging.StreamHandler(sys.stderr), *beside]
    for handler in handlers:
        handler.setFormatter(JsonFormatter() if settings.log_json else PlainFormatter())
    logging.basicConfig(level=settings.log_level, handlers=handlers, force=True)
    for noisy in ("sanic.access", "httpx", "httpcore", "asyncio", "rasa_sdk", "faiss.loader", "sanic.server"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
