from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from frontdesk.errors import StoreError
from frontdesk.settings import Settings
from frontdesk.telemetry import (
    JsonFormatter,
    PlainFormatter,
    _current,
    about,
    configure_logging,
    name_conversations,
)


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


SLOTS = {
    "name": "Anna Bennett",
    "requested_slot": "order_number",
    "seen": True,
    "lines": [{"order": "L204817"}],
}


@pytest.fixture
def conversation() -> Iterator[None]:
    """A message that is being answered."""
    about("+15551234567", "my shoes arrived broken, it is Hugo Lindgren in 12 Elm Street", SLOTS)
    yield
    _current.set(None)


@pytest.mark.parametrize("formatter", [PlainFormatter(), JsonFormatter()], ids=["plain", "json"])
def test_what_a_user_wrote_is_in_no_line(
    formatter: logging.Formatter, conversation: None, root: logging.Logger
) -> None:
    root.setLevel(logging.DEBUG)
    error = raised(ValueError("no Hugo at elm street, L204817 of anna bennett"))
    line = formatter.format(
        record("The action '%s' failed after %d: %s", "action_name", 3, error, error=error)
    )
    assert (
        "The action 'action_name' failed after 3: no [said] at [said] [said], [said] of [said] [said]" in line
    )
    for private in ("hugo", "lindgren", "elm", "L204817", "anna", "bennett", "555"):
        assert private.lower() not in line.replace(__file__, "").split("Traceback")[0].lower()
    assert "ValueError" in line
    assert "order_number" in formatter.format(record("Nothing asks for '%s'.", "order_number"))
    assert "Lines of our own say shoes." in formatter.format(record("Lines of our own say shoes."))


def test_a_conversation_has_the_same_pseudonym_with_the_same_secret(conversation: None) -> None:
    names = []
    for secret in ("one", "one", "two"):
        name_conversations("hashed", secret)
        names.append(json.loads(JsonFormatter().format(record("It failed.")))["conversation"])
    assert names[0] == names[1] != names[2]
    assert all(len(name) == 16 and "555" not in name for name in names)


def test_conversations_are_named_as_the_operator_says(conversation: None) -> None:
    name_conversations("plain", "one")
    assert json.loads(JsonFormatter().format(record("It failed.")))["conversation"] == "+15551234567"
    name_conversations("none", "one")
    assert "conversation" not in json.loads(JsonFormatter().format(record("It failed.")))
    name_conversations("hashed", "one")


def test_outside_of_a_conversation_no_line_names_one() -> None:
    assert "conversation" not in json.loads(JsonFormatter().format(record("It failed for %s.", "Hugo")))
