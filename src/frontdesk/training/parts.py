"""Train the parts of a recipe in order; a part whose fingerprint is known is taken from the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.message import Message
from frontdesk.core.ports import Component, Embedder, LoadContext, Policy, Progress, TrainContext
from frontdesk.core.training import NluExamples, TrainingSet
from frontdesk.errors import FrontdeskError
from frontdesk.graph.cache import TrainingCache
from frontdesk.graph.fingerprint import digest, engine_digest
from frontdesk.graph.recipe import Part, Recipe
from frontdesk.graph.slot_types import slot_types_digest
from frontdesk.nlu.pipeline import prepares

_BATCH = 64


@dataclass
class Trained:
    """The folders of trained parts in order, and how many of them were trained now."""

    folders: list[Path] = field(default_factory=list)
    fresh: int = 0


def train_pipeline(
    recipe: Recipe,
    nlu: NluExamples,
    cache: TrainingCache,
    embedder: Embedder | None,
    progress: Progress,
    responses: Mapping[str, Any] | None = None,
) -> Trained:
    """Train the NLU pipeline.

    A part's fingerprint covers its options, the examples, and every part before it. The examples go through the earlier
    parts that prepare messages (tokens, features), and only if a later one has to be trained. `responses` are those of
    retrieval intents, for the parts that learn from them.
    """
    done = Trained()
    earlier: list[Component] = []
    messages: Sequence[Message] = [Message(text=example.text) for example in nlu.examples]
    passed = 0
    code = engine_digest("core", "encoding", "nlu", "training")
    encoder = getattr(embedder, "fingerprint", None)
    # An example's `metadata` is no part of its identity, but a component may use it.
    beside = [example.metadata for example in nlu.examples]
    fingerprint = digest(code, nlu, beside, recipe.language, encoder)
    for part in recipe.pipeline:
        fingerprint = digest(fingerprint, part.fingerprint())
        component: Component = part.make()
        said = responses or {} if getattr(component, "uses_responses", False) else {}
        if said:
            fingerprint = digest(fingerprint, said)
        folder = cache.find(fingerprint)
        if folder is None:
            progress(f"training {part.name}")
            messages = _through(earlier[passed:], messages)
            passed = len(earlier)
            try:
                component.train(
                    nlu, TrainContext(messages, recipe.language, embedder, progress, responses=said)
                )
            except FrontdeskError as error:
                raise error.at(part.where) from error.__cause__
            folder = cache.keep(fingerprint, component.save)
            done.fresh += 1
        else:
            component.load(folder, LoadContext(embedder, recipe.language))
        earlier.append(component)
        done.folders.append(folder)
    return done


def _through(components: Sequence[Component], messages: Sequence[Message]) -> list[Message]:
    current = list(messages)
    for component in filter(prepares, components):
        batches = (current[start : start + _BATCH] for start in range(0, len(current), _BATCH))
        current = [message for batch in batches for message in component.process(batch)]
    return current


def train_policies(
    recipe: Recipe, training: TrainingSet, domain: Domain, cache: TrainingCache, progress: Progress
) -> Trained:
    """Train the policies; what is said (the texts of responses) does not matter to them."""
    done = Trained()
    code = engine_digest("core", "policies", "training")
    seen = replace(domain, responses=dict.fromkeys(domain.responses, ()), wire={})
    inputs = digest(code, training.stories, training.rules, seen, slot_types_digest(domain))
    for part in recipe.policies:
        # A policy from elsewhere gets the whole training set, and so may look at all of it.
        fingerprint = digest(inputs, part.fingerprint(), training.nlu if part.foreign else None)
        folder = cache.find(fingerprint)
        if folder is None:
            progress(f"training {part.name}")
            policy: Policy = part.make()
            policy.train(training, domain, progress)
            folder = cache.keep(fingerprint, policy.save)
            done.fresh += 1
        done.folders.append(folder)
    return done


def copy_into(parts: Sequence[Part], folders: Sequence[Path], target: Path) -> None:
    """Copy trained parts into the folder of a package."""
    import shutil

    for position, (part, folder) in enumerate(zip(parts, folders, strict=True)):
        shutil.copytree(folder, target / part.folder(position))
