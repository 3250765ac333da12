"""What is said around the business: hello, goodbye, once more, stop, and not understood."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rasa_sdk.events import ActionExecuted, EventType, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.cancel_order import tell_final
from actions.flows.done_told import tell_done
from actions.flows.leaving import leave_out
from actions.flows.meaning import CALL, CANCEL, about_call
from actions.flows.mood import comforted, empathy, silence
from actions.flows.offers import standing, with_more
from actions.flows.replies import NOT_THERE, clarify, hint, password_not_there
from actions.flows.turn import HESITATES, SURE, actions_of, feels_bad, message, set_in_last_turn, turn_events
from actions.flows.wishes import clear_wish, left, serve, wishes

FAR = 4  # turns to look back for something worth repeating
COURTESIES = frozenset({"utter_thank", "action_praise", "action_small_talk"})
NUMBERS = re.compile(r"\b(?:ticket|reference|return (?:number|id|code)|case)\b")
KEPT = ("email",)  # slots that a new session begins with


class ActionSessionStart(Action):
    """Open a session: say who is speaking, before anything else."""

    def name(self) -> str:
        """Name the action."""
        return "action_session_start"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Introduce the assistant; of an earlier session only the e-mail address is kept."""
        dispatcher.utter_message(response="utter_introduction")
        kept = [SlotSet(name, tracker.get_slot(name)) for name in KEPT if tracker.get_slot(name)]
        return [SessionStarted(), *kept, ActionExecuted("action_listen")]


class ActionStop(Action):
    """Leave what is under way, and say that nothing was changed."""

    def name(self) -> str:
        """Name the action."""
        return "action_stop"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Leave the running form."""
        heard, booked = message(tracker), tracker.get_slot("last_return")
        left_out = leave_out(dispatcher, tracker)
        if left_out is not None:
            return left_out
        if heard.confidence < SURE and heard.has(HESITATES):
            dispatcher.utter_message(response="utter_take_your_time")
            return []
        if not tracker.active_loop_name and tell_final(dispatcher, tracker, heard.text):
            return []
        if not tracker.active_loop_name and about_call(tracker):
            return serve(CALL, heard.text)
        wish = None if tracker.active_loop_name else clear_wish(tracker)
        looked_at = wish == CANCEL and tracker.get_slot("last_wish") == "order_status"
        if wish and (heard.number or looked_at):  # "drop order ..." is no stop where nothing is under way
            return serve(wish, heard.text)
        if booked and not tracker.active_loop_name and set_in_last_turn(tracker, "last_return"):
            dispatcher.utter_message(response="utter_return_change_later", reference=booked)
            dispatcher.utter_message(response="utter_offer_ticket")
            offer = {"pending_offer": "start_return", "handoff_wish": "start_return"}
            return [SlotSet(name, value) for name, value in offer.items()]
        dispatcher.utter_message(
            response="utter_stopped" if tracker.active_loop_name else "utter_nothing_to_stop"
        )
        return left(tracker)


class ActionGoodbye(Action):
    """Say goodbye; a form that was running is left."""

    def name(self) -> str:
        """Name the action."""
        return "action_goodbye"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say whether something was left open."""
        running = bool(tracker.active_loop_name)
        dispatcher.utter_message(response="utter_goodbye_unfinished" if running else "utter_goodbye")
        return left(tracker)


class ActionRepeat(Action):
    """Say the last answer again."""

    def name(self) -> str:
        """Name the action."""
        return "action_repeat"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Repeat what was said in the turn before; a running form asks its question by itself."""
        heard = message(tracker)
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        if heard.has(NUMBERS) and (tracker.get_slot("ticket") or tracker.get_slot("last_return")):
            return self._numbers(dispatcher, tracker)
        if tracker.active_loop_name:
            return hint(dispatcher, tracker) or []
        if tracker.get_slot("last_wish") == "reset_password" and heard.has(NOT_THERE):
            return password_not_there(dispatcher, tracker)
        before = self._said_before(tracker)
        if not before:
            dispatcher.utter_message(response="utter_nothing_to_repeat")
        for event in before:
            extra: Any = event.get("data") or {}
            buttons = extra.get("buttons") if isinstance(extra, Mapping) else None
            dispatcher.utter_message(text=str(event["text"]), buttons=list(buttons or []))
        offer = standing(tracker)
        return [SlotSet("pending_offer", offer)] if offer else []

    def _numbers(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        """Tell the numbers that the customer got in this conversation."""
        booked, ticket = tracker.get_slot("last_return"), tracker.get_slot("ticket")
        if booked:
            dispatcher.utter_message(response="utter_your_return", reference=booked)
        if ticket:
            urgent = tracker.get_slot("urgent_ticket")
            dispatcher.utter_message(
                response="utter_your_urgent_ticket" if urgent else "utter_your_ticket", ticket=ticket
            )
        return []

    def _said_before(self, tracker: Tracker) -> list[Mapping[str, Any]]:
        """Return what was said in the last turn that was more than a courtesy."""
        said: list[Mapping[str, Any]] = []
        for back in range(1, FAR):
            events = turn_events(tracker, back)
            now = [event for event in events if event.get("event") == "bot" and event.get("text")]
            said = said or now
            if now and not COURTESIES & set(actions_of(tracker, back)):
                return now
        return said


class ActionComplain(Action):
    """Answer somebody who is annoyed and hasn't said yet what they want."""

    def name(self) -> str:
        """Name the action."""
        return "action_complain"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Serve a wish that the words name outright; else say sorry once and offer something concrete."""
        if tracker.active_loop_name:
            dispatcher.utter_message(response="utter_complain_in_form")
            return silence(tracker)
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        words, wish = message(tracker).text, clear_wish(tracker)
        if wish:
            kind = empathy(dispatcher, tracker, wishes()[wish].empathy)
            return [*kind, *serve(wish, words)]
        offered = standing(tracker)
        lacks = tracker.get_slot("last_wish") == "reset_password" and message(tracker).has(NOT_THERE)
        unsure = message(tracker).confidence < SURE and not feels_bad(tracker) and not comforted(tracker)
        if lacks or unsure:
            return clarify(dispatcher, tracker)
        dispatcher.utter_message(response="utter_complain_again" if comforted(tracker) else "utter_complain")
        if offered:
            return [*silence(tracker), *with_more(tracker, offered)]
        offer = {"pending_offer": "open_ticket", "handoff_wish": "open_ticket", "handoff_words": words}
        return [*silence(tracker), *(SlotSet(name, value) for name, value in offer.items())]
