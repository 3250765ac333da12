"""Sagas: whatever fails and whoever dies, in the end all steps are done, or none, or a person knows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from actions.adapters.errors import AdapterError, Declined, Rejected, Unreachable
from actions.commerce import movements, saga_tables, schema
from actions.commerce.model import Customer, Payment
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.mail import Letter
from actions.services.order_writes import OrderWrite, OrderWrites
from actions.services.receipts import Receipt
from actions.services.saga_notes import Content, NewStep, Step
from actions.services.sagas import CannotUndo, Kind
from tests.assistant.conftest import MARCUS, NOW, POLICIES, Clock, Letters, count, verified, who

NUMBER = MARCUS[1]
FEE, NONE = Decimal("5.00"), Decimal(0)


class Died(BaseException):
    """The process ends here."""


class Bank:
    """A system outside that takes money once for each key, and fails as it is told."""

    def __init__(self) -> None:
        self.taken: dict[str, Decimal] = {}
        self.given: dict[str, Decimal] = {}
        self.faults: list[str] = []
        self.asked = 0

    def take(self, step: Step) -> Content:
        return self._answer(self.taken, step)

    def give(self, step: Step) -> Content:
        return self._answer(self.given, step)

    @property
    def holds(self) -> Decimal:
        return sum(self.taken.values(), Decimal(0)) - sum(self.given.values(), Decimal(0))

    def _answer(self, done: dict[str, Decimal], step: Step) -> Content:
        self.asked += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "down":
            raise Unreachable("The bank", "no connection.")
        if fault == "died before":
            raise Died
        if fault == "declined" and step.key not in done:
            raise Declined("The bank", 402, "card_declined")
        done[step.key] = Decimal(step.content["amount"])
        if fault == "lost":
            raise Unreachable("The bank", "no whole answer.")
        if fault == "died after":
            raise Died
        if fault == "mistake":
            raise KeyError("a mistake of ours")
        return {"ok": True}


class Flow:
    """A write to an order that has two fees taken by the bank, and tells a third system."""

    def __init__(self, shop: Services, bank: Bank, *, undoable: bool = True, at_once: bool = False) -> None:
        self.shop, self.bank, self.undoable = shop, bank, undoable
        self.undo_fails = False
        self.told: list[str] = []
        shop.sagas.register(
            "bank",
            "take",
            Kind(do=bank.take, noted=self.settled, undo=bank.give, at_once=at_once),
        )
        shop.sagas.register("news", "tell", Kind(do=self.tell, undo=lambda step: None))
        shop.sagas.register("shop", "fee", Kind(undo=lambda step: None, unnoted=self.unadded))
        self.writes = OrderWrites(
            shop.commerce, shop.identity, shop.tickets, shop.policies, shop.now,
            action="order.fee", subject="cancel", wish="cancel_order", sagas=shop.sagas,
        )  # fmt: skip

    def tell(self, step: Step) -> Content:
        self.told.append(step.key)
        return {}

    def settled(self, connection: Any, step: Step) -> None:
        table = schema.payments
        mine = update(table).where(table.c.id == step.content["payment"])
        connection.execute(mine.values(status="settled"))

    def unadded(self, connection: Any, step: Step) -> None:
        if self.undo_fails:
            raise CannotUndo("it is on its way")
        table = schema.payments
        connection.execute(delete(table).where(table.c.id.in_(step.content["payments"])))

    def write(self, under_way: OrderWrite) -> Receipt:
        connection, order = under_way.work.connection, under_way.order
        entry = Payment(kind="payment", amount=FEE, method_id="card", status="pending")
        movements.add_payments(connection, order, [entry, entry])
        table = schema.payments
        mine = select(table.c.id).where(table.c.order_number == order.number, table.c.method_id == "card")
        rows = list(connection.execute(mine.order_by(table.c.id)).scalars())
        if self.undoable:
            own = NewStep(system="shop", action="fee", content={"payments": rows}, done=True)
            under_way.steps.append(own)
        under_way.later("bank", "take", {"amount": str(FEE), "payment": rows[0]})
        under_way.later("news", "tell", {})
        under_way.later("bank", "take", {"amount": str(FEE), "payment": rows[1]})
        letter = Letter("fee", under_way.customer.email, "Fees", "Taken.")
        under_way.record(letter, before={}, after={"fees": 2})
        return Receipt()

    def run(self, customer: Customer, key: str = "k") -> Receipt:
        return self.writes.once(who(key=key), customer, NUMBER, (), self.write, Receipt)


def book(shop: Services, status: str | None = None) -> Decimal:
    """Sum the fees in the shop's books."""
    table = schema.payments
    query = select(func.sum(table.c.amount)).where(table.c.method_id == "card")
    if status:
        query = query.where(table.c.status == status)
    with shop.database.read() as connection:
        return connection.execute(query).scalar() or Decimal(0)


