"""The single checks of a project: each yields what it finds, and none of them knows of the others."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from frontdesk.actions.interpolation import fill
from frontdesk.core.domain import DEFAULT_INTENTS, Domain
from frontdesk.core.slots import SlotMapping
from frontdesk.core.training import (
    ActionStep,
    CheckpointStep,
    Example,
    OrStep,
    Place,
    Rule,
    Step,
    Story,
    UserStep,
)
from frontdesk.errors import FrontdeskError, suggestion
from frontdesk.formats import yaml
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.domain_merge import LISTS, MAPPINGS, Merged, merge
from frontdesk.formats.project import Project
from frontdesk.formats.yaml import Block
from frontdesk.training.findings import Finding
from frontdesk.training.python_files import python_files
from frontdesk.training.train import project_facts

SAID_BY_DEFAULT = frozenset(
    ("utter_restart", "utter_back", "utter_default", "utter_ask_rephrase", "utter_no_answer",
     "utter_action_failed")
)  # fmt: skip
"""Responses that actions of the engine's own say."""

_UTTERANCE = re.compile(r"\butter_[\w/]*(\{)?")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")

warning = partial(Finding, "warning")
note = partial(Finding, "note")
error = partial(Finding, "error")


def everything(project: Project) -> Iterator[Finding]:
    """Yield the findings of all checks."""
    known = _Known(project)
    for check in (
        empty, config, repeated_examples, intents, utterances, form_slots, mappings, greedy, lookups,
        placeholders,
    ):  # fmt: skip
        yield from check(known)


class _Known:
    """A project, and what several checks ask of it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.domain: Domain = project.domain
        self.steps = list(_steps((*project.training.stories, *project.training.rules)))
        self._merged = _merged(project)

    def at(self, section: str, name: str) -> str | None:
        """Return where the domain defines a name."""
        entry = self._merged.of(section).get(name)
        return str(entry.place) if entry else None

    def mappings(self) -> Iterator[tuple[str, SlotMapping]]:
        """Yield every slot mapping with the name of its slot."""
        for name, slot in self.domain.slots.items():
            for mapping in slot.mappings:
                yield name, mapping


def _steps(stories: tuple[Story | Rule, ...]) -> Iterator[Step]:
    for story in stories:
        if isinstance(story, Rule):
            yield from story.conditions
        for step in story.steps:
            yield step
            if isinstance(step, CheckpointStep | OrStep):
                yield from step.slots if isinstance(step, CheckpointStep) else step.options


def _merged(project: Project) -> Merged:
    """Read the domain's files once more, for the places of what stands in them."""
    blocks: list[Block] = []
    for source in project.files:
        path = project.folder / source.path
        if path.suffix not in (".yml", ".yaml") or not path.is_file():
            continue
        if not any(f"\n{key}:" in "\n" + path.read_text("utf-8-sig") for key in (*LISTS, *MAPPINGS)):
            continue
        content = yaml.read(path, name=source.path)
        if isinstance(content, Block):
            blocks.append(content)
    return merge(blocks, Complaints())


def empty(known: _Known) -> Iterator[Finding]:
    """Find a domain that says nothing."""
    domain = known.domain
    own = [name for name in domain.intents if name not in DEFAULT_INTENTS]
    if not (own or domain.actions or domain.responses or domain.forms):
        yield error("The domain is empty.", None, "List intents, responses and actions in domain.yml.")


def config(known: _Known) -> Iterator[Finding]:
    """Find a config.yml without a pipeline or policies."""
    settled = known.project.config
    for key, parts in (("pipeline", settled.pipeline), ("policies", settled.policies)):
        if not parts:
            yield note(f"config.yml lists nothing under '{key}'.", "config.yml", "Add what to train.")


