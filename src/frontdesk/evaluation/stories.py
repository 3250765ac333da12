"""Rasa's test stories: is each action predicted, given what came before? Nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frontdesk.actions.catalog import selected
from frontdesk.core.codec import message_to_wire
from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, SlotSet, UserUttered
from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.core.training import ActionStep, LoopStep, SlotStep, Step, Story, UserStep
from frontdesk.evaluation.nlu import Process
from frontdesk.evaluation.ways import ways
from frontdesk.policies.pieces import slots_of
from frontdesk.runtime.loop import Loop


@dataclass(frozen=True, slots=True)
class Check:
    """What was expected at a step, and what was predicted: an `action`, an `intent` or an `entity`."""

    kind: str
    expected: str
    found: str
    step: Step

    @property
    def good(self) -> bool:
        """Tell whether it was as expected."""
        return self.expected == self.found


@dataclass(frozen=True)
class StoryResult:
    """How a test story went; `failures` say the line, what was predicted and what was expected."""

    name: str
    place: str
    failures: tuple[str, ...] = ()
    predicted: int = 0
    checks: tuple[Check, ...] = ()
    story: Story | None = None

    @property
    def passed(self) -> bool:
        """Tell whether every intent and action was as the story says."""
        return not self.failures


class StoryTest:
    """Follows a story with the trained model, as Rasa's `rasa test core` does."""

    def __init__(self, loop: Loop, process: Process, domain: Domain) -> None:
        self.loop = loop
        self.process = process
        self.domain = domain
        self._checks: list[Check] = []

    def run(self, story: Story) -> StoryResult:
        """Return how one story went; after something wrong it goes on as the story says."""
        self._checks = []
        tracker = Tracker.start(story.name, self.domain.initial_slots, [ActionExecuted(LISTEN)])
        failures: list[str] = []
        predicted = 0
        steps = list(story.steps)
        for number, step in enumerate(steps):
            if isinstance(step, UserStep):
                if number and tracker.latest_action != LISTEN:
                    tracker = self._expect(tracker, LISTEN, step, failures)
                tracker = self._hear(tracker, step, failures)
            elif isinstance(step, ActionStep):
                predicted += 1
                tracker = self._expect(tracker, step.name or step.text or "", step, failures)
            elif isinstance(step, SlotStep) and step.has_value:
                tracker = tracker.append(SlotSet(step.name, step.value))
            elif isinstance(step, LoopStep):
                tracker = tracker.append(ActiveLoop(step.name))
        if steps and tracker.latest_action != LISTEN:
            self._expect(tracker, LISTEN, steps[-1], failures)
        place = str(story.place) if story.place else ""
        return StoryResult(story.name, place, tuple(failures), predicted, tuple(self._checks), story)

    def _hear(self, tracker: Tracker, step: UserStep, failures: list[str]) -> Tracker:
        """Let the model understand the text, and go on with what the story says was meant."""
        base = step.intent.partition("/")[0] if step.intent else None
        message = Message(text="", entities=step.entities)
        if step.text is not None:
            [message] = self.process([step.text])
            found = _intent(message, step)
            if step.intent is not None and found != step.intent:
                failures.append(
                    f"{step.place}: '{step.text}' was understood as '{found}', expected '{step.intent}'"
                )
            self._checks += _understood(step, found, message.entities)
            failures += _entities_amiss(step, message.entities)
            if not step.text.startswith("/"):
                message = message.but(entities=step.entities)
        message = message.but(intent=IntentScore(base, 1.0))
        heard = UserUttered(step.text, message_to_wire(message), message.entities, timestamp=1.0)
        return tracker.extend([heard, *slots_of(message.entities, self.domain)])

    def _expect(self, tracker: Tracker, expected: str, step: Step, failures: list[str]) -> Tracker:
        prediction = self.loop.predict(tracker, self.domain)
        if prediction.action != expected and prediction.action == tracker.active_loop_name:
            # A form may refuse what it heard; then the policies are asked again.
            tracker = tracker.append(ActionExecutionRejected(prediction.action))
            prediction = self.loop.predict(tracker, self.domain)
        if "/" in expected and prediction.action and selected(prediction.action, tracker) == expected:
            expected = prediction.action  # the story names the response, the policies only its kind
        if prediction.action != expected:
            by = f" by {prediction.policy}" if prediction.policy else ""
            failures.append(f"{step.place}: predicted '{prediction.action}'{by}, expected '{expected}'")
        self._checks.append(Check("action", expected, prediction.action or "None", step))
        executed = ActionExecuted(expected, prediction.policy, prediction.confidence)
        return tracker.extend([*prediction.events, executed])


def _intent(message: Message, step: UserStep) -> str | None:
    """Return the intent that was understood; with its response (`faq/hours`) only where the story names another one."""
    found = message.intent.name if message.intent else None
    if found == step.intent or found is None:
        return found
    selected = message.extra.get("response_selector") or {}
    if found not in selected.get("all_retrieval_intents", ()):
        return step.intent if step.intent and found == step.intent.partition("/")[0] else found
    chosen = selected.get("default") or selected.get(found) or {}
    return (chosen.get("response") or {}).get("intent_response_key") or found


def _understood(step: UserStep, found: str | None, entities: Sequence[Entity]) -> list[Check]:
    """Return what was to be understood of a text, and what was."""
    checks = []
    if step.intent is not None:
        checks.append(Check("intent", step.intent, found or "None", step))
    wanted, seen = (
        {f"[{e.value}]({'.'.join(part for part in (e.entity, e.group, e.role) if part)})" for e in kind}
        for kind in (step.entities, entities)
    )
    for name in sorted(wanted | seen):
        checks.append(
            Check("entity", name if name in wanted else "None", name if name in seen else "None", step)
        )
    return checks


def _entities_amiss(step: UserStep, entities: Sequence[Entity]) -> list[str]:
    """Say which entities are missing and which are too many: kind, place and value must be as in the text, as in Rasa.

    Entities that stand beside the text (`entities:`) only have to be there; a payload (`/greet`) says its own.
    """
    text = step.text or ""
    if text.startswith("/"):
        return []
    loose = any(entity.start is None for entity in step.entities)
    wanted, seen = ({_key(entity, loose): entity for entity in kind} for kind in (step.entities, entities))
    missing = [_named(wanted[key]) for key in wanted if key not in seen]
    more = [] if loose else [_named(seen[key]) for key in seen if key not in wanted]
    said = [f"{step.place}: in '{text}' was not found: {', '.join(sorted(missing))}"] if missing else []
    return said + ([f"{step.place}: in '{text}' was also found: {', '.join(sorted(more))}"] if more else [])


def _key(entity: Entity, loose: bool) -> tuple[str | int | None, ...]:
    where = (entity.role, entity.group) if loose else (entity.start, entity.end)
    return (*where, entity.entity, str(entity.value))


def _named(entity: Entity) -> str:
    return f"{entity.entity} '{entity.value}'"


def run_stories(test: StoryTest, stories: Sequence[Story]) -> list[StoryResult]:
    """Return how all stories went, in order; along each of its ways where one has alternatives or checkpoints."""
    return [test.run(story) for story in ways(stories)]
