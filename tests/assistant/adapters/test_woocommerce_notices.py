"""WooCommerce's webhooks: what they are about is asked for anew, at most once each, and nothing they say is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.adapters.receiving import take
from actions.adapters.settings import Adapters, WooCommerceSettings
from actions.adapters.webhooks import Notice, woocommerce_change, woocommerce_notice
from actions.commerce.mirror import MirroredShop
from actions.services.container import Services

from ..conftest import NOW, POLICIES, Clock, Letters, count
from .serving import Told
from .woocommerce_server import KEY, SECRET, WooCommerceServer

HOOK = "a-webhook-secret-for-tests"


@pytest.fixture()
def mirrored(
    server: WooCommerceServer, tmp_path: Path, clock: Clock, template_brought: Path
) -> Iterator[Services]:
    settings = WooCommerceSettings(
        url=server.url, consumer_key=KEY, consumer_secret=SECRET, webhook_secret=HOOK
    )
    made = Services(
        f"sqlite:///{shutil.copy(template_brought, tmp_path / 'mirror.db')}",
        policies=POLICIES,
        sink=Letters(),
        clock=clock,
        adapters=Adapters(commerce=settings),
    )
    assert isinstance(made.commerce, MirroredShop)
    clock.forward(seconds=1)
    yield made
    made.close()


def notice(topic: str, content: dict[str, Any]) -> Notice:
    """A webhook as WooCommerce sends it."""
    body = json.dumps(content).encode()
    digest = base64.b64encode(hmac.new(HOOK.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"X-WC-Webhook-Signature": digest, "X-WC-Webhook-Topic": topic}
    return woocommerce_notice(HOOK, headers, body, NOW)


def status_of(shop: Services, number: str) -> str:
    """How an order stands in the mirror's rows, without asking."""
    assert isinstance(shop.commerce, MirroredShop)
    with shop.commerce.begin() as work:
        found = work.order(number)
    assert found is not None
    return found.status


def test_an_order_is_read_anew_and_what_the_notice_says_is_not_believed(
    server: WooCommerceServer, mirrored: Services
) -> None:
    order = next(each for each in server.orders.values() if each["status"] == "processing")
    before = status_of(mirrored, order["number"])
    told = notice("order.updated", order | {"status": "cancelled"})
    assert take(mirrored, told)
    assert status_of(mirrored, order["number"]) == before
    order["status"] = "completed"
    asked = len(server.local.asked)
    assert not take(mirrored, told)  # the same one again
    assert len(server.local.asked) == asked
    assert take(mirrored, notice("order.updated", dict(order)))
    assert status_of(mirrored, order["number"]) == "delivered"
    assert count(mirrored, "notices") == 2


def test_products_and_customers(server: WooCommerceServer, mirrored: Services) -> None:
    number, theirs = next(iter(server.products.items()))
    for each in (theirs, *server.variations[number]):
        each["price"] = "1.23"
    assert take(mirrored, notice("product.updated", {"id": number}))
    (product,) = [each for each in mirrored.commerce.products() if each.id == str(number)]
    assert {str(variant.price) for variant in product.variants} == {"1.23"}
    server.customers[1]["first_name"] = "Ada"
    assert take(mirrored, notice("customer.updated", {"id": 1}))
    with mirrored.commerce.begin() as work:
        customer = work.customer("1")
    assert customer is not None
    assert customer.first_name == "Ada"
    theirs["status"] = "draft"
    assert take(mirrored, notice("product.deleted", {"id": number}))
    assert str(number) not in {each.id for each in mirrored.commerce.products()}


def test_while_it_is_down_it_is_asked_when_that_is_wanted(
    server: WooCommerceServer, mirrored: Services
) -> None:
    order = next(each for each in server.orders.values() if each["status"] == "processing")
    server.local.faults = [Told(404)] + [Told(401)] * 3
    assert take(mirrored, notice("order.updated", dict(order)))
    server.local.faults = []
    order["status"] = "completed"
    found = mirrored.commerce.order(order["number"])  # although it was read a moment ago
    assert found is not None
    assert found.status == "delivered"


@pytest.mark.parametrize(
    ("topic", "content", "about"),
    [
        ("order.updated", {"id": 5, "number": "W-5"}, ("order", "W-5")),
        ("order.deleted", {"id": 5}, ("order", "5")),
        ("customer.created", {"id": 5}, ("customer", "5")),
        ("coupon.created", {"id": 5}, None),
        ("action.woocommerce_add_to_cart", {"id": 5}, None),
        ("order", {"id": 5}, None),
        ("order.updated", {"id": ["5"]}, None),
        ("order.updated", {}, None),
        ("", {"webhook_id": 3}, None),
    ],
)
def test_what_a_notice_is_about(topic: str, content: dict[str, Any], about: Any) -> None:
    assert woocommerce_change(notice(topic, content)) == about
