"""Writing to a WooCommerce shop: what it has afterwards, seen with its own client, and each thing once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from woocommerce import API

from actions.adapters.errors import AdapterError, Failed, Rejected
from actions.adapters.woocommerce import WooCommerceShop
from actions.adapters.woocommerce_writing import WooCommerceWriting

from .serving import Local, Told
from .woocommerce_server import KEY, SECRET, WooCommerceServer

PLACE = {
    "line1": "7 Elm St",
    "line2": "",
    "city": "Bend",
    "state": "OR",
    "postcode": "97701",
    "country": "USA",
}
Seen = Callable[[str], Any]


@pytest.fixture()
def server(server: WooCommerceServer) -> WooCommerceServer:
    """Its orders have their ids as numbers."""
    for number, each in server.orders.items():
        each["number"] = str(number)
    return server


@pytest.fixture()
def writing(outside: WooCommerceShop) -> WooCommerceWriting:
    return WooCommerceWriting(outside)


@pytest.fixture()
def seen(server: WooCommerceServer) -> Seen:
    """What WooCommerce's own client sees."""
    client = API(url=server.url, consumer_key=KEY, consumer_secret=SECRET, version="wc/v3", timeout=30)
    client.is_ssl = True
    return lambda path: client.get(path).json()


def an_order(
    server: WooCommerceServer, status: str, *, lines: int = 1, varies: bool = False
) -> dict[str, Any]:
    """Find an order in a state, with at least so many lines, the first one of a variable product or not."""
    return next(
        each
        for each in server.orders.values()
        if each["status"] == status
        and len(each["line_items"]) >= lines
        and not each["refunds"]
        and (not varies or each["line_items"][0]["variation_id"])
    )


def stock_of(server: WooCommerceServer, line: dict[str, Any]) -> Any:
    several = [*server.variations[line["product_id"]], server.products[line["product_id"]]]
    return next(each["stock_quantity"] for each in several if each["sku"] == line["sku"])


def writes(local: Local) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in local.asked if asked.method != "GET"]


def test_an_order_is_canceled_once(
    server: WooCommerceServer, local: Local, writing: WooCommerceWriting, seen: Seen
) -> None:
    order = an_order(server, "processing")
    line = dict(order["line_items"][0])
    before = stock_of(server, line)
    assert writing.cancel("k1", order["number"], "it takes too long") == {"before": "processing"}
    found = seen(f"orders/{order['id']}")
    assert found["status"] == "cancelled"
    assert {"it takes too long", "processing"} <= {each["value"] for each in found["meta_data"]}
    if before is not None:
        assert stock_of(server, line) == before + line["quantity"]  # WooCommerce did that
    assert writing.cancel("k1", order["number"], "it takes too long") == {"before": "processing"}
    assert len(writes(local)) == 1
    writing.reopen(order["number"], "processing")
    assert seen(f"orders/{order['id']}")["status"] == "processing"


def test_an_order_that_was_sent_is_not_canceled(
    server: WooCommerceServer, writing: WooCommerceWriting
) -> None:
    order = an_order(server, "completed")
    with pytest.raises(Rejected, match="order_is_completed"):
        writing.cancel("k1", order["number"], "other")
    with pytest.raises(Rejected, match="no_such_order"):
        writing.cancel("k1", "999999", "other")
    assert order["status"] == "completed"


@pytest.mark.parametrize("pay", [True, False])
def test_a_refund_is_booked_once(
    server: WooCommerceServer, writing: WooCommerceWriting, seen: Seen, pay: bool
) -> None:
    order = an_order(server, "completed")
    first = writing.refund("k1", order["number"], Decimal("2.00"), "RM-10042 late", pay=pay)
    assert writing.refund("k1", order["number"], Decimal("2.00"), "RM-10042 late", pay=pay) == first
    second = writing.refund("k2", order["number"], Decimal("2.00"), "RM-10043 late", pay=pay)
    assert second != first
    (one, two) = seen(f"orders/{order['id']}/refunds")
    assert (one["amount"], two["amount"]) == ("2.00", "2.00")
    assert one["reason"].startswith("RM-10042 late [frontdesk ")
    assert len(server.gateway) == (2 if pay else 0)


def test_a_refund_whose_answer_is_lost_is_found_by_the_next_try(
    server: WooCommerceServer, local: Local, writing: WooCommerceWriting
) -> None:
    order = an_order(server, "completed")
    local.faults = [None, None]  # the order and its refunds
    local.faults_after = [None, None, Told(fault="drop")]
    with pytest.raises(AdapterError) as caught:
        writing.refund("k1", order["number"], Decimal("2.00"), "RM-10042", pay=True)
    assert caught.value.unsure
    assert len(server.refunds[order["id"]]) == 1
    local.faults = local.faults_after = []
    writing.refund("k1", order["number"], Decimal("2.00"), "RM-10042", pay=True)
    assert len(server.refunds[order["id"]]) == len(server.gateway) == 1


def test_a_refund_that_is_refused_is_told_from_a_failure(
    server: WooCommerceServer, local: Local, writing: WooCommerceWriting
) -> None:
    order = an_order(server, "completed")
    with pytest.raises(Rejected, match="woocommerce_rest_cannot_create_order_refund"):
        writing.refund("k1", order["number"], Decimal("99999.00"), "RM-10042", pay=True)
    local.faults = [None, None, Told(500, {"code": "internal_server_error"})]
    with pytest.raises(Failed):
        writing.refund("k1", order["number"], Decimal("2.00"), "RM-10042", pay=True)
    assert server.refunds[order["id"]] == []


