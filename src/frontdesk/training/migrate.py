"""Bring a domain from the format of Rasa 2 to that of Rasa 3: slots say themselves what fills them."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from frontdesk.core.domain import REQUESTED_SLOT, SESSION_START_METADATA
from frontdesk.errors import ConfigError
from frontdesk.formats import yaml
from frontdesk.formats.complaints import ProjectError
from frontdesk.formats.domain_merge import KEYS
from frontdesk.formats.project import read_domain
from frontdesk.formats.sources import Sources
from frontdesk.formats.yaml import plain
from frontdesk.training.round_trip import EditedFile

BACKUP = "original_domain"
_NOT_ASKED = ("from_entity", "from_trigger_intent")
"""Mappings of a form that count whatever the form asked for last."""


@dataclass
class Migration:
    """What was done: a line for each change, what to look at, and where files were written.

    `auto_fill` are the slots that had this option, which is no more.
    """

    changes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    auto_fill: list[str] = field(default_factory=list)
    written: tuple[Path, ...] = ()
    backup: Path | None = None

    @property
    def text(self) -> str:
        """Everything, for a person to read."""
        if not self.changes:
            return "The domain is in the format of Rasa 3 already; nothing was changed."
        lines = [*self.changes, *(f"Please check: {doubt}" for doubt in self.doubts)]
        lines += [f"Written: {path}" for path in self.written]
        if self.backup is not None:
            lines.append(f"What was there before is in {self.backup}.")
        return "\n".join(lines)


def migrate(folder: Path, domain: Path | None = None, out: Path | None = None) -> Migration:
    """Migrate a project's domain in place, with a backup beside it, or (with `out`) into another file or folder.

    Comments stay where what they stand at stays. Raises ConfigError where there is no domain, where a backup is
    there already, or where `out` exists.
    """
    source = domain or Sources(folder).first("domain.yml", "domain.yaml", "domain")
    if source is None or not source.exists():
        raise ConfigError(
            "There is no domain to migrate.", where=str(source or folder), hint="Name it: --domain PATH."
        )
    files = _read(source)
    done = Migration()
    _change(files, done)
    if not done.changes:
        return done
    texts = [file.text() for file in files]
    backup = _backup_of(source)
    target = out or source
    if out is None and backup.exists():
        raise ConfigError("There is a backup already.", where=str(backup), hint="Move or remove it.")
    if out is not None and out.exists() and (out.is_file() or any(out.iterdir())):
        raise ConfigError(
            "This is there already.", where=str(out), hint="Name another file or folder: --out."
        )
    if out is None:
        shutil.copytree(source, backup) if source.is_dir() else shutil.copy2(source, backup)
        done.backup = backup
    written = []
    for file, text in zip(files, texts, strict=True):
        path = target / file.path.relative_to(source) if source.is_dir() else target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        written.append(path)
    done.written = tuple(written)
    done.doubts += _left(target)
    return done


def _backup_of(source: Path) -> Path:
    return source.with_name(BACKUP if source.is_dir() else BACKUP + source.suffix)


def _read(source: Path) -> list[EditedFile]:
    paths = Sources(source).yaml_files(source) if source.is_dir() else [source]
    found = []
    for path in paths:
        content = yaml.read(path)  # complains with file and line of what is no valid YAML
        if not isinstance(content, Mapping) or not any(k in content for k in (*KEYS[1:], "templates")):
            continue
        found.append(EditedFile(path))
    if not found:
        raise ConfigError("No file here is a domain.", where=str(source), hint="Name it: --domain PATH.")
    return found


def _left(target: Path) -> Iterator[str]:
    """Yield what is still wrong with the new domain."""
    try:
        read_domain(target, strict=False)
    except ProjectError as error:
        yield from (complaint.sentence for complaint in error.complaints)


def _change(files: list[EditedFile], done: Migration) -> None:
    entities = {
        name
        for file in files
        for entry in file.content.get("entities") or ()
        for name in (entry if isinstance(entry, Mapping) else [entry])
    }
    slots = _Slots(files)
    for file in files:
        _templates(file, done)
        _triggers(file, done)
        _forms(file, slots, done)
    for name, properties in slots.all():
        if name not in slots.settled:
            _slot(name, properties, entities, done)
    if done.auto_fill:
        done.changes.append(f"No 'auto_fill' any more: {', '.join(done.auto_fill)}.")
    if done.changes:
        for file in files:
            file.content["version"] = DoubleQuotedScalarString("3.1")
            _first(file.content, "version")


def _first(content: MutableMapping[str, Any], key: str) -> None:
    if next(iter(content)) != key and hasattr(content, "move_to_end"):
        content.move_to_end(key, last=False)


class _Slots:
    """The slots of all files; what is missing is added where slots are, or beside the forms.

    `settled` are those that said themselves from the start what fills them.
    """

    def __init__(self, files: list[EditedFile]) -> None:
        self._homes = [file.content for file in files if isinstance(file.content.get("slots"), Mapping)]
        self.settled = {name for name, properties in self.all() if "mappings" in properties}

    def all(self) -> Iterator[tuple[str, MutableMapping[str, Any]]]:
        for home in self._homes:
            for name, properties in list(home["slots"].items()):
                if not isinstance(properties, MutableMapping):
                    home["slots"][name] = properties = {"type": "any"}
                yield name, properties

    def get(self, name: str, beside: MutableMapping[str, Any], done: Migration) -> MutableMapping[str, Any]:
        for known, properties in self.all():
            if known == name:
                return properties
        if not self._homes:
            beside["slots"] = {}
            self._homes.append(beside)
        self._homes[0]["slots"][name] = made = {"type": "any"}
        done.doubts.append(f"a form asks for '{name}', which was no slot; it is one now, of type 'any'.")
        return made


def _templates(file: EditedFile, done: Migration) -> None:
    if "templates" in file.content and "responses" not in file.content:
        file.content["responses"] = file.content.pop("templates")
        done.changes.append("'templates' is called 'responses'.")


def _triggers(file: EditedFile, done: Migration) -> None:
    for entry in file.content.get("intents") or ():
        for name, options in entry.items() if isinstance(entry, Mapping) else ():
            if isinstance(options, MutableMapping) and "triggers" in options:
                action = options.pop("triggers")
                entry[name] = options or {"use_entities": True}
                done.changes.append(f"The intent '{name}' has no 'triggers' any more.")
                done.doubts.append(f"write a rule: after the intent '{name}' the action '{action}'.")


def _forms(file: EditedFile, slots: _Slots, done: Migration) -> None:
    forms = file.content.get("forms")
    if isinstance(forms, list):
        named = [str(next(iter(f))) if isinstance(f, Mapping) else str(f) for f in forms]
        given = [f[n] if isinstance(f, Mapping) else None for f, n in zip(forms, named, strict=True)]
        file.content["forms"] = forms = dict(zip(named, given, strict=True))
        done.changes.append("'forms' is a mapping now.")
        if any(not g for g in given):
            done.doubts.append("forms that were only named: list their 'required_slots'.")
    for name, form in list((forms or {}).items()):
        content = form if isinstance(form, Mapping) else {}
        asked = content.get("required_slots", {k: v for k, v in content.items() if k != "ignored_intents"})
        if not isinstance(asked, Mapping) or not asked:
            continue
        for slot, given in asked.items():
            properties = slots.get(slot, file.content, done)
            known = plain(properties.get("mappings") or [])
            properties["mappings"] = _joined(known, _mapping_list(given), name, slot)
        file.content["forms"][name] = _form(list(asked), content)
        done.changes.append(f"The form '{name}': what fills {', '.join(asked)} is said at the slots now.")


def _form(required: list[str], old: Mapping[str, Any]) -> dict[str, Any]:
    form: dict[str, Any] = {"required_slots": required}
    if old.get("ignored_intents"):
        form["ignored_intents"] = plain(old["ignored_intents"])
    return form


def _mapping_list(given: Any) -> list[dict[str, Any]]:
    found = given if isinstance(given, list) else [given] if isinstance(given, Mapping) else []
    return [plain(mapping) for mapping in found if isinstance(mapping, Mapping)]


def _joined(
    known: list[dict[str, Any]], new: list[dict[str, Any]], form: str, slot: str
) -> list[dict[str, Any]]:
    """Return a slot's mappings with a form's added: the same one twice becomes one with two conditions."""
    found = copy.deepcopy(known)
    for mapping in new:
        condition = {"active_loop": form}
        if mapping.get("type") not in _NOT_ASKED:
            condition["requested_slot"] = slot
        same = next((m for m in found if _bare(m) == _bare(mapping) and "conditions" in m), None)
        if same is not None:
            same["conditions"].append(condition)
        else:
            found.append({**mapping, "conditions": [*mapping.get("conditions", ()), condition]})
    return found


def _bare(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != "conditions"}


def _slot(name: str, properties: MutableMapping[str, Any], entities: set[str], done: Migration) -> None:
    auto = properties.pop("auto_fill", None)
    if auto is not None:
        done.auto_fill.append(name)
    found = plain(properties.get("mappings") or [])
    if name in entities and auto is not False:
        own = {"type": "from_entity", "entity": name}
        if own not in found:
            found.append(own)
            done.changes.append(f"The slot '{name}' is filled from the entity of its name.")
            properties["mappings"] = found
    if properties.get("type") == "unfeaturized":
        properties["type"] = "any"
        done.changes.append(f"The slot '{name}' is of type 'any' (it was 'unfeaturized').")
    if not found:
        properties["mappings"] = [{"type": "custom"}]
        done.changes.append(f"The slot '{name}' is filled by actions only ('type: custom').")
        if name not in (REQUESTED_SLOT, SESSION_START_METADATA):
            done.doubts.append(f"is it true that only actions fill the slot '{name}'?")
