"""F-08, as far as the embedded shop goes: it is locked, gone, read-only or slow in the moment of a write.

The customer is told the truth, what was done is done once, and a repeat finds it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import Server, until
from tests.faults.probe import locked
from tests.visitors import Target, Victim, Visitor, copied

DEADLINE = 4  # seconds for an action; the shop itself waits five for a lock
DONE = "is canceled"


@pytest.fixture
def target(assistant: Path, tmp_path: Path, serve: Callable[..., Server]) -> Target:
    """The assistant with a shop of its own."""
    folder = copied(assistant, tmp_path / "project")
    server = serve(folder, FRONTDESK_OUTBOX="manual", FRONTDESK_ACTION_DEADLINE=str(DEADLINE))
    found = Target(server, folder)
    until(lambda: "e-mail" in found.visitor().say("where is my order?"), "the shop is filled")
    return found


@pytest.fixture
def asked(target: Target) -> Iterator[tuple[Visitor, Victim]]:
    """A customer who only has to say yes to have an order canceled."""
    victim = target.meet("pending")
    visitor = target.customer(victim)
    assert "cancel" in visitor.say(f"cancel {victim.number}, I ordered it by mistake")
    yield visitor, victim
    assert "Traceback" not in target.server.log.read_text()


BOOKS = """
SELECT (SELECT count(*) FROM cancellations WHERE order_number = ?1),
       (SELECT count(*) FROM payments WHERE order_number = ?1 AND kind = 'refund'),
       (SELECT count(*) FROM outbox WHERE body LIKE ?2),
       (SELECT count(*) FROM audit WHERE action = 'order.cancel' AND subject LIKE ?2),
       (SELECT coalesce(sum(amount), 0) FROM payments WHERE order_number = ?1 AND kind = 'refund')
"""
"""One statement: a late action may write at any moment, and is seen whole or not at all."""


def books(target: Target, victim: Victim) -> tuple[tuple[int, ...], int]:
    """Return the effects on an order, and how many cents were paid back for it."""
    [(*counts, cents)] = target.rows(BOOKS, victim.number, f"%{victim.number}%")
    return tuple(counts), int(cents)


def effects(target: Target, victim: Victim) -> tuple[int, ...]:
    """Return how many cancellations, refunds, e-mails and audit rows there are about an order."""
    return books(target, victim)[0]


NOTHING = (0, 0, 0, 0)


def paid_back(target: Target, victim: Victim) -> int:
    """Return how many cents were paid back for an order."""
    return books(target, victim)[1]


def undone(told: str) -> bool:
    """Tell whether an answer claims nothing."""
    return DONE not in told and "sorry" in told.lower()


def again(visitor: Visitor, victim: Victim) -> str:
    """Ask for the same once more, as somebody does who was told that it did not work."""
    told = visitor.say(f"cancel {victim.number}, I ordered it by mistake")
    return told if "already" in told else visitor.say("yes, cancel it")


def test_a_shop_that_is_locked_for_long(target: Target, asked: tuple[Visitor, Victim]) -> None:
    visitor, victim = asked
    with locked(target.shop):
        told = visitor.say("yes, cancel it", message_id="m1")
        assert undone(told), told
    until(lambda: visitor.say("hello"), "it answers")
    first, paid = books(target, victim)
    whole = (1, first[1], 1, 1)
    assert (first, paid) in ((NOTHING, 0), (whole, victim.paid)), "whole, or not at all"
    told = again(visitor, victim)
    assert DONE in told or "already" in told, told
    after = effects(target, victim)
    assert after[0] == after[2] == after[3] == 1
    assert paid_back(target, victim) == victim.paid
    assert visitor.say("yes, cancel it", message_id="m1")
    assert effects(target, victim) == after, "the delivery that failed is answered as before"


def test_a_write_that_ends_after_its_time_is_found_by_the_next_try(
    target: Target, asked: tuple[Visitor, Victim]
) -> None:
    """Timeout after success: the answer is lost, and the effect is there."""
    visitor, victim = asked
    target.arrange(
        "CREATE TRIGGER slow AFTER INSERT ON cancellations BEGIN"
        " SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000000)"
        " SELECT i FROM n); END"
    )
    told = visitor.say("yes, cancel it", message_id="m1")
    assert DONE in told or undone(told)
    until(lambda: effects(target, victim)[0] == 1, "the write is done")
    target.arrange("DROP TRIGGER slow")
    after = effects(target, victim)
    told = visitor.say(f"cancel {victim.number}, I ordered it by mistake")
    assert "already" in told, told
    for text in ("yes", "yes, cancel it", "/affirm"):
        visitor.say(text)
    assert effects(target, victim) == after
    assert after[2:] == (1, 1)
    assert paid_back(target, victim) == victim.paid


BREAKS = {
    "the refund": "CREATE TRIGGER broken BEFORE INSERT ON payments BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    "the e-mail": "CREATE TRIGGER broken BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    "the audit row": "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    "the receipt": "CREATE TRIGGER broken BEFORE INSERT ON receipts BEGIN SELECT RAISE(ABORT, 'disk full'); END",
}


@pytest.mark.parametrize("part", BREAKS)
def test_a_part_of_a_write_that_fails_undoes_all_of_it(
    target: Target, asked: tuple[Visitor, Victim], part: str
) -> None:
    visitor, victim = asked
    before = target.state()
    target.arrange(BREAKS[part])
    told = visitor.say("yes, cancel it")
    assert undone(told), told
    assert "disk full" not in told
    assert target.state() == before
    assert effects(target, victim) == NOTHING
    target.arrange("DROP TRIGGER broken")
    assert DONE in again(visitor, victim)
    after = effects(target, victim)
    assert after[0] == after[2] == after[3] == 1
    assert paid_back(target, victim) == victim.paid


@contextmanager
def taken_away(shop: Path) -> Iterator[None]:
    """Put something that is no database in the place of the shop."""
    kept = {path: path.read_bytes() for path in shop.parent.glob("shop.db*")}
    with closing(sqlite3.connect(shop)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shop.write_bytes(b"this is no database" * 1000)
    try:
        yield
    finally:
        for path, content in kept.items():
            path.write_bytes(content)


def test_a_shop_that_cannot_be_read_is_told_and_questions_are_answered(
    target: Target, asked: tuple[Visitor, Victim]
) -> None:
    _, victim = asked
    with taken_away(target.shop):
        visitor = target.visitor()
        told = visitor.say(f"where is {victim.number}? my mail is {victim.email}")
        assert "on its way" not in told
        assert "sorry" in told.lower(), told
        told = visitor.say("how long do I have to return something?")
        assert "30 days" in told, told
    assert httpx.get(f"{target.server.url}/health").status_code == 200
