"""Processes that die, and processes that meet: each charge and repayment happens at Stripe exactly once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from actions.adapters.settings import Adapters, StripeSettings
from actions.commerce import saga_tables
from actions.services.container import Services

from ..conftest import NOW, POLICIES, Clock, Letters, verified, who
from .stripe_server import KEY, StripeServer
from .test_provider_money import HUGO, MASTERCARD, NUMBER, VISA, Books, order_of

ROOT = Path(__file__).parents[3]
# A process with its own services: it dies at a call of the provider, before or after that had its effect.
PROCESS = """
import os, sys
from datetime import timedelta
from actions.adapters.settings import Adapters, StripeSettings
from actions.adapters.stripe_payments import StripePayments
from actions.services.container import Services
from tests.assistant.conftest import NOW, POLICIES, Letters, who
url, stripe, key, call, when, hours, what = sys.argv[1:]
real = getattr(StripePayments, call)
def dying(self, *given, **more):
    if when == "after":
        real(self, *given, **more)
    os._exit(9)
if when:
    setattr(StripePayments, call, dying)
now = NOW + timedelta(hours=int(hours))
adapters = Adapters(payments=StripeSettings(api_key=key, url=stripe))
shop = Services(url, policies=POLICIES, sink=Letters(), clock=lambda: now, adapters=adapters)
if what == "change":
    hugo = shop.commerce.customer_by_email("hugo.lindgren@example.com")
    shop.payments.change(who(), hugo, "L204507", "c10041_card_1")
shop.deliver()
shop.close()
"""


def command(
    url: str, stripe: StripeServer, what: str, call: str = "repay", when: str = "", hours: int = 0
) -> Any:
    """The command of such a process."""
    return [sys.executable, "-c", PROCESS, url, stripe.url, KEY, call, when, str(hours), what]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(template, tmp_path / "shop.db")
        return f"sqlite:///{tmp_path}/shop.db"
    return str(request.getfixturevalue("database"))


@pytest.fixture()
def shop(url: str, clock: Clock, letters: Letters, stripe_server: StripeServer) -> Iterator[Services]:
    adapters = Adapters(payments=StripeSettings(api_key=KEY, url=stripe_server.url))
    made = Services(url, policies=POLICIES, sink=letters, clock=clock, adapters=adapters)
    verified(made, who(), HUGO)
    yield made
    made.close()


@pytest.fixture()
def books(shop: Services, stripe_server: StripeServer) -> Books:
    return Books(shop, stripe_server)


@pytest.fixture()
def kept(shop: Services, books: Books) -> str:
    order = order_of(shop)
    customer = books.keep(order.customer_id, (VISA, "4242424242424242"), (MASTERCARD, "5555555555554444"))
    books.paid(order, MASTERCARD, customer)
    return customer


@pytest.mark.parametrize("call", ["charge", "repay"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_is_killed_loses_nothing_and_does_nothing_twice(
    shop: Services,
    books: Books,
    kept: str,
    url: str,
    stripe_server: StripeServer,
    call: str,
    when: str,
) -> None:
    ((_, amount),) = books.charges(kept).items()
    died = subprocess.run(command(url, stripe_server, "change", call, when), cwd=ROOT, check=False)
    assert died.returncode == 9
    stripe_server.keys.clear()  # Stripe forgets keys after a day
    for hours in (25, 27):
        subprocess.run(command(url, stripe_server, "deliver", hours=hours), cwd=ROOT, check=True)
    assert list(books.charges(kept).values()) == [amount]
    assert [row[3] for row in books.rows()] == ["settled"] * 3
    hugo = shop.commerce.customer(order_of(shop).customer_id)
    assert hugo is not None
    repeated = shop.payments.change(who(), hugo, NUMBER, VISA)
    assert (repeated.repeated, repeated.waits) == (True, False)


def test_processes_that_meet_do_everything_once(
    shop: Services, books: Books, kept: str, url: str, stripe_server: StripeServer
) -> None:
    customer = shop.commerce.customer(order_of(shop).customer_id)
    assert customer is not None
    for n, method in enumerate((VISA, MASTERCARD, VISA, MASTERCARD)):  # back and forth, four repayments
        shop.payments.change(who(key=f"k{n}"), customer, NUMBER, method)
    assert len(books.charges(kept)) == 5
    running = [subprocess.Popen(command(url, stripe_server, "deliver", hours=1), cwd=ROOT) for _ in range(3)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    table = saga_tables.sagas
    with shop.database.write() as connection:  # whoever met a locked file tries again
        connection.execute(update(table).where(table.c.next_try_at.is_not(None)).values(next_try_at=NOW))
    subprocess.run(command(url, stripe_server, "deliver", hours=3), cwd=ROOT, check=True)
    assert len(books.charges(kept)) == 1
    with shop.database.read() as connection:
        waiting = select(func.count()).select_from(table).where(table.c.state != "done")
        assert connection.execute(waiting).scalar_one() == 0
