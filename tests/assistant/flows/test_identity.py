"""Identity comes first, from the service, and never from a slot."""

from __future__ import annotations

import pytest

from actions.flows.identity import ActionAskIdentityProof, known_customer
from actions.flows.order_status import ActionOrderStatus, ValidateOrderStatusForm
from tests.assistant.conftest import ANNA, MARCUS, count
from tests.assistant.flows.talking import Talk
from tests.assistant.services.test_identity import guests as guests

pytestmark = pytest.mark.usefixtures("scratch_shop")
FORM = "order_status_form"


@pytest.fixture()
def shop(scratch_shop):
    return scratch_shop


def asking(slot: str, **slots: object) -> Talk:
    return Talk().within(FORM, slot).set(wish="order_status", **slots)


def test_that_address_and_number_verify():
    talk = asking("identity_proof", email=ANNA[0]).hear("97214", postcode="97214")
    talk.run(ValidateOrderStatusForm())
    assert talk.slots["verified"] is True
    assert talk.slots["customer_name"] == "Anna"
    assert talk.slots["status_order"] == "L204817"
    assert known_customer(talk.tracker("a")) is not None


def test_that_everything_in_one_message_verifies():
    talk = (
        Talk()
        .within(FORM)
        .hear(f"where is {ANNA[1]}, my mail is {ANNA[0]}", "order_status")
        .set(email=ANNA[0])
    )
    talk.run(ValidateOrderStatusForm())
    assert (talk.slots["verified"], talk.slots["status_order"]) == (True, "L204817")


def test_that_a_wrong_proof_is_told_once_and_reveals_nothing():
    talk = asking("identity_proof", email=ANNA[0]).hear("60614", postcode="60614")
    talk.run(ValidateOrderStatusForm())
    assert talk.responses() == ["utter_identity_failed"]
    assert talk.slots["verified"] is None
    assert talk.slots["identity_proof"] is None
    assert "Anna" not in str(talk.said)
    talk.run(ActionAskIdentityProof())
    assert talk.responses() == []


def test_that_an_unknown_address_is_answered_alike():
    known = asking("identity_proof", email=ANNA[0]).hear("60614", postcode="60614")
    known.run(ValidateOrderStatusForm())
    unknown = Talk(conversation="web-2").within(FORM, "identity_proof").set(email="nobody@example.com")
    unknown.hear("60614", postcode="60614").run(ValidateOrderStatusForm())
    assert known.responses() == unknown.responses()


def test_that_the_same_pair_is_not_tried_twice():
    talk = asking("identity_proof", email=ANNA[0], postcode="60614").hear("60614", postcode="60614")
    talk.run(ValidateOrderStatusForm())
    assert talk.responses() == ["utter_identity_failed"]
    talk.hear("hm", "nlu_fallback").run(ValidateOrderStatusForm())
    assert talk.responses() == []


def test_that_a_corrected_address_is_tried_with_the_number_before():
    talk = asking("identity_proof", email="ana@example.com").hear("L204817", order_number="L204817")
    talk.run(ValidateOrderStatusForm())
    talk.set(order_number="L204817").hear(f"sorry, {ANNA[0]}", "correct", email=ANNA[0])
    talk.run(ValidateOrderStatusForm())
    assert talk.slots["verified"] is True


def test_that_few_tries_are_counted_and_the_last_one_locks():
    talk = asking("identity_proof", email=MARCUS[0])
    seen = []
    for proof in ("11111", "22222", "33333", "44444", "55555"):
        talk.hear(proof, postcode=proof).run(ValidateOrderStatusForm())
        seen += talk.responses()
    assert seen == ["utter_identity_failed"] * 2 + ["utter_identity_failed_few"] * 2
    assert talk.slots["identity_block"] == "locked"
    assert talk.slots["requested_slot"] is None
    talk.run(ActionOrderStatus())
    assert talk.responses() == ["utter_identity_locked"]
    assert talk.slots["identity_block"] is None
    assert talk.slots["pending_offer"] == "handoff"


def test_that_an_unsigned_conversation_is_told_so_at_once():
    talk = Talk(signed=False).within(FORM).hear(f"where is {ANNA[1]}? {ANNA[0]}", "order_status")
    talk.run(ValidateOrderStatusForm())
    assert talk.slots["requested_slot"] is None
    talk.run(ActionOrderStatus())
    assert talk.responses() == ["utter_identity_unavailable"]


def test_that_slots_make_nobody_a_customer():
    talk = Talk().within(FORM).hear("where is my order", "order_status")
    talk.set(
        verified=True, customer_name="Anna", identity_proof="L204817", status_order="L204817", email=ANNA[0]
    )
    talk.run(ValidateOrderStatusForm())
    assert talk.slots["verified"] is None
    assert talk.slots["identity_proof"] is None
    talk.set(verified=True, status_order="L204817").run(ActionOrderStatus())
    assert "utter_order_shipped" not in talk.responses()


def test_that_another_address_ends_the_verification():
    talk = asking("identity_proof", email=ANNA[0]).hear("97214", postcode="97214")
    talk.run(ValidateOrderStatusForm())
    talk.hear(f"and for {MARCUS[0]}", "inform", email=MARCUS[0]).run(ValidateOrderStatusForm())
    assert talk.slots["verified"] is None
    assert known_customer(talk.tracker("a")) is None
    assert talk.slots["email"] == MARCUS[0]


def test_that_somebody_without_the_number_gets_a_hint():
    talk = asking("identity_proof", email=ANNA[0]).hear("dont have the order nr", "cancel_order")
    events = talk.run(ValidateOrderStatusForm())
    assert talk.responses() == ["utter_hint_identity_proof"]
    assert any(event["event"] == "slot" and event["name"] == "identity_proof" for event in events)


def test_that_a_question_is_left_to_others():
    talk = asking("email").hear("what is your return policy", "ask_question")
    assert talk.run(ValidateOrderStatusForm()) == []


@pytest.mark.parametrize("value", ["not an address", "", None, "a@b"])
def test_that_what_is_no_address_is_not_kept(value):
    form = ValidateOrderStatusForm()
    assert form.validate_email(value, None, None, {}) == {"email": None}


def test_that_words_without_anything_new_are_no_attempt(scratch_shop):
    talk = Talk().within(FORM, "email").hear(f"{ANNA[0]} L999999", email=ANNA[0], order_number="L999999")
    talk.set(order_number="L999999", email=ANNA[0]).run(ValidateOrderStatusForm())
    talk.hear("60614", postcode="60614").run(ValidateOrderStatusForm())
    failed = count(scratch_shop, "audit", action="identity.failed")
    talk.hear("just give me a human", "talk_to_human").run(ValidateOrderStatusForm())
    assert count(scratch_shop, "audit", action="identity.failed") == failed == 2
    assert talk.responses() == []


def test_that_a_guest_is_known_by_each_order_with_its_own_number(shop, guests):
    talk = asking("identity_proof", email=ANNA[0]).hear(guests[0], order_number=guests[0])
    talk.run(ValidateOrderStatusForm())
    for number, known in ((guests[1], guests[1]), (MARCUS[1], guests[1])):
        talk.within(FORM).hear(f"where is {number}?", "order_status", order_number=number)
        talk.run(ValidateOrderStatusForm())
        assert known_customer(talk.tracker("a")).id == f"guest-{known}"
    assert count(shop, "audit", action="identity.failed") == 1