def state(shop: Services) -> str:
    table = saga_tables.sagas
    query = select(table.c.state).where(table.c.id.like("order.fee:%"))
    with shop.database.read() as connection:
        return str(connection.execute(query).scalar_one())


def until_quiet(shop: Services, clock: Clock) -> None:
    """Deliver until nothing waits, whoever dies on the way."""
    table = saga_tables.sagas
    waiting = select(func.count()).select_from(table).where(table.c.next_try_at.is_not(None))
    for _ in range(200):
        try:
            shop.sagas.deliver()
        except Died:
            pass
        with shop.database.read() as connection:
            if connection.execute(waiting).scalar_one() == 0:
                return
        clock.forward(hours=1)
    raise AssertionError("it never ends")


@pytest.fixture()
def bank() -> Bank:
    return Bank()


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path, clock: Clock, letters: Letters
) -> Iterator[Services]:
    """A shop on each kind of database."""
    if request.param == "sqlite":
        shutil.copy(template, tmp_path / "shop.db")
        url = f"sqlite:///{tmp_path}/shop.db"
    else:
        url = request.getfixturevalue("database")
    made = Services(url, policies=POLICIES, sink=letters, clock=clock)
    yield made
    made.close()


@pytest.fixture()
def marcus(shop: Services) -> Customer:
    return verified(shop, who(), MARCUS)


def test_steps_are_done_after_the_commit_in_order_and_once(
    shop: Services, bank: Bank, marcus: Customer
) -> None:
    flow = Flow(shop, bank)
    assert not flow.run(marcus).repeated
    assert bank.asked == 0  # nothing in the turn: nobody waits for it
    assert shop.sagas.deliver() == 3
    assert shop.sagas.deliver() == 0
    assert (bank.holds, book(shop, "settled"), state(shop)) == (2 * FEE, 2 * FEE, "done")
    assert flow.run(marcus).repeated
    assert shop.sagas.deliver() == 0
    assert count(shop, "outbox", kind="fee") == 1


def test_what_the_customer_waits_for_is_done_in_the_turn(
    shop: Services, bank: Bank, marcus: Customer, letters: Letters
) -> None:
    flow = Flow(shop, bank, at_once=True)
    receipt = flow.run(marcus)
    assert (bank.holds, receipt.waits) == (2 * FEE, False)
    shop.deliver()
    assert [message["Subject"] for message in letters.sent] == ["Fees"]  # once it is true
    assert state(shop) == "done"


def test_a_refusal_in_the_turn_undoes_everything_and_is_told(
    shop: Services, bank: Bank, marcus: Customer, letters: Letters
) -> None:
    flow, before = Flow(shop, bank, at_once=True), shop.commerce.order(NUMBER)
    bank.faults = ["", "declined"]
    for _ in range(2):  # the same call again ends the same way
        with pytest.raises(Refused) as refused:
            flow.run(marcus)
        assert refused.value.decision.rule == "outside_declined"
    assert (bank.taken, bank.holds, state(shop)) == ({next(iter(bank.taken)): FEE}, NONE, "undone")
    assert shop.commerce.order(NUMBER) == before
    shop.deliver()
    (letter,) = letters.sent
    assert letter["Subject"] == f"Not done: order {NUMBER}"
    assert "your payment was declined" in letter.get_content()
    assert "card_declined" not in letter.get_content()
    assert count(shop, "audit", action="order.fee.undone", rule="declined") == 1
    assert not flow.run(marcus, key="another").waits  # another try is another write
    assert bank.holds == 2 * FEE


