"""The account: told to nobody else, single details changed after a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.account import ActionAskAccountConfirmed, ActionSubmitAccount, ValidateAccountForm
from actions.flows.account_words import other_ending, topic_of, value_in
from actions.flows.turn import Said
from actions.services.container import Services
from tests.assistant.conftest import count, verified, who
from tests.assistant.flows.talking import DOMAIN, Talk

FORM = "account_form"
HUGO = ("hugo.lindgren@example.com", "L204507", "55401")


@pytest.fixture
def hugo(scratch_shop: Services) -> Services:
    verified(scratch_shop, who(key="k"), HUGO)
    return scratch_shop


def begun(text: str) -> Talk:
    talk = Talk().within(FORM).set(wish="account_details", wish_words=text)
    talk.hear(text, "account_details").run(ValidateAccountForm())
    return talk


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("what addresses do you have on file", "addresses"),
        ("what's my e-mail address on file", "everything"),
        ("which payment methods are saved", "payments"),
        ("how many points do I have", "loyalty"),
        ("how far am I from gold", "loyalty"),
        ("my address and my payment methods", "everything"),
        ("please change my last name to Adams", "change_name"),
        ("update my phone number to 612 555 0137", "change_phone"),
        ("change my email to a@example.com", "change_email"),
        ("unsubscribe me from the newsletter", "marketing_off"),
        ("sign me up for offers", "marketing_on"),
        ("I want to remove a card", "cards"),
        ("hello", None),
    ],
)
def test_what_is_asked_about(words, topic):
    found = topic_of(Said(words))
    assert found == topic or (topic == "everything" and found == "email")


@pytest.mark.parametrize(
    ("words", "asked", "name"),
    [
        ("change my last name to Adams", False, "Hugo Adams"),
        ("my name is now Hugo Adams", False, "Hugo Adams"),
        ("hugo adams", True, "Hugo Adams"),
        ("hugo adams", False, None),
        ("change my first name to Ugo, please", False, "Ugo Lindgren"),
        ("to the name of my wife's family since we got married last week", True, None),
        ("Please Change", True, None),
    ],
)
def test_a_new_name_in_the_words(hugo, words, asked, name):
    customer = hugo.commerce.customer_by_email(HUGO[0])
    assert customer is not None
    assert value_in(Said(words), "name", customer, asked=asked) == name


@pytest.mark.parametrize(
    ("words", "response"),
    [
        ("what address do you have for me", "utter_account_addresses"),
        ("which cards are saved", "utter_account_payments"),
        ("everything you have", "utter_account_everything"),
        ("do I get your newsletter", "utter_account_marketing"),
        ("my points", "utter_account_loyalty"),
        ("change my e-mail address", "utter_account_change_email"),
    ],
)
def test_what_is_told(hugo, words, response):
    talk = begun(words)
    talk.run(ActionSubmitAccount())
    assert response in talk.responses()


def test_that_of_cards_and_phone_only_the_last_digits_are_told(hugo):
    talk = begun("everything you have on file")
    talk.run(ActionSubmitAccount())
    told = talk.told("utter_account_everything")
    assert told["phone_digits"] == "0136"
    assert told["methods"].startswith(
        "Visa ending in 3141, Mastercard ending in 2718, gift card with $200.00"
    )


def test_that_a_change_needs_a_summary_and_a_yes(hugo):
    talk = begun("change my phone number to 612 555 0137")
    assert talk.slots["requested_slot"] == "account_confirmed"
    talk.run(ActionAskAccountConfirmed())
    assert talk.told("utter_account_summary_phone")["value"] == "(612) 555-0137"
    assert count(hugo, "audit", action="account.change") == 0
    talk.hear("yes", "affirm").run(ValidateAccountForm(), account_confirmed=True)
    talk.run(ActionSubmitAccount())
    assert talk.responses() == ["utter_account_done_phone"]
    assert count(hugo, "audit", action="account.change") == 1


def test_that_a_no_changes_nothing(hugo):
    talk = begun("unsubscribe me")
    talk.hear("no", "deny").run(ValidateAccountForm(), account_confirmed=False)
    talk.run(ActionSubmitAccount())
    assert talk.responses() == ["utter_account_kept"]
    assert count(hugo, "audit", action="account.change") == 0


def test_that_what_is_missing_is_asked_for(hugo):
    assert begun("change my phone number").slots["requested_slot"] == "account_value"


def test_that_a_new_email_address_is_no_proof_of_who_it_is(hugo):
    talk = begun("change my email to someone.else@example.org")
    talk.run(ActionSubmitAccount())
    assert talk.responses() == ["utter_account_change_email"]
    customer = hugo.identity.customer(who(key="k9"))
    assert customer is not None
    assert customer.email == HUGO[0]


def test_that_nothing_is_told_to_a_stranger(scratch_shop):
    talk = Talk().within(FORM).set(account_topic="everything").hear("everything", "account_details")
    talk.run(ActionSubmitAccount())
    assert "utter_account_everything" not in talk.responses()


def test_that_every_rule_and_detail_has_its_words(scratch_shop):
    details = ("phone", "name", "marketing_on", "marketing_off")
    for rule in scratch_shop.policies.accounts.rules:
        assert f"utter_account_{rule}" in DOMAIN["responses"]
    for detail in details:
        assert {f"utter_account_summary_{detail}", f"utter_account_done_{detail}"} <= set(DOMAIN["responses"])


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("no wait 0189 at the end", "(612) 555-0189"),
        ("it ends in 89", "(612) 555-0189"),
        ("no, in 10 minutes", None),
        ("sorry, I am hugo.89@example.com, 55401", None),
        ("yes please, within 24 hours", None),
        ("call 89", None),
        ("sorry, 89", "(612) 555-0189"),
        ("no", None),
        ("12 or 13", None),
        ("my order is L204507", None),
    ],
)
def test_that_the_last_digits_of_a_number_can_be_corrected(words, number):
    assert other_ending(Said(words), "(612) 555-0188") == number


@pytest.mark.parametrize(
    ("words", "intent", "number"),
    [
        ("yes 100%", "affirm", "(612) 555-0188"),
        ("yes please, within 24 hours", "affirm", "(612) 555-0188"),
        ("yes, do it in 10 minutes", "inform", "(612) 555-0188"),
        ("55401", "inform", "(612) 555-0188"),
        ("yes, and my e-mail is hugo.lindgren@example.com, zip 80207", "inform", "(612) 555-0188"),
        ("0189", "correct", "(612) 555-0189"),
        ("no, 0189 at the end", "deny", "(612) 555-0189"),
    ],
)
def test_that_only_a_correction_changes_the_number_that_was_summed_up(hugo, words, intent, number):
    talk = begun("change my phone to 612 555 0188").within(FORM, "account_confirmed").hear(words, intent)
    talk.run(ValidateAccountForm(), account_confirmed={"affirm": True, "deny": False}.get(intent))
    assert talk.slots["account_value"] == number


def test_that_a_value_that_is_called_wrong_is_asked_for_again(hugo):
    talk = begun("change my phone to 612 555 0188")
    assert talk.slots["account_value"] == "(612) 555-0188"
    talk.within(FORM, "account_confirmed").hear("no that's wrong", "correct").run(ValidateAccountForm())
    assert talk.slots["account_value"] is None
