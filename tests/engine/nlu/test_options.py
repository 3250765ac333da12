from __future__ import annotations

import logging

import pytest

from frontdesk.errors import ConfigError
from frontdesk.nlu.options import merged, number, one_of


def test_given_options_replace_defaults() -> None:
    assert merged("X", {"a": 1, "b": 2}, {"b": 3}) == {"a": 1, "b": 3}
    assert merged("X", {"a": 1}, None) == {"a": 1}


def test_an_unknown_option_is_kept_and_logged_with_the_nearest_name(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert merged("X", {"threshold": 1}, {"treshold": 2, "alias": "x", "name": "X"})["treshold"] == 2
    [record] = caplog.records
    assert record.getMessage() == "X has no option 'treshold', which is ignored. Did you mean 'threshold'?"


def test_numbers_are_checked() -> None:
    assert number("X", {"a": 1}, "a", 0, 1) == 1.0
    for bad in (2, -1, "1", True, None):
        with pytest.raises(ConfigError, match="a number from 0 to 1"):
            number("X", {"a": bad}, "a", 0, 1)


def test_choices_are_checked() -> None:
    assert one_of("X", {"a": "b"}, "a", ("b", "c")) == "b"
    with pytest.raises(ConfigError, match="one of b, c"):
        one_of("X", {"a": "d"}, "a", ("b", "c"))
