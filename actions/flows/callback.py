"""Calling a customer back: the questions with their buttons, the summary, and the one step that writes."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.call_words import zone_name
from actions.flows.callback_form import (
    FLOW,
    FORM,
    ON_FILE,
    WISH,
    booked_call,
    chosen_time,
    wish_in,
    zone_told,
)
from actions.flows.choice import payload
from actions.flows.identity import known_customer
from actions.flows.offers import offer_ticket
from actions.flows.turn import actions_of
from actions.flows.wishes import done
from actions.services import services
from actions.services.callbacks import Callback
from actions.services.context import caller
from actions.services.errors import Refused
from actions.services.mail_care import hour, slot_words
from actions.services.phone import phone_number, spoken_number

SHOWN = 4  # times that are offered as buttons
BUTTON = "%a %b"


def when(start: datetime, zone: str) -> str:
    """Write a slot with its time zone spelled out, and in the customer's own where that is another one."""
    support = services().policies.support
    minutes = support.callback_slot_minutes
    words = f"{slot_words(start, minutes, support.zone)} {support.timezone}"
    there = slot_words(start, minutes, ZoneInfo(zone))
    if there == slot_words(start, minutes, support.zone):
        return words
    return f"{there} {zone_name(zone)} (that's {hour(start.astimezone(support.zone))} {support.timezone})"


def time_buttons(starts: list[datetime], zone: str) -> list[dict[str, str]]:
    """Offer times as buttons, in the customer's time zone."""
    buttons = []
    for start in starts[:SHOWN]:
        local = start.astimezone(ZoneInfo(zone))
        title = f"{local:{BUTTON}} {local.day}, {hour(local)}"
        buttons.append({"title": title, "payload": payload("inform", call_time=start.isoformat())})
    return buttons


class ActionAskCallbackPhone(Action):
    """Ask which number to call."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_callback_phone"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer the number of the account by its last digits, where the customer is verified."""
        customer = known_customer(tracker)
        number = phone_number(customer.phone or "") if customer else None
        if number is None:
            dispatcher.utter_message(response="utter_ask_callback_phone")
            return []
        button = {
            "title": f"The number ending in {number[-4:]}",
            "payload": payload("inform", phone_choice=ON_FILE),
        }
        dispatcher.utter_message(
            response="utter_ask_callback_phone_on_file", buttons=[button], last_digits=number[-4:]
        )
        return []


class ActionAskCallbackTime(Action):
    """Ask when to call, or offer what is free where the wish doesn't fit."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_callback_time"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer the free times that fit the wish, or the nearest ones with the reason."""
        zone, calls = zone_told(tracker), services().callbacks
        wish = wish_in(str(tracker.get_slot("callback_words") or ""), tracker)
        if wish is None:
            free = list(calls.free())
            dispatcher.utter_message(
                response="utter_ask_callback_time", buttons=time_buttons(_spread(free), zone)
            )
            return []
        fits = calls.fitting(wish)
        if fits:
            dispatcher.utter_message(
                response="utter_callback_choose_time", buttons=time_buttons(_spread(fits), zone)
            )
            return [SlotSet("callback_words", None)]
        near = calls.nearest(wish)
        rule = calls.reason_against(wish) if near else "none_free"
        dispatcher.utter_message(
            response=f"utter_callback_{rule}",
            holiday=calls.decide(wish.first).facts.get("holiday", ""),
        )
        if near:
            dispatcher.utter_message(response="utter_callback_nearest", buttons=time_buttons(near, zone))
        return [SlotSet("callback_words", None)]


