"""The scripted customer's judgement: what a shop should look like afterwards, and what a summary has wrong."""

from __future__ import annotations

import copy
import random

import pytest

from bench.retail.customer import Customer, View
from bench.retail.outcome import differences, needed_facts, order_as_told
from bench.retail.wording import FLOWS, Wording, read_bank
from bench.tasks import Outcome, report

LAMP = {"name": "Lamp", "product_id": "p1", "item_id": "v1", "price": 20.0, "options": {"color": "red"}}
RUG = {"name": "Rug", "product_id": "p2", "item_id": "v3", "price": 50.5, "options": {"size": "small"}}
SHOP = {
    "products": {
        "p1": {
            "name": "Lamp",
            "product_id": "p1",
            "variants": {
                "v1": {"item_id": "v1", "options": {"color": "red"}, "available": True, "price": 20.0},
                "v2": {"item_id": "v2", "options": {"color": "blue"}, "available": True, "price": 25.0},
            },
        }
    },
    "users": {
        "ann": {
            "name": {"first_name": "Ann", "last_name": "Lee"},
            "email": "ann@example.com",
            "address": {"address1": "1 Elm St", "zip": "12180"},
            "payment_methods": {
                "gift": {"id": "gift", "source": "gift_card", "balance": 3.0},
                "visa": {"id": "visa", "source": "credit_card", "brand": "visa", "last_four": "4242"},
            },
        }
    },
    "orders": {
        "#W1234567": {
            "order_id": "#W1234567",
            "user_id": "ann",
            "address": {"address1": "1 Elm St", "zip": "12180"},
            "items": [LAMP, RUG],
            "status": "delivered",
            "payment_history": [{"transaction_type": "payment", "amount": 70.5, "payment_method_id": "visa"}],
        }
    },
}
NUMBER = "#W1234567"
RETURN = {
    "flow": "return_items",
    "order_id": NUMBER,
    "items": [LAMP],
    "payment": {"id": "gift", "say": "my gift card"},
}


def task(*goals: dict[str, object], expected: dict[str, object] | None = None) -> dict[str, object]:
    identity = {
        "via": "email",
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Lee",
        "zip": "12180",
    }
    wanted = expected if expected is not None else {"orders": {NUMBER: {}}, "users": {}}
    return {
        "id": "task-1",
        "identity": identity,
        "user_id": "ann",
        "goals": list(goals),
        "expected_changes": wanted,
    }


def after() -> dict[str, object]:
    return copy.deepcopy(SHOP)


NOTHING = {"orders": {}, "users": {}}


def test_an_untouched_shop_is_as_expected_where_nothing_should_change():
    assert differences(SHOP, after(), NOTHING) == []


def test_a_cancellation_in_our_words_is_one_in_the_tasks_words():
    now = after()
    order = now["orders"][NUMBER]
    order |= {"status": "cancelled", "cancel_reason": "no_longer_needed"}
    refund = {
        "transaction_type": "refund",
        "amount": 70.5,
        "payment_method_id": "visa",
        "at": "2026-01-01",
        "status": "pending",
    }
    order["payment_history"] = [*order["payment_history"], refund]
    history = [
        *SHOP["orders"][NUMBER]["payment_history"],
        {k: refund[k] for k in ("transaction_type", "amount", "payment_method_id")},
    ]
    expected = {"status": "cancelled", "cancel_reason": "no longer needed", "payment_history": history}
    assert differences(SHOP, now, {"orders": {NUMBER: expected}, "users": {}}) == []
    wrong = {**expected, "cancel_reason": "ordered by mistake"}
    assert "cancel_reason" in differences(SHOP, now, {"orders": {NUMBER: wrong}, "users": {}})[0]


def test_a_return_is_told_by_its_lines_and_the_method_of_its_waiting_refund():
    now = after()
    order = now["orders"][NUMBER]
    order["status"] = "return_requested"
    order["returns"] = [
        {"return_id": "R-1", "lines": [1], "reason": "unstated", "status": "label_sent", "refund": 20.0}
    ]
    order["payment_history"] = [
        *order["payment_history"],
        {
            "transaction_type": "refund",
            "amount": 20.0,
            "payment_method_id": "gift",
            "status": "pending",
            "return_id": "R-1",
        },
    ]
    expected = {"status": "return requested", "return_items": ["v1"], "return_payment_method_id": "gift"}
    assert differences(SHOP, now, {"orders": {NUMBER: expected}, "users": {}}) == []
    elsewhere = {**expected, "return_payment_method_id": "visa"}
    assert len(differences(SHOP, now, {"orders": {NUMBER: elsewhere}, "users": {}})) == 1


