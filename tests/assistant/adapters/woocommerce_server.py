"""A WooCommerce shop on 127.0.0.1, as its published reference has it, filled from a shop of ours."""

from __future__ import annotations

import base64
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from actions.adapters.http import Rules
from actions.adapters.settings import WooCommerceSettings
from actions.adapters.woocommerce import WooCommerceShop
from actions.commerce.model import Address, Customer, Order, Product, Shop

from .described import Described
from .serving import Asked, Local, Told

KEY, SECRET = "ck_" + "1" * 40, "cs_" + "2" * 40
# What becomes of our states in WooCommerce, which knows fewer.
STATUSES = {
    "pending": "pending",
    "processing": "processing",
    "delivered": "completed",
    "cancelled": "cancelled",
    "refunded": "refunded",
}


class WooCommerceServer:
    """Its content, and its answers; `plain` is the id, and the number, of its first order."""

    def __init__(self, shop: Shop, plain: int | None = None) -> None:
        self.described = Described("woocommerce")
        self.url = ""
        self.local: Local
        self.customers = {n: customer(n, each) for n, each in enumerate(shop.customers, start=1)}
        ids = {each.id: n for n, each in enumerate(shop.customers, start=1)}
        self.ids = ids
        self.products = {n: product(n, each) for n, each in enumerate(shop.products, start=1000)}
        numbers = {each.id: n for n, each in enumerate(shop.products, start=1000)}
        self.variations = {n: variations(n, each) for n, each in enumerate(shop.products, start=1000)}
        variation_ids = {
            each["sku"]: each["id"]
            for n, several in self.variations.items()
            for each in several
            if self.products[n]["type"] == "variable"
        }
        self.orders = {
            n: order(n, each, ids[each.customer_id], numbers, variation_ids)
            for n, each in enumerate(shop.orders, start=plain or 5000)
        }
        for n, each in self.orders.items():
            each["number"] = each["number"] if plain is None else str(n)
            each["billing"] = self.customers[each["customer_id"]]["billing"] | {}
        self.notes: dict[int, list[dict[str, Any]]] = {n: [] for n in self.orders}
        self.gateway: list[dict[str, Any]] = []  # what was really paid back
        self.next_id = 700_000
        self.more_tax = Decimal(0)  # that is worked out there when lines change
        self.refunds = {
            n: [
                {
                    "id": 90_000 + n * 10 + place,
                    "date_created_gmt": gmt(entry.at or each.placed_at),
                    "amount": str(entry.amount),
                    "reason": "",
                    "line_items": [],
                }
                for place, entry in enumerate(e for e in each.payments if e.kind == "refund")
            ]
            for n, each in enumerate(shop.orders, start=plain or 5000)
        }

    def __call__(self, asked: Asked) -> Told:
        login = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {login}":
            return error(401, "woocommerce_rest_cannot_view")
        found = self.described.operation(asked)
        if found is None:
            return error(404, "rest_no_route")
        operation, values = found
        self.described.request(asked, operation, values)
        told = getattr(self, f"answer_{operation['operationId']}")(asked, *[int(value) for value in values])
        self.described.answer(asked, operation, told)
        return told

    def answer_ListCustomers(self, asked: Asked) -> Told:
        email = asked.query.get("email", [""])[0].casefold()
        return paged(
            asked, [each for each in self.customers.values() if email in ("", each["email"].casefold())]
        )

    def answer_ShowCustomer(self, asked: Asked, number: int) -> Told:
        return shown(self.customers.get(number), "woocommerce_rest_invalid_id")

    def answer_ListOrders(self, asked: Asked) -> Told:
        found = list(self.orders.values())
        if "customer" in asked.query:
            found = [each for each in found if each["customer_id"] == int(asked.query["customer"][0])]
        if "search" in asked.query:
            text = asked.query["search"][0].casefold()
            found = [
                each for each in found if text in (each["number"] + each["billing"]["last_name"]).casefold()
            ]
        by = "id" if asked.query.get("orderby") == ["id"] else "date_created_gmt"
        found.sort(key=lambda each: each[by], reverse=asked.query.get("order", ["desc"]) == ["desc"])
        return paged(asked, found)

    def answer_ShowOrder(self, asked: Asked, number: int) -> Told:
        return shown(self.orders.get(number), "woocommerce_rest_shop_order_invalid_id")

    def answer_UpdateOrder(self, asked: Asked, number: int) -> Told:
        found, sent = self.orders.get(number), asked.body
        if found is None:
            return error(404, "woocommerce_rest_shop_order_invalid_id")
        goods = sum(Decimal(line["total"]) for line in found["line_items"])
        for each in sent.get("line_items", ()):
            line = next((each_one for each_one in found["line_items"] if each_one["id"] == each["id"]), None)
            if line is None:
                return error(400, "woocommerce_rest_invalid_item_id")
            self.change_line(found, line, each)
        found["shipping"] |= sent.get("shipping", {})
        put_meta(found, sent)
        if "line_items" in sent:
            lines = sum(Decimal(line["total"]) for line in found["line_items"])
            tax = (
                Decimal(found["total_tax"]) * lines / goods
            )  # it works out taxes anew, at the same rate here
            found["total_tax"] = str(tax.quantize(Decimal("0.01"), ROUND_HALF_UP) + self.more_tax)
            found["total"] = str(lines + Decimal(found["shipping_total"]) + Decimal(found["total_tax"]))
        if sent.get("status", found["status"]) != found["status"]:
            found["status"] = sent["status"]
            if found["status"] == "cancelled":
                self.restock(found)
        return Told(200, found)

    def change_line(self, found: dict[str, Any], line: dict[str, Any], sent: dict[str, Any]) -> None:
        """As the REST controller has it: one without pieces goes, and stock isn't given back for that."""
        if sent["quantity"] == 0:
            found["line_items"].remove(line)
            return
        if sent.get("variation_id", line["variation_id"]) != line["variation_id"]:
            of_product = self.variations[sent["product_id"]]
            new = next(each for each in of_product if each["id"] == sent["variation_id"])
            options = [
                {"id": 9, "key": f"pa_{o['name'].lower()}", "value": o["option"]} for o in new["attributes"]
            ]
            kept = [meta for meta in line["meta_data"] if meta["key"].startswith("_")]
            line |= {"sku": new["sku"], "variation_id": new["id"], "meta_data": options + kept}
        line |= {name: sent[name] for name in ("quantity", "subtotal", "total") if name in sent}
        taken = next(meta for meta in line["meta_data"] if meta["key"] == "_reduced_stock")
        self.move_stock(line, int(taken["value"]) - line["quantity"])
        taken["value"] = str(line["quantity"])

    def move_stock(self, line: dict[str, Any], pieces: int) -> None:
        for each in [*self.variations[line["product_id"]], self.products[line["product_id"]]]:
            if each["sku"] == line["sku"] and each["manage_stock"]:
                each["stock_quantity"] += pieces
                return

    def restock(self, found: dict[str, Any]) -> None:
        for line in found["line_items"]:
            taken = next(meta for meta in line["meta_data"] if meta["key"] == "_reduced_stock")
            self.move_stock(line, int(taken["value"]))
            taken["value"] = "0"

    def answer_UpdateCustomer(self, asked: Asked, number: int) -> Told:
        found, sent = self.customers.get(number), asked.body
        if found is None:
            return error(404, "woocommerce_rest_invalid_id")
        for place in ("billing", "shipping"):
            found[place] |= sent.pop(place, {})
        put_meta(found, sent)
        found |= {name: sent[name] for name in ("first_name", "last_name") if name in sent}
        return Told(200, found)

    def answer_MakeRefund(self, asked: Asked, number: int) -> Told:
        found, amount = self.orders[number], Decimal(asked.body["amount"])
        before = sum(Decimal(each["amount"]) for each in self.refunds[number])
        if amount <= 0 or before + amount > Decimal(found["total"]):
            return error(500, "woocommerce_rest_cannot_create_order_refund")
        self.next_id += 1
        made = {
            "id": self.next_id,
            "date_created_gmt": found["date_created_gmt"],
            "amount": f"{amount:.2f}",
            "reason": asked.body.get("reason", ""),
            "line_items": [],
        }
        self.refunds[number].append(made)
        found["refunds"].append({"id": made["id"], "reason": made["reason"], "total": f"-{amount:.2f}"})
        if asked.body.get("api_refund", True):
            self.gateway.append(made)
        if before + amount == Decimal(found["total"]):
            found["status"] = "refunded"
        return Told(201, made)

    def answer_ListNotes(self, asked: Asked, number: int) -> Told:
        return Told(200, self.notes[number])

    def answer_MakeNote(self, asked: Asked, number: int) -> Told:
        self.next_id += 1
        made = {
            "id": self.next_id,
            "author": "system",
            "date_created_gmt": "2026-11-18T15:00:00",
            "note": asked.body["note"],
            "customer_note": asked.body.get("customer_note", False),
        }
        self.notes[number].insert(0, made)
        return Told(201, made)

    def answer_ShowVariation(self, asked: Asked, number: int, variation: int) -> Told:
        found = next((each for each in self.variations[number] if each["id"] == variation), None)
        return shown(found, "woocommerce_rest_product_variation_invalid_id")

    def answer_UpdateVariation(self, asked: Asked, number: int, variation: int) -> Told:
        found = next(each for each in self.variations[number] if each["id"] == variation)
        put_meta(found, asked.body)
        found["stock_quantity"] = asked.body["stock_quantity"]
        return Told(200, found)

    def answer_ListRefunds(self, asked: Asked, number: int) -> Told:
        return paged(asked, self.refunds[number])

    def answer_ListProducts(self, asked: Asked) -> Told:
        return paged(asked, [each for each in self.products.values() if each["status"] == "publish"])

    def answer_ShowProduct(self, asked: Asked, number: int) -> Told:
        return shown(self.products.get(number), "woocommerce_rest_product_invalid_id")

    def answer_ListVariations(self, asked: Asked, number: int) -> Told:
        return paged(asked, self.variations[number])


