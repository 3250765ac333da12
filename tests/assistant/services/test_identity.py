"""Identity: proven, remembered, forgotten, and never a source of knowledge about who exists."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update

from actions.commerce import schema
from actions.commerce.rows import customer_rows
from actions.services.container import Services
from actions.services.proofs import postcode

from ..conftest import ANNA, MARCUS, Clock, verified, who


@pytest.mark.parametrize(
    "proof", ["L204817", "#L204817", "l-204817", "204817", "it's L 204817, thanks", "97214", "97214-1234"]
)
@pytest.mark.parametrize("email", ["anna.bennett@example.com", "  Anna.Bennett@Example.COM "])
def test_email_and_order_number_or_postcode_verify(shop: Services, email: str, proof: str) -> None:
    done = shop.identity.verify(who(), email, proof)
    assert done.status == "verified"
    assert done.customer is not None
    assert done.customer.name == "Anna Bennett"
    known = shop.identity.customer(who(key="another message"))
    assert known == done.customer


@pytest.mark.parametrize(
    ("email", "proof"),
    [
        ("nobody@example.com", "L204817"),
        ("anna.bennett@example.com", "L999999"),
        ("anna.bennett@example.com", MARCUS[1]),
        ("anna.bennett@example.com", MARCUS[2]),
        ("anna.bennett@example.com", ""),
        ("", ""),
        ("", "97214"),
        ("anna.bennett@example.com", "' OR 1=1 --"),
        ("%", "%"),
        ("anna.bennett@example.com\x00", "L204817"),
        ("x" * 5000, "y" * 5000),
    ],
)
def test_every_wrong_guess_gets_the_same_answer(shop: Services, email: str, proof: str) -> None:
    done = shop.identity.verify(who(), email, proof)
    assert (done.status, done.customer, done.attempts_left) == ("failed", None, 4)
    assert shop.identity.customer(who()) is None


def statements(shop: Services, email: str, proof: str, conversation: str) -> list[str]:
    """The SQL of one attempt, without its values."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(shop.database.engine, "before_cursor_execute", note)
    try:
        shop.identity.verify(who(conversation), email, proof)
    finally:
        event.remove(shop.database.engine, "before_cursor_execute", note)
    return seen


def test_every_wrong_guess_does_the_same_work(shop: Services) -> None:
    unknown = statements(shop, "nobody@example.com", "L999999", "c1")
    assert unknown == statements(shop, ANNA[0], "L999999", "c2")
    assert unknown == statements(shop, "someone@example.com", ANNA[1], "c3")
    assert unknown == statements(shop, "grace.okafor@example.com", MARCUS[1], "c4")
    assert unknown == statements(shop, "lucia.alvarez@example.com", "00000", "c5")


def test_guesses_in_one_conversation_are_limited(shop: Services, clock: Clock) -> None:
    left = [shop.identity.verify(who(), f"guess{n}@example.com", "L100000") for n in range(5)]
    assert [(entry.status, entry.attempts_left) for entry in left] == [
        ("failed", 4), ("failed", 3), ("failed", 2), ("failed", 1), ("locked", 0),
    ]  # fmt: skip
    locked = shop.identity.verify(who(), ANNA[0], ANNA[1])
    assert locked.status == "locked"
    assert locked.locked_until is not None
    assert (locked.locked_until - clock()).total_seconds() == 30 * 60
    clock.forward(minutes=29)
    assert shop.identity.verify(who(), ANNA[0], ANNA[1]).status == "locked"
    clock.forward(minutes=1)
    assert shop.identity.verify(who(), ANNA[0], ANNA[1]).status == "verified"


@pytest.mark.parametrize("email", [ANNA[0], "nobody@example.com"])
def test_guesses_for_one_address_are_limited_whether_it_exists_or_not(shop: Services, email: str) -> None:
    for n in range(4):
        assert shop.identity.verify(who(f"c{n}"), email, "L100000").status == "failed"
    assert shop.identity.verify(who("c5"), email.upper(), "L100000").status == "locked"
    assert shop.identity.verify(who("c6"), email, "L204817").status == "locked"
    assert shop.identity.verify(who("c6"), MARCUS[0], MARCUS[1]).status == "verified"


def test_old_guesses_no_longer_count(shop: Services, clock: Clock) -> None:
    for _ in range(4):
        shop.identity.verify(who(), ANNA[0], "L100000")
    clock.forward(minutes=61)
    done = shop.identity.verify(who(), ANNA[0], "L100000")
    assert (done.status, done.attempts_left) == ("failed", 4)


def test_a_success_does_not_buy_new_guesses(shop: Services) -> None:
    for _ in range(4):
        shop.identity.verify(who(), "nobody@example.com", "L100000")
    assert shop.identity.verify(who(), *MARCUS[:2]).status == "verified"
    assert shop.identity.verify(who(), "nobody2@example.com", "L100000").status == "locked"


def test_guesses_at_the_same_time_are_all_counted(shop: Services) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(lambda n: shop.identity.verify(who(f"c{n}"), ANNA[0], "L100000").status, range(12))
        )
    assert done.count("failed") == 4
    assert done.count("locked") == 8


