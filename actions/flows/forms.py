"""What every form has in common: it gives way where somebody is in danger, and knows a yes by its words."""

from __future__ import annotations

from abc import ABC, abstractmethod

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import ActionExecutionRejection, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.turn import Said, actions_of, in_danger, message, said


class AttentiveForm(FormValidationAction, ABC):
    """Validate a form, unless the message is about something that can't wait."""

    @abstractmethod
    def name(self) -> str:
        """Name the action."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Reject a message that speaks of danger, so that the rule about it is followed."""
        self.give_way(tracker)
        self._agree(tracker)
        events: list[EventType] = await super().run(dispatcher, tracker, domain)
        return events

    def give_way(self, tracker: Tracker) -> None:
        """Leave the message to the other rules where somebody is in danger."""
        if in_danger(tracker) and "action_emergency" not in actions_of(tracker):
            raise ActionExecutionRejection(self.name(), "Somebody is in danger.")

    def heard(self, tracker: Tracker) -> Said:
        """Return the words of this turn that are meant for this form."""
        return said(tracker, self.form_name())

    def _agree(self, tracker: Tracker) -> None:
        """Take for a yes what is one by its words, although the sentence sounded like something else; a no likewise."""
        asked = str(tracker.get_slot("requested_slot") or "")
        heard = self.heard(tracker) if asked.endswith("_confirmed") else Said()
        sounded = message(tracker).intent
        if heard.plain_yes and sounded != "affirm":
            tracker.add_slots([SlotSet(asked, True)])
        elif heard.payload and heard.intent == "deny" != sounded:
            tracker.add_slots([SlotSet(asked, False)])