def connected(server: WooCommerceServer, **settings: Any) -> WooCommerceShop:
    """Connect to a server, patiently."""
    login = {"consumer_key": KEY, "consumer_secret": SECRET}
    rules = Rules(deadline=60.0, first_wait=0.01, failures=1000)
    return WooCommerceShop(WooCommerceSettings(url=server.url, **login, **settings), rules)


def put_meta(found: dict[str, Any], sent: dict[str, Any]) -> None:
    """Add meta data, one value for each key."""
    for each in sent.get("meta_data", ()):
        kept = [meta for meta in found["meta_data"] if meta["key"] != each["key"]]
        found["meta_data"] = [*kept, {"id": len(kept) + 1, **each}]


def paged(asked: Asked, entries: list[dict[str, Any]]) -> Told:
    size, page = int(asked.query.get("per_page", ["10"])[0]), int(asked.query.get("page", ["1"])[0])
    pages = max(1, -(-len(entries) // size))
    headers = {"X-WP-Total": str(len(entries)), "X-WP-TotalPages": str(pages)}
    return Told(200, entries[(page - 1) * size : page * size], headers)


def shown(entry: dict[str, Any] | None, code: str) -> Told:
    return Told(200, entry) if entry is not None else error(404, code)


def error(status: int, code: str) -> Told:
    return Told(status, {"code": code, "message": "Invalid ID.", "data": {"status": status}})


def gmt(moment: Any) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def address(place: Address, owner: Customer | None = None) -> dict[str, str]:
    found = {
        "first_name": owner.first_name if owner else "",
        "last_name": owner.last_name if owner else "",
        "company": "",
        "address_1": place.line1,
        "address_2": place.line2,
        "city": place.city,
        "state": place.state,
        "postcode": place.postcode,
        "country": "US",
    }
    return found | ({"email": owner.email, "phone": owner.phone or ""} if owner else {})


def customer(number: int, each: Customer) -> dict[str, Any]:
    return {
        "id": number,
        "meta_data": [],
        "date_created_gmt": gmt(each.created_at) if each.created_at else None,
        "email": each.email,
        "first_name": each.first_name,
        "last_name": each.last_name,
        "role": "customer",
        "billing": address(each.address, each),
        "shipping": address(each.address),
    }


def named(place: int, name: str) -> dict[str, Any]:
    return {"id": place, "name": name, "slug": name.lower()}


def stocked(each: Any) -> dict[str, Any]:
    return {
        "status": "publish",
        "price": str(each.price),
        "purchasable": True,
        "manage_stock": each.stock is not None,
        "stock_quantity": each.stock,
        "stock_status": "instock" if each.available else "outofstock",
    }


def product(number: int, each: Product) -> dict[str, Any]:
    several = len(each.variants) > 1 or bool(each.variants[0].options)
    options: dict[str, list[str]] = {}
    for variant in each.variants:
        for name, value in variant.options.items():
            options.setdefault(name, [])
            if value not in options[name]:
                options[name].append(value)
    attributes = [(name, True, values) for name, values in options.items()]
    attributes += [(name, False, [value]) for name, value in each.specs.items()]
    return stocked(each.variants[0]) | {
        "id": number,
        "name": each.name.replace("&", "&amp;"),
        "type": "variable" if several else "simple",
        "description": "",
        "short_description": f"<p>{each.description or ''}</p>\n",
        "sku": "" if several else each.variants[0].id,
        "categories": [named(1, each.category)] if each.category else [],
        "tags": [named(place, tag) for place, tag in enumerate(each.tags, start=1)],
        "attributes": [
            {
                "id": 0,
                "name": name,
                "position": place,
                "visible": True,
                "variation": varies,
                "options": values,
            }
            for place, (name, varies, values) in enumerate(attributes)
        ],
        "variations": [number * 100 + place for place in range(len(each.variants))] if several else [],
    }


def variations(number: int, each: Product) -> list[dict[str, Any]]:
    return [
        stocked(variant)
        | {
            "id": number * 100 + place,
            "meta_data": [],
            "sku": variant.id,
            "attributes": [
                {"id": 0, "name": name.title(), "option": value} for name, value in variant.options.items()
            ],
        }
        for place, variant in enumerate(each.variants)
    ]


def spread(each: Order) -> dict[str, Decimal]:
    """Take an order's discount off its lines, as coupons are."""
    left, found = each.discount, dict.fromkeys((item.id for item in each.items), Decimal(0))
    for item in each.items:
        found[item.id] = min(left, item.total)
        left -= found[item.id]
    return found


def order(
    number: int, each: Order, owner: int, numbers: dict[str, int], variation_ids: dict[str, int]
) -> dict[str, Any]:
    coupons = spread(each)
    back = [entry for entry in each.payments if entry.kind == "refund"]
    paid = [entry for entry in each.payments if entry.kind == "payment"]
    return {
        "id": number,
        "meta_data": [],
        "number": each.number,
        "status": STATUSES.get(each.status, "processing"),
        "currency": each.currency,
        "date_created_gmt": gmt(each.placed_at),
        "date_completed_gmt": gmt(each.delivered_at) if each.delivered_at else None,
        "discount_total": str(each.discount),
        "shipping_total": str(each.shipping),
        "total": str(each.total),
        "total_tax": str(each.tax),
        "customer_id": owner,
        "billing": address(each.address),
        "shipping": address(each.address),
        "payment_method": "stripe",
        "payment_method_title": "Credit Card (Stripe)",
        "transaction_id": "",
        "date_paid_gmt": gmt(each.placed_at) if paid else None,
        "line_items": [
            {
                "id": number * 100 + place,
                "name": item.name,
                "product_id": numbers[item.product_id],
                "variation_id": variation_ids.get(item.variant_id, 0),
                "quantity": item.quantity,
                "subtotal": str(item.total),
                "total": str(item.total - coupons[item.id]),
                "meta_data": [
                    {"id": 1, "key": f"pa_{name.replace(' ', '-')}", "value": value}
                    for name, value in item.options.items()
                ]
                + [{"id": 2, "key": "_reduced_stock", "value": str(item.quantity)}],
                "sku": item.variant_id,
                "price": float(item.price),
            }
            for place, item in enumerate(each.items, start=1)
        ],
        "shipping_lines": [
            {
                "id": 1,
                "method_title": each.shipping_service or "",
                "method_id": "flat_rate",
                "total": str(each.shipping),
            }
        ],
        "fee_lines": [],
        "coupon_lines": [{"id": 1, "code": each.promo_code, "discount": str(each.discount)}]
        if each.promo_code
        else [],
        "refunds": [
            {"id": 90_000 + number * 10 + place, "reason": "", "total": f"-{entry.amount}"}
            for place, entry in enumerate(back)
        ],
    }