def _spread(starts: list[datetime]) -> list[datetime]:
    """Choose a few of many times: of each of the first days the first one, and one from its middle."""
    if len(starts) <= SHOWN:
        return starts
    zone = services().policies.support.zone
    days = [list(each) for _, each in groupby(starts, key=lambda at: at.astimezone(zone).date())]
    if len(days) == 1:
        return [starts[place * len(starts) // SHOWN] for place in range(SHOWN)]
    chosen = [at for day in days for at in (day[0], day[len(day) // 2])]
    return list(dict.fromkeys(chosen))[:SHOWN]


class ActionAskCallbackChange(Action):
    """Ask what to do with the call that is booked."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_callback_change"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say when the call is, and offer to move or cancel it."""
        booked = booked_call(tracker)
        if booked:
            dispatcher.utter_message(response="utter_ask_callback_change", **_facts(booked, tracker))
        return []


class ActionAskCallbackConfirmed(Action):
    """Sum up what is to be done, and ask for a yes."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_callback_confirmed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say number, time, time zone and subject; nothing is written yet."""
        booked, change = booked_call(tracker), tracker.get_slot("callback_change")
        start = chosen_time(tracker)
        if booked and change == "cancel":
            dispatcher.utter_message(response="utter_callback_cancel_summary", **_facts(booked, tracker))
            return []
        if start is None:
            return []
        told = {"when": when(start, zone_told(tracker))}
        if booked and change == "move":
            before = _facts(booked, tracker)
            dispatcher.utter_message(
                response="utter_callback_move_summary",
                reference=booked.reference,
                before=before["when"],
                **told,
            )
            return []
        again = FLOW.again(tracker, ("utter_callback_summary", "utter_callback_again"))
        number = str(tracker.get_slot("callback_phone"))
        dispatcher.utter_message(
            response="utter_callback_again" if again else "utter_callback_summary",
            phone=spoken_number(number),
            topic=str(tracker.get_slot("callback_topic")),
            **told,
        )
        return []


class ActionSubmitCallback(Action):
    """Book, move or cancel the call after a yes."""

    def name(self) -> str:
        """Name the action."""
        return "action_submit_callback"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask the services for it; they check place, number and owner once more."""
        closing: list[EventType] = [*done(WISH), *FLOW.emptied()]
        change, booked = tracker.get_slot("callback_change"), booked_call(tracker)
        if change == "cancel" and booked is None:
            arranging = FLOW.form in actions_of(tracker, back=1)
            response = "utter_callback_not_booked" if arranging else "utter_callback_unknown_call"
            dispatcher.utter_message(response=response)
            return closing
        if FLOW.confirmed(tracker) is not True:
            dispatcher.utter_message(
                response="utter_callback_kept" if booked else "utter_callback_not_booked",
                **(_facts(booked, tracker) if booked else {}),
            )
            return closing
        try:
            made, response = self._write(tracker, change if booked else None)
        except Refused as refusal:
            offer = FLOW.tell_refusal(dispatcher, tracker, refusal.decision)
            if refusal.decision.rule != "full":
                offer = offer_ticket(dispatcher, tracker, WISH)
            return [*offer, *closing]
        dispatcher.utter_message(response=response, **_facts(made, tracker))
        if made.mailed:
            dispatcher.utter_message(response="utter_callback_mailed")
        return closing

    def _write(self, tracker: Tracker, change: str | None) -> tuple[Callback, str]:
        """Do what was agreed to; return the call and the response that tells it."""
        who, customer, calls = caller(tracker), known_customer(tracker, WISH), services().callbacks
        if change == "cancel":
            return calls.cancel(who, customer), "utter_callback_canceled"
        start = chosen_time(tracker) or services().now()  # without a time the service refuses
        if change == "move":
            return calls.move(who, customer, start), "utter_callback_moved"
        phone, topic = str(tracker.get_slot("callback_phone")), str(tracker.get_slot("callback_topic"))
        return calls.book(who, customer, phone, topic, start), "utter_callback_booked"


def _facts(call: Callback, tracker: Tracker) -> dict[str, str]:
    """Put what is known of a call into words."""
    return {
        "reference": call.reference,
        "when": when(call.start, zone_told(tracker)),
        "phone": spoken_number(call.phone),
        "topic": call.topic,
    }