def test_while_a_system_is_down_it_is_tried_again_with_growing_waits(
    shop: Services, bank: Bank, marcus: Customer, clock: Clock
) -> None:
    flow = Flow(shop, bank, at_once=True)
    bank.faults = ["down", "down", "lost"]
    assert flow.run(marcus).waits
    assert flow.run(marcus).waits  # a repeat doesn't go at it again
    assert bank.asked == 1
    assert shop.sagas.deliver() == 0
    clock.forward(seconds=16)
    shop.sagas.deliver()
    assert bank.asked == 2
    clock.forward(seconds=16)
    shop.sagas.deliver()
    assert bank.asked == 2  # the second wait is longer
    clock.forward(seconds=16)
    shop.sagas.deliver()
    assert (bank.asked, bank.holds) == (3, FEE)
    clock.forward(hours=1)
    shop.sagas.deliver()
    assert (bank.holds, book(shop, "settled"), state(shop)) == (2 * FEE, 2 * FEE, "done")
    assert count(shop, "outbox", kind="fee") == 1


def test_a_later_refusal_is_told_by_mail(
    shop: Services, bank: Bank, marcus: Customer, clock: Clock, letters: Letters
) -> None:
    flow = Flow(shop, bank, at_once=True)
    bank.faults = ["down", "", "declined"]
    assert flow.run(marcus).waits
    clock.forward(minutes=1)
    shop.deliver()
    assert (bank.holds, book(shop), state(shop)) == (NONE, NONE, "undone")
    assert [message["Subject"] for message in letters.sent] == [f"Not done: order {NUMBER}"]
    with pytest.raises(Refused):
        flow.run(marcus)


def test_what_cannot_be_undone_is_handed_to_a_person(
    shop: Services, bank: Bank, marcus: Customer, letters: Letters
) -> None:
    flow = Flow(shop, bank)
    flow.undo_fails = True
    flow.run(marcus)
    bank.faults = ["", "declined"]
    shop.deliver()
    shop.deliver()
    assert (bank.holds, state(shop)) == (NONE, "person")
    (ticket,) = shop.tickets.of(who(), marcus)
    assert (ticket.priority, ticket.subject) == ("high", f"For a person: order.fee of order {NUMBER}")
    told = letters.sent[-1]
    assert ticket.number in told.get_content()
    assert count(shop, "audit", action="order.fee.needs_person") == 1


def test_where_nothing_can_be_undone_the_rest_is_still_done(
    shop: Services, bank: Bank, marcus: Customer
) -> None:
    flow = Flow(shop, bank, undoable=False)
    flow.run(marcus)
    bank.faults = ["declined"]
    shop.deliver()
    shop.deliver()
    assert (bank.holds, len(flow.told), state(shop)) == (FEE, 1, "person")
    assert len(shop.tickets.of(who(), marcus)) == 1


def test_one_that_is_down_holds_up_nobody_else(
    shop: Services, bank: Bank, marcus: Customer, clock: Clock
) -> None:
    flow = Flow(shop, bank)
    for n in range(3):
        flow.run(marcus, key=f"k{n}")
    with shop.database.write() as connection:  # the last one begins with other news
        table = saga_tables.saga_steps
        first = select(func.max(table.c.id) - 2).scalar_subquery()
        connection.execute(update(table).where(table.c.id == first).values(system="news", action="tell"))
    bank.faults = ["down", "down"]
    shop.sagas.deliver()
    assert (bank.asked, len(flow.told)) == (1, 2)
    clock.forward(minutes=10)
    until_quiet(shop, clock)
    assert bank.holds == 5 * FEE


