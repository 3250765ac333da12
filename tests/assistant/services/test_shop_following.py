"""The flows' writes at WooCommerce: what is written here is done there, once, also when it is down in between."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.adapters.errors import AdapterError
from actions.adapters.settings import Adapters, WooCommerceSettings
from actions.commerce import schema
from actions.commerce.mirror import MirroredShop
from actions.commerce.model import Address, Customer, Order
from actions.services.container import Services
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.shop_following import held
from actions.services.swap_policy import Swap
from tests.assistant.adapters.serving import Local, Told
from tests.assistant.adapters.woocommerce_server import KEY, SECRET, WooCommerceServer

from ..adapters.conftest import local as local
from ..adapters.conftest import server as server
from ..conftest import POLICIES, Clock, Letters, who

DOWN = [Told(503)] * 400
PLACE = Address(line1="7 Elm St", city="Bend", state="OR", postcode="97701")


@pytest.fixture(params=[True, False], ids=["gateway", "by hand"])
def pays(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def opened(
    server: WooCommerceServer,
    path: Path,
    clock: Clock,
    letters: Letters,
    brought: Path,
    *,
    pays: bool = True,
) -> Services:
    """The services on a mirror of the shop that a server has."""
    settings = WooCommerceSettings(url=server.url, consumer_key=KEY, consumer_secret=SECRET, api_refund=pays)
    made = Services(
        f"sqlite:///{shutil.copy(brought, path)}",
        policies=POLICIES,
        sink=letters,
        clock=clock,
        adapters=Adapters(commerce=settings),
    )
    assert isinstance(made.commerce, MirroredShop)
    clock.forward(minutes=1)
    return made


@pytest.fixture()
def flows(
    server: WooCommerceServer,
    tmp_path: Path,
    clock: Clock,
    letters: Letters,
    template_brought: Path,
    pays: bool,
) -> Iterator[Services]:
    made = opened(server, tmp_path / "flows.db", clock, letters, template_brought, pays=pays)
    yield made
    made.close()


class Met:
    """A customer with a paid order in a state, verified in a conversation."""

    def __init__(
        self,
        flows: Services,
        server: WooCommerceServer,
        status: str,
        *,
        varies: bool = False,
        code: bool = False,
        since: str = "",
    ) -> None:
        self.flows = flows
        for place, entry in enumerate(server.orders.values()):
            self.entry, self.number, self.caller = entry, str(entry["number"]), who(f"web-{place}")
            fits = entry["status"] == status and entry["date_paid_gmt"] and not entry["refunds"]
            if not fits or Decimal(entry["total"]) > 300 or (entry["date_completed_gmt"] or "") < since:
                continue
            if varies and not all(line["variation_id"] for line in entry["line_items"]):
                continue
            email = server.customers[entry["customer_id"]]["email"]
            done = flows.identity.verify(self.caller, email, self.number)
            assert done.status == "verified"
            assert done.customer is not None
            self.customer: Customer = done.customer
            if not code or self.code():
                return
        raise LookupError("The shop has no such order.")

    def code(self) -> str:
        """Find a code that the order can have."""
        promotions = self.flows.promotions
        decisions = {name: promotions.decide(self.customer, self.order(), name) for name in promotions.names}
        return next((name for name, decision in sorted(decisions.items()) if decision.allowed), "")

    def order(self) -> Order:
        found = self.flows.orders.find(self.customer, self.number)
        assert found is not None
        return found

    def again(self, key: str) -> Caller:
        return replace(self.caller, idempotency_key=key)


def notes(server: WooCommerceServer, met: Met) -> list[str]:
    return [each["note"] for each in server.notes[met.entry["id"]]]


def repaid(server: WooCommerceServer, met: Met) -> list[str]:
    return [each["amount"] for each in server.refunds[met.entry["id"]]]


def actions_of(flows: Services) -> list[str]:
    table = schema.audit
    with flows.database.read() as connection:
        return list(connection.execute(select(table.c.action).order_by(table.c.id)).scalars())


def test_a_cancellation_is_done_there(
    flows: Services, server: WooCommerceServer, clock: Clock, pays: bool
) -> None:
    met = Met(flows, server, "pending")
    total = met.entry["total"]
    receipt = flows.cancellations.cancel(met.caller, met.customer, met.number, "too_slow")
    assert receipt.refund == Decimal(total)
    assert met.entry["status"] == "pending"  # nobody waits for WooCommerce
    assert met.order().status == "cancelled"
    flows.deliver()
    flows.deliver()
    assert flows.cancellations.cancel(met.caller, met.customer, met.number, "too_slow").repeated
    flows.deliver()
    clock.forward(minutes=1)
    after = met.order()
    assert (after.status, after.cancel_reason) == ("cancelled", "too_slow")
    assert after.refunded == Decimal(total)
    if pays:
        assert met.entry["status"] == "refunded"  # which WooCommerce makes of an order that is paid back
        assert repaid(server, met) == [total]
        assert [entry.status for entry in after.refunds] == ["settled"]
        assert "woocommerce.refund" in actions_of(flows)
    else:
        assert met.entry["status"] == "cancelled"
        assert repaid(server, met) == []
        assert f"{total} USD to be paid back." in notes(server, met)[0]
        assert [entry.status for entry in after.refunds] == ["pending"]
    assert "woocommerce.cancel" in actions_of(flows)


def test_what_is_written_while_it_is_down_is_done_later_once(
    server: WooCommerceServer,
    local: Local,
    tmp_path: Path,
    clock: Clock,
    letters: Letters,
    template_brought: Path,
) -> None:
    flows = opened(server, tmp_path / "flows.db", clock, letters, template_brought)
    met = Met(flows, server, "pending")
    flows.cancellations.cancel(met.caller, met.customer, met.number, "too_slow")
    local.faults = list(DOWN)
    flows.deliver()
    assert met.entry["status"] == "pending"
    with flows.database.read() as connection:
        assert held(connection, f"order {met.number}")
    clock.forward(minutes=1)
    with pytest.raises(AdapterError):  # how it stands can't be asked, so nothing is told
        met.order()
    with pytest.raises(AdapterError):
        flows.addresses.change(met.again("k2"), met.customer, PLACE, number=met.number)
    flows.close()  # the process ends, and another one goes on
    local.faults = []
    flows = opened_again(server, tmp_path / "flows.db", clock, letters)
    met.flows = flows
    clock.forward(minutes=5)
    assert met.order().status == "cancelled"  # as it stands here, since it has yet to be done there
    flows.deliver()
    assert met.entry["status"] == "cancelled"
    assert server.gateway == []  # the money goes back after that
    flows.deliver()
    assert met.entry["status"] == "refunded"
    assert len(server.gateway) == 1
    clock.forward(minutes=1)
    assert met.order().status == "cancelled"
    flows.close()


def opened_again(server: WooCommerceServer, path: Path, clock: Clock, letters: Letters) -> Services:
    settings = WooCommerceSettings(url=server.url, consumer_key=KEY, consumer_secret=SECRET, api_refund=True)
    return Services(
        f"sqlite:///{path}",
        policies=POLICIES,
        sink=letters,
        clock=clock,
        adapters=Adapters(commerce=settings),
    )


def test_what_it_refuses_for_good_is_told_and_the_order_is_what_it_is_there(
    flows: Services, server: WooCommerceServer, clock: Clock, letters: Letters
) -> None:
    met = Met(flows, server, "pending")
    flows.cancellations.cancel(met.caller, met.customer, met.number, "too_slow")
    met.entry["status"] = "completed"  # the shop's people were faster
    for _ in range(3):
        flows.deliver()
    assert met.entry["status"] == "completed"
    assert server.gateway == []
    clock.forward(minutes=1)
    assert "order.cancel.undone" in actions_of(flows)
    assert any("undone" in str(m) or "could not" in str(m) or "couldn't" in str(m) for m in letters.sent)
    with pytest.raises(Refused):
        flows.cancellations.cancel(met.caller, met.customer, met.number, "too_slow")
    assert met.order().status == "delivered"
    assert met.order().cancel_reason is None


def test_a_return_is_noted_and_settled_when_the_shop_pays_it_back(
    flows: Services, server: WooCommerceServer, clock: Clock
) -> None:
    met = Met(flows, server, "completed", since="2026-10-25")
    order = met.order()
    item = flows.returns.returnable(order)[0]
    receipt = flows.returns.start(met.caller, met.customer, met.number, [item.id], "changed_mind")
    flows.deliver()
    (text,) = notes(server, met)
    assert receipt.reference in text
    assert item.label in text
    assert repaid(server, met) == []  # the goods aren't back
    clock.forward(minutes=1)
    assert met.order().status == "return_requested"
    server.answer_MakeRefund(
        refund_wish(str(receipt.refund), f"{receipt.reference} came back"), met.entry["id"]
    )
    clock.forward(minutes=1)
    after = met.order()
    assert [(each.status, each.return_reference) for each in after.refunds] == [
        ("settled", receipt.reference)
    ]
    assert after.refunded == receipt.refund


@pytest.mark.parametrize("pays", [True], indirect=True)
def test_the_window_of_returns_begins_when_an_order_was_completed(
    flows: Services, server: WooCommerceServer, clock: Clock, pays: bool
) -> None:
    met = Met(flows, server, "completed", since="2026-10-25")
    order = met.order()
    assert order.delivered_at == order.completed_at
    item = flows.returns.returnable(order)[0]
    last = met.entry["date_completed_gmt"]
    for completed, rule in ((None, "delivery_date_unknown"), ("2026-10-01T12:00:00", "window_over")):
        met.entry["date_completed_gmt"] = completed
        clock.forward(minutes=1)
        decision = flows.returns.decide(met.order(), [item.id])
        assert (decision.allowed, decision.rule) == (False, rule)
    met.entry["date_completed_gmt"] = last
    clock.forward(minutes=1)
    assert flows.returns.decide(met.order(), [item.id]).allowed


def refund_wish(amount: str, reason: str) -> Any:
    """What a person of the shop sends when they pay back."""

    class Wish:
        body = {"amount": amount, "reason": reason, "api_refund": True}

    return Wish()


def test_addresses_and_details_are_changed_there(
    flows: Services, server: WooCommerceServer, clock: Clock
) -> None:
    met = Met(flows, server, "pending")
    flows.addresses.change(met.caller, met.customer, PLACE, number=met.number, profile=True)
    flows.profile.change(met.again("k2"), met.customer, "phone", "503 555 0117")
    flows.profile.change(met.again("k3"), met.customer, "marketing", "off")
    clock.forward(minutes=1)
    assert met.order().address == PLACE  # before it is done there
    known = flows.identity.customer(met.caller)
    assert known is not None
    assert (known.address, known.phone) == (PLACE, "(503) 555-0117")
    flows.deliver()
    assert met.entry["shipping"]["address_1"] == "7 Elm St"
    theirs = server.customers[met.entry["customer_id"]]
    assert (theirs["shipping"]["city"], theirs["billing"]["phone"]) == ("Bend", "(503) 555-0117")
    clock.forward(minutes=1)
    assert met.order().address == PLACE
    known = flows.identity.customer(met.caller)
    assert known is not None
    assert (known.address, known.phone, known.marketing_email) == (PLACE, "(503) 555-0117", False)


def test_another_variant_is_put_in_there(flows: Services, server: WooCommerceServer, clock: Clock) -> None:
    met = Met(flows, server, "pending", varies=True)
    order = met.order()
    item = order.items[0]
    catalogue = flows.swaps.catalogue(order)
    wish = next(
        Swap(item.id, variant.id)
        for variant in catalogue[item.product_id].variants
        if variant.id != item.variant_id and flows.swaps.decide(order, [Swap(item.id, variant.id)]).allowed
    )
    flows.swaps.swap(met.caller, met.customer, met.number, [wish])
    assert met.order().items[0].variant_id == wish.variant_id
    flows.deliver()
    clock.forward(minutes=1)
    after = met.order()
    assert after.items[0].variant_id == met.entry["line_items"][0]["sku"] == wish.variant_id
    assert after.items[0].id == item.id
    assert after.total == Decimal(met.entry["total"])


def test_a_code_is_credited_once(
    flows: Services, server: WooCommerceServer, clock: Clock, pays: bool
) -> None:
    met = Met(flows, server, "pending", code=True)
    before = len(server.gateway)
    code = met.code()
    receipt = flows.promotions.apply(met.caller, met.customer, met.number, code)
    flows.deliver()
    clock.forward(minutes=1)
    after = met.order()
    assert after.total == receipt.total
    assert after.promo_code is not None
    assert code in after.promo_code
    assert after.refunded == receipt.credit
    assert len(server.gateway) - before == (1 if pays else 0)
    assert flows.promotions.apply(met.again("k2"), met.customer, met.number, code).repeated
    flows.deliver()
    assert len(server.gateway) - before == (1 if pays else 0)