def repeated_examples(known: _Known) -> Iterator[Finding]:
    """Find sentences that are an example of two intents."""
    exact: dict[str, list[Example]] = defaultdict(list)
    alike: dict[str, list[Example]] = defaultdict(list)
    for example in known.project.training.nlu.examples:
        exact[example.text].append(example)
        alike[" ".join(example.text.lower().split())].append(example)
    for text, examples in exact.items():
        if len({_intent(e) for e in examples}) > 1:
            yield warning(f"'{text}' is an example of {_listed(examples)}.", _at(examples[0]), "Keep one.")
    for examples in alike.values():
        texts = {e.text for e in examples}
        if len({_intent(e) for e in examples}) > 1 and len(texts) > 1:
            first = examples[0]
            what = f"'{first.text}', but for upper and lower case, is an example of {_listed(examples)}."
            yield note(what, _at(first), "Most pipelines see no difference.")


def _intent(example: Example) -> str:
    return example.intent.split("/")[0]


def _listed(examples: list[Example]) -> str:
    first = {_intent(e): e for e in reversed(examples)}
    return " and ".join(f"'{name}' ({first[name].place})" for name in sorted(first))


def _at(item: Any) -> str | None:
    place: Place | None = item.place
    return str(place) if place else None


def intents(known: _Known) -> Iterator[Finding]:
    """Find intents that no story, rule or slot mapping uses."""
    used = {step.intent.split("/")[0] for step in known.steps if isinstance(step, UserStep) and step.intent}
    for _, mapping in known.mappings():
        for key in ("intent", "not_intent"):
            used.update(mapping.options.get(key) or ())
    for form in known.domain.forms.values():
        used.update(form.ignored_intents)
    for name in known.domain.intents:
        if name not in used and name not in DEFAULT_INTENTS:
            yield note(f"No story or rule uses the intent '{name}'.", known.at("intents", name))


def utterances(known: _Known) -> Iterator[Finding]:
    """Find responses that nothing says: no story, rule or form, no action in the project's Python files."""
    domain = known.domain
    used = {step.name for step in known.steps if isinstance(step, ActionStep) and step.name}
    for form in domain.forms.values():
        used.update(f"utter_ask_{form.name}_{slot}" for slot in form.required_slots)
    used.update(f"utter_ask_{slot}" for slot in domain.slots)
    used |= SAID_BY_DEFAULT
    words: set[str] = set()
    beginnings: set[str] = set()
    for file in python_files(known.project.folder):
        for match in _UTTERANCE.finditer(file.text):
            # f"utter_{name}" may be any response that begins so
            (beginnings if match[1] else words).add(match[0].rstrip("{"))
    starts = tuple(beginnings - {"utter_"})
    for name in domain.responses:
        bases = {name, name.split("/")[0]}
        if not bases & (used | words) and not (starts and name.startswith(starts)):
            yield note(f"Nothing says the response '{name}'.", known.at("responses", name))


def form_slots(known: _Known) -> Iterator[Finding]:
    """Find slots that a form requires and nothing can ask for."""
    domain = known.domain
    names = set(domain.action_names)
    for form in domain.forms.values():
        for slot in form.required_slots:
            kinds = ("action_ask", "utter_ask")
            asks = {f"{kind}_{form.name}_{slot}" for kind in kinds} | {f"{kind}_{slot}" for kind in kinds}
            filled = slot in domain.slots and domain.slots[slot].initial_value is not None
            if slot in domain.slots and not filled and not asks & names:
                what = f"Nothing asks for the slot '{slot}' of the form '{form.name}'."
                hint = f"Add the response 'utter_ask_{slot}' or the action 'action_ask_{slot}'."
                yield warning(what, known.at("forms", form.name), hint)


def mappings(known: _Known) -> Iterator[Finding]:
    """Find mappings for a form that does not require their slot."""
    for slot, mapping in known.mappings():
        for condition in mapping.conditions:
            form = known.domain.forms.get(str(condition.get("active_loop")))
            if form is None or not form.required_slots or slot in form.required_slots:
                continue
            if mapping.type != "from_trigger_intent":
                what = f"A mapping of the slot '{slot}' is for the form '{form.name}', which does not require it."
                hint = f"Add '{slot}' to 'required_slots' of '{form.name}', or remove the condition."
                yield error(what, known.at("slots", slot), hint)


