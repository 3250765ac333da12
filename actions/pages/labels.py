"""The page of a return label: whoever has its link sees the label, and nobody else.

In credentials.yml: `actions.pages.labels.LabelPages:`. The address is `label_url` of returns.yml and a token that
nobody can guess; it is told with the return, and shows the label as soon as the carrier has sold it.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sanic import Request
from sanic.response import HTTPResponse, raw
from sanic.response import html as html_response

from actions.services import services
from actions.services.return_labels import LabelPage

TOKEN = re.compile(r"[\w-]{16,64}")
SHOWN = {"application/pdf": "pdf", "image/gif": "gif", "image/png": "png"}  # the endings of what is shown
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex",
}
WAITING = 20  # seconds after which a browser looks again


class LabelPages:
    """Serves each label at an address that holds its token."""

    name = "labels"

    def __init__(self, options: Mapping[str, Any], secret: str) -> None:
        self.options = options

    def mount(self, app: Any, gate: Any) -> None:
        """Add the route to the server."""
        path = urlsplit(services().policies.returns.label_url).path.rstrip("/")
        if not path:
            return  # it would answer for every other page

        async def page(_: Request, token: str) -> HTTPResponse:
            return answered(await asyncio.to_thread(_find, token))

        app.add_route(page, f"{path}/<token:str>", name="label_page")


def _find(token: str) -> LabelPage | None:
    """Look a label up by what stands in the address."""
    shop = services()
    return shop.labels.page(token) if shop.labels and TOKEN.fullmatch(token) else None


def answered(label: LabelPage | None) -> HTTPResponse:
    """Show a label, or say why there is none."""
    if label is None:
        return html_response(_page("There is no such label, or it isn't valid any more."), 404, HEADERS)
    ending = SHOWN.get(label.media_type)
    if label.content and ending:
        name = re.sub(r"[^A-Za-z0-9-]", "", label.reference)
        shown = HEADERS | {"Content-Disposition": f'inline; filename="label-{name}.{ending}"'}
        return raw(label.content, content_type=label.media_type, headers=shown)
    if label.state == "waiting":
        words = (
            "Your label is being made. This page looks again by itself; we e-mail you, too, when it is there."
        )
        return html_response(_page(words), 202, HEADERS | {"Refresh": str(WAITING)})
    return html_response(
        _page("One of us takes care of your label and writes to you by e-mail."), 200, HEADERS
    )


def _page(words: str) -> str:
    """Write a page with one sentence."""
    shop = html.escape(services().policies.support.shop_name)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{shop}: return label</title>'
        f'<meta name="viewport" content="width=device-width"><p>{html.escape(words)}</p></html>'
    )
