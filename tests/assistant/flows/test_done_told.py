""" "Did it go through?": told from the receipt of what was done, and never of what only waits for a yes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from actions.commerce import schema
from actions.flows.cancel_order import ActionSubmitCancel
from actions.flows.done_told import TOLD, asks_if_done, response_of
from actions.flows.opening import ActionAcknowledge
from actions.flows.replies import ActionClarify
from actions.flows.talk import ActionRepeat
from actions.services import receipts, services
from actions.services.container import Services
from actions.services.done import Done
from tests.assistant.conftest import ANNA, NOW, verified, who
from tests.assistant.flows.talking import DOMAIN, Talk, followups

HUGO = ("hugo.lindgren@example.com", "L204507", "55401")


@pytest.fixture
def hugo(scratch_shop: Services) -> Services:
    verified(scratch_shop, who(key="k"), HUGO)
    return scratch_shop


def canceled() -> Talk:
    talk = Talk().set(
        wish="cancel_order", cancel_number="L204507", cancel_reason="no_longer_needed", cancel_confirmed=True
    )
    talk.hear("yes", "affirm").run(ActionSubmitCancel())
    assert talk.responses() == ["utter_cancel_done"]
    return talk


@pytest.mark.parametrize(
    "words",
    [
        "did it go through?",
        "how do i know it worked",
        "did that go thru",
        "was that really cancelled",
        "is it booked?",
        "so has everything been changed now?",
        "has my change been saved",
        "did u actually do it",
        "how can I be sure that it really happened",
        "it went through, right?",
        "did both go through?",
    ],
)
def test_the_words_that_ask(words):
    assert asks_if_done(words)


@pytest.mark.parametrize(
    "words",
    [
        "did it arrive",
        "does it work with my lamp",
        "my earbuds stopped working",
        "it doesn't work",
        "how do returns work",
        "has my order shipped",
        "change it",
        "is it black",
        "how do i know my size",
    ],
)
def test_the_words_that_do_not(words):
    assert not asks_if_done(words)


def test_that_what_was_done_is_told_with_its_facts(hugo):
    talk = canceled().hear("how do i know it worked", "repeat")
    talk.run(ActionRepeat())
    assert talk.responses() == ["utter_did_order_cancel", "utter_did_pay_back"]
    told = talk.told("utter_did_order_cancel")
    assert (told["chosen_order"], told["moment"][:9]) == ("L204507", "today at ")
    assert (talk.told("utter_did_pay_back")["refund"], talk.told("utter_did_pay_back")["method"]) == (
        "$51.89",
        "Mastercard ending in 2718",
    )


def test_that_what_was_sent_is_an_e_mail_only_where_one_was(hugo):
    talk = canceled().hear("has it been sent?", "repeat")
    talk.run(ActionRepeat())
    assert not any(name.startswith("utter_did") for name in talk.responses())
    hugo.accounts.request_password_reset(who(key="k9"), HUGO[0])
    talk.hear("has it been sent?", "repeat").run(ActionRepeat())
    assert talk.responses() == ["utter_did_password_reset"]


def test_that_it_is_said_where_nothing_was_done(hugo):
    talk = Talk().hear("did it go through?", "repeat")
    talk.run(ActionRepeat())
    assert talk.responses() == ["utter_did_nothing"]


def test_that_whose_channel_is_not_trusted_is_told_nothing_of_what_was_done(hugo):
    talk = Talk(signed=False).hear("did it go through?", "repeat")
    talk.run(ActionRepeat())
    assert talk.responses() == ["utter_did_unknown"]


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("has my refund been processed", "request_refund"),
        ("is it confirmed that you sell these lamps in brass", "ask_product"),
    ],
)
def test_that_how_something_stands_is_not_answered_with_nothing(hugo, words, intent):
    talk = Talk().hear(words, intent)
    talk.run(ActionAcknowledge())
    assert "utter_did_nothing" not in talk.responses()


def test_that_an_order_that_is_named_is_looked_up(hugo):
    talk = Talk().hear("did L204512 get done, was it cancelled?", "cancel_order", order_number="L204512")
    assert followups(talk.run(ActionAcknowledge())) == ["order_status_form"]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("did it go through? i also want to return the blanket", "start_return"),
        ("did that work and can i return my blanket too", "start_return"),
        ("i also want to return the blanket. did that work?", "start_return"),
        ("is it done? then I'd like a quote for 12 mugs please", "request_quote"),
    ],
)
def test_that_the_wish_behind_the_question_is_next(hugo, words, wish):
    talk = canceled().hear(words, wish)
    assert followups(talk.run(ActionAcknowledge())) == ["action_next_wish"]
    assert talk.responses()[0] == "utter_did_order_cancel"
    assert [entry["wish"] for entry in talk.slots["wish_queue"]] == [wish]
    assert "did" not in talk.slots["wish_queue"][0]["words"].split()


def test_that_the_wish_behind_the_question_waits_for_the_form(hugo):
    talk = canceled().within("address_form", "address_confirmed").set(wish="change_address")
    talk.hear("did it go through? i want to return the blanket", "start_return")
    assert followups(talk.run(ActionAcknowledge())) == ["address_form"]
    assert talk.responses() == ["utter_did_not_yet", "utter_wish_noted"]
    assert talk.slots["next_wish"] == "start_return"


def test_that_money_that_was_told_is_not_told_twice(hugo):
    talk = canceled().hear("did it go through and when do i get my money back?", "request_refund")
    assert followups(talk.run(ActionAcknowledge())) == ["action_next_wish"]
    assert not talk.slots["wish_queue"]


def test_that_a_summary_that_waits_is_not_done(hugo):
    talk = canceled().within("address_form", "address_confirmed").hear("did it go through?", "nlu_fallback")
    talk.run(ActionClarify())
    assert talk.responses() == ["utter_did_not_yet"]


def test_that_another_order_is_not_meant(hugo):
    talk = canceled().hear("did it go through for L204512?", "repeat")
    talk.run(ActionRepeat())
    assert not any(name.startswith("utter_did") for name in talk.responses())


def test_that_a_stranger_hears_nothing(hugo):
    canceled()
    stranger = Talk(conversation="web-2").hear("did it go through?", "repeat")
    stranger.run(ActionRepeat())
    assert stranger.responses() == ["utter_did_nothing"]


def test_that_who_is_not_proven_any_more_hears_no_facts(hugo):
    talk = canceled()
    hugo.identity.forget(who(key="k"))
    talk.hear("did it go through?", "repeat").run(ActionRepeat())
    assert talk.responses() == ["utter_did_it"]


def test_that_another_customer_in_the_same_conversation_hears_nothing_of_it(hugo):
    customer = hugo.identity.customer(who(key="k"))
    moved = replace(customer.address, line1="12 Elm Street")
    hugo.addresses.change(who(key="a"), customer, moved, number="L204507")
    verified(hugo, who(key="k"), ANNA)
    talk = Talk().hear("did it go through?", "repeat")
    talk.run(ActionRepeat())
    assert talk.responses() == ["utter_did_nothing"]


def test_that_what_was_done_to_an_account_is_told_to_whose_it_is(hugo):
    customer = hugo.identity.customer(who(key="k"))
    hugo.addresses.change(
        who(key="a"), customer, replace(customer.address, line1="12 Elm Street"), profile=True
    )
    talk = Talk().hear("did it go through?", "repeat")
    talk.run(ActionRepeat())
    assert talk.responses() == ["utter_did_address_change_profile"]
    verified(hugo, who(key="k"), ANNA)
    talk.hear("did it go through?", "repeat").run(ActionRepeat())
    assert talk.responses() != ["utter_did_address_change_profile"]


def test_that_facts_need_the_level_of_what_was_done(hugo, monkeypatch):
    talk = canceled()
    policy = services().policies.identity
    strict = replace(
        policy,
        levels={**policy.levels, "more": ("name_postcode",)},
        needs={**policy.needs, "cancel_order": "more"},
    )
    monkeypatch.setattr(hugo.identity, "_policy", strict)
    talk.hear("did it go through?", "repeat").run(ActionRepeat())
    assert talk.responses() == ["utter_did_it"]


def test_that_what_was_undone_is_not_called_done(hugo):
    talk = canceled()
    with hugo.database.write() as connection:
        receipts.undo(connection, connection.execute(select(schema.receipts.c.key)).scalar_one(), "declined")
    talk.hear("did it go through?", "repeat").run(ActionRepeat())
    assert talk.responses() == ["utter_did_undone", "utter_outside_declined"]


@pytest.mark.parametrize("action", sorted(TOLD - {"account.change"}))
def test_that_every_write_has_its_words(action):
    assert response_of(Done(action, {"order_number": "L204507"}, NOW)) in DOMAIN["responses"]


@pytest.mark.parametrize("field", ["name", "phone", "marketing"])
def test_that_every_detail_of_an_account_has_its_words(field):
    assert response_of(Done("account.change", {"field": field}, NOW)) in DOMAIN["responses"]
