"""Questions about products in conversation: everything from the catalogue, and what goes on from one to the next."""

from __future__ import annotations

import pytest

from actions.flows.product_words import DIFFERENCE, another_in, asks, budget_in, first_in
from actions.flows.products import ActionProductAnswer
from actions.services.container import Services
from tests.assistant.flows.talking import Talk

Turn = tuple[str, str, str]  # what is asked, the response, and what it holds


@pytest.mark.parametrize(
    "turns",
    [
        [
            ("does the lumen smart bulb fit the oslo floor lamp", "utter_fit_yes", "E26"),
            ("and the halden desk lamp?", "utter_fit_unknown", "socket"),
            ("does it work with alexa", "utter_fit_yes", "Alexa"),
            ("and with homekit?", "utter_fit_no", "HomeKit"),
        ],
        [
            ("which charger works with the pip earbuds", "utter_fit_yes", "Qi2"),
            ("is the wireless charger compatible with my aria headphones", "utter_fit_no", "Aria"),
        ],
        [
            ("would the reach monitor arm hold a 34 inch screen", "utter_fit_no", "32 in"),
            ("what about a 27 inch one that weighs 12 lb?", "utter_fit_yes", "27 in"),
        ],
        [
            ("does the transit backpack fit a 17 inch laptop", "utter_fit_no", "16 in"),
            ("does the laptop stand?", "utter_fit_yes", "10 to 17 in"),
        ],
        [("i have the oslo floor lamp, which bulb fits it?", "utter_fit_yes", "E26")],
        [("can i use the record player with the hearth speakers", "utter_fit_yes", "Hearth")],
        [("does the webcam work with linux", "utter_fit_unknown", "MacBook")],
        [("does the stoneware mug fit the picnic cooler", "utter_fit_nothing", "Stoneware Mug")],
        [
            ("compare the pip earbuds and the aria headphones", "utter_product_compared", "$89.00 | $199.00"),
            ("which one has the longer battery", "utter_product_of_these", "Aria"),
            ("the other one", "utter_product", "Pip Wireless Earbuds"),
        ],
        [
            (
                "what's the difference between the two voyager suitcases",
                "utter_product_compared",
                "40 liters | 92 liters",
            ),
            ("which is lighter", "utter_product_of_these", "Carry-On"),
            ("how much is the bigger one?", "utter_product_of_these", "$259.00"),
        ],
        [("halden lamp vs oslo lamp vs ember lamp", "utter_product_compared", "Ember Table Lamp")],
        [
            ("tell me about the marin french press", "utter_product", "$38.00"),
            ("do you have a bigger one", "utter_product_version", "34 oz"),
            ("what goes with it", "utter_product_along", "Burr Coffee Grinder"),
        ],
        [
            ("how much is the voyager checked suitcase", "utter_product", "$259.00"),
            ("anything cheaper?", "utter_product_another", "Carry-On"),
            ("something larger?", "utter_product_of_these", "Checked"),
        ],
        [("do you have any lamps under 50 dollars", "utter_product_within", "Ember")],
        [("any espresso machine under $20", "utter_product_over_budget", "$449.00")],
        [("whats the cheapest lamp", "utter_product_ranked", "Ember")],
        [
            ("do you have suitcases?", "utter_product_choices", "Voyager Carry-On"),
            ("the second one", "utter_product", "Voyager Checked Suitcase"),
            ("and in sage?", "utter_product", "(sage)"),
        ],
    ],
)
@pytest.mark.usefixtures("scratch_shop")
def test_that_it_is_answered_from_the_catalogue(turns: list[Turn]):
    talk = Talk()
    for text, response, words in turns:
        talk.hear(text, "ask_product").run(ActionProductAnswer())
        assert response in talk.responses(), (text, talk.responses())
        assert words in str(talk.told(response)), text


@pytest.mark.usefixtures("scratch_shop")
def test_that_what_the_shop_lacks_is_not_taken_for_something_else():
    talk = Talk().hear("do you sell duffel bags", "ask_product", product="duffel bags")
    talk.run(ActionProductAnswer())
    assert talk.responses() == ["utter_product_closest"]


def test_that_stock_is_read_when_it_is_asked(scratch_shop: Services):
    from sqlalchemy import update

    from actions.commerce import schema

    def ask() -> list[str]:
        talk = Talk().hear("is the summit standing desk back in stock", "ask_product")
        talk.run(ActionProductAnswer())
        return talk.responses()

    table = schema.variants
    for available, response in ((True, "utter_product_back"), (False, "utter_product_not_back")):
        with scratch_shop.database.write() as connection:
            connection.execute(
                update(table).where(table.c.product_id == "CO-509").values(available=available)
            )
        assert ask() == [response]


def test_that_words_say_what_is_asked():
    assert another_in("one with a longer battery") == ("battery", True)
    assert another_in("a longer one") == ("size", True)
    assert first_in("your least expensive tent") == ("price", False)
    assert budget_in("lamps for less than $60.50") is not None
    assert budget_in("a desk under 30 inches") is None
    assert asks("compare", "the lamp or the light")
    assert not asks("fit", "my outfit")


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("whats the difference in price", True),
        ("what is the difference", True),
        ("how much more is it", True),
        ("do i pay extra", True),
        ("will it cost me more", True),
        ("what's the difference between the two kettles", False),
        ("how does the red one differ", False),
    ],
)
def test_that_the_difference_of_what_is_changed_is_asked_for_by_the_same_words_before_and_after(words, asked):
    assert (DIFFERENCE.search(words) is not None) is asked
