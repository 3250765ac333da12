from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.actions.local import LocalActionServer
from frontdesk.actions.remote import RemoteActionServer
from frontdesk.actions.servers import make_action_server, repeatable
from frontdesk.core.ports import ActionCall
from frontdesk.errors import ActionError, ConfigError


def test_over_http(tmp_path: Path) -> None:
    options = {
        "url": "http://localhost:5055/webhook",
        "token": "t",
        "headers": {"X": "1"},
        "deadline": 3,
        "selective_domain": True,
    }
    server = make_action_server(options, tmp_path, deadline=7)
    assert isinstance(server, RemoteActionServer)
    assert (server.deadline, server.endpoint.token, server.selective_domain) == (3, "t", True)


async def test_in_this_process(tmp_path: Path) -> None:
    server = make_action_server({"actions_module": "mine", "threads": 2}, tmp_path, deadline=7)
    assert isinstance(server, LocalActionServer)
    assert (server.module, server.folder, server.deadline) == ("mine", tmp_path, 7)
    await server.close()


@pytest.mark.parametrize(
    ("option", "variable", "packed"),
    [(None, None, False), (None, "true", True), (None, "1", True), (None, "False", False), (True, None, True),
     (False, "true", False)],
)  # fmt: skip
def test_packed_requests(tmp_path: Path, monkeypatch, option, variable, packed) -> None:
    """Rasa's environment variable, or the option, which goes first."""
    if variable is not None:
        monkeypatch.setenv("COMPRESS_ACTION_SERVER_REQUEST", variable)
    options = {"url": "http://x/webhook"} | ({} if option is None else {"compress": option})
    server = make_action_server(options, tmp_path)
    assert isinstance(server, RemoteActionServer)
    assert server.endpoint.compress is packed


@pytest.mark.parametrize("options", [None, {}])
async def test_none(build, tmp_path: Path, options) -> None:
    server = make_action_server(options, tmp_path)
    domain = build.domain()
    with pytest.raises(ActionError, match=r"endpoints\.yml"):
        await server.run("action_x", build.tracker(domain), domain, ActionCall())
    assert await server.names() == frozenset()
    await server.close()


def test_a_server_elsewhere_needs_the_secret(tmp_path: Path, monkeypatch, caplog) -> None:
    make_action_server({"url": "http://x/webhook"}, tmp_path)
    assert not caplog.text
    monkeypatch.delenv("FRONTDESK_ACTIONS_SECRET")
    make_action_server({"url": "http://x/webhook"}, tmp_path)
    assert "FRONTDESK_ACTIONS_SECRET" in caplog.text


def test_an_unknown_option_is_a_warning_as_rasa_takes_any(tmp_path: Path, caplog) -> None:
    server = make_action_server({"url": "http://x", "header": {}, "timeout": "4"}, tmp_path)
    assert isinstance(server, RemoteActionServer)
    assert server.deadline == 4
    assert "'headers'" in caplog.text


def test_options_that_cannot_be_meant(tmp_path: Path) -> None:
    for value in ("soon", 0, -1, "nan"):
        with pytest.raises(ConfigError, match=r"endpoints\.yml:3.*'deadline'"):
            make_action_server({"url": "http://x", "deadline": value}, tmp_path, where="endpoints.yml:3")
    with pytest.raises(ConfigError, match=r"endpoints\.yml:3.*actions_module"):
        make_action_server({"deadline": 3}, tmp_path, where="endpoints.yml:3")


def test_which_actions_may_run_again() -> None:
    may = repeatable({"repeatable": ["action_ask_*", "action_hours"]})
    assert [name for name in ("action_ask_size", "action_hours", "action_hours_2", "ask") if may(name)] == [
        "action_ask_size",
        "action_hours",
    ]
    assert not repeatable({})("action_hours")
    for wrong in ("action_hours", [1], {"action_hours": True}):
        with pytest.raises(ConfigError, match=r"endpoints\.yml:3.*'repeatable'.*list of names"):
            repeatable({"repeatable": wrong}, "endpoints.yml:3")
