"""What every form has in common: it gives way where somebody is in danger."""

from __future__ import annotations

from abc import ABC, abstractmethod

from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import ActionExecutionRejection, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.turn import actions_of, in_danger


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
        events: list[EventType] = await super().run(dispatcher, tracker, domain)
        return events

    def give_way(self, tracker: Tracker) -> None:
        """Leave the message to the other rules where somebody is in danger."""
        if in_danger(tracker) and "action_emergency" not in actions_of(tracker):
            raise ActionExecutionRejection(self.name(), "Somebody is in danger.")
