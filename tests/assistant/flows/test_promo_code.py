"""A promo code in conversation: nothing is credited without a code, identity, policy and a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.promo_code import ActionAskPromoConfirmed, ActionSubmitPromo, ValidatePromoForm
from actions.flows.promo_words import code_in, topic_of, use_of
from actions.flows.turn import Said
from actions.services.container import Services
from tests.assistant.conftest import count, verified, who
from tests.assistant.flows.talking import Talk

FORM = "promo_form"
TESSA = ("tessa.moreau@example.com", "L204995", "80207")


@pytest.fixture
def tessa(scratch_shop: Services) -> Services:
    verified(scratch_shop, who(key="k"), TESSA)
    return scratch_shop


def confirming(**slots: object) -> Talk:
    known = {"promo_code": "BRIGHT15", "promo_use": "order", "promo_order": TESSA[1], "wish": "promo_code"}
    return Talk().within(FORM, "promo_confirmed").set(**(known | slots))


def answer(talk: Talk, text: str, intent: str, **entities: str) -> Talk:
    talk.hear(text, intent, **entities)
    talk.run(ValidatePromoForm(), promo_confirmed={"affirm": True, "deny": False}.get(intent))
    return talk


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("apply BRIGHT15 please", "BRIGHT15"),
        ("bright 15 doesn't work", "BRIGHT15"),
        ("the code is Bright-15", "BRIGHT15"),
        ("freeship", "FREESHIP"),
        ("my voucher XMAS-99 fails", "XMAS-99"),
        ("code lark20 on L204995", "LARK20"),
        ("my promo code doesn't work", None),
        ("the code is for order L204995", None),
        ("MY CODE DOES NOT WORK AT ALL", None),
        ("I have a 10% coupon", None),
    ],
)
@pytest.mark.usefixtures("scratch_shop")
def test_that_a_code_is_found_in_words(text, code):
    assert code_in(Said(text, "promo_code", 1.0)) == code


@pytest.mark.usefixtures("scratch_shop")
def test_that_a_bare_word_counts_only_as_an_answer():
    heard = Said("winterglow", "inform", 0.9)
    assert code_in(heard) is None
    assert code_in(heard, asked=True) == "WINTERGLOW"
    assert code_in(Said("no", "deny", 0.9), asked=True) is None


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("it's rejected in my cart", "cart"),
        ("I forgot it, already paid", "order"),
        ("for L204995", "order"),
        ("hm", None),
    ],
)
def test_that_words_say_what_a_code_is_for(text, use):
    assert use_of(text) == use


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("your colleague promised me 90% off", "claim"),
        ("what codes do you have", "listing"),
        ("where do i enter a voucher", "how"),
        ("is there a student discount", "kinds"),
        ("my code fails", None),
    ],
)
def test_that_words_without_a_code_have_a_topic(text, topic):
    assert topic_of(Said(text, "promo_code", 1.0)) == topic


def test_that_one_message_fills_the_form(tessa):
    talk = Talk().within(FORM).hear("I forgot BRIGHT15 on my order", "promo_code")
    talk.run(ValidatePromoForm())
    assert (talk.slots["promo_code"], talk.slots["promo_order"]) == ("BRIGHT15", TESSA[1])
    assert talk.slots["requested_slot"] == "promo_confirmed"


def test_that_the_summary_says_what_holds(tessa):
    talk = confirming().hear("x")
    talk.run(ActionAskPromoConfirmed())
    told = talk.told("utter_promo_summary")
    assert (told["code"], told["chosen_order"], told["method"]) == (
        "BRIGHT15",
        TESSA[1],
        "Visa ending in 6402",
    )
    assert count(tessa, "promo_credits") == 0


def test_that_a_plain_yes_credits_once(tessa):
    talk = answer(confirming(), "yes", "affirm")
    talk.run(ActionSubmitPromo())
    assert talk.responses() == ["utter_promo_done"]
    assert count(tessa, "promo_credits") == 1
    assert (talk.slots["promo_code"], talk.slots["promo_confirmed"]) == (None, None)


@pytest.mark.parametrize(
    ("text", "intent"), [("yes but wait", "affirm"), ("hmm", "affirm"), ("BRIGHT15", "promo_code")]
)
def test_that_anything_less_than_a_plain_yes_credits_nothing(tessa, text, intent):
    talk = answer(confirming(), text, intent)
    assert talk.slots["promo_confirmed"] is None
    assert count(tessa, "promo_credits") == 0


def test_that_another_code_at_the_summary_is_summed_up_anew(tessa):
    talk = answer(confirming(), "yes, with WELCOME10", "affirm")
    assert (talk.slots["promo_code"], talk.slots["promo_confirmed"]) == ("WELCOME10", None)
    assert talk.slots["requested_slot"] == "promo_confirmed"


def test_that_a_button_cannot_confirm_for_a_stranger(scratch_shop):
    talk = confirming(promo_confirmed=True).hear("/affirm", "affirm")
    talk.run(ActionSubmitPromo())
    assert "utter_promo_done" not in talk.responses()
    assert count(scratch_shop, "promo_credits") == 0


def test_that_a_refusal_names_what_would_work(tessa):
    talk = confirming(promo_code="CIRCLE12").hear("x")
    talk.run(ActionSubmitPromo())
    assert talk.responses() == ["utter_promo_wrong_tier", "utter_promo_instead"]
    assert talk.told("utter_promo_instead")["code"] == "WELCOME10"


def test_that_every_rule_has_its_words(tessa):
    from tests.assistant.flows.talking import DOMAIN

    for subject, rules in (
        ("promo", tessa.policies.promotions.rules),
        ("quote", tessa.policies.quotes.rules),
    ):
        assert not {rule for rule in rules if f"utter_{subject}_{rule}" not in DOMAIN["responses"]}
