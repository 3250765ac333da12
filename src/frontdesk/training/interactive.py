"""Teach an assistant while talking to it: confirm or correct what it understood and what it does next.

A `Session` is frozen, and every step returns a new one; to undo is to go back to the one before. `Teacher` runs the
steps with a loaded model and the project's real actions. What came out of it is collected by `training.learnt`.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from frontdesk.core.codec import entity_to_wire
from frontdesk.core.domain import REQUESTED_SLOT, Domain, EntityType, Intent
from frontdesk.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    BotUttered,
    Event,
    LoopInterrupted,
    UserFeaturized,
    UserUttered,
)
from frontdesk.core.message import Entity, UserMessage
from frontdesk.core.ports import ActionCall, Turn
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.errors import ConfigError
from frontdesk.formats.annotations import annotate, parse
from frontdesk.policies.ensemble import explain
from frontdesk.runtime.loop import PAUSED, pauses
from frontdesk.runtime.processor import Processor

BY_HAND = "chosen by hand"
"""The reason of an action that a person chose in place of the policies' one."""
_SELECTOR = "response_selector"


@dataclass(frozen=True)
class Session:
    """A conversation that is being taught.

    `domain` knows the names that were typed in so far, `responses` the texts of new responses. `finished` are the
    conversations before a restart or a fork; `heard` is what the user said, confirmed or corrected, in all of them.
    `before` is the session without its last step.
    """

    tracker: Tracker
    domain: Domain
    finished: tuple[Tracker, ...] = ()
    responses: Mapping[str, str] = field(default_factory=dict)
    heard: tuple[UserUttered, ...] = ()
    before: Session | None = field(default=None, repr=False, compare=False)

    @property
    def listening(self) -> bool:
        """Tell whether it is the user's turn."""
        for event in reversed(self.tracker.applied_events()):
            if isinstance(event, UserUttered):
                return False
            if isinstance(event, ActionExecuted):
                return event.name == LISTEN
        return True

    @property
    def trackers(self) -> tuple[Tracker, ...]:
        """All conversations that were had, the present one last."""
        return (*self.finished, self.tracker)

    def forks(self) -> list[tuple[str, Tracker]]:
        """Return the user's messages, each with the conversation as it was before it."""
        found: list[tuple[str, Tracker]] = []
        node: Tracker | None = self.tracker
        since = len(self.tracker) - len(self.tracker.events_after_restart())
        while node is not None and node.length > since:
            if isinstance(node.event, UserUttered) and node.parent is not None:
                found.append((node.event.text or "", node.parent))
            node = node.parent
        return found[::-1]

    def forked(self, before: Tracker) -> Session:
        """Go on from an earlier point; what came after it is kept as a conversation of its own."""
        return self._then(before, finished=self.trackers)

    def knowing(
        self, intents: Iterable[str] = (), entities: Iterable[str] = (), actions: Iterable[str] = ()
    ) -> Session:
        """Return the session with a domain that has these names, too."""
        domain = self.domain
        new_intents = {name: Intent(name) for name in intents if name not in domain.intents}
        new_entities = {name: EntityType(name) for name in entities if name not in domain.entities}
        new_actions = tuple(name for name in actions if name not in domain.action_names)
        if not (new_intents or new_entities or new_actions):
            return self
        known = dataclasses.replace(
            domain,
            intents={**domain.intents, **new_intents},
            entities={**domain.entities, **new_entities},
            actions=(*domain.actions, *new_actions),
        )
        return dataclasses.replace(self, domain=known)

    def _then(self, tracker: Tracker, **changes: Any) -> Session:
        return dataclasses.replace(self, tracker=tracker, before=self, **changes)


@dataclass(frozen=True)
class Proposal:
    """What the assistant would do next and why, what each policy says, and every action, likely ones first."""

    chosen: Prediction
    why: str
    predictions: tuple[Prediction, ...]
    actions: tuple[str, ...]


