"""Decide and act: ask the policies, run the action, log what happened, until the assistant listens again."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from frontdesk.actions.failures import sorry
from frontdesk.core.domain import Domain
from frontdesk.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    BotUttered,
    Event,
    SessionStarted,
    UserUttered,
)
from frontdesk.core.ports import Action, ActionCall, Policy, Turn
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.core.vouching import AUTHENTICATED
from frontdesk.errors import ActionRejected
from frontdesk.measures import passing, stop
from frontdesk.policies.ensemble import FOLLOWUP, just_rejected, proposals

log = logging.getLogger("frontdesk.loop")

EXTRACT_SLOTS = "action_extract_slots"
PAUSED, TOO_MANY = "the conversation is paused", "too many actions in a row"
"""Reasons for listening that no policy gave."""
FAILED = {"reason": "turn_failed"}
"""The metadata of the apology that ends a turn which failed."""

Choose = Callable[[Sequence[Prediction], Tracker, Domain], Prediction]
Save = Callable[[Tracker], Awaitable[Tracker]]
"""Commits what is new in a tracker, and returns it."""


def never(name: str) -> bool:
    """Take no action as repeatable."""
    return False


@dataclass(frozen=True)
class Loop:
    """Runs actions for one message until one of them is `action_listen`, at most `limit` of them.

    `action_for` finds an action by name; `save` is awaited before a custom action that follows another one, so that a
    crash inside it doesn't do the earlier one again, and where something was said to somebody who reads along. One that
    is `repeatable` may be done again: it has no effects. What else came before the first one is no more than what the
    message in the inbox gives once more. Every event carries `identity` (which model, which assistant) in its metadata.
    """

    policies: Sequence[Policy]
    choose: Choose
    action_for: Callable[[str, Domain], Action]
    is_custom: Callable[[str], bool]
    limit: int = 10
    identity: Mapping[str, str] = field(default_factory=dict)
    repeatable: Callable[[str], bool] = never

    async def run(self, turn: Turn, save: Save, *, live: bool = True) -> Tracker:
        """Return the conversation after the assistant's turn; `live` tells whether replies are read as they come.

        It also ends with `action_session_start` (which listens itself), and where an action paused the conversation.
        """
        tracker, kept = turn.tracker, 0
        for _ in range(self.limit):
            prediction = self.predict(tracker, turn.domain)
            name = prediction.action
            if name is None or name == LISTEN:
                tracker = await self.excuse(dataclasses.replace(turn, tracker=tracker))
                return self.log(tracker, dataclasses.replace(prediction, action=LISTEN), ())
            if self.is_custom(name) and self._lasting_since(tracker, kept, live):
                tracker = await save(tracker)
                kept = len(tracker)
            tracker = await self.act(dataclasses.replace(turn, tracker=tracker), prediction)
            if name == SESSION_START and listens(tracker):
                return tracker
            if pauses(tracker):
                return tracker
        log.error("The assistant did %d actions in a row without listening; stopped.", self.limit)
        return self.log(tracker, Prediction(LISTEN, 0.0, reason=TOO_MANY), ())

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction:
        """Return what to do next: an ordered follow-up, else the best of what the policies propose."""
        followup = tracker.state.followup_action
        if followup in domain.action_names and followup != just_rejected(tracker):
            return Prediction(followup, 1.0, policy=FOLLOWUP, reason="ordered by the action before")
        with passing("predict"):
            found = proposals(self.policies, tracker, domain)
        with passing("choose"):
            return self.choose(found, tracker, domain)

    async def act(self, turn: Turn, prediction: Prediction) -> Tracker:
        """Run one action, and return the conversation with what happened."""
        name = prediction.action or LISTEN
        tracker = turn.tracker
        seen = tracker.extend(self._now(prediction.events))
        call = numbered(turn.call, tracker, name)
        try:
            with passing("act", name):
                action = self.action_for(name, turn.domain)
                events = await action.run(dataclasses.replace(turn, tracker=seen, call=call))
            if call.authenticated:
                events = [_marked(event) if isinstance(event, SessionStarted) else event for event in events]
        except ActionRejected:
            rejected = ActionExecutionRejected(name, prediction.policy, prediction.confidence)
            return tracker.extend(self._now((rejected,)))
        tracker = self.log(tracker, prediction, events)
        if any(isinstance(event, UserUttered) for event in events):
            # An action (two-stage fallback) put words into the user's mouth: their slots count, too.
            tracker = await self.fill_slots(dataclasses.replace(turn, tracker=tracker))
        return tracker

    def _lasting_since(self, tracker: Tracker, kept: int, live: bool) -> bool:
        """Tell whether something happened since the first `kept` events that must not happen (or be said) again."""
        for event in islice(tracker.newest_first(), len(tracker) - kept):
            if isinstance(event, UserUttered):  # before it, only the session may have begun by an action
                return self._lasting(SESSION_START)
            if isinstance(event, BotUttered) and live:
                return True
            if isinstance(event, ActionExecuted | ActionExecutionRejected) and self._lasting(event.name):
                return True
        return False

    def _lasting(self, name: str | None) -> bool:
        return name is not None and self.is_custom(name) and not self.repeatable(name)

    async def excuse(self, turn: Turn) -> Tracker:
        """Say sorry where the assistant is about to listen without a word, since a custom action refused to run.

        What a form refuses is left to the policies: it is asked again after whatever they choose.
        """
        refused = left_unanswered(turn.tracker)
        if refused is None or refused in turn.domain.forms:
            return turn.tracker
        log.warning("The action '%s' refused to run, and nothing else was to be done.", refused)
        return turn.tracker.extend(self._now(await sorry(turn, refused)))

    @stop("slots")
    async def fill_slots(self, turn: Turn) -> Tracker:
        """Apply the slot mappings to the last message, and return the conversation with the slots that it fills."""
        try:
            events = await self.action_for(EXTRACT_SLOTS, turn.domain).run(turn)
        except ActionRejected as error:
            log.warning("Slots were not extracted: %s", error)
            return turn.tracker
        return turn.tracker.extend(self._now(events))

    def identified(self, event: Event, **changes: Any) -> Event:
        """Return an event with what answered in its metadata, as in Rasa; what stands there already stays."""
        return dataclasses.replace(event, metadata={**self.identity, **event.metadata}, **changes)

    def _now(self, events: Sequence[Event]) -> list[Event]:
        """Return the events as happening now, as in Rasa: what an action wrote into `timestamp` does not count."""
        now = time.time()
        return [self.identified(event, timestamp=now) for event in events]

    def log(self, tracker: Tracker, prediction: Prediction, events: Sequence[Event]) -> Tracker:
        """Append the action and its events; of an action that says that it refuses, only the events."""
        if any(isinstance(event, ActionExecutionRejected) for event in events):
            return tracker.extend(self._now(events))
        executed = ActionExecuted(
            prediction.action,
            prediction.policy,
            prediction.confidence,
            hide_rule_turn=prediction.hide_rule_turn,
            metadata={"reason": prediction.reason} if prediction.reason else {},
        )
        return tracker.extend(self._now((*prediction.events, executed, *events)))


def numbered(call: ActionCall, tracker: Tracker, name: str) -> ActionCall:
    """Return the call with its number within this message, and the key that a retry will repeat.

    A message that got an apology only and is answered once more (a dead letter) repeats its keys from the first one on.
    """
    nth: int | None = None
    count = 0
    for event in tracker.newest_first():
        if isinstance(event, BotUttered) and event.metadata.get("reason") == FAILED["reason"]:
            break
        if isinstance(event, UserUttered):
            if nth is not None and event.message_id != call.message_id:
                break
            nth = count  # not yet the last word: an action may log the message once more (two-stage fallback)
        count += isinstance(event, ActionExecuted | ActionExecutionRejected) and event.name == name
    return dataclasses.replace(call, nth=count if nth is None else nth)


def left_unanswered(tracker: Tracker) -> str | None:
    """Return the action that refused to run last, if nothing was said since the last message."""
    refused = None
    for event in tracker.newest_first():
        if isinstance(event, BotUttered | UserUttered):
            return refused if isinstance(event, UserUttered) else None
        if isinstance(event, ActionExecutionRejected):
            refused = refused or event.name
    return None


def listens(tracker: Tracker) -> bool:
    """Tell whether the last thing that happened is that the assistant listens."""
    return isinstance(tracker.event, ActionExecuted) and tracker.event.name == LISTEN


def pauses(tracker: Tracker) -> bool:
    """Tell whether the assistant is to stay silent: the conversation is paused, and the user does not start over."""
    message = tracker.latest_message
    return tracker.state.paused and (message is None or message.intent != "restart")


def _marked(event: Event) -> Event:
    return dataclasses.replace(event, metadata={**event.metadata, **AUTHENTICATED})
