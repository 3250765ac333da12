"""Calls to a vendor's API: what answers mean, and what is never done."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from frontdesk.channels import vendor as vendor_module
from frontdesk.channels.lines import NotTaken
from frontdesk.channels.vendor import LATER, Post, Vendor, address, pause
from frontdesk.errors import ConfigError
from frontdesk.testing.json_server import JsonServer, Reply


def trouble(answer: Any, post: Post | None = None) -> NotTaken:
    """Return why a server's answer means that a post was not taken."""

    async def run(url: str) -> None:
        client = Vendor(url)
        try:
            await client.post(post or Post("/x", {"text": "hi"}))
        finally:
            await client.close()

    with JsonServer(lambda _: answer) as server, pytest.raises(NotTaken) as found:
        asyncio.run(run(server.url))
    return found.value


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7.0),
        (429, {}, False, LATER),
        (503, {"Retry-After": "3"}, False, 3.0),
        (503, {}, False, None),
        (500, {}, False, None),
        (408, {}, False, None),
        (409, {}, False, None),
        (400, {}, True, None),
        (401, {}, True, None),
        (404, {}, True, None),
        (302, {"Location": "http://127.0.0.1:1/"}, True, None),
    ],
)
def test_what_a_status_means(status: int, headers: dict[str, str], final: bool, after: float | None) -> None:
    found = trouble(Reply({}, status=status, headers=headers))
    assert (found.final, found.after, found.why) == (final, after, f"It answered with status {status}.")


@pytest.mark.parametrize("told", ["0", "-1", "nan", "soon", "", None, "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_vendor_is_never_asked_again_without_a_pause(told: str | None) -> None:
    assert pause(told) == LATER
    assert pause("30") == 30.0


def test_a_pause_may_be_a_date() -> None:
    assert 50 < pause(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) <= 60


def test_what_never_answers_and_what_answers_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor_module, "DEADLINE", 0.3)
    never = threading.Event()
    assert trouble(Reply({}, after=never)).why == "No answer (TimeoutError)."
    never.set()
    monkeypatch.setattr(vendor_module, "DEADLINE", 15)
    assert trouble(Reply(b"x" * 1_100_000)).why == "No answer (ReadError)."


def test_what_cannot_be_sent_is_not_tried_again() -> None:
    assert trouble({}, Post("http://a.example:no", {})).final
    assert trouble({}, Post("/x", {"text": object()})).final


def test_nobody_there() -> None:
    client = Vendor("http://127.0.0.1:1")
    with pytest.raises(NotTaken, match=r"No answer \(ConnectError\)") as found:
        asyncio.run(client.call("GET", "/"))
    assert not found.value.final


def test_a_form_params_and_headers_are_sent() -> None:
    async def run(url: str) -> Any:
        client = Vendor(url, headers={"X-A": "1"}, params={"key": "k"}, auth=("user", "pass"))
        await client.post(Post("/form", {"a": "1", "b": "ü &"}, form=True), headers={"X-B": "2"})
        found = await client.get("/json")
        await client.close()
        return found

    with JsonServer(lambda asked: {"path": asked.path}) as server:
        assert asyncio.run(run(server.url)) == {"path": "/json"}
        form, json = server.asked
    assert form.body == {"a": "1", "b": "ü &"}
    assert (form.params, form.headers["x-a"], form.headers["x-b"]) == ({"key": "k"}, "1", "2")
    assert form.headers["authorization"].startswith("Basic ")
    assert (json.method, json.body) == ("GET", None)


def test_a_proxy_on_the_way() -> None:
    """The proxy is what answers: the host that is asked for does not exist."""

    async def run(url: str) -> Any:
        client = Vendor("http://vendor.invalid", proxy=url)
        found = await client.get("/x")
        await client.close()
        return found

    with JsonServer(lambda _: {"by": "proxy"}) as proxy:
        assert asyncio.run(run(proxy.url)) == {"by": "proxy"}


def test_an_address_that_is_none() -> None:
    assert address({}, "url", "https://a.example/x/", "my") == "https://a.example/x"
    with pytest.raises(ConfigError, match="'url' of the my channel is 'a.example'"):
        address({"url": "a.example"}, "url", "", "my")
