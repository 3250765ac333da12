"""What is said around the business: hello, goodbye, once more, stop, and not understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk.events import ActionExecuted, ActiveLoop, EventType, FollowupAction, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.mood import comforted, empathy, silence
from actions.flows.replies import hint
from actions.flows.turn import message, set_in_last_turn, turn_events
from actions.flows.wishes import begin, clear_wish, wishes

KEPT = ("email",)  # slots that a new session begins with
LEFT_BEHIND = ("wish", "wish_words", "wish_queue", "next_wish", "pending_offer", "identity_block")


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


def left(tracker: Tracker) -> list[EventType]:
    """Return the events that leave a running form and forget what was under way."""
    emptied = {name for wish in wishes().values() for name in wish.clears if name != "last_return"} | set(
        LEFT_BEHIND
    )
    filled = [name for name in sorted(emptied) if tracker.get_slot(name) is not None]
    forgotten: list[EventType] = [SlotSet(name, None) for name in filled]
    if tracker.active_loop_name:
        forgotten = [ActiveLoop(None), SlotSet("requested_slot", None), *forgotten]
    return forgotten


class ActionStop(Action):
    """Leave what is under way, and say that nothing was changed."""

    def name(self) -> str:
        """Name the action."""
        return "action_stop"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Leave the running form."""
        booked = tracker.get_slot("last_return")
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
        if tracker.active_loop_name:
            hint(dispatcher, tracker)
            return []
        before = [
            event
            for event in turn_events(tracker, back=1)
            if event.get("event") == "bot" and event.get("text")
        ]
        if not before:
            dispatcher.utter_message(response="utter_nothing_to_repeat")
        for event in before:
            extra: Any = event.get("data") or {}
            buttons = extra.get("buttons") if isinstance(extra, Mapping) else None
            dispatcher.utter_message(text=str(event["text"]), buttons=list(buttons or []))
        return []


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
        words, wish = message(tracker).text, clear_wish(tracker)
        if wish:
            kind = empathy(dispatcher, tracker, wishes()[wish].empathy)
            return [*kind, *begin(wish, words), FollowupAction(wishes()[wish].action)]
        dispatcher.utter_message(response="utter_complain_again" if comforted(tracker) else "utter_complain")
        offer = {"pending_offer": "open_ticket", "handoff_wish": "open_ticket", "handoff_words": words}
        return [*silence(tracker), *(SlotSet(name, value) for name, value in offer.items())]
