"""Something that is uncomfortable to wear or to use: no danger, as far as the words go; yet help is named first."""

from __future__ import annotations

import re

from rasa_sdk.executor import CollectingDispatcher

BODY = r"(?:ears?|eyes?|back|neck|nose|heads?|feet|foot|knees?|wrists?|shoulders?|hips?|temples?|toes?)"
HURTS = r"(?:hurts?|hurting|aches?|aching|sore|strains?|pinch(?:es)?|press(?:es)? on)"
SORE = re.compile(
    rf"\b{HURTS}\b\W+(?:\w+\W+){{0,2}}{BODY}\b|\b{BODY}\b\W+(?:\w+\W+){{0,1}}{HURTS}\b", re.IGNORECASE
)


def is_sore(text: str) -> bool:
    """Tell whether the words speak of something that is uncomfortable."""
    return SORE.search(text) is not None


def tell_sore(dispatcher: CollectingDispatcher, text: str) -> bool:
    """Say what can be done about what is uncomfortable, and where help is; tell whether the words speak of that."""
    if not is_sore(text):
        return False
    dispatcher.utter_message(response="utter_sore")
    return True
