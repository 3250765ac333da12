"""What was done last in a conversation: its own only, of the last day, and never as done what was undone."""

from __future__ import annotations

from sqlalchemy import select

from actions.commerce import schema
from actions.services import receipts
from actions.services.container import Services
from tests.assistant.conftest import MARCUS, Clock, verified, who


def returned(shop: Services) -> None:
    customer = verified(shop, who(), MARCUS)
    order = shop.orders.find(customer, MARCUS[1])
    assert order is not None
    shop.returns.start(who(key="k2"), customer, order.number, [order.items[0].id], "changed_mind")


def test_that_the_last_write_of_a_conversation_is_told(shop: Services):
    returned(shop)
    done = shop.last_done(who(key="k3"))
    assert done is not None
    assert (done.action, done.told["order_number"], done.at) == ("return.start", "L204393", shop.now())
    assert (done.undone, done.waits) == (None, False)


def test_that_others_and_strangers_are_told_nothing(shop: Services):
    returned(shop)
    assert shop.last_done(who("web-2")) is None
    assert shop.last_done(who(authenticated=False)) is None


def test_that_after_a_day_nobody_means_it_any_more(shop: Services, clock: Clock):
    returned(shop)
    clock.forward(hours=25)
    assert shop.last_done(who()) is None


def test_that_what_was_undone_says_why(shop: Services):
    returned(shop)
    with shop.database.write() as connection:
        receipts.undo(connection, connection.execute(select(schema.receipts.c.key)).scalar_one(), "declined")
    done = shop.last_done(who())
    assert done is not None
    assert done.undone == "declined"
    assert "undone" not in done.told
