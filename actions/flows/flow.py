"""What flows that end in a write share: who it is for, a plain yes to the summary, the refusal, and the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Customer
from actions.flows.identity import known_customer
from actions.flows.offers import offer_ticket
from actions.flows.turn import Said, set_in_this_turn, summed_up
from actions.flows.wishes import served_by
from actions.services.policy import Decision


@dataclass(frozen=True, kw_only=True)
class Flow:
    """How one flow keeps what it knows.

    >>> QUOTE = Flow(wish="request_quote", form="quote_form", confirmed_slot="quote_confirmed", ...)
    """

    wish: str
    form: str
    confirmed_slot: str
    told_slots: tuple[str, ...]  # what the summary says
    further_slots: tuple[str, ...] = ()  # emptied with the others at the end
    worth_asking: frozenset[str] = frozenset()  # rules from which a person may depart

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots that hold what the customer said for this flow."""
        names = dict.fromkeys((*self.told_slots, self.confirmed_slot, *self.further_slots))
        return tuple(filter(None, names))

    def needed(self, tracker: Tracker) -> str:
        """Return the wish whose level of identity is needed: of several that the form serves, the one that is named."""
        return served_by(self.form, tracker.get_slot("wish")) or self.wish

    def customer(self, tracker: Tracker) -> Customer | None:
        """Return the customer, proven well enough for the wish; the form may have ended already."""
        return known_customer(tracker, self.needed(tracker))

    def emptied(self) -> list[EventType]:
        """Return the events that empty the form."""
        return [SlotSet(name, None) for name in self.slots]

    def answered(
        self, value: Any, heard: Said, tracker: Tracker, agrees: Callable[[Said], bool] = lambda _: False
    ) -> bool | None:
        """Return what an answer to the summary says: a plain yes, a no, or neither.

        It is neither where the summary wasn't what was asked for last, and where this message changed something
        that the summary said. `agrees` knows what is as good as a yes ("cancel it").
        """
        asked = tracker.get_slot("requested_slot") == self.confirmed_slot
        if not asked or set_in_this_turn(tracker, self.told_slots):
            return None
        if value is False:
            return False
        return True if value is True and (heard.plain_yes or agrees(heard)) else None

    def confirmed(self, tracker: Tracker) -> bool | None:
        """Return the answer to the summary; none where the customer proved only in this turn who they are.

        A summary is told to a proven customer: who was proven after it hasn't heard theirs.
        """
        answer = tracker.get_slot(self.confirmed_slot)
        proven_now = set_in_this_turn(tracker, ("identity_proof",))
        return answer if isinstance(answer, bool) and not proven_now else None

    def again(self, tracker: Tracker, responses: tuple[str, ...]) -> bool:
        """Tell whether the same summary was said in the turn before, so that a short one will do."""
        return summed_up(tracker, responses, self.told_slots)

    def tell_refusal(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, decision: Decision
    ) -> list[EventType]:
        """Explain the rule that stands in the way, and offer a person where one may decide otherwise."""
        dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
        worth_asking = decision.needs_approval or decision.rule in self.worth_asking
        return offer_ticket(dispatcher, tracker, self.wish) if worth_asking else []
