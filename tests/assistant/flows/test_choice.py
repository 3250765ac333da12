"""Which order, which items, and why: what words mean for the shop."""

from __future__ import annotations

import pytest

from actions.commerce.model import Customer, Order
from actions.flows.choice import choose, fitting, payload, placed, title
from actions.flows.phrases import phrases
from actions.flows.return_words import (
    TABLE,
    named_items,
    opening_items,
    reason_of,
    spared_items,
)
from actions.flows.turn import Said
from actions.services.container import Services
from tests.assistant.flows.talking import Talk


@pytest.fixture
def grace(scratch_shop: Services) -> Customer:
    found = scratch_shop.commerce.customer_by_email("grace.okafor@example.com")
    assert found
    return found


@pytest.fixture
def three_items(scratch_shop: Services) -> Order:
    found = scratch_shop.commerce.order("L204393")  # kettle, earbuds, blanket
    assert found
    return found


@pytest.mark.parametrize(
    ("words", "slots", "number"),
    [
        ("l204735 please", {}, "L204735"),
        ("L999999", {}, "L999999"),
        ("the one with the hammock", {}, "L204206"),
        ("my last order", {}, "L204991"),
        ("where is my order", {}, None),
        ("where is my order", {"order_number": "L204842"}, "L204842"),
        ("I want to return it", {"last_order": "L204206"}, "L204206"),
        ("and the one before that", {"last_order": "L204842"}, "L204735"),
        ("the one before that", {"last_order": "L000000"}, None),
    ],
)
def test_that_an_order_is_chosen_by_what_people_say(grace, words, slots, number):
    assert choose(grace, Said(words, "inform", 0.9), Talk().hear(words).set(**slots).tracker("a")) == number


def test_that_the_other_order_is_any_but_the_one_before(scratch_shop):
    noor = scratch_shop.commerce.customer_by_email("noor.rahman@example.com")
    tracker = Talk().hear("no, the other order").tracker("a")
    assert choose(noor, Said("no, the other order", "correct", 0.9), tracker, current="L204019") == "L204880"


def test_that_the_other_of_two_that_are_possible_is_meant(scratch_shop):
    hugo = scratch_shop.commerce.customer_by_email("hugo.lindgren@example.com")
    tracker = Talk().hear("x").set(last_order="L204507").tracker("a")
    words = Said("cancel that other order", "cancel_order", 0.9)
    possible = [order for order in scratch_shop.orders.recent(hugo) if order.status == "pending"]
    assert choose(hugo, words, tracker, possible=possible) == "L204512"
    assert choose(hugo, words, tracker) is None  # a third one was delivered


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("the second one", "L204512"),
        ("the cheaper one", "L204507"),
        ("the more expensive one", "L204512"),
        ("the newer one", "L204507"),
        ("the older order please", "L204512"),
        ("cheapest", "L204507"),
        ("my latest order", "L204507"),
        ("the third one", None),
        ("i'll tell you later", None),
        ("like i said earlier", None),
        ("found it cheaper elsewhere", None),
        ("it was too expensive", None),
        ("not the newest one", None),
        ("the lamp", None),
    ],
)
def test_that_an_order_is_meant_by_its_place_price_or_age(scratch_shop, words, number):
    hugo = scratch_shop.commerce.customer_by_email("hugo.lindgren@example.com")
    pending = [order for order in scratch_shop.orders.recent(hugo) if order.status == "pending"]
    assert placed(Said(words), pending) == number
    assert placed(Said(words), []) is None


def test_that_the_only_order_needs_no_asking(scratch_shop):
    anna = scratch_shop.commerce.customer_by_email("anna.bennett@example.com")
    assert choose(anna, Said("where is it", "order_status", 0.9), Talk().hear("x").tracker("a")) == "L204817"


def test_that_the_orders_offered_fit_the_words(grace):
    assert [order.number for order in fitting(grace, Said("where is my order"))][0] == "L204991"
    assert len(fitting(grace, Said("where is my order"))) == 5


def test_that_an_order_is_named_on_its_button(grace, scratch_shop):
    order = scratch_shop.orders.find(grace, "L204735")
    assert title(order).startswith("L204735 \N{MIDDLE DOT} Tactile Mechanical")
    assert payload("inform", order_number="L204735") == '/inform{"order_number": "L204735"}'
    assert payload("affirm") == "/affirm"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("the kettle", ["Linden"]),
        ("not the earbuds, the kettle", ["Linden"]),
        ("sorry, not the kettle but the blanket", ["Harbor"]),
        ("the kettle and the blanket from my last order", ["Linden", "Harbor"]),
        ("everything except the blanket", ["Linden", "Pip"]),
        ("all of them", ["Linden", "Pip", "Harbor"]),
        ("actually keep the earbuds, so just the kettle", ["Linden"]),
        ("my email is kettle@example.com", []),
        ("something else", []),
    ],
)
def test_that_items_are_named_by_words(three_items, words, names):
    found = [three_items.item(item_id).name.split()[0] for item_id in named_items(three_items, Said(words))]
    assert found == names


def test_that_spared_items_are_found(three_items):
    assert [
        three_items.item(i).name.split()[0] for i in spared_items(three_items, Said("not the earbuds"))
    ] == ["Pip"]


@pytest.mark.parametrize(
    ("story", "names"),
    [
        ("I ordered a kettle, earbuds and a blanket and honestly the kettle is bad, it leaks. I want to send it back.", ["Linden"]),
        ("I bought a kettle and earbuds. I want to return the earbuds.", ["Pip"]),
        ("return the kettle and the blanket", ["Linden", "Harbor"]),
        ("Hello. I want to return everything.", ["Linden", "Pip", "Harbor"]),
    ],
)  # fmt: skip
def test_that_a_story_ends_with_what_goes_back(three_items, story, names):
    found = [
        three_items.item(i).name.split()[0] for i in opening_items(three_items, Said(story, "start_return"))
    ]
    assert found == names


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("it leaks", "defective"),
        ("the box was crushed and it has a scratch", "damaged"),
        ("it's too small", "does_not_fit"),
        ("I've changed my mind", "changed_mind"),
        ("you sent me the wrong one", "wrong_item"),
        ("it isn't broken, it doesn't fit", "does_not_fit"),
        ("because", None),
        ("yes", None),
    ],
)
@pytest.mark.usefixtures("scratch_shop")
def test_that_reasons_are_heard_in_own_words(words, reason):
    assert reason_of(Said(words)) == reason


@pytest.mark.usefixtures("scratch_shop")
def test_that_a_denied_reason_does_not_count():
    text = "it isn't broken, it came too late"
    denied = {"entity": "return_reason", "value": "damaged", "start": text.find("broken"), "end": 15}
    assert reason_of(Said(text, "inform", 0.9, (denied,))) == "arrived_late"


def test_that_reason_words_belong_to_reasons_of_the_policy(scratch_shop):
    assert set(phrases(TABLE)) == set(scratch_shop.policies.returns.reasons)
