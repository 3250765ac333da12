"""Pages of other sites: closed unless named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from frontdesk.server.cors import allowed
from tests.conftest import start_server


@pytest.mark.parametrize(
    ("origin", "origins", "expected"),
    [
        ("https://a.example", (), False),
        (None, ("*",), False),
        ("https://a.example", ("*",), True),
        ("https://a.example", ("https://a.example",), True),
        ("https://A.example", ("https://a.example/",), True),
        ("http://a.example", ("https://a.example",), False),
        ("https://a.example.evil", ("https://a.example",), False),
        ("https://shop.a.example", ("https://*.a.example",), True),
        ("https://a.example", ("https://*.a.example",), False),
        ("null", ("https://a.example",), False),
    ],
)
def test_who_is_allowed(origin: str | None, origins: Sequence[str], expected: bool) -> None:
    assert allowed(origin, origins) is expected


def test_a_server_that_names_nobody(copy_of_starter: Path) -> None:
    server = start_server(copy_of_starter)
    try:
        page = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
        for reply in (
            httpx.get(f"{server.url}/health", headers=page),
            httpx.options(f"{server.url}/webhooks/rest/webhook", headers=page),
        ):
            assert not [name for name in reply.headers if name.startswith("access-control")]
    finally:
        server.stop()


def test_a_server_for_every_page(copy_of_starter: Path) -> None:
    server = start_server(copy_of_starter, "--cors", "*", "--enable-api", "--auth-token", "word" * 8)
    try:
        page = {"Origin": "https://shop.example"}
        body = {"sender": "ann", "message": "hello"}
        for streamed in ("", "?stream=true"):
            reply = httpx.post(f"{server.url}/webhooks/rest/webhook{streamed}", json=body, headers=page)
            assert "automated assistant" in reply.text
            assert reply.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in reply.headers
        refused = httpx.get(f"{server.url}/domain", headers=page)
        assert refused.status_code == 401
        assert refused.headers["Access-Control-Allow-Origin"] == "*", "the page may read why"
        asked = {
            **page,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization",
        }
        preflight = httpx.options(f"{server.url}/model", headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["Access-Control-Allow-Headers"] == "authorization"
        assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    finally:
        server.stop()


def test_a_page_that_is_not_named_is_told_so_at_once(copy_of_starter: Path) -> None:
    server = start_server(copy_of_starter, "--cors", "https://shop.example")
    try:
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        reply = httpx.options(f"{server.url}/webhooks/rest/webhook", headers=asked)
        assert reply.status_code == 403
        assert "Access-Control-Allow-Origin" not in reply.headers
    finally:
        server.stop()
