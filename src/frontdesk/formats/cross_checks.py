"""Check that training files and domain fit together, name by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from frontdesk.core.domain import DEFAULT_INTENTS, Domain
from frontdesk.core.message import Entity
from frontdesk.core.training import (
    ActionStep,
    CheckpointStep,
    LoopStep,
    NluExamples,
    OrStep,
    Place,
    Rule,
    SlotStep,
    Step,
    Story,
    TrainingSet,
    UserStep,
)
from frontdesk.errors import suggestion
from frontdesk.formats.complaints import Complaints

Use = tuple[str, str, Place | None]
"""A kind of name, the name, and where it is used."""

_NAME_IS_ENOUGH = ("text", "list")
_OPENING = "opening action"


def check(training: TrainingSet, domain: Domain, complaints: Complaints) -> None:
    """Doubt names in examples, stories and rules that the domain does not define, each once.

    An action that does not exist is an error, as in Rasa: nothing could be done or said where a rule wants it. That
    with which a story opens is only doubted: nobody has to predict it.
    """
    uses = [
        *_in_examples(training.nlu),
        *_in_stories((*training.stories, *training.rules), domain, complaints),
    ]
    report(uses, domain, complaints, errors={"action"})
    taught = {example.intent.split("/")[0] for example in training.nlu.examples}
    for name in domain.intents:
        if name not in taught and name not in DEFAULT_INTENTS and training.nlu.examples:
            complaints.notice(
                f"The intent '{name}' has no examples.", None, "Add some, or remove it from the domain."
            )


def check_stories(stories: Iterable[Story], domain: Domain, complaints: Complaints) -> None:
    """Doubt names in test stories that the domain does not define."""
    report(list(_in_stories(stories, domain, complaints)), domain, complaints)


def with_known_actions(training: TrainingSet, domain: Domain) -> TrainingSet:
    """Leave out each story and rule with an action that does not exist: what it was to say is not known."""
    known = {*domain.action_names, *domain.e2e_action_texts}

    def sound(story: Story | Rule) -> bool:
        uses = _in_stories((story,), domain, Complaints())
        return all(name in known for kind, name, _ in uses if kind in ("action", _OPENING))

    stories, rules = tuple(filter(sound, training.stories)), tuple(filter(sound, training.rules))
    return replace(training, stories=stories, rules=rules)


def report(
    uses: Iterable[Use], domain: Domain, complaints: Complaints, *, errors: Collection[str] = ()
) -> None:
    """Doubt every name that the domain does not define (of the kinds in `errors`, complain): once, at its first use."""
    known = {
        "intent": set(domain.intents),
        "entity": set(domain.entities),
        "action": {*domain.action_names, *domain.e2e_action_texts},
        _OPENING: {*domain.action_names, *domain.e2e_action_texts},
        "slot": set(domain.slots),
        "form": {*domain.forms, *domain.action_names},
    }
    shown = {**known, "form": set(domain.forms)}
    missing: dict[tuple[str, str], list[Place | None]] = {}
    for kind, name, place in uses:
        if name not in known[kind]:
            missing.setdefault((kind, name), []).append(place)
    for (kind, name), places in missing.items():
        more = len(places) - 1
        also = f" It is used in {more} more place{'s' if more > 1 else ''}." if more else ""
        near = suggestion(name, shown[kind])
        hint = (
            f"{near} Else add it to the domain.{also}"
            if near.startswith("Did")
            else f"Add it to the domain.{also}"
        )
        complain = complaints.error if kind in errors else complaints.doubt
        complain(f"The {kind.removeprefix('opening ')} '{name}' is not in the domain.", places[0], hint)


def _in_examples(nlu: NluExamples) -> Iterator[Use]:
    for example in nlu.examples:
        yield "intent", example.intent.split("/")[0], example.place
        yield from _entities(example.entities, example.place)


def _entities(entities: Iterable[Entity], place: Place | None) -> Iterator[Use]:
    for entity in entities:
        yield "entity", entity.entity, place


def _in_stories(stories: Iterable[Story | Rule], domain: Domain, complaints: Complaints) -> Iterator[Use]:
    for story in stories:
        steps: tuple[Step, ...] = story.steps
        if isinstance(story, Rule):
            steps = (*story.conditions, *steps)
        opening = next(
            (s for s in steps if isinstance(s, ActionStep | UserStep | OrStep | CheckpointStep)), None
        )
        for step in steps:
            uses = _in_step(step, domain, complaints)
            if step is opening and isinstance(story, Story):
                uses = ((_OPENING if kind == "action" else kind, name, place) for kind, name, place in uses)
            yield from uses


def _in_step(step: Step, domain: Domain, complaints: Complaints) -> Iterator[Use]:
    if isinstance(step, UserStep):
        if step.intent is not None:
            yield "intent", step.intent.split("/")[0], step.place
        yield from _entities(step.entities, step.place)
    elif isinstance(step, ActionStep):
        if step.name is not None:
            yield "action", step.name, step.place
    elif isinstance(step, LoopStep):
        if step.name is not None:
            yield "form", step.name, step.place
    elif isinstance(step, SlotStep):
        yield from _slot(step, domain, complaints)
    elif isinstance(step, CheckpointStep | OrStep):
        inner: tuple[Step, ...] = step.slots if isinstance(step, CheckpointStep) else step.options
        for part in inner:
            yield from _in_step(part, domain, complaints)


def _slot(step: SlotStep, domain: Domain, complaints: Complaints) -> Iterator[Use]:
    yield "slot", step.name, step.place
    slot = domain.slots.get(step.name)
    if slot is None or step.has_value:
        return
    if slot.influence_conversation and slot.type != "any" and slot.type not in _NAME_IS_ENOUGH:
        what = f"The slot '{step.name}' is of type '{slot.type}' and needs a value here."
        complaints.doubt(what, step.place, f"Write '- {step.name}: ...'.")
