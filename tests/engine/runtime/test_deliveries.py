"""Who is at a delivery, and which messages are owed an answer."""

from __future__ import annotations

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.errors import StoreError
from frontdesk.runtime.deliveries import AtWork, Owed

ONE, TWO, OTHER = Delivery("rest", "ann", "1"), Delivery("rest", "ann", "2"), Delivery("rest", "bob", "1")
NEW = Delivery("rest", "ann", "3")
HELLO = UserMessage("hello", "ann")


def test_only_the_first_one_at_a_delivery_is_alone() -> None:
    work = AtWork()
    with work.at(ONE) as first, work.at(ONE) as second, work.at(TWO) as other:
        assert (first, second, other) == (True, False, True)
        work.enter(ONE)
    with work.at(ONE) as third:
        assert not third, "somebody entered and did not leave yet"
    work.leave(ONE)
    with work.at(ONE) as last:
        assert last


def test_a_message_is_owed_until_its_answer_is_committed() -> None:
    owed = Owed()
    for delivery in (ONE, TWO, OTHER):
        with pytest.raises(StoreError), owed.unless_answered(delivery, HELLO):
            raise StoreError("The disk is full.")
    with pytest.raises(ValueError, match="bug"), owed.unless_answered(ONE, HELLO):
        raise ValueError("a bug")
    assert [delivery for delivery, _ in owed.all()] == [ONE, TWO, OTHER]
    assert owed.before(TWO) == [(ONE, HELLO)], "of the same conversation, and not itself"
    assert owed.before(ONE) == [], "what came later waits"
    assert owed.before(NEW) == [(ONE, HELLO), (TWO, HELLO)]
    for delivery in (ONE, TWO):
        with owed.unless_answered(delivery, HELLO):
            pass
    assert owed.all() == [(OTHER, HELLO)]
    assert owed.before(ONE) == []
