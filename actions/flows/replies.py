"""Short replies that no form took: yes, no, a fragment, a correction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.choice import payload
from actions.flows.turn import SURE, actions_of, message, set_in_last_turn
from actions.flows.wishes import begin, clear_wish, wishes

GUESSES = 2  # buttons for what the classifier thought of
LIKELY = 0.08
# The actions that give a hint when a form couldn't use an answer.
HINTING = frozenset({"action_affirm", "action_deny", "action_inform", "action_correct", "action_clarify"})


def hint(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Say what kind of answer the running form waits for; tell whether one is running."""
    slot = tracker.get_slot("requested_slot")
    if not tracker.active_loop_name or not slot:
        return False
    dispatcher.utter_message(response=f"utter_hint_{slot}")
    if HINTING & set(actions_of(tracker, back=1)):
        dispatcher.utter_message(response="utter_person_or_stop")
    return True


def clarify(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Go by the words where they are clear; else offer the likeliest wishes, and the second time a person."""
    wish = clear_wish(tracker)
    if wish:
        return [*begin(wish, message(tracker).text), FollowupAction(wishes()[wish].action)]
    if "action_clarify" in actions_of(tracker, back=1):
        dispatcher.utter_message(response="utter_offer_person")
        return [SlotSet("pending_offer", "talk_to_human")]
    dispatcher.utter_message(response="utter_clarify", buttons=guesses(tracker))
    return []


def guesses(tracker: Tracker) -> list[dict[str, str]]:
    """Return buttons for the wishes that the classifier thought of."""
    ranking: Any = (tracker.latest_message or {}).get("intent_ranking") or []
    named = [
        str(entry.get("name"))
        for entry in ranking
        if isinstance(entry, Mapping) and float(entry.get("confidence") or 0.0) >= LIKELY
    ]
    likely = [intent for intent in named if intent in wishes()][:GUESSES]
    usual = [intent for intent in ("order_status", "start_return", "talk_to_human") if intent not in likely]
    shown = likely + usual[: 4 - len(likely)]
    return [{"title": wishes()[intent].choice, "payload": payload(intent)} for intent in shown]


class ActionClarify(Action):
    """Ask again when nothing was understood; the second time in a row, offer a person."""

    def name(self) -> str:
        """Name the action."""
        return "action_clarify"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Give a hint within a form; else find out what is wanted."""
        return [] if hint(dispatcher, tracker) else clarify(dispatcher, tracker)


class ActionAffirm(Action):
    """Take a yes: to the offer that was made last, if there was one."""

    def name(self) -> str:
        """Name the action."""
        return "action_affirm"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Do what was offered, or ask what the yes is about."""
        if hint(dispatcher, tracker):
            return []
        if message(tracker).confidence < SURE:
            return clarify(dispatcher, tracker)
        offer = tracker.get_slot("pending_offer")
        if offer and set_in_last_turn(tracker, "pending_offer"):
            wish = str(offer) if offer in wishes() else "talk_to_human"
            noted = tracker.get_slot("handoff_words") if tracker.get_slot("handoff_wish") == wish else None
            return [
                SlotSet("pending_offer", None),
                SlotSet("handoff_wish", wish),
                SlotSet("handoff_words", noted),
                FollowupAction("handoff_form"),
            ]
        dispatcher.utter_message(response="utter_yes_to_what")
        return []


class ActionDeny(Action):
    """Take a no: to the offer that was made last, if there was one."""

    def name(self) -> str:
        """Name the action."""
        return "action_deny"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Let the offer go, or ask what is wanted instead."""
        if hint(dispatcher, tracker):
            return []
        if message(tracker).confidence < SURE:
            return clarify(dispatcher, tracker)
        if tracker.get_slot("pending_offer") and set_in_last_turn(tracker, "pending_offer"):
            dispatcher.utter_message(response="utter_offer_declined")
            return [SlotSet(name, None) for name in ("pending_offer", "handoff_wish", "handoff_words")]
        dispatcher.utter_message(response="utter_no_then")
        return []


class ActionInform(Action):
    """Take a fragment that nobody asked for: an order number, an address, the name of a thing."""

    def name(self) -> str:
        """Name the action."""
        return "action_inform"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Do what the fragment most likely asks for."""
        if hint(dispatcher, tracker):
            return []
        heard, wish = message(tracker), clear_wish(tracker)
        if wish:
            return [*begin(wish, heard.text), FollowupAction(wishes()[wish].action)]
        if heard.number:
            return [*begin("order_status", heard.text), FollowupAction("order_status_form")]
        if heard.email and tracker.get_slot("last_wish") == "reset_password":
            return [*begin("reset_password", heard.text), FollowupAction("password_reset_form")]
        if heard.entity("product"):
            return [*begin("ask_product", heard.text), FollowupAction("action_product_answer")]
        dispatcher.utter_message(response="utter_what_about_it")
        return []


class ActionCorrect(Action):
    """Take back what was understood last."""

    def name(self) -> str:
        """Name the action."""
        return "action_correct"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Serve the last wish again with the new words, or ask what was wrong."""
        slot = tracker.get_slot("requested_slot")
        if tracker.active_loop_name == "return_form" and slot == "return_confirmed":
            return [SlotSet("return_change", True)]
        if hint(dispatcher, tracker):
            return []
        heard, last, wish = message(tracker), tracker.get_slot("last_wish"), clear_wish(tracker)
        if wish and wish != last:
            return [*begin(wish, heard.text), FollowupAction(wishes()[wish].action)]
        if last == "start_return" and tracker.get_slot("last_return"):
            dispatcher.utter_message(
                response="utter_return_change_later", reference=tracker.get_slot("last_return")
            )
            dispatcher.utter_message(response="utter_offer_ticket")
            return [
                SlotSet("pending_offer", "start_return"),
                SlotSet("handoff_wish", "start_return"),
                SlotSet("handoff_words", heard.text),
            ]
        again = last in ("order_status", "start_return") or (last == "reset_password" and heard.email)
        if again and last in wishes():
            return [*begin(str(last), heard.text), FollowupAction(wishes()[str(last)].action)]
        dispatcher.utter_message(response="utter_what_is_wrong")
        return []