def test_an_order_goes_elsewhere_once(
    server: WooCommerceServer, local: Local, writing: WooCommerceWriting, outside: WooCommerceShop, seen: Seen
) -> None:
    order = an_order(server, "processing")
    for _ in range(2):
        writing.set_address("k1", order["number"], PLACE)
    found = seen(f"orders/{order['id']}")
    assert (found["shipping"]["address_1"], found["shipping"]["country"]) == ("7 Elm St", "US")
    assert found["billing"]["address_1"] != "7 Elm St"
    read = outside.order(order["number"])
    assert read is not None
    assert (read.address.line1, read.address.country) == ("7 Elm St", "USA")
    assert len(writes(local)) == 1


def test_details_of_a_customer(
    server: WooCommerceServer, local: Local, writing: WooCommerceWriting, outside: WooCommerceShop
) -> None:
    changes = {"first_name": "Ada", "last_name": "Byron", "phone": "(503) 555-0117", "address": PLACE}
    for _ in range(2):
        writing.set_customer("k1", "1", changes)
    found = outside.customer("1")
    assert found is not None
    assert (found.name, found.phone, found.address.line1) == ("Ada Byron", "(503) 555-0117", "7 Elm St")
    writing.set_customer("k2", "1", {"phone": "(503) 555-0118"})
    assert server.customers[1]["billing"]["phone"] == "(503) 555-0118"
    assert server.customers[1]["billing"]["address_1"] == "7 Elm St"
    assert len(writes(local)) == 2
    with pytest.raises(Rejected, match="no_such_customer"):
        writing.set_customer("k3", "99999", changes)


def test_a_line_becomes_another_variant_and_both_are_counted_once(
    server: WooCommerceServer, local: Local, writing: WooCommerceWriting, outside: WooCommerceShop
) -> None:
    order = an_order(server, "processing", varies=True)
    line = order["line_items"][0]
    old = dict(line)
    new = next(
        each
        for each in server.variations[line["product_id"]]
        if each["id"] != line["variation_id"] and each["stock_quantity"] is not None
    )
    for each in server.variations[line["product_id"]]:
        each |= {"manage_stock": True, "stock_quantity": 10}
    wish = {
        "id": f"{order['number']}-{line['id']}",
        "variant": new["sku"],
        "product": str(line["product_id"]),
        "quantity": line["quantity"],
        "price": "12.00",
    }
    local.faults_after = [None] * 3 + [None, Told(fault="drop")]  # the lines are changed, and then it breaks
    for _ in range(5):
        try:
            writing.set_lines("k1", order["number"], [wish])
        except AdapterError:
            continue
    read = outside.order(order["number"])
    assert read is not None
    (item,) = [each for each in read.items if each.id == wish["id"]]
    assert (item.variant_id, item.price, item.quantity) == (new["sku"], Decimal("12.00"), old["quantity"])
    assert new["stock_quantity"] == 10 - old["quantity"]
    assert stock_of(server, old) == 10 + old["quantity"]


def test_a_line_with_another_number_of_pieces_and_one_that_goes(
    server: WooCommerceServer, writing: WooCommerceWriting, outside: WooCommerceShop
) -> None:
    order = an_order(server, "processing", lines=2)
    kept, gone = order["line_items"][:2]
    for place in (*server.variations[kept["product_id"]], server.products[kept["product_id"]]):
        place |= {"manage_stock": True, "stock_quantity": 10}
    kept["total"] = str(Decimal(kept["subtotal"]) / 2)  # a discount of half
    taken = kept["quantity"]
    wishes = [
        {
            "id": f"{order['number']}-{kept['id']}",
            "variant": kept["sku"],
            "product": str(kept["product_id"]),
            "quantity": taken + 2,
            "price": "10.00",
        },
        {"id": f"{order['number']}-{gone['id']}", "quantity": 0},
    ]
    writing.set_lines("k1", order["number"], wishes)
    writing.set_lines("k1", order["number"], wishes[:1])
    assert gone not in order["line_items"]
    assert (kept["quantity"], kept["subtotal"], kept["total"]) == (
        taken + 2,
        f"{(taken + 2) * 10}.00",
        f"{(taken + 2) * 5}.00",
    )
    assert stock_of(server, kept) == 8  # WooCommerce did that
    with pytest.raises(Rejected, match="no_such_line"):
        writing.set_lines("k2", order["number"], wishes[1:])
    with pytest.raises(Rejected, match="no_such_variant"):
        writing.set_lines("k3", order["number"], [wishes[0] | {"variant": "NOTHING"}])


@pytest.mark.parametrize("fault", [Told(fault="drop"), Told(503)])
def test_a_line_that_goes_is_taken_out_once_though_the_answer_is_lost(
    server: WooCommerceServer, local: Local, writing: WooCommerceWriting, fault: Told
) -> None:
    order = an_order(server, "processing", lines=2)
    gone = order["line_items"][0]
    wishes = [{"id": f"{order['number']}-{gone['id']}", "quantity": 0}]
    local.faults_after = [None, fault]
    with pytest.raises(AdapterError) as caught:
        writing.set_lines("k1", order["number"], wishes)
    assert caught.value.unsure
    writing.set_lines("k1", order["number"], wishes)
    assert gone not in order["line_items"]
    assert len(writes(local)) == 1


def test_a_note_is_left_once_and_customers_do_not_see_it(
    server: WooCommerceServer, writing: WooCommerceWriting, seen: Seen
) -> None:
    order = an_order(server, "completed")
    for key in ("k1", "k1", "k2"):
        writing.note(key, order["number"], "Return R-10042")
    notes = seen(f"orders/{order['id']}/notes")
    assert len(notes) == 2
    assert not any(each["customer_note"] for each in notes)
