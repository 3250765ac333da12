"""Password reset: a single-use link to those who exist, and nothing to be learnt by anyone."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from sqlalchemy import event, func, select

from actions.commerce import schema
from actions.services.container import Services

from ..conftest import ANNA, Clock, Letters, who

EMAIL = ANNA[0]
URL = re.compile(r"https://larkspur\.example/account/reset\?token=(\S+)")


def token_of(letters: Letters, place: int = -1) -> str:
    found = URL.search(letters.sent[place].get_content())
    assert found
    return found[1]


def ask(
    shop: Services, email: str = EMAIL, conversation: str = "web-1", key: str = "k1", **more: Any
) -> None:
    shop.accounts.request_password_reset(who(conversation, key, **more), email)


def test_a_customer_gets_a_link_that_works_once(shop: Services, letters: Letters) -> None:
    ask(shop, " Anna.Bennett@EXAMPLE.com ")
    assert shop.outbox.deliver() == 1
    assert letters.sent[0]["To"] == EMAIL
    token = token_of(letters)
    with shop.database.read() as connection:
        rows = str(connection.execute(select(schema.reset_links)).all())
        wiped = connection.execute(select(schema.outbox.c.body)).scalar_one()
    assert token not in rows
    assert hashlib.sha256(token.encode()).hexdigest() in rows
    assert token not in wiped
    used = shop.accounts.use_reset_link(token)
    assert used is not None
    assert used.email == EMAIL
    assert shop.accounts.use_reset_link(token) is None


def test_links_expire_and_newer_ones_replace_older_ones(
    shop: Services, letters: Letters, clock: Clock
) -> None:
    ask(shop, key="k1")
    ask(shop, key="k2")
    shop.outbox.deliver()
    assert shop.accounts.use_reset_link(token_of(letters, 0)) is None
    clock.forward(minutes=30)
    assert shop.accounts.use_reset_link(token_of(letters, 1)) is None
    ask(shop, key="k3")
    shop.outbox.deliver()
    clock.forward(minutes=29)
    assert shop.accounts.use_reset_link(token_of(letters)) is not None


@pytest.mark.parametrize("token", ["", "x", "'; DROP TABLE reset_links", "\ud800", "y" * 9000])
def test_made_up_tokens_open_nothing(shop: Services, token: str) -> None:
    ask(shop, "nobody@example.com")
    assert shop.accounts.use_reset_link(token) is None


def test_an_unknown_address_gets_nothing(shop: Services, letters: Letters) -> None:
    ask(shop, "nobody@example.com")
    assert shop.outbox.deliver() == 0
    assert letters.sent == []
    with shop.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(schema.outbox)).scalar_one() == 0
        assert "nobody" not in str(
            [connection.execute(select(table)).all() for table in (schema.audit, schema.receipts)]
        )


def test_a_bare_conversation_may_ask_too(shop: Services, letters: Letters) -> None:
    ask(shop, authenticated=False)
    assert shop.outbox.deliver() == 1


def statements(shop: Services, email: str, conversation: str) -> list[str]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(shop.database.engine, "before_cursor_execute", note)
    try:
        assert ask(shop, email, conversation, key=conversation) is None  # type: ignore[func-returns-value]
    finally:
        event.remove(shop.database.engine, "before_cursor_execute", note)
    return seen


def test_known_and_unknown_addresses_do_the_same_work(shop: Services) -> None:
    assert statements(shop, EMAIL, "c1") == statements(shop, "nobody@example.com", "c2")


def test_a_repeat_sends_nothing_more(shop: Services, letters: Letters) -> None:
    ask(shop)
    ask(shop)
    assert shop.outbox.deliver() == 1


def test_requests_for_one_address_are_limited(shop: Services, letters: Letters, clock: Clock) -> None:
    for n in range(6):
        ask(shop, conversation=f"c{n}", key=f"k{n}")
    assert shop.outbox.deliver() == 3
    clock.forward(minutes=60)
    ask(shop, conversation="c9", key="k9")
    assert shop.outbox.deliver() == 1


def test_requests_of_one_conversation_are_limited(shop: Services, letters: Letters) -> None:
    customers = shop.commerce.snapshot().customers[:8]
    for n, customer in enumerate(customers):
        ask(shop, customer.email, key=f"k{n}")
    assert shop.outbox.deliver() == 5
