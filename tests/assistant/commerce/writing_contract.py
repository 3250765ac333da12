"""What can be written in every shop, whoever keeps it: it is read back as it was written, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from actions.commerce.errors import SoldOut
from actions.commerce.model import Address, Exchange, ExchangeItem, Order, Payment, Return
from actions.commerce.port import Commerce

from ..conftest import NOW

PLACE = Address(line1="7 Elm St", city="Bend", state="OR", postcode="97701")
BACK = Payment(kind="refund", amount=Decimal("1.00"), method_id="original", at=NOW, status="pending")


class WritingContract:
    """The cases; a subclass gives `store`, and `later` that lets a moment go by."""

    @pytest.fixture()
    def store(self) -> Commerce:
        raise NotImplementedError

    @pytest.fixture()
    def later(self) -> Callable[[], None]:
        raise NotImplementedError

    @pytest.fixture()
    def numbers(self, store: Commerce) -> dict[str, str]:
        """The number of a paid order in each state that every shop knows, with some stock of what it holds."""
        raise NotImplementedError

    def order(self, store: Commerce, number: str) -> Order:
        found = store.order(number)
        assert found is not None
        return found

    def test_a_cancellation(
        self, store: Commerce, numbers: dict[str, str], later: Callable[[], None]
    ) -> None:
        before = self.order(store, numbers["pending"])
        with store.begin(order=before.number) as work:
            order = work.order(before.number)
            assert order is not None
            work.cancel(order, "too_slow", [BACK], NOW)
        later()
        after = self.order(store, before.number)
        assert (after.status, after.cancel_reason) == ("cancelled", "too_slow")
        assert after.refunded == before.refunded + BACK.amount
        assert [item.id for item in after.items] == [item.id for item in before.items]

    def test_a_return(self, store: Commerce, numbers: dict[str, str], later: Callable[[], None]) -> None:
        before = self.order(store, numbers["delivered"])
        with store.begin(order=before.number) as work:
            reference = work.next_return_reference()
            entry = Return(
                reference=reference,
                item_ids=(before.items[0].id,),
                reason="other",
                status="label_sent",
                refund=BACK.amount,
                created_at=NOW,
            )
            work.add_return(before, entry, [replace(BACK, return_reference=reference)])
            assert work.promised(before.customer_id, NOW - timedelta(days=1)) >= BACK.amount
        later()
        after = self.order(store, before.number)
        assert after.status == "return_requested"
        assert after.returns[-1] == entry
        assert [(each.status, each.return_reference) for each in after.refunds][-1] == ("pending", reference)
        assert after.number in [each.number for each in store.orders_of(after.customer_id)]

    def test_an_exchange(self, store: Commerce, numbers: dict[str, str], later: Callable[[], None]) -> None:
        before = self.order(store, numbers["delivered"])
        item = before.items[0]
        with store.begin(order=before.number) as work:
            entry = Exchange(
                reference=work.next_exchange_reference(),
                items=(ExchangeItem(item_id=item.id, variant_id=item.variant_id, price=item.price),),
                status="requested",
                difference=Decimal("0.00"),
                method_id="original",
                created_at=NOW,
            )
            work.add_exchange(before, entry)
        later()
        after = self.order(store, before.number)
        assert (after.status, after.exchanges[-1]) == ("exchange_requested", entry)

    def test_what_is_undone_was_never_written(
        self, store: Commerce, numbers: dict[str, str], later: Callable[[], None]
    ) -> None:
        before = self.order(store, numbers["pending"])
        with pytest.raises(SoldOut), store.begin(order=before.number) as work:
            work.set_address(before, PLACE)
            work.add_payments(before, [BACK])
            raise SoldOut("nothing left")
        later()
        assert self.order(store, before.number) == before

    def test_a_refund_of_an_order_that_stays_as_it_is(
        self, store: Commerce, numbers: dict[str, str], later: Callable[[], None]
    ) -> None:
        before = self.order(store, numbers["delivered"])
        with store.begin(order=before.number) as work:
            work.add_payments(before, [BACK])
        later()
        after = self.order(store, before.number)
        assert after.status == before.status
        assert after.refunded == before.refunded + BACK.amount
        assert after.refunds[-1].status == "pending"

    def test_an_order_that_a_write_was_not_about(
        self, store: Commerce, numbers: dict[str, str], later: Callable[[], None]
    ) -> None:
        other = self.order(store, numbers["processing"])
        before = self.order(store, numbers["pending"])
        with store.begin(order=before.number) as work:
            work.cancel(before, "other", [], NOW)
        later()
        assert self.order(store, other.number) == other
