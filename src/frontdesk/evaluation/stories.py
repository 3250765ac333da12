"""Rasa's test stories: is each action predicted, given what came before? Nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frontdesk.actions import mappings
from frontdesk.actions.catalog import selected
from frontdesk.core.codec import message_to_wire
from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, SlotSet, UserUttered
from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.core.training import ActionStep, LoopStep, SlotStep, Step, Story, UserStep
from frontdesk.evaluation.nlu import Process
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
        if step.text is None:
            message = Message(text="", intent=IntentScore(step.intent, 1.0), entities=step.entities)
        else:
            [message] = self.process([step.text])
            found = message.intent.name if message.intent else None
            if step.intent is not None and found not in (step.intent, step.intent.partition("/")[0]):
                failures.append(
                    f"{step.place}: '{step.text}' was understood as '{found}', expected '{step.intent}'"
                )
                message = message.but(intent=IntentScore(step.intent, 1.0))
            self._checks += _understood(step, found, message.entities)
            missing = _values(step.entities) - _values(message.entities)
            if missing:
                what = ", ".join(f"{kind} '{value}'" for kind, value, _, _ in sorted(missing, key=str))
                failures.append(f"{step.place}: in '{step.text}' was not found: {what}")
                message = message.but(entities=step.entities)
        heard = UserUttered(step.text, message_to_wire(message), message.entities, timestamp=1.0)
        tracker = tracker.append(heard)
        return tracker.extend(self._slots(tracker))

    def _slots(self, tracker: Tracker) -> list[SlotSet]:
        """Fill slots from entities, as Rasa's tests do where the story does not say it."""
        filled = []
        for slot in self.domain.slots.values():
            for mapping in slot.mappings:
                if mapping.type != "from_entity" or mapping.conditions:
                    continue
                found = mappings.values(mapping, tracker)
                if found and mappings.applies(slot, mapping, tracker, self.domain):
                    filled.append(SlotSet(slot.name, found if slot.type == "list" else found[-1]))
                    break
        return filled

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


def _understood(step: UserStep, found: str | None, entities: Sequence[Entity]) -> list[Check]:
    """Return what was to be understood of a text, and what was; of a retrieval intent its first part does."""
    checks = []
    if step.intent is not None:
        base = step.intent.partition("/")[0]
        checks.append(Check("intent", step.intent, step.intent if found == base else found or "None", step))
    wanted, seen = (
        {f"[{e.value}]({'.'.join(part for part in (e.entity, e.group, e.role) if part)})" for e in kind}
        for kind in (step.entities, entities)
    )
    for name in sorted(wanted | seen):
        checks.append(
            Check("entity", name if name in wanted else "None", name if name in seen else "None", step)
        )
    return checks


def _values(entities: Sequence[Entity]) -> set[tuple[str, str, str | None, str | None]]:
    return {(entity.entity, str(entity.value), entity.role, entity.group) for entity in entities}


def run_stories(test: StoryTest, stories: Sequence[Story]) -> list[StoryResult]:
    """Return how all stories went, in order."""
    return [test.run(story) for story in stories]
