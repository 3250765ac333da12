"""Where the customer wants a refund to go, as far as their words and the policies settle it."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.commerce.model import Order
from actions.flows.choice import payload
from actions.flows.turn import Said
from actions.flows.wording import either
from actions.services import services
from actions.services.method_matching import names_method
from actions.services.refund_choice import RefundChoice, chosen_refund

# Words that speak of where money goes, rather than of a thing that is called "gift card".
MONEY_GOES = re.compile(
    r"\b(?:refund|money|credit|pay|paid|amount|reimburse\w*|put|back)\b.*\b(?:to|on|onto|into|in|via|through|as|with|by|for)\b"
    r"|\bstore credit\b|\b(?:via|through|onto) (?:my |the )?(?:pay|gift|card|credit|original)"
)
INSTEAD = re.compile(r"\b(?:instead|rather|actually|prefer|change|wait|no)\b")


def asks_where(order: Order) -> bool:
    """Tell whether the customer is asked where the refund goes: the policies say so, and there is a choice."""
    return services().policies.refunds.ask and len(services().returns.choices(order)) > 1


def wanted_refund(order: Order, heard: Said, *, asked: bool) -> RefundChoice | None:
    """Return where the words want the refund to go, if that is allowed.

    Unless it was asked for, the words have to speak of the money: "gift card" may be what goes back.
    """
    if not heard.text or not (asked or heard.has(MONEY_GOES)):
        return None
    return chosen_refund(services().returns.choices(order), heard.text)


def other_refund(order: Order, heard: Said, current: str | None) -> RefundChoice | None:
    """Return where the refund should go instead of where the summary said."""
    speaks = heard.has(MONEY_GOES) or (heard.has(INSTEAD) and names_method(heard.text)) or heard.short
    found = chosen_refund(services().returns.choices(order), heard.text) if speaks else None
    return found if found and found.id != (current or services().returns.choices(order)[0].id) else None


def ask_where(dispatcher: CollectingDispatcher, order: Order, response: str) -> None:
    """Ask where the refund should go, with the places that the policies allow."""
    choices = services().returns.choices(order)
    labels = [choice.label for choice in choices]
    buttons: list[dict[str, Any]] = [
        {
            "title": choice.label[:1].upper() + choice.label[1:],
            "payload": payload("inform", refund_to=choice.id),
        }
        for choice in choices
    ]
    dispatcher.utter_message(response=response, buttons=buttons, places=either(labels))
