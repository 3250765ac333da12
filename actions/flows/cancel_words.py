"""What the words of a customer say about a cancellation: why, which other order, and that it was a mistake."""

from __future__ import annotations

import re
from pathlib import Path

from rasa_sdk.interfaces import Tracker

from actions.flows.choice import OTHER
from actions.flows.phrases import phrases
from actions.flows.return_words import cued_reason
from actions.flows.turn import HESITATES, Said, actions_of
from actions.services import services

TABLE = Path(__file__).with_name("cancel_reasons.yml")
LIKE = {
    "changed_mind": "no_longer_needed",
    "arrived_late": "too_slow",
}  # reasons of a return that say the same
RUDE = frozenset({"insult", "complain"})  # a reason may be said like that, too
OTHER_REASON = "other"
OWN_WORDS = RUDE | {"inform", "correct", "nlu_fallback", "out_of_scope", "small_talk"}
FEW = 2  # words that hardly are a reason
ASKED_AGAIN = frozenset({"action_affirm", "action_deny", "action_inform", "action_correct", "action_clarify"})
NAMED = re.compile(r"\bthe (?:[\w-]+ ){1,4}(?:one|order)\b|\b(?:order|one) with\b|\bi meant?\b")
MORE = re.compile(r"\b(?:all|both)(?: of (?:them|it)| (?:my )?orders)?\b|\beverything\b")
GO_AHEAD = re.compile(
    r"(?:(?:ok|okay|yes|yeah|yep|yup|sure|fine|right|correct|go ahead|do it|just|then|and|please)\W+)*"
    r"cancel(?: (?:it|this|that|(?:the|my|this|that) order|(?:order )?#?l?\d{6}))?"
    r"(?:\W+(?:now|please|then|thanks|thank you|pls))*\W*"
)
UNDOES = re.compile(
    r"\b(?:undo|un-?cancel\w*|reverse|revert|reinstate|take (?:it|that|this) back|still want)\b"
)


def says_go_ahead(heard: Said) -> bool:
    """Tell whether the answer to the summary is "cancel it", which says no less than a yes, and nothing besides."""
    return not heard.payload and GO_AHEAD.fullmatch(heard.text.lower()) is not None


def reason_of(heard: Said) -> str | None:
    """Return the reason that the words give."""
    known = services().cancellations.reasons
    named = heard.entity("cancel_reason")
    if named in known:
        return named
    table = {reason: cues for reason, cues in phrases(TABLE).items() if reason in known}
    found = cued_reason(heard.text, table)
    like = LIKE.get(heard.entity("return_reason") or "")
    return found or (like if like in known else None)


def own_reason(heard: Said, tracker: Tracker) -> bool:
    """Tell whether the words may count as a reason of their own: nobody is kept from canceling by the question why."""
    if heard.payload or not heard.meant or heard.number or heard.intent == "deny" or heard.has(HESITATES):
        return False
    own = heard.intent in OWN_WORDS and len(heard.text.split()) > FEW
    own = own and not heard.text.endswith("?")
    own = own and not (heard.has(NAMED) or heard.has(OTHER) or heard.has(MORE))
    return own or bool(ASKED_AGAIN & set(actions_of(tracker, back=1)))
