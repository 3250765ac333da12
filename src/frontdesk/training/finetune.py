"""What a model must have in common with the one that it is to go on from, as Rasa's fine-tuning demands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.message import Entity
from frontdesk.core.training import NluExamples
from frontdesk.errors import TrainingError
from frontdesk.formats.domain_wire import to_wire
from frontdesk.formats.project import Project
from frontdesk.graph.fingerprint import digest
from frontdesk.graph.package import newest, peek_manifest
from frontdesk.graph.recipe import Part, Recipe

KEY = "learnt"
"""Where a manifest keeps what a later fine-tuning compares."""

_FREE = ("epochs",)
"""Options that may change between a model and one that goes on from it."""
_WITHOUT_EFFECT = ("config", "forms", "responses", "session_config", "version")
"""Parts of the domain of which policies learn nothing, or the names only."""


def learnt(recipe: Recipe, project: Project) -> dict[str, Any]:
    """Return what of a project must stay the same for a model to be fine-tuned."""
    return {
        "pipeline": digest([_part(p) for p in recipe.pipeline]) if recipe.pipeline else None,
        "policies": digest([_part(p) for p in recipe.policies]) if recipe.policies else None,
        "domain": _domain(project.domain) if recipe.policies else None,
        "labels": _labels(project.training.nlu) if recipe.pipeline else [],
    }


def _part(part: Part) -> Any:
    return part.name, {name: value for name, value in part.options.items() if name not in _FREE}


def _domain(domain: Domain) -> dict[str, str]:
    """Return a digest for each part of the domain that policies learn from, so that a change can be named."""
    content = domain.wire or to_wire(domain)
    parts = {key: _unordered(value) for key, value in content.items() if key not in _WITHOUT_EFFECT}
    return {**parts, "forms": digest(sorted(domain.forms)), "responses": digest(sorted(domain.responses))}


def _unordered(value: Any) -> str:
    return digest(sorted(digest(item) for item in value) if isinstance(value, list | tuple) else value)


def _labels(nlu: NluExamples) -> list[str]:
    intents = {f"intent {example.intent}" for example in nlu.examples if example.intent}
    entities = {f"entity {_kind(entity)}" for example in nlu.examples for entity in example.entities}
    return sorted(intents | entities)


def _kind(entity: Entity) -> str:
    return ".".join(part for part in (entity.entity, entity.group, entity.role) if part)


def base_model(path: Path) -> Path:
    """Return the model to go on from: an archive, or the newest one of a folder. Raises TrainingError."""
    archive = newest(path)
    if archive is None:
        hint = "Name a model or a folder of models: --finetune PATH; or train without --finetune first."
        raise TrainingError("There is no model to go on from.", where=str(path), hint=hint)
    return archive


def checked(archive: Path | None, now: dict[str, Any]) -> dict[str, Any]:
    """Return what `learnt` says of a project. Raises TrainingError where a model that is given does not fit it."""
    if archive is not None:
        check(archive, now)
    return now


def check(archive: Path, now: Mapping[str, Any]) -> None:
    """Raise TrainingError where a model cannot be fine-tuned on a project, with everything that stands against it.

    `now` is what `learnt` says of the project.
    """
    before = peek_manifest(archive).get(KEY)
    if not isinstance(before, dict):
        hint = "Train once without --finetune; the models of this version can be gone on from."
        raise TrainingError("The model does not say what it was trained from.", where=str(archive), hint=hint)
    found = []
    for half in ("pipeline", "policies"):
        if now[half] and before.get(half) != now[half]:
            found.append(
                f"the {half} changed; only 'epochs' may" if before.get(half) else f"it holds no {half}"
            )
    if now["policies"] and before.get("policies"):
        found += _changed(before.get("domain") or {}, now["domain"] or {})
    if now["pipeline"] and before.get("pipeline"):
        found += _moved(before.get("labels") or [], now["labels"])
    if found:
        what = "The model cannot be gone on from: " + "; ".join(found) + "."
        raise TrainingError(what, where=str(archive), hint="Train without --finetune.")


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    keys = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
    return [f"the domain's {', '.join(keys)} changed"] if keys else []


def _moved(before: Sequence[str], now: Sequence[str]) -> list[str]:
    new, gone = sorted(set(now) - set(before)), sorted(set(before) - set(now))
    found = [f"the examples have labels that it does not know ({', '.join(new)})"] if new else []
    return found + ([f"labels that it knows have no example any more ({', '.join(gone)})"] if gone else [])
