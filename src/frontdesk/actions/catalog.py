"""Find the action behind a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from frontdesk.actions.answers import AnswerQuestion
from frontdesk.actions.custom import CustomAction, perform
from frontdesk.actions.defaults import DEFAULTS, SessionStart
from frontdesk.actions.failures import failure
from frontdesk.actions.fallback import AskAffirmation, RevertFallbackEvents, TwoStageFallback
from frontdesk.actions.forms import FormAction
from frontdesk.actions.slots import ExtractSlots
from frontdesk.actions.utterances import say, sentence
from frontdesk.core.domain import Domain
from frontdesk.core.events import Event
from frontdesk.core.ports import Action, Turn
from frontdesk.core.tracker import SESSION_START, Tracker
from frontdesk.errors import ActionError, UnknownName

ANSWER = AnswerQuestion.name
UTTER = "utter_"


class Utter:
    """Says a response of the domain."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return what was said."""
        return await say(turn, self.name)


class UtterSelected:
    """Says the response that a response selector chose for a retrieval intent (`utter_faq` for `faq/...`)."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return what was said."""
        return await say(turn, selected(self.name, turn.tracker))


def selected(name: str, tracker: Tracker) -> str:
    """Return the response that was selected for a retrieval action: `utter_faq/hours` for `utter_faq`."""
    message = tracker.latest_message
    found = (message.parse_data.get("response_selector") if message else None) or {}
    chosen = found.get(name.removeprefix(UTTER)) or found.get("default") or {}
    return str((chosen.get("response") or {}).get("utter_action") or name)


class SayText:
    """Says a text of an end-to-end story, word for word."""

    def __init__(self, text: str) -> None:
        self.name = text

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return what was said."""
        return [sentence(self.name)]


class OwnSessionStart:
    """Begins a session with the assistant's own action; if that fails, with the default one."""

    name = SESSION_START

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return what the action did, else the default events and the failure."""
        try:
            return await perform(turn, self.name)
        except ActionError as error:
            *events, listen = await SessionStart().run(turn)
            return [*events, failure(self.name, error), listen]


def action_for(name: str, domain: Domain) -> Action:
    """Return the action behind a name.

    An action that the domain lists goes before a default action or a form of the same name (but for the answering of
    questions, which is listed so that Rasa knows it). Raises UnknownName for one that the domain does not have.
    """
    listed = name in domain.actions
    if name == ANSWER:
        return AnswerQuestion(instead=CustomAction(name) if listed else None)
    if name in _DEFAULTS and not listed and name not in domain.forms and name not in domain.responses:
        return _DEFAULTS[name]()
    if name in domain.e2e_action_texts:
        return SayText(name)
    if name not in domain.action_names and not _is_retrieval(name, domain):
        raise UnknownName("action", name, domain.action_names)
    if name.startswith(UTTER):
        return UtterSelected(name) if _is_retrieval(name, domain) else Utter(name)
    if name == SESSION_START:
        return OwnSessionStart()
    return FormAction(name) if name in domain.forms and not listed else CustomAction(name)


def is_custom(name: str, domain: Domain) -> bool:
    """Tell whether an action may call the action server: a custom action, or a form."""
    if name == ANSWER:
        return name in domain.actions
    return name in domain.action_names and isinstance(action_for(name, domain), _CALLING)


def _is_retrieval(name: str, domain: Domain) -> bool:
    return name not in domain.responses and any(key.startswith(f"{name}/") for key in domain.responses)


_CALLING = (CustomAction, FormAction, OwnSessionStart)

_DEFAULTS: dict[str, Callable[[], Action]] = {
    **DEFAULTS,
    "action_extract_slots": ExtractSlots,
    "action_default_ask_affirmation": AskAffirmation,
    "action_revert_fallback_events": RevertFallbackEvents,
    "action_two_stage_fallback": lambda: TwoStageFallback(action_for),
}
