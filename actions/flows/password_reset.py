"""Password reset: one address, one reply, whether or not the address is known."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.forms import AttentiveForm
from actions.flows.turn import EMAIL, said
from actions.flows.wishes import done
from actions.services import services
from actions.services.context import caller

FORM = "password_reset_form"


class ValidatePasswordResetForm(AttentiveForm):
    """Validate the password reset form: an e-mail address."""

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def extract_email(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find the address in the words where the entity extractor missed it."""
        found = said(tracker, FORM).email
        return {"email": found} if found else {}

    def validate_email(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept what looks like an e-mail address."""
        found = EMAIL.fullmatch(str(value or "").strip())
        return {"email": found.group().lower() if found else None}


class ActionRequestPasswordReset(Action):
    """Ask for a reset link, and say the same whatever comes of it."""

    def name(self) -> str:
        """Name the action."""
        return "action_request_password_reset"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Request the link for the address in the slot."""
        closing = done("reset_password")
        email = tracker.get_slot("email")
        if not email:
            return closing
        services().accounts.request_password_reset(caller(tracker), str(email))
        dispatcher.utter_message(response="utter_password_reset_sent", email=str(email))
        return [*closing, SlotSet("reset_email", str(email))]
