"""Read and write stories and rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from frontdesk.core.message import Entity
from frontdesk.core.training import (
    ActionStep,
    CheckpointStep,
    EllipsisStep,
    LoopStep,
    OrStep,
    Place,
    Rule,
    SlotStep,
    Step,
    Story,
    UserStep,
)
from frontdesk.errors import ConfigError, suggestion
from frontdesk.formats.annotations import annotate, parse
from frontdesk.formats.complaints import Complaints, describe
from frontdesk.formats.writer import dump
from frontdesk.formats.yaml import Block, plain

ELLIPSIS = "..."
STEP_KEYS = (
    "intent", "user", "entities", "action", "bot", "checkpoint", "slot_was_set", "active_loop", "or",
    "metadata",
)  # fmt: skip
"""What a step may say; the first of these that is there names its kind."""

_STEP_HINT = "A step is one of: intent, user, action, bot, slot_was_set, active_loop, checkpoint, or."
_BESIDE = {
    "intent": ("user", "entities", "metadata"),
    "user": ("intent", "entities", "metadata"),
    "checkpoint": ("slot_was_set", "metadata"),
}


def read_stories(root: Block, complaints: Complaints, *, tests: bool = False) -> tuple[Story, ...]:
    """Read the key `stories`; with `tests` the full name of a retrieval intent (`faq/x`) is kept."""
    reader = StepReader(complaints, tests=tests)
    found = []
    for item, place in complaints.items(root.get("stories"), root.at("stories"), "'stories'").placed():
        block = complaints.block(item, place, "A story")
        complaints.keys(block, ("story", "steps", "metadata"), "A story")
        name = complaints.text(block.get("story"), block.at("story"), "The name of a story")
        steps = reader.steps(block, "The steps of a story")
        if name is not None:
            found.append(Story(name.strip(), steps, plain(block.get("metadata") or {}), place))
    return tuple(found)


def read_rules(root: Block, complaints: Complaints) -> tuple[Rule, ...]:
    """Read the key `rules`."""
    reader = StepReader(complaints)
    found = []
    known = ("rule", "steps", "condition", "conversation_start", "wait_for_user_input", "metadata")
    for item, place in complaints.items(root.get("rules"), root.at("rules"), "'rules'").placed():
        block = complaints.block(item, place, "A rule")
        complaints.keys(block, known, "A rule")
        name = complaints.text(block.get("rule"), block.at("rule"), "The name of a rule")
        rule = Rule(
            name=(name or "").strip(),
            steps=reader.steps(block, "The steps of a rule"),
            conditions=reader.conditions(block),
            conversation_start=complaints.flag(block, "conversation_start", False),
            wait_for_user_input=complaints.flag(block, "wait_for_user_input", True),
            metadata=plain(block.get("metadata") or {}),
            place=place,
        )
        if name is not None:
            found.append(rule)
    return tuple(found)


def write(stories: Iterable[Story] = (), rules: Iterable[Rule] = ()) -> str:
    """Write a training file with stories and rules; reading it gives the same again (but for the lines)."""
    content: dict[str, Any] = {"version": "3.1"}
    written = written_stories(stories)
    if written:
        content["stories"] = written
    written = [_written_rule(rule) for rule in rules]
    if written:
        content["rules"] = written
    return dump(content)


class StepReader:
    """Reads the steps of stories, rules and test stories."""

    def __init__(self, complaints: Complaints, *, tests: bool = False) -> None:
        self._complaints = complaints
        self._tests = tests

    def steps(self, block: Block, what: str) -> tuple[Step, ...]:
        """Read the key `steps`."""
        items = self._complaints.items(block.get("steps"), block.at("steps"), what)
        if not items:
            self._complaints.doubt(f"{what} are missing.", block.place, "Add 'steps:', or remove it.")
        steps: list[Step] = []
        for item, place in items.placed():
            steps += self._step(item, place)
        return tuple(steps)

    def conditions(self, block: Block) -> tuple[SlotStep | LoopStep, ...]:
        """Read the key `condition` of a rule: slots and loops."""
        found: list[SlotStep | LoopStep] = []
        items = self._complaints.items(block.get("condition"), block.at("condition"), "'condition'")
        for item, place in items.placed():
            for step in self._step(item, place):
                if isinstance(step, SlotStep | LoopStep):
                    found.append(step)
                else:
                    hint = "Write '- slot_was_set: ...' or '- active_loop: ...'."
                    self._complaints.error("A condition is about slots and loops only.", place, hint)
        return tuple(found)

    def _step(self, item: Any, place: Place) -> list[Step]:
        if item == ELLIPSIS:
            return [EllipsisStep(place)]
        if not isinstance(item, Block):
            self._complaints.error(f"A step cannot be {describe(item)}.", place, _STEP_HINT)
            return []
        kind = next((k for k in STEP_KEYS if k in item and k != "entities"), None)
        if kind is None:
            key = next(iter(item), "")
            self._complaints.error(f"No step is called '{key}'.", place, suggestion(key, STEP_KEYS))
            return []
        self._complaints.keys(item, (kind, *_BESIDE.get(kind, ("metadata",))), f"A step '{kind}'")
        return self._of_kind(kind, item, place)

    def _of_kind(self, kind: str, item: Block, place: Place) -> list[Step]:
        if kind in ("intent", "user"):
            user = self._user(item, place)
            return [user] if user else []
        if kind == "slot_was_set":
            return list(self._slots(item))
        if kind == "active_loop":
            return self._loop(item, place)
        if kind == "checkpoint":
            name = self._complaints.text(
                item["checkpoint"], item.at("checkpoint"), "The name of a checkpoint"
            )
            return [CheckpointStep(name, self._slots(item), place)] if name else []
        if kind == "or":
            return self._or(item, place)
        if kind == "metadata":
            return []
        text = self._complaints.text(item[kind], item.at(kind), f"What follows '{kind}:'")
        if text is None:
            return []
        if kind == "bot":
            return [ActionStep(text=text, place=place)]
        name = text.strip()
        return [EllipsisStep(place)] if name == ELLIPSIS else [ActionStep(name, place=place)]

    def _loop(self, item: Block, place: Place) -> list[Step]:
        name = item["active_loop"]
        if name is None:
            return [LoopStep(None, place)]
        text = self._complaints.text(name, item.at("active_loop"), "What follows 'active_loop:'")
        return [LoopStep(text.strip(), place)] if text else []

    def _or(self, item: Block, place: Place) -> list[Step]:
        options: list[UserStep | SlotStep] = []
        entries = self._complaints.items(item["or"], item.at("or"), "'or'")
        for inner, at in entries.placed():
            for step in self._step(inner, at):
                if isinstance(step, UserStep | SlotStep):
                    options.append(step)
                else:
                    hint = "Write '- intent: ...' or '- slot_was_set: ...' below 'or:'."
                    self._complaints.error("'or' is between intents or slots only.", at, hint)
        if not entries:
            self._complaints.error(
                "'or' has nothing to choose from.", place, "List intents or slots below it."
            )
        return [OrStep(tuple(options), place)] if options else []

    def _user(self, item: Block, place: Place) -> UserStep | None:
        intent = self._intent(item)
        if "user" not in item:
            return UserStep(intent, None, self._entities(item), place) if intent else None
        written = self._complaints.text(item["user"], item.at("user"), "What follows 'user:'")
        if written is None:
            return None
        if written.lstrip().startswith("/"):
            return UserStep(intent, written.strip(), (), place)
        try:
            text, entities = parse(written.strip(), item.text_at("user"))
        except ConfigError as error:
            self._complaints.caught(error)
            return None
        return UserStep(intent, text, entities or self._entities(item), place)

    def _intent(self, item: Block) -> str | None:
        if "intent" not in item:
            return None
        name = self._complaints.text(item["intent"], item.at("intent"), "What follows 'intent:'")
        if name is None:
            return None
        name = name.strip().removeprefix("/")
        base, slash, _ = name.partition("/")
        if slash and not self._tests:
            what = f"A story names the intent '{base}', not '{name}'; '{base}' is used."
            self._complaints.notice(what, item.at("intent"))
            return base
        return name

    def _entities(self, item: Block) -> tuple[Entity, ...]:
        written = item.get("entities")
        if isinstance(written, Block):
            return tuple(_named(name, plain(value)) for name, value in written.items())
        found: list[Entity] = []
        for entry, place in self._complaints.items(written, item.at("entities"), "'entities'").placed():
            if isinstance(entry, Block):
                found += self._mapped_entity(entry, place)
                continue
            name = self._complaints.text(entry, place, "An entity")
            if name:
                found.append(Entity(name.strip(), ""))
        return tuple(found)

    def _mapped_entity(self, entry: Block, place: Place) -> list[Entity]:
        labels = {key: entry[key] for key in ("role", "group") if entry.get(key) is not None}
        rest = {key: value for key, value in entry.items() if key not in ("role", "group")}
        if "entity" in rest and not set(rest) - {"entity", "value"}:
            name = self._complaints.text(rest["entity"], entry.at("entity"), "The name of an entity")
            rest = {name: rest.get("value", "")} if name else {}
        if not rest:
            self._complaints.error("The entity has no name.", place, "Write '- name: value'.")
        if labels and len(rest) > 1:
            self._complaints.error(
                "A role or group belongs to one entity.", place, "List each entity on its own."
            )
        role, group = (str(labels[k]) if k in labels else None for k in ("role", "group"))
        return [_named(name, plain(value), role, group) for name, value in rest.items()]

    def _slots(self, item: Block) -> tuple[SlotStep, ...]:
        written = item.get("slot_was_set")
        if isinstance(written, str):
            return (SlotStep(written.strip(), None, False, item.at("slot_was_set")),)
        if isinstance(written, Block):
            return tuple(
                SlotStep(name, plain(value), True, written.at(name)) for name, value in written.items()
            )
        found: list[SlotStep] = []
        items = self._complaints.items(written, item.at("slot_was_set"), "'slot_was_set'")
        for entry, place in items.placed():
            if isinstance(entry, Block):
                found += [SlotStep(name, plain(value), True, entry.at(name)) for name, value in entry.items()]
                continue
            name = self._complaints.text(entry, place, "The name of a slot")
            if name:
                found.append(SlotStep(name.strip(), None, False, place))
        return tuple(found)


def _named(name: str, value: Any, role: str | None = None, group: str | None = None) -> Entity:
    return Entity(name, value, role=role, group=group)


def written_stories(stories: Iterable[Story]) -> list[dict[str, Any]]:
    """Return stories as the list of mappings that stands in a file."""
    return [_written_story(story) for story in stories]


def _written_story(story: Story) -> dict[str, Any]:
    written: dict[str, Any] = {"story": story.name}
    if story.metadata:
        written["metadata"] = dict(story.metadata)
    written["steps"] = [written_step(step) for step in story.steps]
    return written


def _written_rule(rule: Rule) -> dict[str, Any]:
    written: dict[str, Any] = {"rule": rule.name}
    if rule.metadata:
        written["metadata"] = dict(rule.metadata)
    if rule.conversation_start:
        written["conversation_start"] = True
    if rule.conditions:
        written["condition"] = [written_step(step) for step in rule.conditions]
    written["steps"] = [written_step(step) for step in rule.steps]
    if not rule.wait_for_user_input:
        written["wait_for_user_input"] = False
    return written


def written_step(step: Step) -> dict[str, Any]:
    """Return a step as the mapping that stands in a file."""
    if isinstance(step, UserStep):
        return _written_user(step)
    if isinstance(step, ActionStep):
        return {"bot": step.text} if step.text is not None else {"action": step.name}
    if isinstance(step, SlotStep):
        return {"slot_was_set": [_written_slot(step)]}
    if isinstance(step, LoopStep):
        return {"active_loop": step.name}
    if isinstance(step, CheckpointStep):
        slots = [_written_slot(slot) for slot in step.slots]
        return {"checkpoint": step.name, "slot_was_set": slots} if slots else {"checkpoint": step.name}
    if isinstance(step, OrStep):
        return {"or": [written_step(option) for option in step.options]}
    return {"action": ELLIPSIS}


def _written_slot(step: SlotStep) -> Mapping[str, Any] | str:
    return {step.name: step.value} if step.has_value else step.name


def _written_user(step: UserStep) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if step.intent is not None:
        written["intent"] = step.intent
    if step.text is not None:
        payload = step.text.startswith("/")
        written["user"] = step.text if payload else annotate(step.text, step.entities)
    loose = [entity for entity in step.entities if entity.start is None]
    if loose:
        written["entities"] = [_written_entity(entity) for entity in loose]
    return written


def _written_entity(entity: Entity) -> Mapping[str, Any] | str:
    written = {entity.entity: entity.value}
    if entity.role is not None:
        written["role"] = entity.role
    if entity.group is not None:
        written["group"] = entity.group
    return entity.entity if len(written) == 1 and entity.value == "" else written
