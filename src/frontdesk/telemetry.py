"""Logs that people and machines can read, without personal data."""

from __future__ import annotations

import json
import logging
import sys
import time

from frontdesk.redaction import PatternRedactor, one_line
from frontdesk.settings import Settings

_redact = PatternRedactor().redact


class PlainFormatter(logging.Formatter):
    """Formats a record as one line: time, level, where, what."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows only at debug level."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        text = one_line(_redact(record.getMessage()))
        line = f"{clock} {record.levelname.lower():<8} {record.name}: {text}"
        if record.exc_info and logging.getLogger().isEnabledFor(logging.DEBUG):
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object as text."""
        entry = {
            "timestamp": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _redact(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = _redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=True)


def configure_logging(settings: Settings) -> None:
    """Send all logs to standard error in one form."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(JsonFormatter() if settings.log_json else PlainFormatter())
    logging.basicConfig(level=settings.log_level, handlers=[out], force=True)
    for noisy in ("sanic.access", "httpx", "httpcore", "asyncio", "rasa_sdk", "faiss.loader", "sanic.server"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
