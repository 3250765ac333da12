"""The contract of writing, over the embedded shop and over the mirror of WooCommerce's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.mirror import SOURCE, MirroredShop
from actions.commerce.port import Commerce
from actions.commerce.store import SqlStore
from actions.services.container import Services
from tests.assistant.adapters.described import running
from tests.assistant.adapters.woocommerce_server import WooCommerceServer, connected

from ..conftest import Clock
from .writing_contract import WritingContract

STATES = ("pending", "processing", "delivered")


def chosen(store: SqlStore) -> dict[str, str]:
    """Choose an order in each state, and put pieces of everything into stock."""
    with store.database.write() as connection:
        table = schema.variants
        connection.execute(update(table).where(table.c.stock.is_not(None)).values(stock=20, available=True))
    orders = store.snapshot().orders
    return {
        state: next(
            each.number
            for each in orders
            if each.status == state and each.paid and not each.refunds and each.total > Decimal(5)
        )
        for state in STATES
    }


class TestEmbedded(WritingContract):
    @pytest.fixture()
    def store(self, shop: Services) -> Commerce:  # type: ignore[override]
        return shop.commerce

    @pytest.fixture()
    def later(self, clock: Clock) -> Callable[[], None]:  # type: ignore[override]
        return lambda: clock.forward(minutes=1)

    @pytest.fixture()
    def numbers(self, shop: Services) -> dict[str, str]:  # type: ignore[override]
        return chosen(shop.commerce)


class TestMirrored(WritingContract):
    """Nothing is done at WooCommerce here, so that what is written has to wait for that."""

    @pytest.fixture()
    def store(  # type: ignore[override]
        self, shop: Services, tmp_path: Path, clock: Clock, template_brought: Path
    ) -> Iterator[Commerce]:
        path = shutil.copy(template_brought, tmp_path / "mirror.db")
        with running(WooCommerceServer(shop.commerce.snapshot())) as server:
            outside, database = connected(server), Database(f"sqlite:///{path}", source=SOURCE)
            made = MirroredShop(database, outside, clock, held=lambda _, subject: subject in self.written)
            clock.forward(minutes=1)
            yield made
            database.close()
            outside.close()

    @pytest.fixture(autouse=True)
    def _waiting(self) -> None:
        self.written: set[str] = set()

    @pytest.fixture()
    def later(self, clock: Clock, numbers: dict[str, str]) -> Callable[[], None]:  # type: ignore[override]
        def pass_by() -> None:
            self.written = {f"order {numbers['pending']}"}
            clock.forward(minutes=1)

        return pass_by

    @pytest.fixture()
    def numbers(self, store: MirroredShop) -> dict[str, str]:  # type: ignore[override]
        return chosen(store)
