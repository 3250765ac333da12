"""Which entities stay when several extractors found something in the same stretch of text."""

from __future__ import annotations

from collections.abc import Iterable

from frontdesk.core.message import Entity


def is_learnt(entity: Entity) -> bool:
    """Tell whether an entity is a guess (it has a confidence) rather than an exact match."""
    return entity.confidence is not None


def overlaps(one: Entity, other: Entity) -> bool:
    """Tell whether two entities share a character; an entity without a place overlaps nothing."""
    if one.start is None or one.end is None or other.start is None or other.end is None:
        return False
    return one.start < other.end and other.start < one.end


def resolve(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Return the entities that stay, in the order of the text.

    1. An exact match beats every guess that it overlaps.
    2. Of two exact matches of one kind that overlap, the longer stays. Of two kinds, one that lies inside a
       longer one goes; otherwise both stay.
    3. Guesses do not contend with each other: each extractor sees to its own.
    """
    found = list(entities)
    exact = [entity for entity in found if not is_learnt(entity)]
    kept = _exact(exact)
    guesses = [e for e in found if is_learnt(e) and not any(overlaps(e, sure) for sure in kept)]
    return tuple(sorted([*kept, *guesses], key=_place))


def _exact(entities: list[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    for entity in sorted(entities, key=_longest_first):
        if not any(overlaps(entity, other) and _yields(entity, other) for other in kept):
            kept.append(entity)
    return kept


def _yields(entity: Entity, longer: Entity) -> bool:
    if entity.entity == longer.entity:
        return True
    same = (entity.start, entity.end) == (longer.start, longer.end)
    inside = (longer.start or 0) <= (entity.start or 0) and (entity.end or 0) <= (longer.end or 0)
    return inside and not same


def _longest_first(entity: Entity) -> tuple[int, int]:
    start, end = _place(entity)
    return (start - end, start)


def _place(entity: Entity) -> tuple[int, int]:
    # What has no place comes after all that has one.
    if entity.start is None or entity.end is None:
        return (1 << 30, 1 << 30)
    return (entity.start, entity.end)
