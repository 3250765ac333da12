"""What a correction means after a refusal: the other item, another order, and which words stay."""

from __future__ import annotations

import pytest

from actions.commerce.model import Order
from actions.flows.corrected import (
    beside_refused,
    concerned,
    interrupted_order,
    no_other_order,
    reworded,
    words_again,
)
from actions.flows.replies import ActionCorrect
from actions.flows.turn import Said
from actions.flows.wishes import LONGEST_WORDS
from actions.services.container import Services
from tests.assistant.conftest import verified, who
from tests.assistant.flows.talking import Talk

PRIYA = ("priya.natarajan@example.com", "L201853", "78704")
HUGO = ("hugo.lindgren@example.com", "L204507", "55401")


@pytest.fixture
def priya(scratch_shop: Services) -> Order:
    """Her only order: a suitcase and packing cubes."""
    customer = verified(scratch_shop, who(key="k"), PRIYA)
    order = scratch_shop.orders.find(customer, PRIYA[1])
    assert order is not None
    return order


def refused(order: Order, at: int = 0) -> Talk:
    return Talk().set(refused_items=[order.items[at].id], last_order=order.number, last_wish="start_return")


@pytest.mark.parametrize("words", ["no wait, the other one", "the other one", "not that one, the other"])
def test_that_the_other_one_is_the_other_item_of_two(priya, words):
    tracker = refused(priya).hear(words, "correct").tracker("action_submit_return")
    assert beside_refused(priya, tracker, Said(words)) == [priya.items[1].id]


@pytest.mark.parametrize("words", ["the other order", "yes", "the suitcase"])
def test_that_an_order_or_anything_else_is_not(priya, words):
    tracker = refused(priya).hear(words, "correct").tracker("action_submit_return")
    assert beside_refused(priya, tracker, Said(words)) == []


def test_that_it_is_none_where_all_was_refused_or_another_order(priya):
    every = [item.id for item in priya.items]
    whole = Talk().set(refused_items=every, last_order=priya.number).hear("the other one", "correct")
    assert beside_refused(priya, whole.tracker("x"), Said("the other one")) == []
    elsewhere = Talk().set(refused_items=every[:1], last_order="L999999").hear("the other one", "correct")
    assert beside_refused(priya, elsewhere.tracker("x"), Said("the other one")) == []


def test_that_what_is_named_comes_before_the_other_one(priya):
    talk = refused(priya).set(wish_words="sorry I meant the suitcase").hear("x")
    assert concerned(priya, talk.tracker("x")) == [priya.items[0].id]


def test_that_who_has_one_order_has_no_other(priya, scratch_shop):
    customer = scratch_shop.identity.customer(who(key="k"))
    talk = refused(priya).set(refused_items=None)
    assert no_other_order(customer, priya, talk.hear("no the other one", "correct").tracker("x"))
    assert not no_other_order(customer, priya, talk.hear("sorry", "correct").tracker("x"))
    assert not no_other_order(customer, priya, talk.hear("the other one, L204444", "correct").tracker("x"))


def test_that_who_has_several_may_mean_another(scratch_shop):
    customer = verified(scratch_shop, who(key="k"), HUGO)
    order = scratch_shop.orders.find(customer, HUGO[1])
    talk = Talk().set(last_order=HUGO[1]).hear("the other one", "correct")
    assert not no_other_order(customer, order, talk.tracker("x"))


def test_that_an_address_stays_over_several_corrections():
    talk = Talk().set(last_wish="change_address").hear("send L204735 to 12 Elm Street", "change_address")
    talk.hear("no, L204735", "correct").run(ActionCorrect())
    talk.set(last_wish="change_address").hear("i meant the lamp", "correct")
    words = words_again(talk.tracker("action_correct"), "change_address")
    assert words.splitlines()[0].endswith("to 12 Elm Street")
    assert "L204735" not in words
    assert words.endswith("i meant the lamp")


def test_that_a_correction_stands_after_a_long_first_message():
    talk = (
        Talk().set(last_wish="change_address").hear(f"to 12 Elm Street, {'please ' * 100}", "change_address")
    )
    talk.hear("i meant the lamp", "correct")
    words = words_again(talk.tracker("action_correct"), "change_address")
    assert len(words) <= LONGEST_WORDS
    assert words.startswith("to 12 Elm Street")
    assert words.endswith("\ni meant the lamp")


def test_that_of_items_only_the_correction_counts():
    talk = Talk().set(last_wish="start_return").hear("return the lamp", "start_return")
    talk.hear("sorry, the kettle", "correct")
    assert words_again(talk.tracker("action_correct"), "start_return") == "sorry, the kettle"


def test_that_somebody_who_is_asked_who_it_is_may_mean_something_else():
    talk = Talk().set(wish_words="return the duvet").within("return_form", "identity_proof")
    assert reworded(talk.hear("sorry I meant the hammock", "correct").tracker("x"), "return_form") == {
        "wish_words": "sorry I meant the hammock"
    }
    assert reworded(talk.hear("i meant 30307", "correct").tracker("x"), "return_form") == {}
    for words in (
        "i meant my other e-mail, hang on",
        "i meant the zip of my office",
        "I mean the name on it",
    ):
        assert reworded(talk.hear(words, "correct").tracker("x"), "return_form") == {}, words
    assert reworded(talk.hear("why?", "ask_question").tracker("x"), "return_form") == {}


def test_that_the_order_of_a_form_that_is_interrupted_is_at_hand(scratch_shop):
    customer = verified(scratch_shop, who(key="k"), HUGO)
    talk = Talk()
    talk.events.append({"event": "active_loop", "name": "cancel_form"})
    talk.set(cancel_number=HUGO[1]).within("swap_form").hear("change the color instead", "exchange_item")
    found = interrupted_order(customer, talk.tracker("x"))
    assert found is not None
    assert found.number == HUGO[1]
    talk.within("cancel_form")
    assert interrupted_order(customer, talk.tracker("x")) is None
