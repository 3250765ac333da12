"""The types of the tables: exact money, times in UTC, and statements that PostgreSQL takes too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from actions.commerce import schema

SQLITE = sqlite.dialect()  # type: ignore[no-untyped-call]
POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]


@given(st.decimals(-(10**9), 10**9, places=2))
def test_money_comes_back_exactly(amount: Decimal) -> None:
    money = schema.Money()
    back = money.process_result_value(money.process_bind_param(amount, SQLITE), SQLITE)
    assert back == amount
    assert str(back) == str(amount.quantize(Decimal("0.01")))


def test_a_fraction_of_a_cent_is_refused() -> None:
    with pytest.raises(ValueError, match="cents"):
        schema.Money().process_bind_param(Decimal("1.005"), SQLITE)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_times_are_kept_in_utc(dialect: sqlite.dialect) -> None:
    moment = datetime(2026, 11, 18, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    kind = schema.Moment()
    back = kind.process_result_value(kind.process_bind_param(moment, dialect), dialect)
    assert back == moment
    assert back is not None
    assert back.tzinfo is UTC
    with pytest.raises(ValueError, match="time zone"):
        kind.process_bind_param(datetime(2026, 1, 1), dialect)


def test_every_table_can_be_made_in_postgresql() -> None:
    for table in schema.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=POSTGRES)).strip().startswith("CREATE TABLE")


def test_the_shop_tables_are_deleted_before_what_they_refer_to() -> None:
    order = [table.name for table in schema.SHOP_TABLES]
    for table in schema.SHOP_TABLES:
        for key in table.foreign_keys:
            assert order.index(table.name) < order.index(key.column.table.name)
