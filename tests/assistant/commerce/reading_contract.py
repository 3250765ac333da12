"""What can be read in every shop, whoever keeps it: each case compares with the demo shop that it was filled from."""

from __future__ import annotations

import pytest

from actions.commerce.model import Order, Product, Shop
from actions.commerce.port import Reading

STATES = ("pending", "processing", "delivered", "cancelled", "refunded")  # those that every shop knows


def facts(order: Order) -> dict[str, object]:
    """What an order says that every shop keeps."""
    return {
        "number": order.number,
        "items": [
            (item.name, item.variant_id, dict(item.options), item.price, item.quantity)
            for item in order.items
        ],
        "sums": (order.subtotal, order.shipping, order.tax, order.discount, order.total),
        "currency": order.currency,
        "address": order.address,
        "placed": order.placed_at.replace(microsecond=0) if order.placed_at else None,
        "promo": order.promo_code,
        "repaid": sorted(entry.amount for entry in order.refunds),
    }


def product_facts(product: Product) -> dict[str, object]:
    """What a product says that every shop keeps."""
    return {
        "name": product.name,
        "category": product.category,
        "description": product.description,
        "specs": dict(product.specs),
        "tags": set(product.tags),
        "variants": [
            (each.id, dict(each.options), each.price, each.available, each.stock) for each in product.variants
        ],
    }


class ReadingContract:
    """The cases; a subclass gives `store`, and `shop` that it was filled from."""

    @pytest.fixture()
    def store(self) -> Reading:
        raise NotImplementedError

    @pytest.fixture()
    def whole(self) -> Shop:
        raise NotImplementedError

    def test_customers(self, store: Reading, whole: Shop) -> None:
        for customer in whole.customers[:8]:
            for spelling in (customer.email, customer.email.upper(), f" {customer.email} "):
                found = store.customer_by_email(spelling)
                assert found is not None
                assert (found.name, found.email, found.address) == (
                    customer.name,
                    customer.email,
                    customer.address,
                )
            assert store.customer(found.id) == found
        assert store.customer_by_email("nobody@example.com") is None
        assert store.customer_by_email("") is None
        assert store.customer("999999") is None
        assert store.customer("../orders") is None

    def test_orders(self, store: Reading, whole: Shop) -> None:
        for order in whole.orders[:25]:
            found = store.order(order.number)
            assert found is not None
            assert facts(found) == facts(order)
            if order.status in STATES:
                assert found.status == order.status

    def test_orders_in_any_spelling(self, store: Reading, whole: Shop) -> None:
        number = whole.orders[0].number
        for spelling in (f"#{number}", number.lower(), f" {number} "):
            found = store.order(spelling)
            assert found is not None
            assert found.number == number
        for nothing in ("", "#", "L000000", "L20481", "999999999", "../customers/1"):
            assert store.order(nothing) is None

    def test_orders_of_a_customer(self, store: Reading, whole: Shop) -> None:
        for customer in whole.customers[:8]:
            found = store.customer_by_email(customer.email)
            assert found is not None
            mine = [order for order in whole.orders if order.customer_id == customer.id]
            mine.sort(key=lambda order: order.placed_at, reverse=True)  # type: ignore[arg-type,return-value]
            orders = store.orders_of(found.id)
            assert [order.number for order in orders] == [order.number for order in mine]
            assert [facts(order) for order in orders] == [facts(order) for order in mine]
            assert store.orders_of(found.id, 1) == orders[:1]
        assert store.orders_of("0") == store.orders_of("nobody") == []

    def test_products(self, store: Reading, whole: Shop) -> None:
        products = store.products()
        assert [product_facts(each) for each in products] == [product_facts(each) for each in whole.products]
        for product in products[:5]:
            assert store.product(product.id) == product
        assert store.product("999999") is None
        assert store.product("../orders") is None