def test_an_unauthenticated_conversation_is_never_verified(shop: Services) -> None:
    stranger = who(authenticated=False)
    assert shop.identity.verify(stranger, ANNA[0], ANNA[1]).status == "unavailable"
    assert shop.identity.customer(stranger) is None
    verified(shop, who())
    assert shop.identity.customer(stranger) is None  # not even with the id of a verified one
    shop.identity.forget(stranger)
    assert shop.identity.customer(who()) is not None


def test_a_conversation_belongs_to_one_customer(shop: Services) -> None:
    verified(shop, who("c1"), ANNA)
    assert shop.identity.customer(who("c2")) is None
    verified(shop, who("c1"), MARCUS)
    known = shop.identity.customer(who("c1"))
    assert known is not None
    assert known.first_name == "Marcus"
    shop.identity.verify(who("c1"), ANNA[0], "L100000")  # a failed switch changes nothing
    assert shop.identity.customer(who("c1")) == known


def test_a_silent_conversation_is_forgotten(shop: Services, clock: Clock) -> None:
    verified(shop, who())
    for _ in range(3):
        clock.forward(minutes=29)
        assert shop.identity.customer(who()) is not None
    clock.forward(minutes=31)
    assert shop.identity.customer(who()) is None


def test_a_locked_database_does_not_hide_who_it_is(
    shop: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(shop, who())
    shop.database.close()
    monkeypatch.setattr("actions.commerce.database.BUSY_SECONDS", 0.05)
    clock.forward(minutes=5)
    with shop.database.write():
        assert shop.identity.customer(who()) is not None


def test_even_a_busy_conversation_has_to_prove_itself_again(shop: Services, clock: Clock) -> None:
    verified(shop, who())
    for _ in range(24):
        clock.forward(minutes=20)
        shop.identity.customer(who())
    clock.forward(minutes=1)
    assert shop.identity.customer(who()) is None


def test_forgetting(shop: Services) -> None:
    verified(shop, who())
    shop.identity.forget(who())
    shop.identity.forget(who())
    assert shop.identity.customer(who()) is None


def test_counters_and_audit_hold_no_addresses(shop: Services) -> None:
    shop.identity.verify(who(), "nobody@example.com", "L100000")
    shop.identity.verify(who(), *ANNA[:2])
    with shop.database.read() as connection:
        rows = [*connection.execute(select(schema.throttles)), *connection.execute(select(schema.audit))]
    assert rows
    assert "@" not in str(rows)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("97214", "97214"),
        ("my zip is 97214-0012.", "97214"),
        ("L97214", None),
        ("204817", None),
        ("9721", None),
        ("", None),
    ],
)
def test_postcodes_in_texts(text: str, found: str | None) -> None:
    assert postcode(text) == found


@pytest.fixture()
def guests(shop: Services) -> tuple[str, str]:
    """Two orders that were placed without an account, with the address of a customer who has one."""
    numbers = []
    with shop.database.write() as connection:
        orders = schema.orders
        theirs = [row.number for row in connection.execute(select(orders.c.number).limit(2))]
        for number in theirs:
            guest = dataclasses.replace(
                shop.commerce.snapshot().customers[0], guest=True, id=f"guest-{number}"
            )
            guest = dataclasses.replace(guest, email=ANNA[0], payment_methods=())
            row, _ = customer_rows(900, guest)
            connection.execute(insert(schema.customers), row)
            mine = update(orders).where(orders.c.number == number)
            connection.execute(mine.values(customer_id=guest.id))
            numbers.append(number)
    first, second = numbers
    return first, second


def test_a_guest_is_known_by_the_address_with_that_order_only(
    shop: Services, guests: tuple[str, str]
) -> None:
    done = shop.identity.verify(who(), ANNA[0].upper(), guests[0])
    assert done.customer is not None
    assert done.customer.id == f"guest-{guests[0]}"
    assert [order.number for order in shop.orders.recent(done.customer)] == [guests[0]]
    account = shop.identity.verify(who("web-2"), ANNA[0], ANNA[1])
    assert account.customer is not None
    assert not account.customer.guest
    assert not {order.number for order in shop.orders.recent(account.customer)} & set(guests)


@pytest.mark.parametrize(
    ("email", "name"), [("other@example.com", ""), ("", ""), ("!", ""), ("", "Someone Else"), ("!", "!")]
)
def test_nothing_else_proves_a_guest(shop: Services, guests: tuple[str, str], email: str, name: str) -> None:
    proof = guests[0] if email else "97214"
    assert shop.identity.verify(who(), email, proof, name=name).status == "failed"
    assert shop.identity.verify(who("web-2"), "!", MARCUS[1]).status == "failed"


def test_a_guest_has_no_account_to_change(shop: Services, guests: tuple[str, str]) -> None:
    done = shop.identity.verify(who(), ANNA[0], guests[0])
    assert done.customer is not None
    assert shop.profile.decide(done.customer, "phone", "503 555 0117").rule == "guest"
    assert shop.addresses.decide_profile(done.customer, done.customer.address).rule == "guest"
