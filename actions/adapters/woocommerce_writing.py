"""Writing to a WooCommerce shop, each thing once.

WooCommerce keeps no idempotency keys. So every write leaves a mark made of its key where the same request puts it:
in the reason of a refund, in the text of a note, in the meta data of an order, a customer or a variation. It is looked
for before anything is sent again. The gap that is left: what WooCommerce carries out but answers too late is seen only
once it is done, so that a repeat which comes while the first one still runs isn't recognized. Repeats are made one
after the other and some time apart for that reason.

When WooCommerce counts stock by itself: an order that is cancelled gives back what its lines have taken, and a line
that gets another quantity takes or gives the difference. Not when a line becomes another variation: then both are
counted here. Refunds leave the stock alone, since the goods aren't back yet.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from actions.adapters.errors import Failed, Rejected
from actions.adapters.http import error_code
from actions.adapters.woocommerce import API, WooCommerceShop, reading
from actions.adapters.woocommerce_reading import NAME, amount_of, checked, variant_id_of
from actions.commerce.model import CENT

Entry = dict[str, Any]

MARK = "_frontdesk"
REFUSED = "woocommerce_rest_cannot_create_order_refund"
SENT = frozenset({"completed", "refunded"})  # an order in these states can't be cancelled any more


class WooCommerceWriting:
    """A shop to write to.

    >>> WooCommerceWriting(shop).cancel(key, "727", "it takes too long")

    What can't be done raises Rejected; what may be tried again raises another AdapterError.
    """

    def __init__(self, shop: WooCommerceShop) -> None:
        self._shop = shop

    @reading
    def cancel(self, key: str, number: str, reason: str) -> Mapping[str, Any]:
        """Cancel an order; tell in which state it was."""
        order = self._order(number)
        before = order["status"]
        marks = _marks(order)
        if before == "cancelled" or _short(key) in marks:
            return {"before": marks.get(_short(key)) or before}
        if before in SENT:
            raise Rejected(NAME, 409, f"order_is_{before}")
        self._put(f"orders/{order['id']}", {"status": "cancelled"}, key, before, reason=reason)
        return {"before": before}

    @reading
    def reopen(self, number: str, status: str) -> None:
        """Take a cancellation back."""
        order = self._order(number)
        if order["status"] == "cancelled" and status != "cancelled":
            self._shop.system.call("PUT", f"{API}/orders/{order['id']}", body={"status": status})

    @reading
    def refund(self, key: str, number: str, amount: Decimal, reason: str, *, pay: bool) -> str:
        """Book a refund, and pay it through the gateway if that is wanted; return its id."""
        order = self._order(number)
        path = f"orders/{order['id']}/refunds"
        for known in self._shop.all(path, {}):
            if _tag(key) in str(known.get("reason")):
                return str(known["id"])
        body = {
            "amount": str(amount),
            "reason": f"{reason} {_tag(key)}",
            "api_refund": pay,
            "api_restock": False,
        }
        made = self._shop.system.call("POST", f"{API}/{path}", body=body, accept=_may_be_refusal)
        if made.status >= 400:
            code = error_code(made.content)
            raise Rejected(NAME, made.status, code) if code == REFUSED else Failed(NAME, made.status)
        return str(made.json()["id"])

    @reading
    def set_address(self, key: str, number: str, address: Mapping[str, str]) -> None:
        """Send an order elsewhere."""
        order = self._order(number)
        if _short(key) not in _marks(order):
            self._put(f"orders/{order['id']}", {"shipping": _place(address)}, key, "address")

    @reading
    def set_customer(self, key: str, customer_id: str, changes: Mapping[str, Any]) -> None:
        """Change name, phone number or address of a customer, in both of their addresses."""
        found = self._shop.one("customers", customer_id)
        if found is None:
            raise Rejected(NAME, 404, "no_such_customer")
        names = {name: changes[name] for name in ("first_name", "last_name") if name in changes}
        place = _place(changes["address"]) if "address" in changes else {}
        phone = {"phone": changes["phone"]} if "phone" in changes else {}
        body: Entry = {**names}
        if names or place:
            body["shipping"] = {**names, **place}
        if names or place or phone:
            body["billing"] = {**names, **place, **phone}
        if body and _short(key) not in _marks(found):
            self._put(f"customers/{found['id']}", body, key, "details")

    @reading
    def set_lines(self, key: str, number: str, lines: Sequence[Mapping[str, Any]]) -> Decimal:
        """Put other variants and numbers into an order's lines, or take lines out of it; tell what it costs then.

        Each names its id here ("727-31"), its variant, product, quantity (0: out) and price of one piece. Totals are
        in the proportion to the price that they had; taxes are WooCommerce's own.
        """
        order = self._order(number)
        done = _marks(order).get(_short(key))
        if done is not None:  # the lines are changed, and it is known what that left to be counted
            moves, changed = Moves.read(done), order
        else:
            body, moves = [], Moves()
            for ours in lines:
                theirs = next((e for e in order["line_items"] if _names(ours["id"], e)), None)
                if theirs is None:
                    raise Rejected(NAME, 409, "no_such_line")
                body.append(self._line(theirs, ours, moves))
            # A line that is out can't be taken out again, so only the next try repeats it: it looks for the mark.
            changed = self._put(
                f"orders/{order['id']}", {"line_items": body}, key, moves.written(), repeatable=False
            )
        for place, pieces in moves.items():
            self._move_stock(key, place, pieces)
        return amount_of(changed["total"])

    @reading
    def note(self, key: str, number: str, text: str) -> None:
        """Leave a note that the shop's people see, and customers don't."""
        order = self._order(number)
        path = f"{API}/orders/{order['id']}/notes"
        listed = self._shop.system.call("GET", path).json()
        if any(_tag(key) in str(each.get("note")) for each in listed):
            return
        self._shop.system.call("POST", path, body={"note": f"{text} {_tag(key)}", "customer_note": False})

    def _order(self, number: str) -> Entry:
        """Read an order, or say that there is none."""
        found = self._shop.entry(number)
        if found is None:
            raise Rejected(NAME, 404, "no_such_order")
        return found

    def _put(
        self,
        path: str,
        body: Entry,
        key: str,
        value: str,
        *,
        reason: str | None = None,
        repeatable: bool = True,
    ) -> Entry:
        """Change an object and mark it in the same request, so that a repeat is recognized; return how it is then."""
        meta = [{"key": f"{MARK}_{_short(key)}", "value": value or "done"}]
        if reason is not None:
            meta.append({"key": f"{MARK}_reason", "value": reason})
        body = {**body, "meta_data": meta}
        return checked(
            self._shop.system.call("PUT", f"{API}/{path}", body=body, repeatable=repeatable).json()
        )

    def _line(self, theirs: Entry, ours: Mapping[str, Any], moves: Moves) -> Entry:
        """Describe what becomes of a line, and note the stock that WooCommerce doesn't count then."""
        if not ours["quantity"]:
            return {"id": theirs["id"], "quantity": 0}
        was, full = amount_of(theirs["subtotal"]), Decimal(ours["price"]) * ours["quantity"]
        share = amount_of(theirs["total"]) / was if was else Decimal(1)
        line: Entry = {
            "id": theirs["id"],
            "quantity": ours["quantity"],
            "subtotal": str(full.quantize(CENT)),
            "total": str((full * share).quantize(CENT, ROUND_HALF_UP)),
        }
        if variant_id_of(theirs, theirs["variation_id"] or theirs["product_id"]) == ours["variant"]:
            return line
        product_id = int(ours["product"])
        variations = self._shop.all(f"products/{product_id}/variations", {})
        found = next((e for e in variations if variant_id_of(e, e["id"]) == ours["variant"]), None)
        if found is None:
            raise Rejected(NAME, 409, "no_such_variant")
        taken = next((m["value"] for m in theirs["meta_data"] if m["key"] == "_reduced_stock"), "0")
        pieces = int(Decimal(str(taken)))
        if theirs["variation_id"] and pieces:
            moves[f"products/{theirs['product_id']}/variations/{theirs['variation_id']}"] += pieces
        if pieces:
            moves[f"products/{product_id}/variations/{found['id']}"] -= pieces
        return {**line, "product_id": product_id, "variation_id": found["id"]}

    def _move_stock(self, key: str, place: str, pieces: int) -> None:
        """Put pieces of a product or a variation into stock or take them out, where it is counted."""
        answer = self._shop.system.call("GET", f"{API}/{place}").json()
        if answer.get("manage_stock") is not True or _short(key) in _marks(answer):
            return
        left = int(answer["stock_quantity"] or 0) + pieces
        self._put(place, {"stock_quantity": left}, key, str(pieces))


