"""The page of a quote, to print: whoever has its link sees it, and nobody else.

In credentials.yml: `actions.pages.quotes.QuotePages:`. The address is `page_path` of quotes.yml and the token of the
quote, which nobody can guess.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sanic.response import html as html_response

from actions.services import services
from actions.services.quotes import Quote
from actions.services.wording import dollars, long_date

TOKEN = re.compile(r"[\w-]{16,64}")
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:46rem;padding:0 1rem;color:#1d2b27;"
    "background:#fff}h1{font-size:1.5rem}table{border-collapse:collapse;width:100%;margin:1.5rem 0}"
    "th,td{text-align:right;padding:.4rem .3rem;border-bottom:1px solid #ccd5d1}th:first-child,td:first-child"
    "{text-align:left}tfoot td{border:0}tfoot tr:last-child{font-weight:700}.void{color:#a3261b;font-weight:700}"
    "@media print{body{margin:0;max-width:none}}"
)
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quote {reference}</title>
<style>{style}</style>
</head>
<body>
<h1>{shop}: quote {reference}</h1>
{state}
<table>
<thead><tr><th scope="col">Item</th><th scope="col">Units</th><th scope="col">Price</th><th scope="col">Off</th>
<th scope="col">Total</th></tr></thead>
<tbody>
{rows}
</tbody>
<tfoot>
{sums}
</tfoot>
</table>
<p>Sales tax is added at {tax}. Questions: {email}.</p>
</body>
</html>
"""


class QuotePages:
    """Serves the page of each quote at an address that holds its token."""

    name = "quotes"

    def __init__(self, options: Mapping[str, Any], secret: str) -> None:
        self.options = options

    def mount(self, app: Any, gate: Any) -> None:
        """Add the route to the server."""
        path = services().policies.quotes.page_path

        async def page(_: Request, token: str) -> HTTPResponse:
            quote = await asyncio.to_thread(_find, token)
            if quote is None:
                return html_response(
                    "<!doctype html><title>Not found</title><p>There is no such quote.", 404, HEADERS
                )
            return html_response(render(quote, services().quotes.is_valid(quote)), headers=HEADERS)

        app.add_route(page, f"{path}/<token:str>", name="quote_page")


def _find(token: str) -> Quote | None:
    """Look a quote up by what stands in the address."""
    return services().quotes.by_token(token) if TOKEN.fullmatch(token) else None


def render(quote: Quote, valid: bool) -> str:
    """Write the page; every text in it is escaped."""
    policies = services().policies
    until = html.escape(long_date(quote.valid_until))
    state = (
        f"<p>Version {quote.revision}, valid until {until}.</p>"
        if valid
        else '<p class="void">Not valid any more.</p>'
    )
    sums = (
        ("Goods at list price", quote.goods),
        ("Discount", -quote.discount),
        ("Shipping", quote.shipping),
        ("Total before sales tax", quote.total),
    )
    return PAGE.format(
        reference=html.escape(quote.reference),
        style=STYLE,
        shop=html.escape(policies.support.shop_name),
        state=state,
        rows="\n".join(_row(line) for line in quote.lines),
        sums="\n".join(
            f'<tr><td colspan="4">{name}</td><td>{_signed(amount)}</td></tr>' for name, amount in sums
        ),
        tax=html.escape(str(policies.fact("payments.sales_tax_text"))),
        email=html.escape(policies.support.email),
    )


def _row(line: Mapping[str, Any]) -> str:
    """Write one line of the table."""
    share = Decimal(line["share"]) * 100
    cells = (
        line["label"],
        str(line["quantity"]),
        dollars(Decimal(line["price"])),
        f"{share.normalize():f}%" if share else "",
        dollars(Decimal(line["total"])),
    )
    return f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in cells)}</tr>"


def _signed(amount: Decimal) -> str:
    """Write an amount that may be taken off."""
    return f"-{dollars(-amount)}" if amount < 0 else dollars(amount)
