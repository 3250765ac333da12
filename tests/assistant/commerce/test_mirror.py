"""The shop outside as the flows see it: the contract of every shop, over the embedded rows of WooCommerce's shop."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from actions.adapters.errors import AdapterError, Unreachable
from actions.adapters.http import Rules
from actions.adapters.importing import Unreadable, bring, main, read_whole
from actions.adapters.woocommerce import WooCommerceShop
from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.errors import StoreMismatch
from actions.commerce.lookups import find_customer_by_id
from actions.commerce.mirror import SOURCE, MirroredShop
from actions.commerce.model import Payment, Return, Shop
from actions.commerce.port import Reading
from actions.commerce.store import no_progress
from actions.services.container import Services
from tests.assistant.adapters.serving import Local, Told
from tests.assistant.adapters.woocommerce_server import KEY, SECRET, WooCommerceServer

from ..adapters.conftest import local as local
from ..adapters.conftest import outside as outside
from ..adapters.conftest import server as server
from ..conftest import Clock
from .reading_contract import ReadingContract

RULES = Rules(deadline=60.0, first_wait=0.01, failures=1000)
DOWN = [Told(503)] * 200


@pytest.fixture()
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mirror.db"


@pytest.fixture()
def held() -> set[str]:
    """What waits to be done in the shop outside, as in "order 727"."""
    return set()


@pytest.fixture()
def mirror(
    outside: WooCommerceShop, tmp_path: Path, url: str, clock: Clock, template_brought: Path, held: set[str]
) -> Iterator[MirroredShop]:
    """The shop, brought as of NOW."""
    shutil.copy(template_brought, tmp_path / "mirror.db")
    database = Database(url, source=SOURCE)
    made = MirroredShop(database, outside, clock, held=lambda _connection, subject: subject in held)
    clock.forward(minutes=1)
    yield made
    database.close()


class TestReading(ReadingContract):
    @pytest.fixture()
    def store(self, mirror: MirroredShop) -> Reading:  # type: ignore[override]
        return mirror

    @pytest.fixture()
    def whole(self, shop: Services) -> Shop:  # type: ignore[override]
        return shop.commerce.snapshot()


def renumbered(server: WooCommerceServer, number: int) -> dict[str, object]:
    """Give an order its id for a number, as a shop without a plugin does."""
    server.orders[number]["number"] = str(number)
    return server.orders[number]


def test_what_changes_outside_is_seen_once_a_moment_is_over(
    server: WooCommerceServer, local: Local, mirror: MirroredShop, clock: Clock
) -> None:
    number = server.orders[5000]["number"]
    before = mirror.order(number)
    asked = len(local.asked)
    server.orders[5000]["status"] = "cancelled"
    assert mirror.order(number) == before
    assert len(local.asked) == asked  # it was asked a moment ago
    clock.forward(seconds=30)
    after = mirror.order(number)
    assert after is not None
    assert after.status == "cancelled"


def test_a_new_customer_and_a_new_order_are_brought_when_they_are_named(
    server: WooCommerceServer, mirror: MirroredShop
) -> None:
    server.customers[901] = server.customers[1] | {"id": 901, "email": "new@example.com"}
    server.orders[9001] = server.orders[5000] | {"id": 9001, "number": "9001", "customer_id": 901}
    server.refunds[9001] = []
    order = mirror.order("9001")
    assert order is not None
    assert order.customer_id == "901"
    found = mirror.customer_by_email("NEW@example.com")
    assert found is not None
    assert [each.number for each in mirror.orders_of(found.id)] == ["9001"]


def test_a_line_of_what_is_sold_no_longer(server: WooCommerceServer, mirror: MirroredShop) -> None:
    line = server.orders[5000]["line_items"][0]
    line |= {"sku": "GONE-1", "product_id": 4242, "name": "Old Lamp"}
    renumbered(server, 5000)
    order = mirror.order("5000")
    assert order is not None
    assert (order.items[0].name, order.items[0].variant_id) == ("Old Lamp", "GONE-1")
    assert mirror.product("4242") is None
    assert "4242" not in {product.id for product in mirror.products()}


def test_each_order_of_a_guest_belongs_to_a_customer_of_its_own(
    server: WooCommerceServer, local: Local, mirror: MirroredShop, clock: Clock
) -> None:
    for number in (5000, 5001):
        entry = renumbered(server, number)
        entry["customer_id"] = 0
        entry["billing"] |= {"email": "anna.bennett@example.com", "first_name": "Ann", "phone": "503"}  # type: ignore[operator]
    asked = len(local.asked)
    order = mirror.order("5000")
    assert order is not None
    assert [each.path for each in local.asked[asked:] if "/customers" in each.path] == []
    assert [each.path for each in local.asked[asked:]].count("/wp-json/wc/v3/orders/5000") == 1
    guest = mirror.customer(order.customer_id)
    assert guest is not None
    assert (guest.guest, guest.email, guest.first_name) == (True, "anna.bennett@example.com", "Ann")
    assert mirror.order("5001") is not None
    assert [each.number for each in mirror.orders_of(guest.id)] == ["5000"]
    account = mirror.customer_by_email("anna.bennett@example.com")
    assert account is not None
    assert not account.guest
    assert "5000" not in {each.number for each in mirror.orders_of(account.id)}
    server.orders[5000]["billing"]["email"] = "ann@example.com"  # the shop's people mend a typo
    clock.forward(minutes=1)
    asked = len(local.asked)
    assert mirror.order("5000") is not None
    with mirror.database.read() as connection:
        known = find_customer_by_id(connection, guest.id)
    assert known is not None
    assert known.email == "ann@example.com"
    assert [each.path for each in local.asked[asked:]].count("/wp-json/wc/v3/orders/5000") == 1
    server.orders[5000]["customer_id"] = int(account.id)  # the shop's people put it to the account
    clock.forward(minutes=1)
    assert mirror.customer(guest.id) is None
    assert mirror.orders_of(guest.id) == []
    assert "5000" in {each.number for each in mirror.orders_of(account.id)}


def test_what_is_thrown_away_is_gone(server: WooCommerceServer, mirror: MirroredShop, clock: Clock) -> None:
    owner = str(server.orders[5000]["customer_id"])
    number = server.orders[5000]["number"]
    assert number in [each.number for each in mirror.orders_of(owner)]
    server.orders[5000]["status"] = "trash"
    clock.forward(minutes=1)
    assert number not in [each.number for each in mirror.orders_of(owner)]
    assert mirror.order(number) is None


def test_a_shop_that_is_down_is_told_and_nothing_old_is(
    server: WooCommerceServer, local: Local, mirror: MirroredShop, clock: Clock
) -> None:
    number = server.orders[5000]["number"]
    owner = str(server.orders[5000]["customer_id"])
    assert mirror.order(number) is not None
    clock.forward(minutes=1)
    local.faults = list(DOWN)
    for ask in (
        lambda: mirror.order(number),
        lambda: mirror.orders_of(owner),
        lambda: mirror.customer(owner),
        lambda: mirror.customer_by_email("anna.bennett@example.com"),
        lambda: mirror.product("1000"),
    ):
        with pytest.raises(AdapterError):
            ask()
    with pytest.raises(AdapterError), mirror.begin(order=number):
        raise AssertionError("a write began")
    assert mirror.on_file(owner) is not None  # who it is, for a ticket
    local.faults = []
    assert mirror.order(number) is not None


def test_a_catalogue_that_nobody_reads_any_more_is_not_told(
    server: WooCommerceServer, mirror: MirroredShop, clock: Clock
) -> None:
    assert mirror.products()
    server.products[1000]["price"] = "1.23"
    assert not mirror.refresh_catalogue()  # it is new enough
    clock.forward(minutes=20)
    assert mirror.refresh_catalogue()
    clock.forward(hours=2)
    with pytest.raises(Unreachable, match=r"the catalogue was last read 120 min ago"):
        mirror.products()


def test_within_a_transaction_nobody_is_called(
    server: WooCommerceServer, local: Local, mirror: MirroredShop, clock: Clock
) -> None:
    number = server.orders[5000]["number"]
    product = str(server.orders[5000]["line_items"][0]["product_id"])
    clock.forward(minutes=1)
    with mirror.begin(order=number) as work:
        asked = len(local.asked)
        assert asked  # before it began
        clock.forward(minutes=1)
        assert work.order(number) is not None
        assert mirror.product(product) is not None
        assert mirror.orders_of(str(server.orders[5000]["customer_id"]))
        assert len(local.asked) == asked


def test_what_waits_to_be_done_there_stands_here(
    server: WooCommerceServer, mirror: MirroredShop, clock: Clock, held: set[str]
) -> None:
    number = server.orders[5000]["number"]
    before = mirror.order(number)
    assert before is not None
    with mirror.begin(order=number) as work:
        work.cancel(before, "other", [], clock())
        held.add(f"order {number}")
    clock.forward(minutes=1)
    there = mirror.order(number)
    assert there is not None
    assert there.status == "cancelled"
    held.clear()
    clock.forward(minutes=1)
    after = mirror.order(number)
    assert after is not None
    assert (after.status, after.cancel_reason) == (before.status, None)


def test_an_answer_that_is_older_than_a_write_is_dropped(
    server: WooCommerceServer, mirror: MirroredShop, outside: WooCommerceShop, clock: Clock
) -> None:
    number = server.orders[5000]["number"]
    old = outside.order(number)
    assert old is not None
    asked_at = clock()
    clock.forward(seconds=1)
    with mirror.begin(order=number) as work:
        work.cancel(old, "other", [], clock())
        mirror.touched(work.connection, number)
    mirror.bring(Shop(products=(), customers=(), orders=(old,)), asked_at)
    there = mirror.order(number)
    assert there is not None
    assert there.status == "cancelled"


def test_what_only_we_know_survives_another_import(
    server: WooCommerceServer, mirror: MirroredShop, outside: WooCommerceShop, clock: Clock
) -> None:
    whole, _ = read_whole(outside, no_progress)
    order = next(each for each in whole.orders if each.status == "delivered")
    known = mirror.order(order.number)
    assert known is not None
    entry = Return(
        reference="R-10900",
        item_ids=(known.items[0].id,),
        reason="other",
        status="label_sent",
        refund=Decimal("1.00"),
    )
    waiting = Payment(
        kind="refund",
        amount=Decimal("1.00"),
        method_id="stripe",
        status="pending",
        return_reference="R-10900",
    )
    with mirror.begin(order=order.number) as work:
        work.add_return(known, entry, [waiting])
    clock.forward(minutes=1)
    before = mirror.order(order.number)
    mirror.bring(whole, clock())
    clock.forward(seconds=1)
    after = mirror.order(order.number)
    assert after == before
    assert after is not None
    assert (after.status, after.returns[0].reference) == ("return_requested", "R-10900")
    customer = server.customers[int(order.customer_id)]
    customer["email"] = "another@example.com"
    changed = dataclasses.replace(known, items=known.items[1:])
    mirror.bring(dataclasses.replace(whole, orders=(changed,)), clock())
    left = mirror.order(order.number)
    assert left is not None
    assert left.returns[0].reference == "R-10900"  # although the shop outside dropped the line


def test_movements_of_money_keep_their_rows(
    server: WooCommerceServer, mirror: MirroredShop, clock: Clock
) -> None:
    entry = next(each for each in server.orders.values() if each["date_paid_gmt"] and not each["refunds"])
    known = mirror.order(entry["number"])
    assert known is not None
    pending = [
        Payment(kind="refund", amount=Decimal(n), method_id="stripe", at=clock(), status="pending")
        for n in ("1.00", "2.00", "2.00")
    ]
    with mirror.begin(order=known.number) as work:
        work.add_payments(known, pending)
    before = rows_of(mirror, known.number)
    refund = {"id": 91, "reason": "", "date_created_gmt": "2026-11-18T12:00:00", "line_items": []}
    server.refunds[entry["id"]] = [refund | {"amount": "2.00"}, refund | {"id": 92, "amount": "7.00"}]
    entry["refunds"] = [
        {"id": 91, "reason": "", "total": "-2.00"},
        {"id": 92, "reason": "", "total": "-7.00"},
    ]
    clock.forward(minutes=1)
    mirror.order(known.number)
    after = rows_of(mirror, known.number)
    assert {amount: row for row, amount, _, _ in after if amount == Decimal("1.00")} == {
        amount: row for row, amount, _, _ in before if amount == Decimal("1.00")
    }
    twos = [(row, status, outside) for row, amount, status, outside in after if amount == Decimal("2.00")]
    assert {row for row, _, _ in twos} == {row for row, amount, _, _ in before if amount == Decimal("2.00")}
    assert sorted((status, outside or "") for _, status, outside in twos) == [
        ("pending", ""),
        ("settled", "91"),
    ]
    assert [(status, outside) for _, amount, status, outside in after if amount == Decimal("7.00")] == [
        ("settled", "92")
    ]
    assert len(after) == len(before) + 1


def rows_of(mirror: MirroredShop, number: str) -> list[Any]:
    table = schema.payments
    query = select(table.c.id, table.c.amount, table.c.status, table.c.outside_id)
    with mirror.database.read() as connection:
        return list(connection.execute(query.where(table.c.order_number == number).order_by(table.c.id)))


def test_an_import_is_whole_or_nothing(
    server: WooCommerceServer, local: Local, outside: WooCommerceShop, url: str
) -> None:
    def arrives(*, leave_out: bool = False, replace: bool = False) -> Shop:
        return bring(outside, url, replace=replace, leave_out=leave_out, progress=no_progress)

    server.orders[5001]["total"] = "a lot"
    server.customers[2]["email"] = server.customers[1]["email"]
    with pytest.raises(Unreadable, match=r"order 5001: an amount can't be read\.") as caught:
        arrives()
    assert any("customer 2: it has the same e-mail address as customer 1" in p for p in caught.value.problems)
    assert count(url) == 0
    local.faults = [None] * 4 + DOWN
    with pytest.raises(AdapterError):
        arrives(leave_out=True)
    assert count(url) == 0
    local.faults = []
    shop = arrives(leave_out=True)
    assert count(url) == len(shop.orders)
    assert "5001" not in {order.number for order in shop.orders}
    assert arrives(leave_out=True) == shop  # again


def test_another_shop_is_replaced_only_on_demand(
    template: Path, tmp_path: Path, outside: WooCommerceShop, clock: Clock
) -> None:
    path = tmp_path / "demo.db"
    shutil.copy(template, path)
    url = f"sqlite:///{path}"
    database = Database(url)
    with pytest.raises(StoreMismatch, match="actions.adapters.importing"):
        MirroredShop(database, outside, clock).order("L204817")
    database.close()
    with pytest.raises(StoreMismatch):
        bring(outside, url, replace=False, leave_out=False, progress=no_progress)
    shop = bring(outside, url, replace=True, leave_out=False, progress=no_progress)
    assert count(url) == len(shop.orders)


def test_an_import_from_the_command_line(
    server: WooCommerceServer, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    file = tmp_path / "adapters.yml"
    file.write_text(
        f"commerce:\n  woocommerce:\n    url: {server.url}\n"
        "    consumer_key: ${WOO_KEY}\n    consumer_secret: ${WOO_SECRET}\n"
    )
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(file))
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    assert main(["--database", url]) == 0
    told = capsys.readouterr()
    assert f"{len(server.products)} products, {len(server.customers)} customers" in told.out
    assert "reading orders" in told.err
    assert main(["--ages", "--database", url]) == 0
    assert f"order: {len(server.orders)}, asked between" in capsys.readouterr().out
    monkeypatch.setenv("WOO_SECRET", "cs_wrong")
    assert main(["--database", url]) == 1
    assert "refused our credentials" in capsys.readouterr().err


def count(url: str) -> int:
    """Count the orders of a database."""
    database = Database(url)
    with database.read() as connection:
        found = connection.execute(select(func.count()).select_from(schema.orders)).scalar_one()
    database.close()
    return int(found)
