"""What a shop without dates is told at the start: each rule that isn't applied, and why."""

from __future__ import annotations

import dataclasses
import logging

import pytest
from sqlalchemy import update

from actions.commerce import schema
from actions.services import close_services, services
from actions.services.inactive import inactive_rules
from tests.assistant.conftest import POLICIES


@pytest.fixture
def undated(shop):
    with shop.database.write() as connection:
        connection.execute(update(schema.shipments).values(delivered_at=None))
        connection.execute(update(schema.orders).values(placed_at=None))
    return shop


def with_returns(**changes):
    return dataclasses.replace(POLICIES, returns=dataclasses.replace(POLICIES.returns, **changes))


def test_a_shop_with_dates_has_nothing_to_report(shop):
    assert shop.inactive_rules() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "a person decides"),
        ({"when_delivery_date_unknown": "allow"}, "isn't applied"),
        ({"window_days": None}, "is off"),
    ],
)
def test_the_window_of_returns_is_reported(undated, changes, said):
    with undated.database.read() as connection:
        found = inactive_rules(connection, with_returns(**changes))
    assert "returns.yml" in found[0] and said in found[0]
    assert any("first 60 minutes" in sentence for sentence in found)


def test_it_is_said_once_when_the_services_are_made(scratch_shop, caplog):
    with scratch_shop.database.write() as connection:
        connection.execute(update(schema.shipments).values(delivered_at=None))
    close_services()
    with caplog.at_level(logging.WARNING):
        services()
        services()
    assert sum("returns.yml" in record.message for record in caplog.records) == 1
