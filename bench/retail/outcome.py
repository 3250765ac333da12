"""How a shop should look after a task, and how it looks: the export in the words of the tasks, record by record.

The mapping, which is all that stands between the two:

- status: our states as the shop's words ("return_requested" is "return requested"); one whose items were changed is
  "pending (item modified)"
- cancel_reason: underscores are spaces
- a return: its lines are `return_items`, the method of its pending refund `return_payment_method_id`; the refund
  that waits for the parcel isn't in `payment_history` yet
- an exchange: `exchange_items`, `exchange_new_items`, `exchange_payment_method_id`, `exchange_price_difference`
- payments: kind, amount to the cent and method; times, states and their order don't count
- items: name, ids, price and options; their order doesn't count
- a payment method, an address, a name and an e-mail address are compared as they are; amounts to the cent
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

STATUSES = {
    "return_requested": "return requested",
    "exchange_requested": "exchange requested",
    "changed": "pending (item modified)",
}
ORDER_FIELDS = (
    "user_id",
    "address",
    "items",
    "status",
    "payment_history",
    "cancel_reason",
    "return_items",
    "return_payment_method_id",
    "exchange_items",
    "exchange_new_items",
    "exchange_payment_method_id",
    "exchange_price_difference",
)
USER_FIELDS = ("name", "address", "email", "payment_methods")


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], expected: Mapping[str, Any]
) -> list[str]:
    """Compare a shop with what it should be; `before` and `after` hold `orders`, `users` and `products`.

    `expected` has the fields that must differ from before, as the tasks give them; nothing else may.
    """
    found: list[str] = []
    for kind, plain in (("orders", order_as_told), ("users", user_as_told)):
        changed = expected.get(kind, {})
        if before[kind].keys() != after[kind].keys():
            found.append(f"{kind}: other records than before")
            continue
        for key, record in after[kind].items():
            wanted = plain({**before[kind][key], **changed.get(key, {})})
            is_now = plain(record)
            found += [
                f"{key}.{field} is {_shown(is_now.get(field))}, expected {_shown(wanted.get(field))}"
                for field in sorted(wanted.keys() | is_now.keys())
                if wanted.get(field) != is_now.get(field)
            ]
    return found + products_differ(before["products"], after["products"])


def products_differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Compare the catalogues by what is offered at which price."""

    def plain(products: Mapping[str, Any]) -> dict[str, Any]:
        return {
            variant["item_id"]: (
                product["name"],
                variant["options"],
                variant["available"],
                cents(variant["price"]),
            )
            for product in products.values()
            for variant in product["variants"].values()
        }

    return [] if plain(before) == plain(after) else ["the catalogue has changed"]


def order_as_told(order: Mapping[str, Any]) -> dict[str, Any]:
    """Write an order of either side in the words of the tasks."""
    order = {**order, **_returned(order), **_exchanged(order)}
    told = {field: order[field] for field in ORDER_FIELDS if order.get(field) is not None}
    told["status"] = _status(order)
    if "cancel_reason" in told:
        told["cancel_reason"] = told["cancel_reason"].replace("_", " ")
    waiting = {entry["return_id"] for entry in order.get("returns", ())}
    told["payment_history"] = sorted(
        (entry["transaction_type"], cents(entry["amount"]), entry["payment_method_id"])
        for entry in order.get("payment_history", ())
        if not (entry.get("return_id") in waiting and entry.get("status") == "pending")
    )
    told["items"] = sorted(
        (
            item["item_id"],
            item["product_id"],
            item["name"],
            cents(item["price"]),
            json.dumps(item["options"], sort_keys=True),
        )
        for item in order["items"]
    )
    for field in ("return_items", "exchange_items", "exchange_new_items"):
        if field in told:
            told[field] = sorted(told[field])
    if "exchange_price_difference" in told:
        told["exchange_price_difference"] = cents(told["exchange_price_difference"])
    return told


