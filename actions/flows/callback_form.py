"""The callback form: which number, when, about what; or what to do with the call that is booked."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.flows.call_words import LONGEST_TOPIC, says, topic_of, wish_of, zone_of
from actions.flows.flow import Flow
from actions.flows.forms import AttentiveForm
from actions.flows.identity import LACKS, known_customer
from actions.flows.turn import SURE, Said, said
from actions.flows.wishes import cued, wishes
from actions.services import services
from actions.services.callback_policy import CallWish
from actions.services.callbacks import Callback
from actions.services.context import caller
from actions.services.phone import like_a_phone_number, phone_number

FORM = "callback_form"
WISH = "schedule_callback"
ASKED = ("callback_phone", "callback_time", "callback_topic")
NOTED = ("callback_words", "callback_day")  # what the customer said about the time, and for which day
FLOW = Flow(
    wish=WISH,
    form=FORM,
    confirmed_slot="callback_confirmed",
    told_slots=(*ASKED, "callback_change", "callback_zone"),
    further_slots=NOTED,
)
ON_FILE = "on file"  # what the button says that stands for the number of the account
SKIPS = frozenset({"deny", "stop", "affirm", "goodbye", "talk_to_human"})
NOT_SAID = "not said"
CORRECTS = re.compile(
    r"\b(?:instead|rather|make (?:it|that)|move it|switch it|change (?:it|that|the time))\b"
)


def booked_call(tracker: Tracker) -> Callback | None:
    """Return the call that this conversation has booked."""
    return services().callbacks.booked(caller(tracker), known_customer(tracker))


def chosen_time(tracker: Tracker) -> datetime | None:
    """Return the beginning of the slot that was chosen, if it is a time."""
    try:
        chosen = datetime.fromisoformat(str(tracker.get_slot("callback_time") or ""))
    except ValueError:
        return None
    return chosen.astimezone(UTC) if chosen.tzinfo else None


def zone_told(tracker: Tracker) -> str:
    """Return the time zone that the customer speaks in: the shop's, unless they named one."""
    return str(tracker.get_slot("callback_zone") or services().policies.support.zone.key)


def wish_in(words: str, tracker: Tracker) -> CallWish | None:
    """Return when the words wish the call to be; an hour without a day is one of the day that was spoken of."""
    day, booked = tracker.get_slot("callback_day"), booked_call(tracker)
    try:
        spoken_of = date.fromisoformat(str(day)) if day else None
    except ValueError:
        spoken_of = None
    if spoken_of is None and booked is not None:  # which is to be moved
        spoken_of = booked.start.astimezone(ZoneInfo(zone_told(tracker))).date()
    return wish_of(words, services().now(), zone_told(tracker), spoken_of) if words else None


