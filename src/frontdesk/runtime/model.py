"""A trained model in memory, loaded from its package."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.core.domain import DEFAULT_INTENTS, Domain
from frontdesk.core.ports import Embedder, KnowledgeBase, LoadContext, Policy
from frontdesk.errors import PackageError
from frontdesk.formats.project import read_domain
from frontdesk.graph.package import newest, read_manifest, unpack
from frontdesk.graph.recipe import Recipe
from frontdesk.graph.runner import load_parts
from frontdesk.graph.slot_types import own_types, with_slot_types
from frontdesk.nlu.pipeline import Pipeline

ENCODER = "encoder"
KNOWLEDGE = "knowledge"
DOMAIN = "domain.yml"
DUCKLING = "RASA_DUCKLING_HTTP_URL"
"""In the environment: the operator's word on which server is asked for dates and numbers."""


@dataclass(frozen=True)
class Model:
    """What training made: the domain, the NLU pipeline, the policies, the facts and the knowledge base's index."""

    id: str
    archive: Path
    folder: Path
    domain: Domain
    recipe: Recipe
    pipeline: Pipeline
    policies: Sequence[Policy]
    facts: Mapping[str, Any]
    embedder: Embedder | None
    assistant_id: str | None = None


def load_model(
    models: Path,
    cache: Path,
    *,
    allowed: Iterable[str] = (),
    slot_types: Callable[[], Iterable[str]] = tuple,
    addresses: Iterable[str] | None = None,
) -> Model:
    """Load the newest model of a folder (or one archive).

    `allowed` are the class paths that the project's own config.yml names; `slot_types` gives those that its domain
    names, and is only asked where the model has such slots. `addresses` are those of other servers that config.yml
    names (None: whichever the model names). Raises PackageError.
    """
    archive = newest(models)
    if archive is None:
        raise PackageError(
            "There is no trained model.", where=str(models), hint="Train one: frontdesk train."
        )
    folder = unpack(archive, cache)
    try:
        about, facts = read_manifest(folder), _read(folder / "facts.json")
        recipe = Recipe.from_json(_read(folder / "recipe.json"), allowed=allowed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "Train again: frontdesk train."
        raise PackageError(f"The model cannot be read ({error!r}).", where=str(archive), hint=hint) from error
    if addresses is not None:
        _check_addresses(recipe, frozenset(addresses), archive)
    domain = read_domain(folder / DOMAIN, strict=False)
    if own_types(domain):
        domain = with_slot_types(domain, allowed=slot_types())
    embedder = load_embedder(folder / ENCODER)
    context = LoadContext(embedder, recipe.language)
    parts = load_parts(recipe.pipeline, folder / "pipeline", lambda part, own: part.load(own, context))
    pipeline = Pipeline(parts, intents={*domain.intents, *DEFAULT_INTENTS})
    policies = load_parts(recipe.policies, folder / "policies", lambda part, own: part.load(own, domain))
    return Model(
        id=str(about.get("model_id", archive.stem)),
        archive=archive,
        folder=folder,
        domain=domain,
        recipe=recipe,
        pipeline=pipeline,
        policies=policies,
        facts=facts,
        embedder=embedder,
        assistant_id=about.get("assistant_id"),
    )


def _check_addresses(recipe: Recipe, known: Collection[str], archive: Path) -> None:
    """Raise PackageError where a model would have this server speak to one that its operator did not name.

    What is said to it is what users say, and it may be any machine that this one reaches.
    """
    for part in recipe.pipeline:
        named = part.options.get("url")
        if named and named not in known and not os.environ.get(DUCKLING):
            what = f"The model's {part.name} asks a server at '{named}', which config.yml does not name."
            hint = f"Name it there, too, or set {DUCKLING}."
            raise PackageError(what, where=str(archive), hint=hint)


def load_embedder(folder: Path) -> Embedder | None:
    """Return the sentence encoder of a package, or None where it has none."""
    if not folder.is_dir():
        return None
    from frontdesk.encoding.encoder import SentenceEncoder

    return SentenceEncoder(folder)


def load_knowledge(model: Model, llm: Any) -> KnowledgeBase | None:
    """Return the knowledge base of a model, or None where the project has no articles."""
    folder = model.folder / KNOWLEDGE
    if not folder.is_dir():
        return None
    from frontdesk.knowledge.base import Articles

    return Articles.load(folder, model.embedder, llm)


def load_articles(models: Path, cache: Path) -> KnowledgeBase | None:
    """Return the knowledge base of the newest model alone, for a process that answers nothing else.

    None where the model has no articles, or there is none. Raises PackageError for one that cannot be read.
    """
    archive = newest(models)
    if archive is None:
        return None
    folder = unpack(archive, cache)
    if not (folder / KNOWLEDGE).is_dir():
        return None
    from frontdesk.knowledge.base import Articles

    return Articles.load(folder / KNOWLEDGE, load_embedder(folder / ENCODER), None)


def _read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))
