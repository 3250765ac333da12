"""The same shop on a real PostgreSQL server: filled once, written once, locked where it counts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError

from actions.adapters.receiving import take
from actions.adapters.webhooks import Notice
from actions.commerce import schema
from actions.commerce.model import Customer
from actions.commerce.transfer import export_shop, import_shop
from actions.helpdesk.forwarding import ForwardedTickets
from actions.helpdesk.port import Ticket
from actions.services.container import Services
from actions.services.errors import Refused

from ..conftest import ANNA, MARCUS, NOW, Clock, Letters, verified, who
from .test_transfer import SMALL, contents


@pytest.fixture()
def on_postgres(database: str, clock: Clock, letters: Letters) -> Iterator[Services]:
    made = Services(database, sink=letters, clock=clock)
    yield made
    made.close()


def test_it_is_filled_once(database: str) -> None:
    made = [Services(database, clock=lambda: NOW) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        shops = list(pool.map(lambda each: each.commerce.snapshot(), made))
    assert shops[0] == shops[1] == shops[2]
    assert len(shops[0].orders) >= 220
    for each in made:
        each.close()


def test_identity_and_its_limits(on_postgres: Services) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(
                lambda n: on_postgres.identity.verify(who(f"c{n}"), ANNA[0], "L100000").status, range(10)
            )
        )
    assert done.count("failed") == 4
    assert verified(on_postgres, who(), MARCUS).first_name == "Marcus"


@pytest.mark.parametrize("same_key", [True, False])
def test_two_returns_at_once_have_one_effect(on_postgres: Services, same_key: bool) -> None:
    marcus = verified(on_postgres, who(), MARCUS)
    items = [f"{MARCUS[1]}-1", f"{MARCUS[1]}-2"]

    def start(n: int) -> str:
        key = "k" if same_key else f"k{n}"
        return on_postgres.returns.start(who(key=key), marcus, MARCUS[1], items, "damaged").reference

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(start, range(6)))) == 1
    with on_postgres.database.read() as connection:
        mine = (
            select(func.count()).select_from(schema.returns).where(schema.returns.c.order_number == MARCUS[1])
        )
        assert connection.execute(mine).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(schema.outbox)).scalar_one() == 1
    with pytest.raises(Refused):
        on_postgres.returns.start(who(key="other"), marcus, MARCUS[1], items[:1], "damaged")


def test_reset_outbox_tickets_and_audit(on_postgres: Services, letters: Letters) -> None:
    on_postgres.accounts.request_password_reset(who(), ANNA[0])
    on_postgres.accounts.request_password_reset(who(key="k2"), "nobody@example.com")
    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(lambda _: on_postgres.outbox.deliver(), range(3))) == 1
    assert letters.sent[0]["To"] == ANNA[0]
    with ThreadPoolExecutor(4) as pool:
        assert (
            len(
                {
                    ticket.number
                    for ticket in pool.map(lambda _: on_postgres.tickets.open(who(), "A", "B"), range(4))
                }
            )
            == 1
        )
    with pytest.raises(DBAPIError, match="never changed"), on_postgres.database.write() as connection:
        connection.execute(delete(schema.audit))


def test_import_and_export(database: str, tmp_path: Path) -> None:
    import_shop(SMALL, database)
    export_shop(tmp_path / "out", database)
    assert contents(tmp_path / "out") == contents(SMALL)


class Desk:
    """A help desk outside that takes everything."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def open(self, key: str, subject: str, body: str, priority: str, customer: Customer | None) -> Ticket:
        self.told.append(subject)
        return Ticket(number=str(len(self.told)), created=NOW, subject=subject, priority=priority)

    def find(self, number: str) -> Ticket | None:
        return Ticket(number=number, created=NOW, subject="", priority="high", status="pending")

    def add(self, key: str, number: str, text: str) -> Ticket | None:
        self.told.append(f"{number}: {text}")
        return self.find(number)

    def escalate(self, number: str, priority: str) -> Ticket | None:
        return self.find(number)


def test_tickets_go_on_to_a_help_desk(on_postgres: Services) -> None:
    desk = Desk()
    tickets = ForwardedTickets(desk, on_postgres.sagas, lambda _: 24, lambda: NOW)
    ticket = tickets.open(who(), "Lamp", "It flickers.", case="lamp")
    tickets.add(who(key="k2"), ticket, "It smells.")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: on_postgres.sagas.deliver(), range(6)))
    on_postgres.sagas.deliver()
    assert desk.told == ["Lamp", "1: It smells."]
    assert [(each.status, each.priority) for each in tickets.of(who(), None)] == [("pending", "high")]
    notice = Notice(system="Stripe", id="evt_1", kind="refund.failed", at=NOW, content={})
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: take(on_postgres, notice), range(4))).count(True) == 1