def test_an_exchange_is_told_by_old_and_new_items():
    order = copy.deepcopy(SHOP["orders"][NUMBER])
    order["status"] = "exchange_requested"
    order["exchanges"] = [
        {
            "exchange_id": "X-1",
            "lines": [1],
            "new_items": [{"item_id": "v2", "options": {"color": "blue"}, "price": 25.0}],
            "status": "label_sent",
            "price_difference": 5.0,
            "payment_method_id": "visa",
        }
    ]
    told = order_as_told(order)
    assert told["exchange_items"] == ["v1"] and told["exchange_new_items"] == ["v2"]
    assert told["exchange_price_difference"] == 500 and told["status"] == "exchange requested"


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("orders", NUMBER, "address", "zip"), "99999"),
        (("users", "ann", "email"), "eve@example.com"),
        (("products", "p1", "variants", "v2", "price"), 1.0),
    ],
)
def test_anything_else_that_changed_is_noticed(where, value):
    now = after()
    place = now
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    assert len(differences(SHOP, now, NOTHING)) == 1


def test_what_has_to_be_said_at_the_end_of_a_return():
    facts = needed_facts(RETURN, SHOP, SHOP["users"]["ann"]["payment_methods"])
    assert facts == [("W1234567",), ("$20.00",), ("gift card",), ("R-",)]


def customer(*goals: dict[str, object], expected: dict[str, object] | None = None) -> Customer:
    return Customer(task(*goals, expected=expected), SHOP, Wording(read_bank(), "1-test"))


def view(text: str, *actions: str, asked: str | None = None) -> View:
    return View([text], list(actions), asked, "return_form" if asked else None, verified=True)


SUMMARY = "You send back from order #W1234567: Lamp (red). You get $20.00 back to gift card."


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (SUMMARY, ""),
        (SUMMARY.replace("Lamp (red)", "Lamp (red) and Rug (small)"), "items"),
        (SUMMARY.replace("$20.00", "$14.05"), "items"),
        (SUMMARY.replace("gift card", "Visa ending in 4242"), "payment"),
        (SUMMARY.replace("1234567", "7654321"), "order"),
    ],
)
def test_a_summary_is_read_before_it_is_agreed_to(text, wrong):
    assert customer(RETURN).wrong_in_summary(text, view(text)) == wrong


def test_only_a_right_summary_gets_a_yes_that_counts_as_one():
    someone = customer(RETURN)
    someone.open()
    said = someone.answer(view(SUMMARY, asked="return_confirmed"))
    assert said and said.confirms
    someone = customer(RETURN)
    someone.open()
    said = someone.answer(view(SUMMARY.replace("gift card", "PayPal"), asked="return_confirmed"))
    assert said and not said.confirms


def test_what_should_be_refused_is_never_agreed_to():
    someone = customer(RETURN, expected=NOTHING)
    someone.open()
    assert someone.answer(view(SUMMARY, asked="return_confirmed")) is None
    assert "should have been refused" in someone.failure


def test_a_done_goal_leads_to_the_next_and_then_to_the_end():
    someone = customer(RETURN, {"flow": "cancel_order", "order_id": NUMBER, "reason": "no longer needed"})
    someone.open()
    assert someone.answer(view("Done: R-1", "utter_return_started")) is not None
    assert someone.done == [True, False] and someone.goal["flow"] == "cancel_order"
    assert someone.answer(view("Done", "utter_cancel_done")) is not None
    assert someone.answer(view("Bye", "utter_goodbye")) is None
    assert someone.done == [True, True] and not someone.failure


def test_nobody_asks_forever():
    someone = customer(RETURN)
    someone.open()
    for _ in range(12):
        if someone.answer(view("Which items?", asked="return_items")) is None:
            break
    assert someone.failure == "asked again and again for return_items"


def test_the_same_seed_speaks_alike_and_another_one_differently():
    bank = read_bank()
    lines = [Wording(bank, seed).say("open_cancel", "bare") for seed in ("1-a", "1-a", "2-b", "3-c", "4-d")]
    assert lines[0] == lines[1]
    assert len(set(lines)) > 1


def test_the_bank_has_a_wish_for_every_flow_and_fills_every_template():
    bank = read_bank()
    facts = {
        "order": NUMBER,
        "reason": "because",
        "items": "the lamp",
        "swaps": "the lamp to blue",
        "payment": "my card",
        "address": "1 Elm St",
    }
    for flow in FLOWS.values():
        for key in ("open", "next_wish"):
            for kind in bank[f"{key}_{flow}"]:
                wording = Wording(bank, str(random.random()))
                assert "{" not in wording.say(f"{key}_{flow}", kind, **facts)


def test_the_table_counts_by_flow_and_names_what_failed():
    good = Outcome("task-1", "cancel_order", False, 1, turns=5)
    bad = Outcome(
        "task-2",
        "cancel_order+return_items",
        False,
        1,
        turns=9,
        problems=["the summary stayed wrong (items)"],
    )
    table = report([good, bad, Outcome("refuse-1", "cancel_order", True, 1, turns=3)])
    assert "| with goals | 1 | 1 | 2 | 50.0% |" in table
    assert "| to be refused | 1 | 1 | 1 | 100.0% |" in table
    assert "| cancel_order | 1 | 2 | 7 | 9 |" in table
    assert "| task-2 | 1 | cancel_order+return_items | the summary stayed wrong (items) |" in table