class Teacher:
    """Takes a session through its steps with a model and the project's own actions.

    Nothing is stored: the conversation is in the session only. What actions do outside of it is really done, and is not
    undone with a step.
    """

    def __init__(self, processor: Processor, channel: str = "cmdline") -> None:
        self._processor = processor
        self._channel = channel

    @property
    def domain(self) -> Domain:
        """The domain as the model knows it."""
        return self._processor.domain

    async def begin(self, sender_id: str, events: Sequence[Event] = ()) -> Session:
        """Begin to teach in a new conversation, or (with `events`) at the end of one that there was."""
        tracker = Tracker.start(sender_id, self.domain.initial_slots, events)
        turn = await self._processor.begin(tracker, self._message("", tracker), only_if_new=True)
        return Session(turn.tracker, self.domain)

    async def restart(self, session: Session) -> Session:
        """Begin a new conversation; the one so far is kept."""
        new = await self.begin(session.tracker.sender_id)
        return dataclasses.replace(session, tracker=new.tracker, finished=session.trackers, before=session)

    async def understand(self, session: Session, text: str) -> UserUttered:
        """Return what is understood of a text; nothing is logged before `hear`."""
        return await self._processor.understand(self._message(text, session.tracker))

    async def hear(self, session: Session, heard: UserUttered) -> Session:
        """Log what the user said, as it was confirmed or corrected, and the slots that it fills."""
        entities = [entity.entity for entity in heard.entities]
        known = session.knowing([heard.intent] if heard.intent else [], entities)
        turn = await self._processor.hear(self._turn(known, heard.message_id), heard)
        said = (*session.heard, heard)
        return dataclasses.replace(known, tracker=turn.tracker, heard=said, before=session)

    def propose(self, session: Session) -> Proposal:
        """Return what the policies say now."""
        tracker, domain = session.tracker, session.domain
        loop = self._processor.loop
        said = [found for policy in loop.policies if (found := policy.predict(tracker, domain)) is not None]
        chosen = loop.predict(tracker, domain)
        why = explain(said, chosen, tracker)
        if pauses(tracker):
            chosen, why = Prediction(LISTEN, 1.0, reason=PAUSED), "The conversation is paused."
        chosen = dataclasses.replace(chosen, action=chosen.action or LISTEN)
        ranked = sorted(said, key=lambda p: (-p.confidence, -p.priority))
        likely = [chosen.action, *(p.action for p in ranked), LISTEN]
        names = dict.fromkeys(name for name in (*likely, *_own_first(domain)) if name)
        return Proposal(chosen, why, tuple(ranked), tuple(names))

    def asks_for_input(self, session: Session, action: str) -> str | None:
        """Return the slot for which a form would now take the last message, where it had refused to run before.

        Whether it should is for the teacher to say: see `act`.
        """
        loop = session.tracker.active_loop
        if loop is None or loop.name != action or not loop.rejected:
            return None
        slot = session.tracker.slots.get(REQUESTED_SLOT)
        return str(slot) if slot and session.tracker.latest_action == LISTEN else None

    async def act(
        self,
        session: Session,
        action: str,
        *,
        confirmed: Prediction | None = None,
        text: str | None = None,
        takes_input: bool | None = None,
    ) -> Session:
        """Run an action: the one that was proposed (`confirmed`), or the one that a person chose in its place.

        An active form that is passed over counts as having refused to run. `text` is what a new response says.
        `takes_input` tells whether a form that comes back takes the last message for the slot that it asked for.
        """
        known = session.knowing(actions=[action])
        if text:
            known = dataclasses.replace(known, responses={**known.responses, action: text})
        prediction = self._prediction(session, action, confirmed)
        tracker = session.tracker.extend(self._about_the_form(session, action))
        if takes_input is not None:
            kept = tuple(event for event in prediction.events if not isinstance(event, LoopInterrupted))
            prediction = dataclasses.replace(prediction, events=(*kept, LoopInterrupted(not takes_input)))
        turn = dataclasses.replace(self._turn(known), tracker=tracker)
        if action == LISTEN:
            done = self._processor.loop.log(tracker, prediction, ())
        elif action in known.responses:
            said = BotUttered(known.responses[action], metadata={"utter_action": action})
            done = self._processor.loop.log(tracker, prediction, (said,))
        elif await self._runs(action):
            done = await self._processor.loop.act(turn, prediction)
        else:
            done = self._processor.loop.log(tracker, prediction, ())
        return dataclasses.replace(known, tracker=done, before=session)

    async def _runs(self, action: str) -> bool:
        """Tell whether an action can be run: a new one only where the action server has it already."""
        return action in self.domain.action_names or action in await self._processor.server.names()

    def _prediction(self, session: Session, action: str, confirmed: Prediction | None) -> Prediction:
        if confirmed is not None and confirmed.action == action:
            return confirmed
        right_after = session.tracker.latest_action == LISTEN
        events = (UserFeaturized(False),) if right_after else ()
        return Prediction(action, 1.0, events=events, reason=BY_HAND)

    def _about_the_form(self, session: Session, action: str) -> list[Event]:
        """Return that the active form refuses to run, where another action goes before it (as in Rasa)."""
        loop = session.tracker.active_loop
        name = session.tracker.active_loop_name
        if loop is None or name is None or loop.rejected or action in (name, LISTEN):
            return []
        return [ActionExecutionRejected(name)]

    def _message(self, text: str, tracker: Tracker) -> UserMessage:
        return UserMessage(text, tracker.sender_id, self._channel, uuid.uuid4().hex, authenticated=True)

    def _turn(self, session: Session, message_id: str | None = None) -> Turn:
        latest = session.tracker.latest_message
        known = message_id or (latest.message_id if latest else None) or ""
        return Turn(
            session.tracker,
            session.domain,
            self._channel,
            self._processor.nlg,
            self._processor.server,
            ActionCall(self._channel, True, known),
            self._processor.knowledge,
        )


