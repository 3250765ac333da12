"""Changing addresses: of an order, of the account, of both; once, recorded, and only for the verified owner."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from actions.commerce import schema
from actions.commerce.model import Address, Customer
from actions.services import audit
from actions.services.container import Services
from actions.services.errors import Refused, ServiceError
from tests.assistant.conftest import MARCUS, count, verified, who

NUMBER = "L204991"
GRACE = ("grace.okafor@example.com", NUMBER, "30307")
NEW = Address(line1="22 Oak Street", line2="Apt 4", city="Boulder", state="CO", postcode="80302")


@pytest.fixture()
def grace(shop: Services) -> Customer:
    return verified(shop, who(), GRACE)


def places(shop: Services, customer: Customer) -> tuple[Address, Address]:
    order, known = shop.orders.find(customer, NUMBER), shop.commerce.customer(customer.id)
    assert order is not None
    assert known is not None
    return order.address, known.address


@pytest.mark.parametrize(("number", "profile"), [(NUMBER, False), (None, True), (NUMBER, True)])
def test_what_was_named_is_changed_and_nothing_else(
    shop: Services, grace: Customer, number: str | None, profile: bool
) -> None:
    receipt = shop.addresses.change(who(), grace, NEW, number=number, profile=profile)
    assert (receipt.order_number, receipt.profile, receipt.repeated) == (number, profile, False)
    assert places(shop, grace) == (NEW if number else grace.address, NEW if profile else grace.address)
    assert count(shop, "audit", action="address.change") == (number is not None) + profile
    with shop.database.read() as connection:
        letter = connection.execute(select(schema.outbox)).mappings().one()
        audit = (
            connection.execute(select(schema.audit).where(schema.audit.c.action == "address.change"))
            .mappings()
            .first()
        )
    assert letter["recipient"] == GRACE[0]
    assert "22 Oak Street, Apt 4, Boulder, CO 80302" in letter["body"]
    assert audit is not None
    assert audit["after"] == {"state": "CO", "postcode": "80302"}
    assert "Oak" not in str(dict(audit))


@pytest.mark.parametrize("same_key", [True, False])
def test_many_at_once_have_one_effect(shop: Services, grace: Customer, same_key: bool) -> None:
    def change(n: int) -> bool:
        key = "k" if same_key else f"k{n}"
        return shop.addresses.change(who(key=key), grace, NEW, number=NUMBER, profile=True).repeated

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(change, range(8))).count(False) == 1
    assert count(shop, "outbox") == 1
    assert count(shop, "audit", action="address.change") == 2


def test_there_and_back_again_are_three_changes(shop: Services, grace: Customer) -> None:
    for place, address in enumerate((NEW, grace.address, NEW)):
        receipt = shop.addresses.change(who(key=f"k{place}"), grace, address, number=NUMBER)
        assert not receipt.repeated
    assert places(shop, grace)[0] == NEW


def test_of_both_one_may_have_the_address_already(shop: Services, grace: Customer) -> None:
    shop.addresses.change(who(), grace, NEW, profile=True)
    receipt = shop.addresses.change(who(key="k2"), grace, NEW, number=NUMBER, profile=True)
    assert not receipt.repeated
    verified(shop, who("web-2"), GRACE)
    with pytest.raises(Refused) as refused:
        shop.addresses.change(who("web-2", "k3"), grace, NEW, number=NUMBER, profile=True)
    assert refused.value.decision.rule == "same_address"


@pytest.mark.parametrize(
    ("conversation", "number", "rule"),
    [
        ("web-9", NUMBER, "not_verified"),
        ("web-9", None, "not_verified"),
        ("web-1", MARCUS[1], "unknown_order"),
        ("web-1", "L204735", "dispatched"),
        ("web-1", "L204206", "delivered"),
    ],
)
def test_what_is_refused_changes_nothing(
    shop: Services, grace: Customer, conversation: str, number: str | None, rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.addresses.change(who(conversation), grace, NEW, number=number, profile=True)
    assert refused.value.decision.rule == rule
    assert places(shop, grace) == (grace.address, grace.address)
    assert count(shop, "outbox") == 0


def test_an_address_made_up_by_a_client_is_checked_again(shop: Services, grace: Customer) -> None:
    for bad in (
        dataclasses.replace(NEW, state="PR"),
        dataclasses.replace(NEW, postcode="x"),
        dataclasses.replace(NEW, city=""),
    ):
        with pytest.raises(Refused):
            shop.addresses.change(who(), grace, bad, number=NUMBER)
    with pytest.raises(ServiceError, match="names an order, the account, or both"):
        shop.addresses.change(who(), grace, NEW)


def test_a_failure_leaves_nothing_behind(
    shop: Services, grace: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the audit trail is gone")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        shop.addresses.change(who(), grace, NEW, number=NUMBER, profile=True)
    assert places(shop, grace) == (grace.address, grace.address)
    assert count(shop, "outbox") == 0
