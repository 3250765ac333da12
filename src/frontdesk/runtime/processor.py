"""Handle one user message: session, understanding, slots, decide-act loop."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frontdesk.core.codec import message_to_wire
from frontdesk.core.domain import SESSION_START_METADATA, Domain
from frontdesk.core.events import (
    IN_REPLY_TO,
    ActionExecuted,
    BotUttered,
    Event,
    SlotSet,
    UserUttered,
    stamped,
)
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import ActionCall, ActionServer, KnowledgeBase, ResponseGenerator, Turn
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.core.vouching import AUTHENTICATED
from frontdesk.core.vouching import RESERVED as RESERVED
from frontdesk.core.vouching import guarded as guarded
from frontdesk.measures import count, stop
from frontdesk.runtime import session
from frontdesk.runtime.loop import Loop, Save, pauses
from frontdesk.runtime.understanding import Understanding


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

    async def close(self, but: Processor | None = None) -> None:
        """Let go of the NLU thread and of connections, except for what another processor (`but`) uses, too."""
        if but is None or but.understanding is not self.understanding:
            await self.understanding.close()
        if but is None or but.nlg is not self.nlg:
            await self.nlg.close()
        if but is None or but.server is not self.server:
            await self.server.close()

    async def handle(
        self, tracker: Tracker, message: UserMessage, save: Save, *, live: bool = True
    ) -> Tracker:
        """Return the conversation after the user's message and the assistant's answer.

        A message that is in the conversation already (its turn was cut off) is not logged again: the turn goes on where
        the last commit left it. `save` commits what is new in a tracker; `live` tells whether somebody reads along.
        """
        turn = self.turn(tracker, message)
        if not resumes(tracker, message.message_id):
            turn = await self.begin(tracker, message)
            turn = await self.hear(turn, await self.understand(message))
        return turn.tracker if pauses(turn.tracker) else await self.loop.run(turn, save, live=live)

    async def trigger(self, turn: Turn, heard: UserUttered, save: Save) -> Tracker:
        """Answer what no user said, without asking the NLU; a turn that was cut off goes on, as with messages."""
        if not resumes(turn.tracker, heard.message_id):
            turn = await self.hear(turn, heard)
            await save(turn.tracker)  # it stands in no inbox, which would give it once more
        return turn.tracker if pauses(turn.tracker) else await self.loop.run(turn, save)

    async def begin(self, tracker: Tracker, message: UserMessage, *, only_if_new: bool = False) -> Turn:
        """Return the turn of a message, in a new session where the last one has lapsed (or there never was one)."""
        turn = self.turn(tracker, message)
        new = not len(tracker) if only_if_new else session.lapsed(tracker, self.domain.session, self.clock())
        return await self._start_session(turn) if new else turn

    async def hear(self, turn: Turn, heard: UserUttered) -> Turn:
        """Log what the user said, and the slots that it fills."""
        turn = dataclasses.replace(turn, tracker=turn.tracker.append(self.loop.identified(heard)))
        return dataclasses.replace(turn, tracker=await self.loop.fill_slots(turn))

    def turn(self, tracker: Tracker, message: UserMessage) -> Turn:
        """Return the turn of a message in the session as it is."""
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
        if (
            turn.metadata
        ):  # as in Rasa, what came with the message is there for the action that begins the session
            given = self._stamped([SlotSet(SESSION_START_METADATA, turn.metadata)])
            turn = dataclasses.replace(turn, tracker=turn.tracker.extend(given))
        events = await action.run(turn)
        if not any(isinstance(e, ActionExecuted) and e.name == SESSION_START for e in events):
            events = [ActionExecuted(SESSION_START, confidence=1.0), *events]
        if not (isinstance(events[-1], ActionExecuted) and events[-1].name == LISTEN):
            events = [*events, ActionExecuted(LISTEN)]
        events = [_in_reply_to(turn.call.message_id, event) for event in self._stamped(events)]
        return dataclasses.replace(turn, tracker=turn.tracker.extend(events))

    @stop("understand")
    async def understand(self, message: UserMessage) -> UserUttered:
        """Return the message as it is logged, with what the NLU makes of it."""
        found = await self.understanding.parse(message.text, message.message_id or "")
        if found.sentiment is not None:
            count("csr_sentiment_distribution", found.sentiment.name or "")
        metadata = marked(message)
        return UserUttered(
            text=message.text,
            parse_data={
                **message_to_wire(found),
                "message_id": message.message_id,
                "metadata": metadata,
            },
            entities=found.entities,
            input_channel=message.channel,
            message_id=message.message_id,
            timestamp=self.clock(),
            metadata=metadata,
        )

    def _stamped(self, events: Any) -> list[Event]:
        now = self.clock()
        return [stamped(self.loop.identified(event), now) for event in events]


async def retire(before: Processor, after: Processor, turns: set[asyncio.Task[Any]]) -> None:
    """Let go of a model when the turns that began with it have ended."""
    if turns:
        await asyncio.wait(turns)
    await before.close(but=after)


def _in_reply_to(message_id: str, event: Event) -> Event:
    """Mark what is said before the user's message is logged, so that it counts as a reply to it."""
    if not isinstance(event, BotUttered):
        return event
    return dataclasses.replace(event, metadata={**event.metadata, IN_REPLY_TO: message_id})


def marked(message: UserMessage) -> dict[str, Any]:
    """Return a message's metadata, with the engine's own mark where it is authenticated."""
    metadata = {key: value for key, value in message.metadata.items() if key != RESERVED}
    return {**metadata, **AUTHENTICATED} if message.authenticated else metadata


def resumes(tracker: Tracker, message_id: str | None) -> bool:
    """Tell whether the conversation ends in an unfinished turn of this very message.

    A turn that came to its end is not resumed: then the same id has come once more, in another channel or long after.
    """
    if not message_id:
        return False
    for event in tracker.newest_first():
        if isinstance(event, UserUttered):
            return event.message_id == message_id
        if isinstance(event, ActionExecuted) and event.name == LISTEN:
            return False
    return False
