"""Find Python code that was written for Rasa itself, and say what each piece becomes here.

Custom actions (rasa-sdk) are not among it: they run unchanged. Files are parsed and never imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from frontdesk.core.training import Place
from frontdesk.errors import FrontdeskError
from frontdesk.formats import yaml
from frontdesk.formats.yaml import Block, Items
from frontdesk.training.python_files import PythonFile, python_files

ADVICE: Mapping[str, str] = {
    "component": "make it a class with options, train(examples, context), process(messages), save(folder) and"
    " load(folder, context), and name it by its dotted path under 'pipeline' of config.yml",
    "policy": "make it a class with options, train(training, domain, progress), predict(tracker, domain),"
    " save(folder) and load(folder, domain), and name it by its dotted path under 'policies' of config.yml",
    "channel": "make it a class with a name, options and secret, whose mount(app, gate) adds its routes and hands"
    " messages to gate.receive(); name it by its dotted path in credentials.yml",
    "output channel": "drop it: what is said is what gate.receive() returns (or hands to on_reply, one by one), and"
    " the channel sends it",
    "tracker store": "make it a class with load, save, begin, unfinished, tried, senders and close (see"
    " frontdesk.core.ports.TrackerStore), and name it by its dotted path in endpoints.yml",
    "lock store": "make it a class with lock(sender_id), and name it by its dotted path in endpoints.yml",
    "event broker": "make it a class with publish(sender_id, event) and close()",
    "response generator": "make it a class with generate(name, tracker, channel, arguments) and close(), made with"
    " (options, domain), and name it by its dotted path under 'nlg: type' of endpoints.yml",
    "slot type": "make it a class without a base class, made with options, that has size (how many numbers) and"
    " features(value) (these numbers); the domain names it as before",
    "importer": "make it a class without a base class, made with options, that has write(folder) and writes files in"
    " Rasa's formats there; config.yml names it as before",
    "graph": "there is no graph to change here: say in config.yml what is to run, or train by a script of your own",
    "import": "there is no package 'rasa' here: use frontdesk.load_agent(), the HTTP API or the command line instead",
}
"""What becomes of a piece of code, by its kind; all classes named here are in frontdesk.core.ports."""

_BASES: tuple[tuple[str, str], ...] = (
    ("rasa.core.policies", "policy"), ("rasa.core.channels", "channel"),
    ("rasa.core.tracker_store", "tracker store"), ("rasa.core.lock_store", "lock store"),
    ("rasa.core.brokers", "event broker"), ("rasa.core.nlg", "response generator"),
    ("rasa.shared.core.slots", "slot type"), ("rasa.core.slots", "slot type"),
    ("rasa.shared.importers", "importer"), ("rasa.importers", "importer"),
    ("rasa.engine.recipes", "graph"), ("rasa.engine.graph", "component"), ("rasa.nlu", "component"),
)  # fmt: skip
"""Where a base class comes from -> what its subclass is; of several bases the first kind in this order counts."""

_OUTPUTS = ("OutputChannel", "CollectingOutputChannel")

_OLD_POLICIES: Mapping[str, str] = {
    "FormPolicy": "RulePolicy runs forms: write a rule that starts each form",
    "MappingPolicy": "write a rule for each intent that led to an action",
    "FallbackPolicy": "use FallbackClassifier in the pipeline, and a rule on the intent 'nlu_fallback'",
    "TwoStageFallbackPolicy": "use FallbackClassifier, and a rule from 'nlu_fallback' to 'action_two_stage_fallback'",
    "SklearnPolicy": "use TEDPolicy",
    "EmbeddingPolicy": "use TEDPolicy",
    "KerasPolicy": "use TEDPolicy",
}


@dataclass(frozen=True, slots=True)
class Foreign:
    """A piece of code, or a name in a file, that needs a person: its kind, its name, where it is, what to do."""

    kind: str
    name: str
    place: Place
    advice: str
    named_at: Place | None = None

    def __str__(self) -> str:
        also = f" (named in {self.named_at})" if self.named_at else ""
        return f"{self.place}: {self.kind} '{self.name}'{also}: {self.advice}."


def find_foreign_code(folder: Path) -> list[Foreign]:
    """Return all code of a project that was written for Rasa, and names in its files that lead to such code."""
    files = list(python_files(folder))
    classes = list(_classes(files))
    named = list(_named(folder))
    found = []
    for item in classes:
        short = item.name.rpartition(".")[2]
        at = next((n.place for n in named if n.name.rpartition(".")[2] == short), None)
        found.append(replace(item, named_at=at))
    known = {item.name.rpartition(".")[2] for item in classes}
    found += [item for item in named if item.name.rpartition(".")[2] not in known]
    with_classes = {item.place.file for item in classes}
    found += [item for file in files if file.name not in with_classes for item in _imports(file)]
    return found


def report(found: Iterable[Foreign]) -> list[str]:
    """Return lines for a person to read; none where nothing was found."""
    lines = [f"  {item}" for item in found]
    if not lines:
        return []
    title = "Written for Rasa itself, and to be changed (custom actions run as they are):"
    return [title, *lines]


def _classes(files: list[PythonFile]) -> Iterator[Foreign]:
    """Yield the classes whose bases come from Rasa, also by way of another class of the project."""
    waiting: list[tuple[PythonFile, ast.ClassDef, list[str]]] = []
    for file in files:
        tree = file.tree()
        if tree is None:
            continue
        names = _imported(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                waiting.append((file, node, [_resolved(base, names) for base in node.bases]))
    kinds: dict[str, str] = {}
    while True:
        left: list[tuple[PythonFile, ast.ClassDef, list[str]]] = []
        for file, node, bases in waiting:
            kind = _kind(bases, kinds)
            if kind is None:
                left.append((file, node, bases))
                continue
            kinds[node.name] = kind
            yield Foreign(kind, node.name, Place(file.name, node.lineno), ADVICE[kind])
        if len(left) == len(waiting):
            return
        waiting = left


def _kind(bases: list[str], known: Mapping[str, str]) -> str | None:
    if any(base.rpartition(".")[2] in _OUTPUTS for base in bases if base.startswith("rasa.")):
        return "output channel"
    for prefix, kind in _BASES:
        if any(base.startswith(prefix + ".") for base in bases):
            return kind
    local = (known.get(base.rpartition(".")[2]) for base in bases if not base.startswith("rasa"))
    return next((kind for kind in local if kind), None)


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return what the names of a module stand for, as far as they are imported."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
        elif isinstance(node, ast.Import):
            names.update({a.asname: a.name for a in node.names if a.asname})
    return names


def _resolved(base: ast.expr, names: Mapping[str, str]) -> str:
    if isinstance(base, ast.Subscript):
        base = base.value
    first, dot, rest = ast.unparse(base).partition(".")
    return names.get(first, first) + dot + rest


def _imports(file: PythonFile) -> Iterator[Foreign]:
    """Yield the first import of Rasa in a file (rasa_sdk is another package)."""
    tree = file.tree()
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        modules = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""] if not node.level else []
        for module in modules:
            if module == "rasa" or module.startswith("rasa."):
                yield Foreign("import", module, Place(file.name, node.lineno), ADVICE["import"])
                return


def _named(folder: Path) -> Iterator[Foreign]:
    """Yield the names in settings files that lead to a class outside of the engine, and policies that are no more."""
    config = _block(folder, "config.yml", "config.yaml")
    for key, kind in (("pipeline", "component"), ("policies", "policy"), ("importers", "importer")):
        for name, place in _names(config.get(key)):
            if key == "policies" and name in _OLD_POLICIES:
                yield Foreign("policy", name, place, _OLD_POLICIES[name])
            elif _is_foreign(name) or (
                key == "importers" and name not in ("RasaFileImporter", "MultiProjectImporter")
            ):
                yield Foreign(kind, name, place, ADVICE[kind])
    credentials = _block(folder, "credentials.yml", "credentials.yaml")
    for name in credentials:
        if _is_foreign(name):
            yield Foreign("channel", name, credentials.at(name), ADVICE["channel"])
    endpoints = _block(folder, "endpoints.yml", "endpoints.yaml")
    kinds = {"tracker_store": "tracker store", "lock_store": "lock store", "event_broker": "event broker"}
    for key, kind in {**kinds, "nlg": "response generator"}.items():
        block = endpoints.get(key)
        if isinstance(block, Block) and _is_foreign(str(block.get("type") or "")):
            yield Foreign(kind, str(block["type"]), block.at("type"), ADVICE[kind])


def _is_foreign(name: str) -> bool:
    return "." in name and not name.startswith(("rasa.", "frontdesk."))


def _names(items: Any) -> Iterator[tuple[str, Place]]:
    for item, place in items.placed() if isinstance(items, Items) else ():
        name = item.get("name") if isinstance(item, Block) else item
        if isinstance(name, str):
            yield name, place


def _block(folder: Path, *names: str) -> Block:
    """Return the content of a file of settings; nothing where there is none, or where it cannot be read."""
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    try:
        content = yaml.read(path, name=path.name) if path else None
    except FrontdeskError:
        content = None  # reading the project tells what is wrong with it
    return content if isinstance(content, Block) else Block(Place(names[0]))
