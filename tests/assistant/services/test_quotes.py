"""Quotes: written once, changed, discarded, sent so often, and seen by nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.commerce import schema
from actions.services import quotes as module
from actions.services.container import Services
from actions.services.errors import Refused
from tests.assistant.conftest import MARCUS, NOW, Clock, count, verified, who

LINES = [{"variant": "LT-101-BLACK", "quantity": 20}, {"variant": "KI-205-SAGE", "quantity": 5}]


def test_a_quote_is_written_in_full(shop: Services) -> None:
    quote = shop.quotes.write(who(), LINES)
    assert (quote.reference, quote.revision, quote.status) == ("Q-10001", 1, "open")
    assert quote.goods - quote.discount + quote.shipping == quote.total
    assert quote.valid_until == NOW.date() + timedelta(days=shop.policies.quotes.valid_days)
    assert quote.wanted == LINES
    assert len(quote.token) >= 30
    assert count(shop, "audit", action="quote.write") == 1
    assert shop.quotes.find(who(), "q-10001") == quote
    assert shop.quotes.by_token(quote.token) == quote


def test_a_repeat_gives_the_same_quote(shop: Services) -> None:
    assert shop.quotes.write(who(), LINES) == shop.quotes.write(who(), LINES)
    assert count(shop, "quotes") == 1


def test_a_change_is_a_new_version_of_the_same_quote(shop: Services) -> None:
    first = shop.quotes.write(who(), LINES)
    second = shop.quotes.write(who(key="k2"), LINES[:1], reference=first.reference)
    assert (second.reference, second.revision, second.token) == (first.reference, 2, first.token)
    assert second.total < first.total
    assert count(shop, "quotes") == 1


def test_prices_come_from_the_catalogue_and_nonsense_is_left_out(shop: Services) -> None:
    odd = [
        *LINES,
        {"variant": "NOPE", "quantity": 10, "price": "0.01"},
        {"variant": "KI-205-OAT", "quantity": -5},
    ]
    desk = shop.quotes.desk()
    assert desk.work_out(odd) == desk.work_out(LINES)


def test_a_stranger_neither_sees_nor_changes_it(shop: Services) -> None:
    quote = shop.quotes.write(who(), LINES)
    other = who("web-2", "k2")
    assert shop.quotes.find(other, quote.reference) is None
    for attempt in (shop.quotes.discard, lambda c, r: shop.quotes.send(c, r, "eve@example.com")):
        with pytest.raises(Refused) as refused:
            attempt(other, quote.reference)
        assert refused.value.decision.rule == "unknown_quote"
    fresh = shop.quotes.write(other, LINES[:1], reference=quote.reference)
    assert fresh.reference != quote.reference
    assert shop.quotes.find(who(), quote.reference) == quote


def test_whom_nobody_trusts_is_written_a_quote_but_opens_none(shop: Services) -> None:
    nobody = who(authenticated=False)
    kept, made = shop.quotes.write(who(key="k0"), LINES), shop.quotes.write(nobody, LINES)
    assert shop.quotes.write(nobody, LINES) == made  # a repeated call
    for quote in (kept, made):  # the name of the conversation is the same, and anybody could have given it
        assert shop.quotes.find(nobody, quote.reference) is None
        for attempt in (shop.quotes.discard, lambda c, r: shop.quotes.send(c, r, "eve@example.com")):
            with pytest.raises(Refused) as refused:
                attempt(nobody, quote.reference)
            assert refused.value.decision.rule == "unknown_quote"
    assert count(shop, "outbox") == 0


def test_its_customer_finds_it_in_another_conversation(shop: Services) -> None:
    marcus = verified(shop, who())
    quote = shop.quotes.write(who(), LINES, customer=marcus)
    assert shop.quotes.find(who("web-2"), quote.reference) is None
    verified(shop, who("web-2"), MARCUS)
    assert shop.quotes.find(who("web-2"), quote.reference) == quote


def test_it_is_sent_so_often_and_no_more(shop: Services) -> None:
    quote = shop.quotes.write(who(), LINES)
    most = shop.policies.quotes.emails_per_conversation
    for n in range(most):
        shop.quotes.send(who(key=f"s{n}"), quote.reference, "pat@example.com")
    with pytest.raises(Refused) as refused:
        shop.quotes.send(who(key="more"), quote.reference, "pat@example.com")
    assert refused.value.decision.rule == "too_many_emails"
    with shop.database.read() as connection:
        letters = connection.execute(select(schema.outbox)).mappings().all()
    assert len(letters) == most
    assert letters[0]["recipient"] == "pat@example.com"
    assert "20 x Halden Desk Lamp (black) at $64.00" in letters[0]["body"]


def test_a_repeat_sends_no_second_letter(shop: Services) -> None:
    quote = shop.quotes.write(who(), LINES)
    for _ in range(2):
        assert shop.quotes.send(who(key="s"), quote.reference, "pat@example.com") == quote
    assert count(shop, "outbox") == 1
    assert count(shop, "audit", action="quote.send") == 1
    shop.quotes.send(who(key="s2"), quote.reference, "pat@example.com")
    assert count(shop, "outbox") == 2


def test_whoever_comes_second_with_the_same_key_finds_what_the_first_wrote(
    shop: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = shop.quotes.write(who(), LINES)
    shop.quotes.send(who(key="s"), quote.reference, "pat@example.com")
    find, missed = module.receipts.find, iter([None, None])
    lookups: list[object] = []

    def late(*args: object) -> object:
        lookups.append(args)
        return next(missed) if len(lookups) in (1, 3) else find(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module.receipts, "find", late)
    assert shop.quotes.write(who(), LINES) == quote
    assert shop.quotes.send(who(key="s"), quote.reference, "pat@example.com") == quote
    assert (count(shop, "quotes"), count(shop, "outbox"), len(lookups)) == (1, 1, 4)


def test_looking_at_a_quote_waits_for_no_writer(shop: Services) -> None:
    marcus = verified(shop, who())
    quote = shop.quotes.write(who(), LINES, customer=marcus)
    verified(shop, who("web-2"), MARCUS)
    with shop.database.write():
        assert shop.quotes.find(who("web-2"), quote.reference) == quote
        assert shop.quotes.by_token(quote.token) == quote


def test_a_discarded_quote_and_one_that_ran_out_do_not_hold(shop: Services, clock: Clock) -> None:
    quote = shop.quotes.write(who(), LINES)
    clock.forward(days=shop.policies.quotes.valid_days)
    assert shop.quotes.is_valid(quote)
    clock.forward(days=1)
    assert not shop.quotes.is_valid(quote)
    again = shop.quotes.write(who(key="k2"), LINES)
    gone = shop.quotes.discard(who(key="k3"), again.reference)
    assert shop.quotes.discard(who(key="k4"), again.reference) == gone
    assert count(shop, "audit", action="quote.discard") == 1
    for reference in (quote.reference, again.reference):
        with pytest.raises(Refused) as refused:
            shop.quotes.send(who(key="k5"), reference, "pat@example.com")
        assert refused.value.decision.rule == "not_open"


@pytest.mark.parametrize(
    ("lines", "rule"), [([], "nothing"), ([{"variant": "KI-205-SAGE", "quantity": 9}], "too_few"),
                        ([{"variant": "KI-205-SAGE", "quantity": 5000}], "too_many_units")]
)  # fmt: skip
def test_what_the_rules_forbid_is_not_written(
    shop: Services, lines: list[dict[str, object]], rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.quotes.write(who(), lines)
    assert refused.value.decision.rule == rule
    assert count(shop, "quotes") == 0
