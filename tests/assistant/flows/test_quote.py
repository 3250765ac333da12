"""A quote in conversation: what is unclear is asked back, and nothing is written without a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.meaning import meant_instead
from actions.flows.quote import (
    ActionAskQuoteConfirmed,
    ActionAskQuoteDetail,
    ActionSubmitQuote,
    ValidateQuoteForm,
)
from actions.flows.quote_words import code_named, without_code
from actions.services.container import Services
from tests.assistant.conftest import count
from tests.assistant.flows.talking import Talk

FORM = "quote_form"
LAMPS = {"variant": "LT-101-BLACK", "quantity": 20}


def confirming(**slots: object) -> Talk:
    return (
        Talk()
        .within(FORM, "quote_confirmed")
        .set(**({"quote_lines": [dict(LAMPS)], "wish": "request_quote"} | slots))
    )


def answer(talk: Talk, text: str, intent: str, **entities: str) -> Talk:
    talk.hear(text, intent, **entities)
    talk.run(ValidateQuoteForm(), quote_confirmed={"affirm": True, "deny": False}.get(intent))
    return talk


def test_that_words_become_lines_and_questions(scratch_shop: Services):
    talk = Talk().within(FORM).hear("20 desk lamps in black and 5 mugs", "request_quote")
    talk.run(ValidateQuoteForm())
    assert talk.slots["quote_lines"] == [LAMPS]
    assert talk.slots["requested_slot"] == "quote_detail"
    talk.run(ActionAskQuoteDetail())
    buttons = talk.told("utter_quote_version")["buttons"]
    assert len(buttons) == 4
    answer(talk.within(FORM, "quote_detail"), buttons[2]["payload"], "inform", variant="KI-205-SLATE")
    assert talk.slots["quote_lines"] == [LAMPS, {"variant": "KI-205-SLATE", "quantity": 5}]
    assert talk.slots["requested_slot"] == "quote_confirmed"


def test_that_the_figures_are_shown_and_nothing_is_written(scratch_shop: Services):
    talk = confirming().hear("x")
    talk.run(ActionAskQuoteConfirmed())
    told = talk.told("utter_quote_summary")
    assert "20 x Halden Desk Lamp (black) at $64.00: $1,216.00 (5% off)" in told["quote_lines"]
    assert told["total"] == "$1,216.00"
    assert count(scratch_shop, "quotes") == 0


def test_that_a_plain_yes_writes_it(scratch_shop: Services):
    talk = answer(confirming(), "yes", "affirm")
    talk.run(ActionSubmitQuote())
    told = talk.told("utter_quote_done")
    assert told["reference"] == "Q-10001"
    assert told["sources"][0]["url"].startswith("/quotes/")
    assert talk.slots["quote_reference"] == "Q-10001"
    assert count(scratch_shop, "quotes") == 1


@pytest.mark.parametrize(
    ("text", "intent"),
    [("yes but wait", "affirm"), ("hmm", "affirm"), ("how long is it valid", "ask_question")],
)
def test_that_anything_less_than_a_plain_yes_writes_nothing(scratch_shop: Services, text, intent):
    talk = answer(confirming(), text, intent)
    assert talk.slots["quote_confirmed"] is None
    assert count(scratch_shop, "quotes") == 0


def test_that_a_change_at_the_figures_is_no_yes(scratch_shop: Services):
    for text, intent in (("yes, make it 30", "affirm"), ("no, 30", "deny"), ("make it 30", "change_order")):
        talk = answer(confirming(), text, intent)
        assert talk.slots["quote_lines"] == [{**LAMPS, "quantity": 30}], text
        assert (talk.slots["requested_slot"], talk.slots["quote_confirmed"]) == ("quote_confirmed", None), (
            text
        )


def test_that_what_goes_on_about_a_quote_is_taken_for_it(scratch_shop: Services):
    talk = confirming(last_wish="request_quote", quote_reference="Q-10001")
    for text, intent in (
        ("make it 30", "change_order"),
        ("send it to my e-mail", "change_address"),
        ("drop the lamps", "open_ticket"),
    ):
        assert meant_instead(talk.hear(text, intent).tracker("x")) == "request_quote", text
    for text, intent in (
        ("return the lamps", "start_return"),
        ("where is my order", "order_status"),
        ("how much is the kettle", "ask_product"),
    ):
        assert meant_instead(talk.hear(text, intent).tracker("x")) is None, text


def test_that_a_forged_number_opens_nothing(scratch_shop: Services):
    talk = answer(confirming(), "yes", "affirm")
    talk.run(ActionSubmitQuote())
    stranger = Talk(conversation="web-2").within(FORM).hear("discard quote Q-10001", "request_quote")
    stranger.run(ValidateQuoteForm())
    stranger.run(ActionSubmitQuote())
    assert stranger.responses() == ["utter_quote_unknown_quote"]
    assert count(scratch_shop, "quotes", status="open") == 1


def test_that_one_look_at_the_catalogue_is_enough_for_an_action(scratch_shop: Services, monkeypatch):
    looks, products = [], scratch_shop.commerce.products
    monkeypatch.setattr(scratch_shop.commerce, "products", lambda: looks.append(1) or products())
    talk = Talk().within(FORM).hear("20 desk lamps in black and 5 mugs", "request_quote")
    changing = confirming().hear("make it 30", "change_order")
    sure = confirming(quote_confirmed=True).hear("yes", "affirm")
    for each, action in (
        (talk, ValidateQuoteForm()),
        (talk, ActionAskQuoteDetail()),
        (sure, ActionAskQuoteConfirmed()),
        (sure, ActionSubmitQuote()),
        (changing, ValidateQuoteForm()),
    ):
        looks.clear()
        each.run(action)
        assert len(looks) == 1, action.name()
    assert changing.slots["quote_lines"] == [{**LAMPS, "quantity": 30}]
    assert count(scratch_shop, "quotes") == 1


@pytest.mark.parametrize(
    "text", ["with code SAVE10", "can i use BRIGHT15 on that?", "bright15", "coupon code: SAVE10"]
)
def test_that_a_promo_code_is_no_part_of_a_quote(scratch_shop: Services, text):
    talk = answer(confirming(), text, "promo_code")
    assert talk.responses() == ["utter_quote_no_code"]
    assert (talk.slots["quote_lines"], talk.slots["requested_slot"]) == ([LAMPS], "quote_confirmed")


def test_that_the_rest_of_the_words_counts_beside_a_code(scratch_shop: Services):
    talk = Talk().within(FORM).hear("20 desk lamps in black with promo code BRIGHT15", "promo_code")
    talk.run(ValidateQuoteForm())
    assert talk.told("utter_quote_no_code")["code"] == "BRIGHT15"
    assert talk.slots["quote_lines"] == [LAMPS]


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "20 USB hubs",
        "show Q-10001",
        "what promo codes are there",
        "20pcs",
        "25units",
        "KETTLES",
        "bo22@example.com",
    ],
)
def test_what_is_no_promo_code(scratch_shop: Services, text):
    assert code_named(text) is None


def test_that_what_introduces_a_code_goes_with_it():
    assert without_code("20 lamps with the promo code bright 15, please", "BRIGHT15").split() == [
        "20",
        "lamps",
        ",",
        "please",
    ]
