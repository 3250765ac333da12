"""What is left of a form when the customer is another one than before: nothing that the former one said."""

from __future__ import annotations

from typing import Any

from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Customer
from actions.flows.turn import message

SPOKEN_OF = ("order_number", "last_order")


def of_former(
    tracker: Tracker, before: Customer | None, after: Customer | None, held: tuple[str, ...]
) -> dict[str, Any]:
    """Return the slots that are taken back where a message changed who the customer is; none where it didn't.

    With them goes the question that was asked, so that a yes in the same message answers nothing. A summary is told
    only to a known customer: where nobody is known at its answer, it may have been told to another one.
    """
    asked = str(tracker.get_slot("requested_slot") or "")
    same = before is not None and after is not None and before.id == after.id
    if same or not (before is not None or asked.endswith("_confirmed")):
        return {}
    if asked in held:
        tracker.slots["requested_slot"] = None
    return dict.fromkeys(held if message(tracker).number else (*held, *SPOKEN_OF))
