"""The page of a quote: for whoever has its link, with nothing in it that could run."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from sanic.response import HTTPResponse

from actions.pages.quotes import QuotePages, render
from actions.services.container import Services
from actions.services.quotes import Quote
from tests.assistant.conftest import who

LINES = [{"variant": "LT-101-BLACK", "quantity": 20}, {"variant": "KI-205-SAGE", "quantity": 5}]


class Routes:
    """Keeps the handler that a channel mounts."""

    def __init__(self) -> None:
        self.path = ""
        self.handler: Callable[..., Any] | None = None

    def add_route(self, handler: Callable[..., Any], path: str, *, name: str) -> None:
        assert name
        self.path, self.handler = path, handler


@pytest.fixture()
def quote(scratch_shop: Services) -> Quote:
    return scratch_shop.quotes.write(who(), LINES)


def get(token: str) -> HTTPResponse:
    routes = Routes()
    QuotePages({}, "secret").mount(routes, None)
    assert routes.path == "/quotes/<token:str>"
    assert routes.handler is not None
    response: HTTPResponse = asyncio.run(routes.handler(None, token))
    return response


def text(response: HTTPResponse) -> str:
    assert response.body is not None
    return response.body.decode()


def test_the_page_says_all_of_it(quote: Quote) -> None:
    response = get(quote.token)
    page = text(response)
    assert response.status == 200
    for part in (
        quote.reference,
        "Halden Desk Lamp (black)",
        "<td>20</td>",
        "$64.00",
        "5%",
        "$1,216.00",
        "Version 1",
    ):
        assert part in page


@pytest.mark.parametrize("token", ["Q-10001", "x" * 32, "", "../../etc/passwd", "%00" * 10])
def test_who_has_no_link_sees_nothing(quote: Quote, token: str) -> None:
    response = get(token)
    assert response.status == 404
    assert quote.reference not in text(response)


def test_only_its_own_style_is_allowed(quote: Quote) -> None:
    response = get(quote.token)
    policy = response.headers["Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", text(response), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "no-store" in response.headers["Cache-Control"]
    assert "<script" not in text(response)


def test_text_is_text(quote: Quote) -> None:
    line = {**quote.lines[0], "label": "<script>alert(1)</script> & co"}
    page = render(dataclasses.replace(quote, lines=(line,)), valid=True)
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in page


def test_a_discarded_quote_says_so(scratch_shop: Services, quote: Quote) -> None:
    scratch_shop.quotes.discard(who(key="k2"), quote.reference)
    assert "Not valid any more" in text(get(quote.token))
