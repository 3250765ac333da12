"""A scratch shop for every test: the demo shop on a real SQLite file, copied from one that is made once."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jwt
import pytest
from sqlalchemy import func, select

from actions.adapters.importing import read_whole
from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.mirror import SOURCE, MirroredShop
from actions.commerce.model import Customer, Shop
from actions.commerce.store import no_progress
from actions.services import close_services
from actions.services import services as services_of_environment
from actions.services.container import Services
from actions.services.context import Caller
from actions.services.rulebook import load_policies
from frontdesk.testing import servers

from .adapters.described import running
from .adapters.woocommerce_server import WooCommerceServer, connected

SECRET = "a-secret-that-is-only-for-tests-" + "0123456789" * 4
POLICIES = load_policies()
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)  # a Wednesday
ANNA = ("anna.bennett@example.com", "L204817", "97214")
MARCUS = ("marcus.reed@example.com", "L204393", "60614")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class Letters:
    """A sink that keeps e-mails, and fails as often as it is told."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.failures = 0

    def send(self, message: Any, name: str) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no route to the mail server")
        self.sent.append(message)


def seeded(path: Path, clock: Callable[[], datetime]) -> Path:
    """Make a seeded database file."""
    made = Services(f"sqlite:///{path}", clock=clock)
    assert made.database.engine
    made.close()
    return path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo shop as of NOW."""
    return seeded(tmp_path_factory.mktemp("shop") / "shop.db", lambda: NOW)


@pytest.fixture(scope="session")
def brought(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The demo shop as it is read from a WooCommerce that is filled from it: reading it whole takes seconds."""
    path = tmp_path_factory.mktemp("outside") / "shop.db"
    shutil.copy(template, path)
    made = Services(f"sqlite:///{path}", policies=POLICIES, sink=Letters(), clock=lambda: NOW)
    with running(WooCommerceServer(made.commerce.snapshot())) as server:
        outside = connected(server)
        whole, problems = read_whole(outside, no_progress)
        outside.close()
    made.close()
    assert problems == []
    return whole


@pytest.fixture(scope="session")
def template_brought(brought: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mirror of a WooCommerce with that shop, brought as of NOW and to be copied: to bring it takes a second."""
    path = tmp_path_factory.mktemp("brought") / "shop.db"
    database = Database(f"sqlite:///{path}", source=SOURCE)
    nobody = cast(Any, None)
    MirroredShop(database, nobody, lambda: NOW).bring(brought, NOW)
    database.close()
    return path


@pytest.fixture(scope="session")
def template_today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo shop as of the real today."""
    return seeded(tmp_path_factory.mktemp("shop-today") / "shop.db", lambda: datetime.now(UTC))


@pytest.fixture()
def database(postgresql: servers.Server) -> str:
    """The URL of an empty PostgreSQL database."""
    return postgresql.new_database().replace("postgresql:", "postgresql+psycopg:", 1)


@pytest.fixture()
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture()
def letters() -> Letters:
    return Letters()


@pytest.fixture()
def shop(template: Path, tmp_path: Path, clock: Clock, letters: Letters) -> Iterator[Services]:
    """The services on a fresh copy of the demo shop, with a clock that stands at NOW."""
    path = tmp_path / "shop.db"
    shutil.copy(template, path)
    made = Services(f"sqlite:///{path}", policies=POLICIES, sink=letters, clock=clock)
    yield made
    made.close()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def any_shop(request: pytest.FixtureRequest, clock: Clock, letters: Letters) -> Iterator[Services]:
    """The services on a fresh demo shop, on each of the databases."""
    if request.param == "SQLite":
        yield request.getfixturevalue("shop")
        return
    made = Services(request.getfixturevalue("database"), policies=POLICIES, sink=letters, clock=clock)
    yield made
    made.close()


@pytest.fixture()
def scratch_shop(template_today: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """What `services()` gives to actions: a fresh copy of the demo shop as of today, found by the environment."""
    path = tmp_path / "shop.db"
    shutil.copy(template_today, path)
    monkeypatch.setenv("FRONTDESK_SHOP_DB", f"sqlite:///{path}")
    monkeypatch.setenv("FRONTDESK_ACTIONS_SECRET", SECRET)
    monkeypatch.setenv("FRONTDESK_OUTBOX", "manual")
    yield services_of_environment()
    close_services()


@pytest.fixture()
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FRONTDESK_ACTIONS_SECRET", SECRET)
    return SECRET


def who(conversation: str = "web-1", key: str = "k1", *, authenticated: bool = True) -> Caller:
    """A caller as the signed context would give it."""
    return Caller(
        conversation=conversation,
        authenticated=authenticated,
        channel="web",
        action="action_test",
        message_id=f"m-{key}",
        idempotency_key=key,
    )


def token(secret: str = SECRET, **claims: Any) -> str:
    """A signed context as the engine makes it; a claim of None is left out."""
    now = int(time.time())
    made = {
        "sub": "web-1",
        "channel": "web",
        "auth": True,
        "act": "action_test",
        "mid": "m-1",
        "idem": "idem-1",
        "iat": now,
        "exp": now + 60,
        "aud": "actions",
    } | claims
    return jwt.encode(
        {name: value for name, value in made.items() if value is not None}, secret, algorithm="HS256"
    )


def tracker(signed: Any = None, *, sender: str = "web-1", **message: Any) -> Any:
    """The part of a tracker that `caller` reads."""
    metadata = {"frontdesk": signed} if signed is not None else {}
    return SimpleNamespace(sender_id=sender, latest_message={"metadata": metadata} | message)


def count(shop: Services, table: str, **where: object) -> int:
    """Count the rows of a table with these values."""
    found = schema.metadata.tables[table]
    query = select(func.count()).select_from(found)
    for name, value in where.items():
        query = query.where(found.c[name] == value)
    with shop.database.read() as connection:
        return connection.execute(query).scalar_one()


def verified(shop: Services, caller: Caller, person: tuple[str, str, str] = MARCUS) -> Customer:
    """Verify a conversation as one of the demo customers."""
    done = shop.identity.verify(caller, person[0], person[1])
    assert done.status == "verified"
    assert done.customer is not None
    return done.customer