def _own_first(domain: Domain) -> list[str]:
    """Return the actions of a domain: its own before those that every assistant has."""
    own = [*domain.actions, *domain.responses, *domain.forms]
    plain = [name for name in own if "/" not in name]
    return [*dict.fromkeys(plain), *(name for name in domain.action_names if "/" not in name)]


def annotated(heard: UserUttered) -> str:
    """Return what the user said with its entities marked; of two that overlap the first one."""
    text = heard.text or ""
    end = 0
    kept: list[Entity] = []
    for entity in sorted(heard.entities, key=lambda e: (e.start or 0, -(e.end or 0))):
        if entity.start is None or entity.end is None or not entity.start < entity.end <= len(text):
            continue
        same = kept and (kept[-1].start, kept[-1].end) == (entity.start, entity.end)
        if entity.start >= end or same:
            kept.append(entity)
            end = entity.end
    return annotate(text, kept)


def full_intent(heard: UserUttered) -> str | None:
    """Return the intent, of a retrieval intent with what was selected: `faq/hours`."""
    intent = heard.intent
    selected = (heard.parse_data.get(_SELECTOR) or {}) if intent else {}
    named = selected.get(intent) or (
        selected.get("default") if intent in selected.get("all_retrieval_intents", ()) else None
    )
    full = ((named or {}).get("response") or {}).get("intent_response_key")
    return str(full) if full else intent


def corrected(heard: UserUttered, intent: str, marked: str) -> UserUttered:
    """Return what was heard with another intent (`faq/hours` for a retrieval intent) and other entities.

    `marked` is the sentence with its entities in training data's notation. Raises ConfigError where it cannot be read,
    or is another sentence.
    """
    text, entities = parse(marked.strip())
    said = heard.text or ""
    if text != said.strip():
        what = f"Only the marks may differ: '{text}' is not what was said ('{said}')."
        raise ConfigError(what, hint="Mark entities as in [Rome](city).")
    return dataclasses.replace(understood_as(heard, intent, entities), text=text)


def understood_as(heard: UserUttered, intent: str, entities: Sequence[Entity]) -> UserUttered:
    """Return what was heard with another intent (`faq/hours` for a retrieval intent) and these entities."""
    kept = tuple(_as_found(entity, heard.entities) for entity in entities)
    base, slash, _ = intent.partition("/")
    parsed: dict[str, Any] = {
        **heard.parse_data,
        "intent": {"name": base, "confidence": 1.0},
        "entities": [entity_to_wire(entity) for entity in kept],
    }
    if slash:
        chosen = {"response": {"utter_action": f"utter_{intent}", "intent_response_key": intent}}
        parsed[_SELECTOR] = {**(parsed.get(_SELECTOR) or {}), base: chosen}
        parsed["intent"]["full_retrieval_intent_name"] = intent
    return dataclasses.replace(heard, parse_data=parsed, entities=kept)


def _as_found(entity: Entity, found: Sequence[Entity]) -> Entity:
    """Return an entity as it was found, with who found it, if it is one of those."""
    fields = ("entity", "value", "start", "end", "role", "group")
    same = (e for e in found if all(getattr(e, name) == getattr(entity, name) for name in fields))
    return next(same, entity)


def ranked_intents(heard: UserUttered, domain: Domain) -> list[tuple[str, float]]:
    """Return every intent that there is, the likeliest first; retrieval intents with all that they can select."""
    ranking = heard.parse_data.get("intent_ranking") or []
    scores = {
        str(entry["name"]): float(entry.get("confidence") or 0.0) for entry in ranking if entry.get("name")
    }
    asked = [name.removeprefix("utter_") for name in domain.responses if "/" in name]
    found: dict[str, float] = {}
    for name in sorted({*scores, *domain.intents}, key=lambda n: (-scores.get(n, 0.0), n)):
        parts = [full for full in asked if full.partition("/")[0] == name]
        selected = full_intent(heard)
        for full in sorted(parts, key=lambda full: full != selected) or [name]:
            found.setdefault(full, scores.get(name, 0.0))
    return list(found.items())
