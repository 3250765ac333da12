"""How orders are told, for every order of the demo shop."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

import pytest
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.commerce import schema
from actions.commerce.model import ORDER_STATES
from actions.flows.choice import SHORT_STATES
from actions.flows.order_status import (
    ActionAskStatusOrder,
    ActionOrderStatus,
    ValidateOrderStatusForm,
    tell_order,
)
from actions.flows.wording import amount, day
from actions.services.policy import listed
from tests.assistant.conftest import MARCUS, verified, who
from tests.assistant.flows.talking import DOMAIN, Talk

WEDNESDAY = date(2026, 11, 18)


def placeholders(response: str) -> set[str]:
    texts = [variation["text"] for variation in DOMAIN["responses"][response]]
    return {name for text in texts for name in re.findall(r"{(\w+)}", text)}


def test_that_every_order_of_the_shop_can_be_told(scratch_shop):
    states = set()
    for number in _numbers(scratch_shop):
        order = scratch_shop.commerce.order(number)
        dispatcher = CollectingDispatcher()
        tell_order(dispatcher, order, scratch_shop.today())
        states.add(order.status)
        assert dispatcher.messages, number
        for message in dispatcher.messages:
            needed = placeholders(message["response"])
            empty = {name for name in needed if not str(message.get(name) or "")}
            assert not empty, f"{number} ({order.status}): {message['response']} lacks {empty}"
    assert len(states) > 7


def _numbers(shop):
    with shop.database.read() as connection:
        return list(connection.execute(select(schema.orders.c.number)).scalars())


def test_that_every_state_has_words():
    assert set(SHORT_STATES) == set(ORDER_STATES)
    assert all(f"utter_order_{state}" in DOMAIN["responses"] for state in ORDER_STATES)


def test_that_only_the_customers_own_order_is_told(scratch_shop):
    talk = Talk().within("order_status_form").hear("x")
    verified(scratch_shop, who(key="k"), MARCUS)
    talk.set(status_order="L204817").run(ActionOrderStatus())
    assert talk.responses() == ["utter_no_orders"]
    talk.set(status_order="L204393").run(ActionOrderStatus())
    assert talk.responses() == ["utter_order_delivered"]
    assert talk.told("utter_order_delivered")["order_number"] == "L204393"
    assert (talk.slots["last_order"], talk.slots["status_order"]) == ("L204393", None)


def test_that_an_unknown_number_is_said_and_asked_again(scratch_shop):
    verified(scratch_shop, who(key="k"), ("grace.okafor@example.com", "30307", ""))
    talk = Talk().within("order_status_form", "status_order").hear("L999999", order_number="L999999")
    talk.run(ValidateOrderStatusForm())
    assert talk.responses() == ["utter_order_not_found"]
    assert talk.slots["status_order"] is None
    talk.run(ActionAskStatusOrder())
    assert len(talk.told("utter_ask_which_order")["buttons"]) == 5


def test_that_a_single_order_is_offered_as_the_only_one(scratch_shop):
    verified(scratch_shop, who(key="k"), MARCUS)
    talk = Talk().within("order_status_form", "status_order").hear("no, the other order", "correct")
    talk.set(last_order="L204393").run(ActionAskStatusOrder())
    assert talk.responses() == ["utter_only_order"]


def test_that_a_product_question_can_be_a_choice(scratch_shop):
    verified(scratch_shop, who(key="k"), ("grace.okafor@example.com", "30307", ""))
    talk = Talk().within("order_status_form", "status_order").hear("the one with the hammock", "ask_product")
    talk.run(ValidateOrderStatusForm())
    assert talk.slots["status_order"] == "L204206"
    other = Talk().within("order_status_form", "status_order").hear("how much is the hammock", "ask_product")
    other.run(ValidateOrderStatusForm())
    assert other.slots["status_order"] is None


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (date(2026, 11, 18), "today"),
        (date(2026, 11, 19), "tomorrow"),
        (datetime(2026, 11, 17, 23, 0), "yesterday"),
        (date(2026, 11, 24), "Tuesday, November 24"),
        (date(2025, 1, 3), "Friday, January 3, 2025"),
        (None, ""),
    ],
)
def test_that_dates_are_written_as_people_say_them(moment, words):
    assert day(moment, WEDNESDAY) == words


def test_that_money_and_lists_are_written():
    assert amount(Decimal("1204.5")) == "$1,204.50"
    assert amount(Decimal("12"), "CAD") == "12.00 CAD"
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