def greedy(known: _Known) -> Iterator[Finding]:
    """Find slots that take every message."""
    for slot, mapping in known.mappings():
        if mapping.type != "from_text" or mapping.options.get("intent") or mapping.options.get("not_intent"):
            continue
        loops = [c.get("active_loop") for c in mapping.conditions if not c.get("requested_slot")]
        if mapping.conditions and not loops:
            continue
        when = f" while the form '{loops[0]}' is active" if mapping.conditions else ""
        what = f"The slot '{slot}' takes the text of every message{when} ('from_text')."
        hint = f"Add to its conditions: 'requested_slot: {slot}'."
        if not mapping.conditions:
            hint = "Add 'conditions' with 'active_loop' and 'requested_slot'."
        yield note(what, known.at("slots", slot), hint)


def lookups(known: _Known) -> Iterator[Finding]:
    """Find lookup tables and regular expressions whose entity fills no slot and stands in no story."""
    domain, nlu = known.domain, known.project.training.nlu
    used = {str(m.options.get("entity")) for _, m in known.mappings() if m.type == "from_entity"}
    used |= {e.entity for step in known.steps if isinstance(step, UserStep) for e in step.entities}
    for intent in domain.intents.values():
        used.update(name.split("#")[0] for name in intent.use_entities or ())
    featurized = any("RegexFeaturizer" in part.name for part in known.project.config.pipeline)
    kinds: list[tuple[str, str, str | None]] = [("lookup table", i.name, _at(i)) for i in nlu.lookups]
    kinds += [("regex", i.name, _at(i)) for i in {p.name: p for p in reversed(nlu.patterns)}.values()]
    for kind, name, where in kinds:
        if name in used:
            continue
        if name in domain.entities:
            what = f"The {kind} '{name}' finds an entity that fills no slot and stands in no story or rule."
            yield note(what, where, "Map a slot from it, or remove it.")
        elif not featurized:
            what = f"The {kind} '{name}' belongs to no entity, and the pipeline has no RegexFeaturizer."
            yield note(what, where, suggestion(name, domain.entities) if domain.entities else None)


class _Recorder(dict[str, Any]):
    """Stands for the values of placeholders: knows none, and remembers which were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __contains__(self, name: object) -> bool:
        self.asked.append(str(name))
        return False


def placeholders(known: _Known) -> Iterator[Finding]:
    """Find `{names}` in responses that no fact and no slot answers to."""
    try:
        facts: Mapping[str, Any] = project_facts(known.project)
    except FrontdeskError as problem:
        yield error(problem.what, problem.where, problem.hint)
        return
    said = {step.name for step in known.steps if isinstance(step, ActionStep)}
    for response, variations in known.domain.responses.items():
        recorder = _Recorder()
        for variation in variations:
            fill([variation.text, dict(variation.data), [b.title for b in variation.buttons]], recorder)
        for name in dict.fromkeys(recorder.asked):
            if not _NAME.fullmatch(name) or name in facts or name in known.domain.slots:
                continue
            where = known.at("responses", response)
            if "." in name:
                what = f"The response '{response}' names the fact '{name}', which no file of facts has."
                yield warning(what, where, suggestion(name, facts) if facts else _no_facts(known.project))
            elif response in said:
                what = f"The response '{response}' names '{name}', which is no slot, and a story or rule says it."
                yield warning(what, where, suggestion(name, known.domain.slots))


def _no_facts(project: Project) -> str:
    if project.endpoints.knowledge and project.endpoints.knowledge.facts:
        return f"There are none in '{project.endpoints.knowledge.facts}'."
    return "Name the folder of facts in endpoints.yml ('knowledge: facts: ...')."