def test_several_at_once_do_everything_once(shop: Services, bank: Bank, marcus: Customer) -> None:
    flow = Flow(shop, bank)
    for n in range(4):
        flow.run(marcus, key=f"k{n}")
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: shop.sagas.deliver(), range(8))) == 12
    assert (bank.asked, bank.holds, len(flow.told)) == (8, 8 * FEE, 4)


def test_the_news_of_a_system_makes_it_be_asked_at_once(
    shop: Services, bank: Bank, marcus: Customer, clock: Clock
) -> None:
    flow = Flow(shop, bank)
    flow.run(marcus)
    bank.faults = ["down"]
    shop.sagas.deliver()
    assert shop.sagas.hasten("bank", lambda content: content["amount"] == "7.00") == 0
    assert shop.sagas.deliver() == 0
    assert shop.sagas.hasten("bank", lambda content: content["amount"] == str(FEE)) == 1
    assert shop.sagas.deliver() == 3


def test_a_step_of_a_system_that_nobody_here_knows_waits(
    shop: Services, bank: Bank, marcus: Customer, clock: Clock
) -> None:
    flow = Flow(shop, bank)
    flow.run(marcus)
    known = dict(shop.sagas.kinds)
    shop.sagas.kinds.clear()
    assert shop.sagas.deliver() == 0
    shop.sagas.kinds.update(known)
    clock.forward(hours=1)
    assert shop.sagas.deliver() == 3


FAULTS = st.lists(
    st.sampled_from(["", "", "down", "lost", "declined", "died before", "died after", "mistake"]), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(faults=FAULTS, undoable=st.booleans(), at_once=st.booleans(), undo_fails=st.booleans())
def test_in_the_end_all_or_nothing_or_a_person(
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    faults: list[str],
    undoable: bool,
    at_once: bool,
    undo_fails: bool,
) -> None:
    path = tmp_path_factory.mktemp("saga") / "shop.db"
    shutil.copy(template, path)
    clock, bank = Clock(NOW), Bank()
    shop = Services(f"sqlite:///{path}", policies=POLICIES, sink=Letters(), clock=clock)
    marcus = verified(shop, who(), MARCUS)
    flow = Flow(shop, bank, undoable=undoable, at_once=at_once)
    flow.undo_fails = undo_fails
    bank.faults = list(faults)
    try:
        flow.run(marcus)
    except (Refused, Died):
        pass
    until_quiet(shop, clock)
    ended, tickets = state(shop), len(shop.tickets.of(who(), marcus))
    if ended == "done":
        assert (bank.holds, book(shop, "settled"), len(set(flow.told)), tickets) == (2 * FEE, 2 * FEE, 1, 0)
    elif ended == "undone":
        assert (bank.holds, book(shop), tickets) == (NONE, NONE, 0)
        assert count(shop, "outbox", kind="write_undone") == 1
    else:
        assert ended == "person"
        assert tickets >= 1
        assert bank.holds == book(shop, "settled") or undoable
    assert max(bank.taken.values(), default=FEE) == FEE
    assert len(bank.taken) <= 2
    shop.close()


def test_a_fault_of_the_database_after_the_call_loses_nothing(
    shop: Services, bank: Bank, marcus: Customer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow(shop, bank)
    flow.run(marcus)
    calls = iter([Died(), RuntimeError("the disk is full")])

    def failing(step: Step, settled: Any = flow.settled) -> Any:
        def noted(connection: Any, done: Step) -> None:
            fault = next(calls, None)
            if fault is not None:
                raise fault
            settled(connection, done)

        return noted

    kind = shop.sagas.kinds["bank", "take"]
    shop.sagas.register("bank", "take", Kind(do=kind.do, noted=failing(None), undo=kind.undo))  # type: ignore[arg-type]
    until_quiet(shop, clock)
    assert (bank.holds, book(shop, "settled"), state(shop)) == (2 * FEE, 2 * FEE, "done")
    assert bank.asked == 4  # two of them were only repeated


def test_errors_know_what_they_are() -> None:
    assert issubclass(Declined, Rejected)
    assert Declined("S", 402).reason == "declined"
    assert CannotUndo("x").reason == "refused"
    assert not hasattr(AdapterError("S", "x"), "reason")
