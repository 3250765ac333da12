"""Rasa's test stories: is each action predicted, given what came before? Nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frontdesk.core.codec import message_to_wire
from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, SlotSet, UserUttered
from frontdesk.core.message import IntentScore, Message
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.core.training import ActionStep, LoopStep, SlotStep, Step, Story, UserStep
from frontdesk.evaluation.nlu import Process
from frontdesk.runtime.loop import Loop


@dataclass(frozen=True)
class StoryResult:
    """How a test story went; `failures` say the line, what was predicted and what was expected."""

    name: str
    place: str
    failures: tuple[str, ...] = ()
    predicted: int = 0

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

    def run(self, story: Story) -> StoryResult:
        """Return how one story went; after a wrong prediction it goes on as the story says."""
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
        place = str(story.place) if story.place else ""
        return StoryResult(story.name, place, tuple(failures), predicted)

    def _hear(self, tracker: Tracker, step: UserStep, failures: list[str]) -> Tracker:
        if step.text is None:
            message = Message(text="", intent=IntentScore(step.intent, 1.0), entities=step.entities)
        else:
            [message] = self.process([step.text])
            found = message.intent.name if message.intent else None
            if step.intent is not None and found != step.intent:
                failures.append(
                    f"{step.place}: '{step.text}' was understood as '{found}', expected '{step.intent}'"
                )
        heard = UserUttered(step.text, message_to_wire(message), message.entities, timestamp=1.0)
        return tracker.append(heard).extend(self._slots(message))

    def _slots(self, message: Message) -> list[SlotSet]:
        """Fill slots from entities, as Rasa's tests do where the story does not say it."""
        found = {entity.entity: entity.value for entity in message.entities}
        filled = []
        for slot in self.domain.slots.values():
            for mapping in slot.mappings:
                if (
                    mapping.type == "from_entity"
                    and not mapping.conditions
                    and mapping.options.get("entity") in found
                ):
                    filled.append(SlotSet(slot.name, found[mapping.options["entity"]]))
                    break
        return filled

    def _expect(self, tracker: Tracker, expected: str, step: Step, failures: list[str]) -> Tracker:
        prediction = self.loop.predict(tracker, self.domain)
        if prediction.action != expected and prediction.action == tracker.active_loop_name:
            # A form may refuse what it heard; then the policies are asked again.
            tracker = tracker.append(ActionExecutionRejected(prediction.action))
            prediction = self.loop.predict(tracker, self.domain)
        if prediction.action != expected:
            by = f" by {prediction.policy}" if prediction.policy else ""
            failures.append(f"{step.place}: predicted '{prediction.action}'{by}, expected '{expected}'")
        executed = ActionExecuted(expected, prediction.policy, prediction.confidence)
        return tracker.extend([*prediction.events, executed])


def run_stories(test: StoryTest, stories: Sequence[Story]) -> list[StoryResult]:
    """Return how all stories went, in order."""
    return [test.run(story) for story in stories]