class ValidateCallbackForm(AttentiveForm):
    """Validate the callback form: number, time, subject, and an explicit yes."""

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def heard(self, tracker: Tracker) -> Said:
        """Return the words of this turn that are meant for this form; empty ones for an interruption."""
        words, asked = said(tracker, FORM), tracker.get_slot("requested_slot")
        if words.intent == WISH or words.payload or asked == "callback_topic":
            return words
        if words.intent in wishes() and (words.confidence >= SURE or cued(words.text) == words.intent):
            told = asked in ("callback_phone", "callback_time") and self._tells(words, tracker)
            changes = asked == "callback_change" and (
                says("moves", words.text) or says("cancels", words.text)
            )
            return words if changes or (told and not words.text.endswith("?")) else Said()
        return words

    def _tells(self, words: Said, tracker: Tracker) -> bool:
        """Tell whether the words hold a number or a time, whatever they sound like."""
        return bool(phone_number(words.text) or wish_in(words.text, tracker))

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        """Ask what is missing; of a call that is booked, first what to do with it."""
        change, booked = tracker.get_slot("callback_change"), booked_call(tracker)
        if booked is None:
            return [] if change == "cancel" else [*ASKED, FLOW.confirmed_slot]
        if change == "cancel":
            return ["callback_confirmed"]
        return ["callback_time", "callback_confirmed"] if change == "move" else ["callback_change"]

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Notice time zone and purpose first: what is asked, and how a time is read, depends on them."""
        self.give_way(tracker)
        changes = self._purpose(tracker)
        zone = zone_of(self._words(tracker))
        if zone and zone != tracker.get_slot("callback_zone"):
            changes["callback_zone"] = zone
        noticed = [SlotSet(name, value) for name, value in changes.items()]
        tracker.add_slots(noticed)
        before = {name: tracker.get_slot(name) for name in NOTED}  # no question asks for these
        events = await super().run(dispatcher, tracker, domain)
        now = {name: tracker.get_slot(name) for name in NOTED}
        kept = [SlotSet(name, value) for name, value in now.items() if value != before[name]]
        return [*noticed, *events, *kept]

    def _purpose(self, tracker: Tracker) -> dict[str, Any]:
        """Find out whether a booked call is to be moved or canceled."""
        heard, words = self.heard(tracker), self._words(tracker)
        named = heard.entity("call_change")
        if named in ("move", "cancel"):
            return {"callback_change": named}
        asked = tracker.get_slot("requested_slot") in (None, "callback_change") or says("cancels", words)
        if not words or not asked or tracker.get_slot("callback_change"):
            return {}
        if says("cancels", words):
            return {"callback_change": "cancel"}
        moves = booked_call(tracker) and (says("moves", words) or wish_in(words, tracker))
        return {"callback_change": "move"} if moves else {}

    def extract_callback_change(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find nothing: the purpose was noticed before."""
        return {}

    def _words(self, tracker: Tracker) -> str:
        """Return what the customer says in this turn, or said when the wish came up and isn't used yet."""
        heard = self.heard(tracker)
        opening = "" if tracker.get_slot("requested_slot") else str(tracker.get_slot("wish_words") or "")
        return "" if heard.payload else heard.text or opening

    def extract_callback_phone(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Take the number that is given, now or when the wish came up."""
        heard, asked = self.heard(tracker), tracker.get_slot("requested_slot") == "callback_phone"
        customer = known_customer(tracker)
        on_file = heard.entity("phone_choice") == ON_FILE or (asked and heard.plain_yes)
        if asked and on_file and customer and customer.phone:
            return {"callback_phone": customer.phone}
        words = self._words(tracker)
        found = phone_number(words)
        if found is None and asked and heard.short and heard.has(LACKS):
            dispatcher.utter_message(response="utter_hint_callback_phone")
            return {"callback_phone": None}
        wanted = asked or tracker.get_slot("requested_slot") is None
        if found is None and wanted and like_a_phone_number(words):
            return {"callback_phone": words}
        return {"callback_phone": found} if found else {}

    def validate_callback_phone(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a number that can be called, written in one way."""
        number = phone_number(str(value or ""))
        if value and number is None:
            dispatcher.utter_message(response="utter_callback_bad_number")
        return {"callback_phone": number}

    def extract_callback_time(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Turn the words into a free slot; where none fits, say why, and offer the nearest ones."""
        heard = self.heard(tracker)
        if heard.entity("call_time"):
            return {"callback_time": heard.entity("call_time")}
        words = self._words(tracker)
        topic = topic_of(words) or ""
        wish = wish_in(words.replace(topic, " ") if topic else words, tracker)
        if tracker.get_slot("requested_slot") == "callback_topic" and not self._other_time(heard, tracker):
            return {}
        if wish is None and zone_of(words) and tracker.get_slot("callback_words"):
            words = str(tracker.get_slot("callback_words"))  # "pacific": the time that was said, but there
            wish = wish_in(words, tracker)
        if wish is None:
            return {}
        tracker.slots["callback_words"] = words
        tracker.slots["callback_day"] = None if wish.soon else wish.first.date().isoformat()
        fits = services().callbacks.fitting(wish)
        return {"callback_time": fits[0].isoformat() if len(fits) == 1 or (fits and wish.exact) else None}

    def validate_callback_time(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept the beginning of a slot that can be booked."""
        tracker.slots["callback_time"] = value
        start = chosen_time(tracker)
        if start is None:
            return {"callback_time": None}
        tracker.slots["callback_day"] = start.astimezone(ZoneInfo(zone_told(tracker))).date().isoformat()
        decision = services().callbacks.decide(start)
        if not decision.allowed:
            dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
        return {"callback_time": start.isoformat() if decision.allowed else None}

    def extract_callback_topic(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Take what the call is about, in the customer's words; "no" leaves it open."""
        heard, asked = self.heard(tracker), tracker.get_slot("requested_slot")
        found = topic_of(self._words(tracker))
        if found:
            return {"callback_topic": found}
        if asked != "callback_topic" or not heard.text or heard.payload or self._other_time(heard, tracker):
            return {}
        if heard.intent in SKIPS and heard.short:
            return {"callback_topic": NOT_SAID} if heard.intent == "deny" else {}
        return {"callback_topic": heard.text[:LONGEST_TOPIC]} if heard.meant else {}

    def _other_time(self, heard: Said, tracker: Tracker) -> bool:
        """Tell whether the words correct the time ("make it friday instead"), although the subject was asked for."""
        return heard.short and heard.has(CORRECTS) and wish_in(heard.text, tracker) is not None

    def validate_callback_topic(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept any text."""
        return {"callback_topic": str(value)[:LONGEST_TOPIC] if value else None}

    def validate_callback_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes, or a no, to the summary that was shown."""
        return {"callback_confirmed": FLOW.answered(value, self.heard(tracker), tracker)}
