"""Reading a WooCommerce shop: the contract of every shop, WooCommerce's own ways, and its client from the other side."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from woocommerce import API

from actions.adapters.errors import BadAnswer, Denied
from actions.adapters.http import Rules
from actions.adapters.settings import WooCommerceSettings
from actions.adapters.woocommerce import WooCommerceShop
from actions.commerce.model import Shop
from actions.commerce.port import Reading
from actions.services.container import Services

from ..commerce.reading_contract import ReadingContract
from .serving import Local, Told
from .woocommerce_server import KEY, SECRET, WooCommerceServer

RULES = Rules(deadline=60.0, first_wait=0.01)


class TestWooCommerceShop(ReadingContract):
    @pytest.fixture()
    def store(self, outside: WooCommerceShop) -> Reading:  # type: ignore[override]
        return outside

    @pytest.fixture()
    def whole(self, shop: Services) -> Shop:  # type: ignore[override]
        return shop.commerce.snapshot()


def test_an_order_by_its_id(server: WooCommerceServer, outside: WooCommerceShop) -> None:
    server.orders[5003]["number"] = "5003"
    found = outside.order("#5003")
    assert found is not None
    assert found.number == "5003"
    assert outside.order("5004") is None  # its number is another


def test_money_adds_up_to_what_woocommerce_says(server: WooCommerceServer, outside: WooCommerceShop) -> None:
    line = {"id": 1, "name": "Mug", "product_id": 1, "variation_id": 0, "quantity": 3, "subtotal": "10.00"}
    server.orders[5000] |= {
        "number": "5000",
        "line_items": [line | {"total": "9.00", "meta_data": [], "sku": "", "price": 3.333333}],
        "fee_lines": [{"id": 1, "name": "Gift wrap", "total": "2.50"}],
        "shipping_total": "5.00",
        "total_tax": "0.75",
        "total": "17.25",
    }
    order = outside.order("5000")
    assert order is not None
    assert order.items[0].price == Decimal("3.33")
    assert order.shipping == Decimal("7.50")
    assert order.total == Decimal("17.25")
    assert order.items[0].variant_id == "1"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("on-hold", "pending"), ("failed", "cancelled"), ("completed", "delivered"), ("refunded", "refunded")],
)
def test_states_are_ours(server: WooCommerceServer, outside: WooCommerceShop, theirs: str, ours: str) -> None:
    server.orders[5000] |= {"number": "5000", "status": theirs}
    order = outside.order("5000")
    assert order is not None
    assert (order.status, order.source_status) == (ours, theirs)


def test_what_was_thrown_away_is_gone(server: WooCommerceServer, outside: WooCommerceShop) -> None:
    server.orders[5000] |= {"number": "5000", "status": "trash"}
    assert outside.order("5000") is None
    server.products[1000]["status"] = "draft"
    assert outside.product("1000") is None


def test_another_order_that_the_search_finds_is_not_taken(
    server: WooCommerceServer, outside: WooCommerceShop
) -> None:
    number = server.orders[5000]["number"]
    assert outside.order(number[:-1]) is None  # the search is for parts of a number, too


def test_wrong_credentials_are_told_without_showing_them(server: WooCommerceServer) -> None:
    settings = WooCommerceSettings(url=server.url, consumer_key="ck_wrong", consumer_secret="cs_wrong")
    outside = WooCommerceShop(settings, RULES)
    with pytest.raises(Denied, match="WooCommerce: it refused our credentials") as caught:
        outside.products()
    assert "_wrong" not in str(caught.value) + repr(settings)
    outside.close()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "5000"},
        {"number": None},
        {"total": "a lot"},
        {"total": "NaN"},
        {"total": "1e30"},
        {"date_created_gmt": "yesterday"},
        {"line_items": ["lamp"]},
        {"line_items": [{"quantity": 0}]},
        {"line_items": 7},
    ],
)
def test_an_answer_of_another_form_is_told(
    server: WooCommerceServer, local: Local, outside: WooCommerceShop, change: dict[str, Any]
) -> None:
    local.faults = [Told(200, [server.orders[5000] | {"customer_id": 1} | change])]
    with pytest.raises(BadAnswer):
        outside.orders_of("1")


def test_their_client_sees_the_same(server: WooCommerceServer, outside: WooCommerceShop) -> None:
    client = API(url=server.url, consumer_key=KEY, consumer_secret=SECRET, version="wc/v3", timeout=30)
    client.is_ssl = True  # it signs by OAuth 1 where a shop isn't encrypted; ours is, but for this test
    listed = client.get("orders", params={"customer": 1, "per_page": 100}).json()
    assert [order.number for order in outside.orders_of("1")] == [each["number"] for each in listed]
    found = client.get("customers/1").json()
    customer = outside.customer("1")
    assert customer is not None
    assert (customer.email, customer.first_name) == (found["email"], found["first_name"])
    assert client.get("orders/1").json()["code"] == "woocommerce_rest_shop_order_invalid_id"