class Moves(Counter[str]):
    """Pieces to put into stock (or to take out: less than nothing), by the place of what they are pieces of."""

    def written(self) -> str:
        """Write it as a mark that can be read again."""
        return " ".join(f"{place}={pieces}" for place, pieces in self.items())

    @classmethod
    def read(cls, mark: str) -> Moves:
        """Read it from a mark."""
        pairs = (part.partition("=") for part in mark.split() if "=" in part)
        return cls({place: int(pieces) for place, _, pieces in pairs})


def _short(key: str) -> str:
    """Shorten a key to what tells it from others."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _tag(key: str) -> str:
    """Write a key as a mark in a text."""
    return f"[frontdesk {_short(key)}]"


def _marks(entry: Entry) -> dict[str, str]:
    """Read the marks that our writes have left on an object."""
    begin = f"{MARK}_"
    return {
        str(each["key"]).removeprefix(begin): str(each["value"])
        for each in entry.get("meta_data") or ()
        if str(each.get("key")).startswith(begin)
    }


def _names(item_id: str, line: Entry) -> bool:
    """Tell whether our id of a line means one of WooCommerce's."""
    return str(item_id).rpartition("-")[2] == str(line["id"])


def _place(address: Mapping[str, str]) -> dict[str, str]:
    """Write an address as WooCommerce has it."""
    country = address.get("country") or "USA"
    return {
        "address_1": address["line1"],
        "address_2": address.get("line2") or "",
        "city": address["city"],
        "state": address["state"],
        "postcode": address["postcode"],
        "country": "US" if country == "USA" else country,
    }


def _may_be_refusal(status: int) -> bool:
    """Tell whether an answer may say why a refund was refused: WooCommerce does that as if it had failed."""
    return status == 500
