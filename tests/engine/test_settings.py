from __future__ import annotations

import pytest

from frontdesk.errors import ConfigError
from frontdesk.settings import VARIABLES, Settings, read_settings


def test_without_variables_there_are_defaults() -> None:
    assert read_settings({}) == Settings()
    assert read_settings(dict.fromkeys(VARIABLES.values(), " ")) == Settings()


def test_every_setting_has_a_variable() -> None:
    assert set(VARIABLES) == set(Settings.__dataclass_fields__)


def test_what_is_given_counts() -> None:
    found = read_settings(
        {
            "FRONTDESK_MAX_MESSAGE": "100",
            "FRONTDESK_MAX_BODY": "2e3",
            "MAX_NUMBER_OF_PREDICTIONS": "5",
            "FRONTDESK_ACTION_DEADLINE": "0.5",
            "FRONTDESK_TURN_DEADLINE": " 7 ",
            "LOG_LEVEL": "debug",
            "FORCE_JSON_LOGGING": "True",
        }
    )
    assert found == Settings(100, 2000, 5, 0.5, 7.0, "DEBUG", True)
    assert isinstance(found.max_body, int)


@pytest.mark.parametrize(
    ("text", "expected"), [("1", True), ("yes", True), ("on", True), ("0", False), ("No", False)]
)
def test_switches(text: str, expected: bool) -> None:
    assert read_settings({"FORCE_JSON_LOGGING": text}).log_json is expected


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("FRONTDESK_MAX_MESSAGE", "many"),
        ("FRONTDESK_MAX_MESSAGE", "0"),
        ("FRONTDESK_MAX_MESSAGE", "-1"),
        ("FRONTDESK_MAX_MESSAGE", "0.5"),
        ("FRONTDESK_MAX_MESSAGE", "nan"),
        ("FRONTDESK_MAX_MESSAGE", "inf"),
        ("FRONTDESK_ACTION_DEADLINE", "nan"),
        ("FRONTDESK_ACTION_DEADLINE", "inf"),
        ("LOG_LEVEL", "LOUD"),
        ("FORCE_JSON_LOGGING", "maybe"),
    ],
)
def test_a_bad_value_stops_the_start_with_its_variable(variable: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable} is '{text}'"):
        read_settings({variable: text})


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_MAX_MESSAGE", "123")
    assert read_settings().max_message == 123
