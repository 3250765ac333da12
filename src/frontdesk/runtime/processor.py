"""Handle one user message: session, understanding, slots, decide-act loop."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from frontdesk.core.codec import message_to_wire
from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, BotUttered, Event, UserUttered, stamped
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import ActionCall, ActionServer, KnowledgeBase, ResponseGenerator, Turn
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.runtime import session
from frontdesk.runtime.loop import Loop, Save
from frontdesk.runtime.understanding import Understanding


IN_REPLY_TO = "in_reply_to"


@dataclass(frozen=True)
class Processor:
    """Everything that is needed to answer: made anew for each model, shared by all conversations."""

    domain: Domain
    understanding: Understanding
    loop: Loop
    nlg: ResponseGenerator
    server: ActionServer
    knowledge: KnowledgeBase | None = None
    clock: Callable[[], float] = time.time
    marks: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Metadata that every event of this model carries (model id, assistant id)."""

    async def handle(self, tracker: Tracker, message: UserMessage, save: Save) -> Tracker:
        """Return the conversation after the user's message and the assistant's answer.

        A message that is in the conversation already (its turn was cut off) is not logged again: the turn goes on where
        the last commit left it. `save` commits what is new in a tracker.
        """
        turn = self._turn(tracker, message)
        if not resumes(tracker, message.message_id):
            if session.lapsed(tracker, self.domain.session, self.clock()):
                turn = await self._start_session(turn)
            understood = await self._understand(message)
            turn = dataclasses.replace(turn, tracker=turn.tracker.append(understood))
            turn = dataclasses.replace(turn, tracker=await self.loop.fill_slots(turn))
        if turn.tracker.state.paused and understood_intent(turn.tracker) != "restart":
            return turn.tracker
        return await self.loop.run(turn, save)

    def _turn(self, tracker: Tracker, message: UserMessage) -> Turn:
        call = ActionCall(message.channel, message.authenticated, message.message_id or "")
        return Turn(
            tracker,
            self.domain,
            message.channel,
            self.nlg,
            self.server,
            call,
            self.knowledge,
            dict(message.metadata),
        )

    async def _start_session(self, turn: Turn) -> Turn:
        action = self.loop.action_for(SESSION_START, self.domain)
        events = await action.run(turn)
        if not any(isinstance(e, ActionExecuted) and e.name == SESSION_START for e in events):
            events = [ActionExecuted(SESSION_START, confidence=1.0), *events]
        if not (isinstance(events[-1], ActionExecuted) and events[-1].name == LISTEN):
            events = [*events, ActionExecuted(LISTEN)]
        events = [_in_reply_to(turn.call.message_id, event) for event in self._stamped(events)]
        return dataclasses.replace(turn, tracker=turn.tracker.extend(events))

    async def _understand(self, message: UserMessage) -> UserUttered:
        found = await self.understanding.parse(message.text)
        return UserUttered(
            text=message.text,
            parse_data={
                **message_to_wire(found),
                "message_id": message.message_id,
                "metadata": dict(message.metadata),
            },
            entities=found.entities,
            input_channel=message.channel,
            message_id=message.message_id,
            timestamp=self.clock(),
            metadata=dict(message.metadata),
        )

    def _stamped(self, events: Any) -> list[Event]:
        now = self.clock()
        return [stamped(event, now) for event in events]


def _in_reply_to(message_id: str, event: Event) -> Event:
    """Mark what is said before the user's message is logged, so that it counts as a reply to it."""
    if not isinstance(event, BotUttered):
        return event
    return dataclasses.replace(event, metadata={**event.metadata, IN_REPLY_TO: message_id})


def resumes(tracker: Tracker, message_id: str | None) -> bool:
    """Tell whether the conversation ends in an unfinished turn of this very message."""
    if not message_id:
        return False
    for event in tracker.newest_first():
        if isinstance(event, UserUttered):
            return event.message_id == message_id
    return False


def understood_intent(tracker: Tracker) -> str | None:
    """Return the intent of the last message."""
    return tracker.latest_message.intent if tracker.latest_message else None
