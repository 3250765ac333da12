"""Conversations that nobody thought of: a seeded random walk over a domain's intents and entities."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Walk:
    """How to walk: how many conversations of how many turns, which values entities have, what to say besides.

    `intents` limits the intents that are walked over (all of the domain where it is empty) and `say` adds messages
    word for word, such as texts that no keyword is in.
    """

    seed: int = 1
    count: int = 20
    turns: int = 8
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    intents: Sequence[str] = ()
    say: Sequence[Any] = ()
    entity_chance: float = 0.4


def walks(domain: Mapping[str, Any], plan: Walk) -> list[list[dict[str, Any]]]:
    """Return the turns of each conversation; the same seed gives the same ones."""
    chance = random.Random(plan.seed)  # chooses what is said
    intents = list(plan.intents) or [_name(item) for item in domain.get("intents") or ()]
    entities = [_name(item) for item in domain.get("entities") or ()]
    values = {name: list(plan.values.get(name) or _values(name, domain)) for name in entities}
    # A user who has chosen a path stays on it for a while, or forms would never be filled.
    return [_walk(chance, intents, values, plan) for _ in range(plan.count)]


def _walk(
    chance: random.Random, intents: Sequence[str], values: Mapping[str, Sequence[Any]], plan: Walk
) -> list[dict[str, Any]]:
    favourites = chance.sample(list(intents), min(4, len(intents)))
    turns: list[dict[str, Any]] = []
    for _ in range(plan.turns):
        if plan.say and chance.random() < 0.15:
            said = chance.choice(list(plan.say))
            turns.append(dict(said) if isinstance(said, dict) else {"user": str(said)})
            continue
        intent = chance.choice(favourites if chance.random() < 0.6 else list(intents))
        given: dict[str, Any] = {}
        while values and chance.random() < plan.entity_chance and len(given) < 3:
            entity = chance.choice(list(values))
            given[entity] = chance.choice(list(values[entity]))
        turns.append({"user": f"/{intent}{json.dumps(given) if given else ''}"})
    return turns


def _values(entity: str, domain: Mapping[str, Any]) -> list[Any]:
    slot = (domain.get("slots") or {}).get(entity) or {}
    known = slot.get("values")
    if known:
        return [*known, "something else"]
    return {"float": [0.5, "7", "many"], "bool": [True, "false", "maybe"], "list": [["a", "b"], "c"]}.get(
        slot.get("type"), ["one", "two", "3"]
    )


def _name(item: Any) -> str:
    return str(next(iter(item))) if isinstance(item, dict) else str(item)
