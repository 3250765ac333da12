"""Tell afterwards what went on in a conversation: its turns, and what was decided in each and why.

Policies are pure, so nothing is recorded while a message is answered: the conversation is folded again up to each
decision, and the policies are asked once more. What they say is what the model in use says; where it would decide
otherwise than was decided then, `Step.agrees` is False.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    EntitiesAdded,
    Event,
    LoopInterrupted,
    UserFeaturized,
    UserUttered,
)
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.policies.ensemble import ORDERED, explain, just_rejected, refused
from frontdesk.runtime.loop import PAUSED, TOO_MANY, Loop

_WITH_THE_ACTION = UserFeaturized | LoopInterrupted | EntitiesAdded
"""Events that a prediction brings along; they are logged right before its action."""

UNTAUGHT = "nothing says what follows the action that was chosen by hand"
"""Reason for listening after a correction."""
_LISTENS = {
    PAUSED: "The conversation is paused, so the assistant stays silent.",
    TOO_MANY: "The assistant did too many actions in a row and was stopped.",
    UNTAUGHT: "No rule or story says what follows the action that you chose, so the assistant waits.",
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A turn as a stretch of a conversation's events: from one time the assistant listened to the next.

    `heard` is where the user's message stands, or None where the assistant acted by itself (a session began).
    """

    number: int
    start: int
    end: int
    heard: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one policy said: nothing (None), or a prediction. `refused` is True where its action has just refused."""

    policy: str
    prediction: Prediction | None
    refused: bool = False


@dataclass(frozen=True)
class Step:
    """One decision of a turn: what was proposed, what was done, and what came of it.

    `asked` is False where no policy decides: the action was ordered, or began the session. `at` is how many events of
    the conversation the decision was made on.
    """

    at: int
    before: Tracker
    after: Tracker
    done: ActionExecuted | ActionExecutionRejected
    events: tuple[Event, ...]
    proposals: tuple[Proposal, ...] = ()
    chosen: Prediction | None = None
    why: str = ""
    asked: bool = True

    @property
    def action(self) -> str:
        """What was done: the name of an action, or a text of an end-to-end story."""
        return _action(self.done)

    @property
    def agrees(self) -> bool:
        """Tell whether the model in use would decide the same."""
        return self.chosen is None or self.chosen.action == self.action


@dataclass(frozen=True)
class Trace:
    """One turn in full: the conversation before it, with the message and its slots, and after it; and its steps."""

    stretch: Stretch
    before: Tracker
    heard: UserUttered | None
    understood: Tracker
    after: Tracker
    filled: tuple[Event, ...]
    steps: tuple[Step, ...]


def stretches(events: Sequence[Event]) -> list[Stretch]:
    """Return the turns of a conversation, in order; the last one may still go on."""
    found: list[Stretch] = []
    start = 0
    heard: int | None = None
    for number, event in enumerate(events):
        if heard is None and isinstance(event, UserUttered):
            heard = number
        if isinstance(event, ActionExecuted) and event.name == LISTEN:
            found.append(Stretch(len(found), start, number + 1, heard))
            start, heard = number + 1, None
    if start < len(events):
        found.append(Stretch(len(found), start, len(events), heard))
    return found


def trace(loop: Loop, domain: Domain, events: Sequence[Event], stretch: Stretch) -> Trace:
    """Return a turn in full. It asks every policy at every decision, so it belongs on a thread of its own."""
    nodes = [Tracker.start("", domain.initial_slots, events[: stretch.start])]
    for event in events[stretch.start : stretch.end]:
        nodes.append(nodes[-1].append(event))
    own = events[stretch.start : stretch.end]
    done = [n for n, event in enumerate(own) if isinstance(event, ActionExecuted | ActionExecutionRejected)]
    moments = [_moment(own, n) for n in done]
    ends = [*moments[1:], len(own)]
    steps = tuple(
        _step(loop, domain, nodes, own, stretch.start, (moment, at, end))
        for moment, at, end in zip(moments, done, ends, strict=True)
    )
    heard_at = stretch.heard - stretch.start if stretch.heard is not None else None
    heard = own[heard_at] if heard_at is not None else None
    if heard_at is None or not isinstance(heard, UserUttered):
        return Trace(stretch, nodes[0], None, nodes[0], nodes[-1], (), steps)
    until = next((moment for moment in moments if moment > heard_at), len(own))
    return Trace(
        stretch=stretch,
        before=nodes[heard_at],
        heard=heard,
        understood=nodes[until],
        after=nodes[-1],
        filled=tuple(own[heard_at + 1 : until]),
        steps=steps,
    )


def _moment(events: Sequence[Event], done: int) -> int:
    """Return how many events there were when this action was chosen: without those that came along with the choice."""
    while done and isinstance(events[done - 1], _WITH_THE_ACTION):
        done -= 1
    return done


def _step(
    loop: Loop,
    domain: Domain,
    nodes: Sequence[Tracker],
    events: Sequence[Event],
    offset: int,
    where: tuple[int, int, int],
) -> Step:
    moment, at, end = where
    done = events[at]
    if not isinstance(done, ActionExecuted | ActionExecutionRejected):
        raise TypeError("A step is an action that ran, or refused to.")
    before = nodes[moment]
    step: dict[str, Any] = {
        "at": offset + moment,
        "before": before,
        "after": nodes[end],
        "done": done,
        "events": (*events[moment:at], *events[at + 1 : end]),
    }
    without = _without_policies(done, events[:at])
    if without:
        return Step(**step, why=without, asked=False)
    proposals = tuple(_ask(loop, before, domain))
    chosen = loop.predict(before, domain)
    said = [p.prediction for p in proposals if p.prediction is not None]
    why = explain(said, chosen, before)
    return Step(**step, proposals=proposals, chosen=chosen, why=why, asked=chosen.policy not in ORDERED)


def _without_policies(done: Event, earlier: Sequence[Event]) -> str:
    """Say why an action was done that no policy chose; nothing where one did."""
    if not isinstance(done, ActionExecuted) or done.policy:
        return ""
    if done.name == SESSION_START:
        return "A session begins; that is not for the policies to decide."
    if done.name != LISTEN:
        return ""
    told = _LISTENS.get(done.metadata.get("reason", ""))
    if told:
        return told
    last = next((event for event in reversed(earlier) if isinstance(event, ActionExecuted)), None)
    begun = last is not None and last.name == SESSION_START
    return "The session has begun; the assistant waits for the user." if begun else ""


def _ask(loop: Loop, tracker: Tracker, domain: Domain) -> list[Proposal]:
    rejected = just_rejected(tracker)
    found = []
    for policy in loop.policies:
        prediction = policy.predict(tracker, domain)
        name = str(getattr(policy, "name", "") or type(policy).__name__)
        found.append(Proposal(name, prediction, prediction is not None and refused(prediction, rejected)))
    return found


def _action(done: ActionExecuted | ActionExecutionRejected) -> str:
    text = done.action_text if isinstance(done, ActionExecuted) else None
    return done.name or text or ""
