from __future__ import annotations

import pytest

from frontdesk.endpoint import Endpoint, read_endpoint, seconds, whole
from frontdesk.errors import ConfigError


def test_everything_that_a_section_may_say() -> None:
    found = read_endpoint(
        {
            "url": "https://user:word@host:8443/hook?x=1#y", "headers": {"X-A": 1, "X-B": None}, "token": "t",
            "token_name": "key", "params": {"p": 2}, "cafile": "ca.pem",
            "basic_auth": {"username": "u", "password": 5},
        },
        "nlg",
    )  # fmt: skip
    assert (found.headers, found.params, found.basic_auth) == (
        {"X-A": "1"}, {"p": "2"}, {"username": "u", "password": "5"},
    )  # fmt: skip
    assert (found.token, found.token_name, found.cafile) == ("t", "key", "ca.pem")
    assert found.place == "https://host:8443/hook"  # nothing secret
    assert found.path == "/hook"
    assert found.at("/actions").url == "https://user:word@host:8443/actions?x=1"


@pytest.mark.parametrize(
    "url", ["", None, "localhost:5055", "ftp://host/x", "http://", "http://h:0x1/", "http://[::1/"]
)
def test_what_is_no_address(url) -> None:
    with pytest.raises(
        ConfigError, match=r"endpoints\.yml:2: 'nlu': '.*' is no address of a server. Write 'url:"
    ):
        read_endpoint({"url": url}, "nlu", "endpoints.yml:2")


def test_deadlines() -> None:
    assert seconds({}, 7, "nlg") == 7
    assert seconds({"timeout": "2.5"}, 7, "nlg") == 2.5
    assert seconds({"timeout": 2, "deadline": 3}, 7, "nlg") == 3
    for value in ("soon", 0, -1, "inf", None):
        with pytest.raises(ConfigError, match="'deadline' of 'nlg'"):
            seconds({"deadline": value}, 7, "nlg")


def test_whole_numbers() -> None:
    assert whole({}, "max_events", 500, "nlg") == 500
    assert whole({"max_events": "20"}, "max_events", 500, "nlg") == 20
    for value in ("many", 0, -1, 1.5, None):
        with pytest.raises(ConfigError, match="'max_events' of 'nlg'"):
            whole({"max_events": value}, "max_events", 500, "nlg")


def test_a_secret_is_not_told() -> None:
    assert "word" not in Endpoint("http://user:word@host/x").place
