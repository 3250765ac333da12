"""What a taught session brings: sentences for the NLU, stories, and names that the domain does not have yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from frontdesk.core.domain import DEFAULT_INTENTS, Domain
from frontdesk.core.events import Event, Restarted, UserUttered
from frontdesk.core.training import ActionStep, Example, NluExamples, Place, Story, UserStep
from frontdesk.formats import nlu, stories
from frontdesk.formats.annotations import parse
from frontdesk.formats.told import story_of
from frontdesk.formats.write_back import Additions
from frontdesk.training.interactive import Session, annotated, full_intent

_RULE_BASED = (
    "RegexEntityExtractor",
    "DucklingEntityExtractor",
    "DucklingHTTPExtractor",
    "SpacyEntityExtractor",
)
"""Extractors that learn nothing from marked examples: what they find is not written into them, as in Rasa."""


@dataclass(frozen=True)
class Learnt:
    """What is to be written: sentences by intent, stories, and names for the domain."""

    examples: dict[str, list[str]] = field(default_factory=dict)
    stories: tuple[Story, ...] = ()
    intents: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    responses: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.examples or self.stories)


def learnt(session: Session, known: Domain, *, e2e: bool = False) -> Learnt:
    """Return what a session brings beyond the domain that was known before it.

    A message that was typed as a payload, or not understood, is no example. A story that is the beginning of another
    one is left out, and so is a last message that nothing answers yet.
    """
    said: dict[str, list[str]] = {}
    entities: list[str] = []
    for heard in session.heard:
        intent = full_intent(heard)
        if intent is None or intent in DEFAULT_INTENTS or (heard.text or "").startswith("/"):
            continue
        sentence = annotated(_learnable(heard))
        if sentence not in said.setdefault(intent, []):
            said[intent].append(sentence)
            entities += [entity.entity for entity in parse(sentence)[1]]
    told = _told(session, e2e)
    steps = [step for story in told for step in story.steps]
    in_stories = [step.intent for step in steps if isinstance(step, UserStep) and step.intent]
    intents = [*(intent.partition("/")[0] for intent in said), *in_stories]
    entities += [e.entity for step in steps if isinstance(step, UserStep) for e in step.entities]
    actions = [step.name for step in steps if isinstance(step, ActionStep) and step.name]
    new_actions = _new(actions, known.action_names)
    return Learnt(
        examples=said,
        stories=told,
        intents=_new(intents, (*known.intents, *DEFAULT_INTENTS)),
        entities=_new(entities, known.entities),
        actions=tuple(name for name in new_actions if name not in session.responses),
        responses={name: session.responses[name] for name in new_actions if name in session.responses},
    )


def named(found: Learnt, names: Sequence[str]) -> Learnt:
    """Return the same with names for the stories."""
    renamed = (replace(story, name=name) for story, name in zip(found.stories, names, strict=True))
    return replace(found, stories=tuple(renamed))


def free_names(count: int, taken: Iterable[str], stem: str = "interactive_story") -> list[str]:
    """Return names for stories that none has yet: `interactive_story_1` and so on."""
    used = set(taken)
    found: list[str] = []
    number = 1
    while len(found) < count:
        name = f"{stem}_{number}"
        number += 1
        if name not in used:
            found.append(name)
    return found


def write(
    found: Learnt, additions: Additions, *, nlu_file: Path | None = None, story_file: Path | None = None
) -> list[Place]:
    """Write what was learnt into the project's files, all of it or nothing; returns where it stands.

    `nlu_file` is for intents that have no examples yet, `story_file` for the stories. Raises ConfigError.
    """
    _add(found, additions, nlu_file, story_file)
    places = _add(found, additions, nlu_file, story_file)  # all is there now: this only tells where
    additions.commit()
    return places


def _add(found: Learnt, additions: Additions, nlu_file: Path | None, story_file: Path | None) -> list[Place]:
    places = additions.examples(found.examples, nlu_file)
    places += [additions.story(story, story_file) for story in found.stories]
    for section in ("intents", "entities", "actions"):
        places += [additions.name(section, name) for name in getattr(found, section)]
    return [*places, *(additions.response(name, text) for name, text in found.responses.items())]


def as_file(found: Learnt) -> str:
    """Return what was learnt as one training file, to be kept aside."""
    examples = [
        Example(text, intent, entities)
        for intent, sentences in found.examples.items()
        for text, entities in map(parse, sentences)
    ]
    head = [
        f"# New in the domain: {section}: {', '.join(names)}\n"
        for section in ("intents", "entities", "actions", "responses")
        if (names := getattr(found, section))
    ]
    text = nlu.write(NluExamples(tuple(examples)))
    told = stories.write(found.stories)
    return "".join(head) + text + told.partition("\n")[2]


def _learnable(heard: UserUttered) -> UserUttered:
    return replace(heard, entities=tuple(e for e in heard.entities if e.extractor not in _RULE_BASED))


def _told(session: Session, e2e: bool) -> tuple[Story, ...]:
    parts = [part for tracker in session.trackers for part in _conversations(tracker.events())]
    found = [_finished(story_of("", part, session.domain, e2e=e2e)) for part in parts]
    kept: list[Story] = []
    for number, story in enumerate(found):
        later = [*found[number + 1 :], *kept]
        covered = any(other.steps[: len(story.steps)] == story.steps for other in later)
        if story.steps and not covered:
            kept.append(story)
    return tuple(
        replace(story, name=name) for story, name in zip(kept, free_names(len(kept), ()), strict=True)
    )


def _conversations(events: Sequence[Event]) -> list[list[Event]]:
    found: list[list[Event]] = [[]]
    for event in events:
        if isinstance(event, Restarted):
            found.append([])
        else:
            found[-1].append(event)
    return found


def _finished(story: Story) -> Story:
    """Return a story without a last message that nothing answers; an empty one where the user said nothing else."""
    steps = story.steps
    while steps:
        last = max((n for n, step in enumerate(steps) if isinstance(step, UserStep)), default=None)
        if last is None:
            return replace(story, steps=())
        if any(isinstance(step, ActionStep) for step in steps[last + 1 :]):
            break
        steps = steps[:last]
    return replace(story, steps=steps)


def _new(names: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    used = set(known)
    return tuple(dict.fromkeys(name for name in names if name not in used))
