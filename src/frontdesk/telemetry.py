"""Logs that people and machines can read, without personal data."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback

from frontdesk.errors import FrontdeskError
from frontdesk.redaction import PatternRedactor, one_line
from frontdesk.settings import Settings

_redact = PatternRedactor().redact

LONGEST_CAUSE = 200  # characters of an unexpected error's own words


class PlainFormatter(logging.Formatter):
    """Formats a record as one line: time, level, where, what."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the kind and place of an unexpected error; a traceback follows only at debug level."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        text = one_line(_redact(record.getMessage() + _cause(record)))
        line = f"{clock} {record.levelname.lower():<8} {record.name}: {text}"
        if record.exc_info and logging.getLogger().isEnabledFor(logging.DEBUG):
            line += "\n" + _redact(self.formatException(record.exc_info))
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
        entry = {
            "timestamp": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _redact(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = _redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=True)


def configure_logging(settings: Settings, *beside: logging.Handler) -> None:
    """Send all logs to standard error in one form, and to the handlers that are given `beside`."""
    handlers = [logging.StreamHandler(sys.stderr), *beside]
    for handler in handlers:
        handler.setFormatter(JsonFormatter() if settings.log_json else PlainFormatter())
    logging.basicConfig(level=settings.log_level, handlers=handlers, force=True)
    for noisy in ("sanic.access", "httpx", "httpcore", "asyncio", "rasa_sdk", "faiss.loader", "sanic.server"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
