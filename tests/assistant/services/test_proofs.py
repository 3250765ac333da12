"""Who a customer is, by levels: which claims are enough for what, and that nothing is told about wrong ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import event

from actions.services.container import Services
from actions.services.proofs import Claim, claimed_ways, plain
from actions.services.typed_policies import ANYTHING
from tests.assistant.conftest import ANNA, MARCUS, POLICIES, Clock, count, who

STEPS = {"browse": ("email",), "account": ("email_order", "email_postcode"), "by_name": ("name_postcode",)}


def with_identity(template: Path, tmp_path: Path, clock: Clock, **changes: object) -> Services:
    """The services on a copy of the demo shop, with other rules about identity."""
    path = tmp_path / "own.db"
    path.write_bytes(template.read_bytes())
    identity = dataclasses.replace(POLICIES.identity, **changes)  # type: ignore[arg-type]
    policies = dataclasses.replace(POLICIES, identity=identity)
    return Services(f"sqlite:///{path}", policies=policies, clock=clock)


@pytest.fixture
def leveled(template, tmp_path, clock):
    made = with_identity(
        template, tmp_path, clock, levels=STEPS, needs={"anything": "account", "order_status": "browse"}
    )
    yield made
    made.close()


@pytest.fixture
def named(template, tmp_path, clock):
    made = with_identity(
        template,
        tmp_path,
        clock,
        levels={"account": ("email", "name_postcode")},
        needs={"anything": "account"},
        one_customer=True,
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    ("claim", "ways"),
    [
        (Claim("a@example.com"), ("email",)),
        (Claim("a@example.com", "L204817"), ("email_order", "email")),
        (Claim("a@example.com", "97214"), ("email_postcode", "email")),
        (Claim("", "97214", "Anna Bennett"), ("name_postcode",)),
        (Claim("", "", "Anna Bennett"), ()),
        (Claim("", "L204817"), ()),
    ],
)
def test_what_a_claim_could_prove(claim, ways):
    assert claimed_ways(claim) == ways


def test_the_demo_shop_accepts_neither_the_address_alone_nor_the_name(shop):
    assert shop.identity.verify(who(), ANNA[0]).status == "failed"
    assert shop.identity.verify(who(), "", ANNA[2], name="Anna Bennett").status == "failed"
    assert shop.identity.customer(who()) is None


def test_an_action_that_needs_less_is_served_and_one_that_needs_more_is_not(leveled):
    done = leveled.identity.verify(who(), ANNA[0], action="order_status")
    assert done.status == "verified" and done.customer and done.customer.first_name == "Anna"
    assert leveled.identity.customer(who(), "order_status") == done.customer
    assert leveled.identity.known(who()) == done.customer
    assert leveled.identity.customer(who()) is None
    known, way = leveled.identity.proven(who())
    assert known == done.customer
    assert [leveled.identity.suffices(way, each) for each in (ANYTHING, "order_status")] == [False, True]
    with leveled.database.read() as connection:
        assert not leveled.identity.is_verified(connection, who(), done.customer)
        assert leveled.identity.is_verified(connection, who(), done.customer, "order_status")


def test_one_thing_more_lifts_the_level(leveled):
    leveled.identity.verify(who(), ANNA[0], action="order_status")
    assert leveled.identity.verify(who(key="k2"), ANNA[0], ANNA[2]).status == "verified"
    assert leveled.identity.customer(who()) is not None
    assert leveled.identity.customer(who(), "order_status") is not None  # more is enough for less


@pytest.mark.parametrize("name", ["Anna Bennett", "anna bennett", "ANNA  BENNETT", "Anna Bennett."])
def test_a_name_with_its_zip_code_verifies_where_the_policy_says_so(named, name):
    done = named.identity.verify(who(), "", ANNA[2], name=name)
    assert done.customer and done.customer.email == ANNA[0]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Anna Bennett", MARCUS[2]),
        ("Anna Reed", ANNA[2]),
        ("Anna", ANNA[2]),
        ("Bennett Anna", ANNA[2]),
        ("", ANNA[2]),
    ],
)
def test_half_of_it_doesnt(named, name, code):
    assert named.identity.verify(who(), "", code, name=name).status == "failed"


def test_a_wrong_name_costs_the_same_as_a_right_one_at_the_wrong_place(named):
    def queries(name: str, code: str, conversation: str) -> int:
        seen: list[str] = []
        event.listen(named.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        result = named.identity.verify(who(conversation), "", code, name=name)
        assert result.status == "failed"
        return len(seen)

    assert queries("Nobody Known", "99999", "web-a") == queries("Anna Bennett", "99999", "web-b")


def test_guessing_names_is_limited_over_all_conversations(named):
    for turn in range(POLICIES.identity.attempts_per_email):
        named.identity.verify(who(f"web-{turn}", f"k{turn}"), "", "00001", name="Anna Bennett")
    assert named.identity.verify(who("web-x", "kx"), "", ANNA[2], name="Anna Bennett").status == "locked"


def test_an_invented_address_beside_a_name_is_no_way_around_the_lock(named):
    for turn in range(POLICIES.identity.attempts_per_email):
        guess = named.identity.verify(
            who(f"web-{turn}"), f"guess{turn}@example.com", "00001", name="Anna Bennett"
        )
        assert guess.status != "verified"
    last = named.identity.verify(who("web-x"), "another@example.com", ANNA[2], name="Anna Bennett")
    assert last.status == "locked"


def test_a_conversation_stays_with_its_customer_where_the_policy_says_so(named):
    named.identity.verify(who(), ANNA[0])
    before = count(named, "throttles")
    for email in (MARCUS[0], "nobody@example.com"):  # whether it exists makes no difference
        assert named.identity.verify(who(key="k2"), email).status == "one_customer"
    assert named.identity.verify(who(key="k3"), "", MARCUS[2], name="Marcus Reed").status == "one_customer"
    assert count(named, "throttles") == before
    customer = named.identity.customer(who())
    assert customer and customer.email == ANNA[0]


def test_silence_ends_a_level_as_any_verification(leveled, clock):
    leveled.identity.verify(who(), ANNA[0], action="order_status")
    clock.forward(minutes=POLICIES.identity.idle_minutes + 1)
    assert leveled.identity.known(who()) is None


def test_names_are_compared_without_marks():
    assert plain("José O'Neil-Smith ") == "jose oneilsmith"
