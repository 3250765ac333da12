"""Details of an account: name, phone and offers by e-mail; each change once, recorded, and told by e-mail."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from actions.commerce import schema
from actions.commerce.model import Customer
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.profile import decide_detail, full_name
from tests.assistant.conftest import ANNA, POLICIES, count, verified, who


@pytest.fixture()
def anna(shop: Services) -> Customer:
    return verified(shop, who(), ANNA)


def now(shop: Services, customer: Customer) -> Customer:
    known = shop.commerce.customer(customer.id)
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("field", "value", "name", "kept"),
    [
        ("phone", "503 555 0188", "phone", "(503) 555-0188"),
        ("name", "anna reed", "last_name", "Reed"),
        ("marketing", "off", "marketing_email", False),
        ("marketing", "on", "marketing_email", True),
    ],
)
def test_a_detail_is_changed_once(
    shop: Services, anna: Customer, field: str, value: str, name: str, kept: object
) -> None:
    receipt = shop.profile.change(who(), anna, field, value)
    again = shop.profile.change(who(), anna, field, value)
    later = shop.profile.change(who(key="k2"), anna, field, value)
    assert (receipt.repeated, again.repeated, later.repeated) == (False, True, True)
    assert getattr(now(shop, anna), name) == kept
    assert count(shop, "outbox", kind="account_changed") == count(shop, "audit", action="account.change") == 1


def test_what_a_customer_wrote_is_neither_audited_nor_sent(shop: Services, anna: Customer) -> None:
    shop.profile.change(who(), anna, "phone", "(503) 555-0188")
    with shop.database.read() as connection:
        table = schema.audit
        audit = connection.execute(select(table).where(table.c.action == "account.change")).mappings().one()
        letter = connection.execute(select(schema.outbox)).mappings().one()
    assert audit["after"] == {"field": "phone"}
    assert "0188" not in letter["body"]
    assert letter["recipient"] == ANNA[0]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("phone", "12", "unusable"),
        ("name", "Anna", "unusable"),
        ("marketing", "maybe", "unusable"),
        ("email", "b@example.com", "not_in_chat"),
        ("tier", "gold", "not_in_chat"),
        ("points", "100000", "not_in_chat"),
        ("name", "Anna Bennett", "same"),
    ],
)
def test_what_is_refused_changes_nothing(
    shop: Services, anna: Customer, field: str, value: str, rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.profile.change(who(), anna, field, value)
    assert refused.value.decision.rule == rule
    assert rule in POLICIES.accounts.rules
    assert now(shop, anna) == anna


def test_only_the_verified_customer(shop: Services, anna: Customer) -> None:
    with pytest.raises(Refused) as refused:
        shop.profile.change(who("web-9"), anna, "marketing", "off")
    assert refused.value.decision.rule == "not_verified"


def test_the_policies_say_what_the_chat_may_change(anna: Customer) -> None:
    closed = dataclasses.replace(
        POLICIES, accounts=dataclasses.replace(POLICIES.accounts, chat_changes=("address",))
    )
    assert decide_detail(anna, "phone", "503 555 0188", closed).rule == "not_in_chat"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("dana o'neil", "Dana O'Neil"),
        ("Dana de la Cruz", "Dana de la Cruz"),
        ("Zoë Müller-Lüdenscheidt", "Zoë Müller-Lüdenscheidt"),
        ("Dana", None),
        ("Dana 4", None),
        ("<b>Dana</b> X", None),
    ],
)
def test_names(text: str, written: str | None) -> None:
    assert full_name(text) == written


@given(st.text(max_size=120))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    name = full_name(text)
    assert name is None or full_name(name) == name
