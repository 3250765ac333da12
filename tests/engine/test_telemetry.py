from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from frontdesk.errors import StoreError
from frontdesk.settings import Settings
from frontdesk.telemetry import JsonFormatter, PlainFormatter, configure_logging


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """Put the logging of the test run back."""
    logger = logging.getLogger()
    level, handlers = logger.level, logger.handlers[:]
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


def record(message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    caught = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("frontdesk.x", logging.ERROR, "x.py", 1, message, arguments, caught)


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_a_line_without_personal_data_and_without_line_breaks() -> None:
    line = PlainFormatter().format(record("from %s\nforged", "ann@example.com"))
    assert line.endswith("error    frontdesk.x: from [email]\\nforged")
    assert "\n" not in line


def test_an_unexpected_error_is_told_in_the_line() -> None:
    line = PlainFormatter().format(
        record("It failed.", error=raised(ValueError("bad ann@example.com\n" + "x" * 999)))
    )
    assert "It failed. (ValueError: bad [email]\\nxxx" in line
    assert f" at {__file__}:" in line
    assert len(line) < 600


def test_an_error_of_ours_says_itself() -> None:
    line = PlainFormatter().format(record("It failed.", error=raised(StoreError("locked"))))
    assert line.endswith("It failed.")


def test_at_debug_level_there_is_a_traceback_without_personal_data(root: logging.Logger) -> None:
    root.setLevel(logging.DEBUG)
    text = PlainFormatter().format(record("It failed.", error=raised(ValueError("bad ann@example.com"))))
    assert "Traceback" in text
    assert "ann@example.com" not in text


def test_a_line_of_json() -> None:
    line = JsonFormatter().format(
        record("from %s\nmore", "ann@example.com", error=raised(ValueError("bob@example.com")))
    )
    found = json.loads(line)
    assert "\n" not in line
    assert (found["level"], found["logger"], found["message"]) == (
        "error",
        "frontdesk.x",
        "from [email]\nmore",
    )
    assert "ValueError: [email]" in found["exception"]
    assert "exception" not in json.loads(JsonFormatter().format(record("fine")))


@pytest.mark.parametrize("as_json", [False, True])
def test_logs_go_to_standard_error(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    configure_logging(Settings(log_level="WARNING", log_json=as_json))
    logging.getLogger("frontdesk.x").info("quiet")
    logging.getLogger("frontdesk.x").warning("loud")
    logging.getLogger("httpx").info("every request")
    out = capsys.readouterr()
    assert out.out == ""
    [line] = out.err.splitlines()
    assert "loud" in line
    assert line.startswith("{") is as_json
