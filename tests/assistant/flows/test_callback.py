"""Calling back: a free slot, a number that can be called, and a plain yes."""

from __future__ import annotations

import pytest

from actions.flows.callback import ActionAskCallbackConfirmed, ActionAskCallbackTime, ActionSubmitCallback
from actions.flows.callback_form import ValidateCallbackForm
from actions.services.container import Services
from tests.assistant.conftest import count, who
from tests.assistant.flows.talking import Talk

FORM = "callback_form"
PHONE = "+15035550119"


def confirming(shop: Services, **slots: object) -> Talk:
    start = shop.callbacks.free()[0].isoformat()
    known = {"callback_phone": PHONE, "callback_time": start, "callback_topic": "a lamp"}
    return Talk().within(FORM, "callback_confirmed").set(**(known | slots), wish="schedule_callback")


def answer(talk: Talk, text: str, intent: str) -> Talk:
    talk.hear(text, intent)
    talk.run(ValidateCallbackForm(), callback_confirmed={"affirm": True, "deny": False}.get(intent))
    return talk


def test_that_words_fill_everything(scratch_shop):
    text = "call me asap about my lamp, 503 555 0119"
    talk = Talk().within(FORM).hear(text, "schedule_callback").set(wish="schedule_callback", wish_words=text)
    talk.run(ValidateCallbackForm())
    assert (talk.slots["callback_phone"], talk.slots["callback_topic"]) == (PHONE, "my lamp")
    assert talk.slots["callback_time"] == scratch_shop.callbacks.free()[0].isoformat()


def test_that_free_times_are_offered_as_buttons(scratch_shop):
    talk = Talk().within(FORM, "callback_time").hear("x")
    talk.run(ActionAskCallbackTime())
    buttons = talk.told("utter_ask_callback_time")["buttons"]
    assert 1 < len(buttons) <= 4
    assert all('"call_time"' in button["payload"] for button in buttons)


def test_that_a_wish_that_doesnt_fit_gets_the_reason_and_the_nearest_times(scratch_shop):
    talk = Talk().within(FORM, "callback_time").hear("x").set(callback_words="sunday at 11")
    talk.run(ActionAskCallbackTime())
    assert talk.responses()[-1] == "utter_callback_nearest"
    assert len(talk.told("utter_callback_nearest")["buttons"]) == 4


def test_that_the_summary_spells_the_time_zone_out(scratch_shop):
    talk = confirming(scratch_shop).hear("x")
    talk.run(ActionAskCallbackConfirmed())
    assert talk.told("utter_callback_summary")["when"].endswith("Eastern Time")
    talk = confirming(scratch_shop, callback_zone="America/Los_Angeles").hear("x")
    talk.run(ActionAskCallbackConfirmed())
    when = talk.told("utter_callback_summary")["when"]
    assert "Pacific Time" in when
    assert "Eastern Time" in when


def test_that_a_plain_yes_books_once(scratch_shop):
    talk = answer(confirming(scratch_shop), "yes", "affirm")
    talk.run(ActionSubmitCallback())
    assert talk.responses() == ["utter_callback_booked"]
    assert count(scratch_shop, "callbacks", status="booked") == 1


@pytest.mark.parametrize(("text", "intent"), [("yes but wait", "affirm"), ("hm", "affirm"), ("?", "affirm")])
def test_that_anything_less_books_nothing(scratch_shop, text, intent):
    talk = answer(confirming(scratch_shop), text, intent)
    assert talk.slots["callback_confirmed"] is None
    assert count(scratch_shop, "callbacks") == 0


@pytest.mark.parametrize("time", ["2030-01-01T12:00:00+00:00", "tomorrow", "2026-01-01T12:00", "", None])
def test_that_a_slot_that_isnt_free_books_nothing(scratch_shop, time):
    talk = confirming(scratch_shop, callback_time=time, callback_confirmed=True).hear("yes", "affirm")
    talk.run(ActionSubmitCallback())
    assert count(scratch_shop, "callbacks") == 0


def test_that_a_number_that_cant_be_called_books_nothing(scratch_shop):
    talk = confirming(scratch_shop, callback_phone="911", callback_confirmed=True).hear("yes", "affirm")
    talk.run(ActionSubmitCallback())
    assert talk.responses()[0] == "utter_callback_bad_number"


def test_that_a_booked_call_is_asked_about(scratch_shop):
    start = scratch_shop.callbacks.free()[0]
    scratch_shop.callbacks.book(who(key="k"), None, PHONE, "x", start)
    talk = Talk().within(FORM).hear("call me back", "schedule_callback").set(wish_words="call me back")
    talk.run(ValidateCallbackForm())
    assert talk.slots["requested_slot"] == "callback_change"
    talk.hear("cancel it please", "cancel_order").run(ValidateCallbackForm())
    assert talk.slots["requested_slot"] in ("callback_change", "callback_confirmed")
    talk = Talk().within(FORM).hear("cancel the callback", "schedule_callback")
    talk.set(wish_words="cancel the callback").run(ValidateCallbackForm())
    assert (talk.slots["callback_change"], talk.slots["requested_slot"]) == ("cancel", "callback_confirmed")


def test_that_the_call_can_be_canceled_while_its_subject_is_asked(scratch_shop):
    talk = Talk().within(FORM, "callback_topic").set(wish="schedule_callback", callback_phone=PHONE)
    talk.hear("cancel the call", "cancel_order").run(ValidateCallbackForm())
    assert (talk.slots["callback_change"], talk.slots["callback_topic"]) == ("cancel", None)
    assert talk.slots["requested_slot"] is None


@pytest.mark.parametrize(
    ("arranging", "response"), [(True, "utter_callback_not_booked"), (False, "utter_callback_unknown_call")]
)
def test_that_a_call_is_given_up_before_it_is_booked(scratch_shop, arranging, response):
    talk = Talk().hear("call me tomorrow", "schedule_callback").set(wish="schedule_callback")
    if arranging:
        talk.within(FORM).run(ValidateCallbackForm())
    talk.hear("forget the call", "schedule_callback").set(callback_change="cancel")
    talk.loop = None
    talk.run(ActionSubmitCallback())
    assert talk.responses() == [response]


def test_that_another_time_is_no_subject(scratch_shop: Services):
    talk = confirming(scratch_shop, callback_topic=None).within(FORM, "callback_topic")
    before = talk.slots["callback_time"]
    talk.hear("make it friday at 10 instead", "change_order").run(ValidateCallbackForm())
    assert talk.slots["callback_topic"] is None
    assert talk.slots["callback_time"] != before
    talk.within(FORM, "callback_topic").hear("a lamp that I want to change instead").run(
        ValidateCallbackForm()
    )
    assert talk.slots["callback_topic"] == "a lamp that I want to change instead"