def user_as_told(user: Mapping[str, Any]) -> dict[str, Any]:
    """Write a user of either side in the words of the tasks."""
    told = {field: user[field] for field in USER_FIELDS if field in user}
    told["payment_methods"] = {
        key: {**method, **({"balance": cents(method["balance"])} if "balance" in method else {})}
        for key, method in user.get("payment_methods", {}).items()
    }
    return told


def cents(amount: float | int) -> int:
    """Write an amount in whole cents."""
    return round(float(amount) * 100)


def _status(order: Mapping[str, Any]) -> str:
    """Write the state of an order in the shop's words."""
    status = str(order["status"])
    return STATUSES.get(status, status)


def _returned(order: Mapping[str, Any]) -> dict[str, Any]:
    """Write what goes back, and to which method the refund goes."""
    if not order.get("returns"):
        return {}
    lines = [line for entry in order["returns"] for line in entry["lines"]]
    references = {entry["return_id"] for entry in order["returns"]}
    methods = {
        entry["payment_method_id"]
        for entry in order["payment_history"]
        if entry.get("return_id") in references
    }
    return {
        "return_items": [order["items"][line - 1]["item_id"] for line in lines],
        "return_payment_method_id": ", ".join(sorted(methods)),
    }


def _exchanged(order: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is exchanged for what, and which method settles the difference."""
    entries = order.get("exchanges") or ()
    if not entries:
        return {}
    lines = [line for entry in entries for line in entry["lines"]]
    return {
        "exchange_items": [order["items"][line - 1]["item_id"] for line in lines],
        "exchange_new_items": [item["item_id"] for entry in entries for item in entry["new_items"]],
        "exchange_payment_method_id": ", ".join(sorted({entry["payment_method_id"] for entry in entries})),
        "exchange_price_difference": sum(entry["price_difference"] for entry in entries),
    }


def _shown(value: Any) -> str:
    """Show a value briefly."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 200 else f"{text[:197]}..."


def needed_facts(
    goal: Mapping[str, Any], before: Mapping[str, Any], methods: Mapping[str, Any]
) -> list[Sequence[str]]:
    """List what the customer must have been told at the end of a goal; of each entry one wording is enough."""
    order = before["orders"][goal["order_id"]] if "order_id" in goal else None
    facts: list[Sequence[str]] = []
    if order is not None:
        facts.append((goal["order_id"].removeprefix("#"),))
    if goal["flow"] == "cancel_order" and order is not None:
        paid = [entry for entry in order["payment_history"] if entry["transaction_type"] == "payment"]
        facts.append((money(sum(entry["amount"] for entry in paid)),))
        facts += [method_words(methods[entry["payment_method_id"]]) for entry in paid]
    if goal["flow"] == "return_items" and order is not None:
        prices = {item["item_id"]: item["price"] for item in order["items"]}
        facts.append((money(sum(prices[item["item_id"]] for item in goal["items"])),))
        facts.append(method_words(methods[goal["payment"]["id"]]))
        facts.append(("R-",))
    if goal["flow"] in ("exchange_items", "modify_items") and order is not None:
        prices = {item["item_id"]: item["price"] for item in order["items"]}
        new = {
            variant["item_id"]: variant["price"]
            for product in before["products"].values()
            for variant in product["variants"].values()
        }
        difference = sum(new[item["new_item_id"]] - prices[item["item_id"]] for item in goal["items"])
        facts.append((money(abs(difference)),))
        facts.append(method_words(methods[goal["payment"]["id"]]))
    if goal["flow"] == "change_payment":
        facts.append(method_words(methods[goal["payment"]["id"]]))
    if goal["flow"] in ("change_shipping_address", "change_user_address"):
        facts += [(goal["address"]["address1"],), (goal["address"]["zip"],)]
    return facts


def money(amount: float) -> str:
    """Write an amount as customers read it."""
    return f"${amount:,.2f}"


def method_words(method: Mapping[str, Any]) -> Sequence[str]:
    """Give the words by which a payment method is known."""
    if method.get("last_four"):
        return (str(method["last_four"]),)
    return {"paypal": ("PayPal",), "gift_card": ("gift card",)}.get(
        str(method["source"]), (str(method["source"]),)
    )
