"""What the NLU made of a message, component by component, as the inspector shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.core.codec import entity_to_wire, score_to_wire
from frontdesk.core.events import UserUttered
from frontdesk.core.message import Entity, Features, Message, SparseVector
from frontdesk.nlu.pipeline import Passage
from frontdesk.training.interactive import annotated

RANKED = 10
LONGEST_OPTION = 60  # characters


def understanding(heard: UserUttered, passages: Sequence[Passage]) -> dict[str, Any]:
    """Return what was understood then (as the conversation has it), and what the model in use understands, in steps.

    `differs` tells where the two do not agree: the model is another one, or somebody corrected the message.
    """
    then = _then(heard)
    now = _now(passages[-1].after) if passages else None
    differs = now is not None and not _same(then, now)
    return {
        "then": then,
        "now": now if differs else None,
        "differs": differs,
        "annotated": annotated(heard),
        "components": [component(passage) for passage in passages],
    }


def _then(heard: UserUttered) -> dict[str, Any]:
    parsed = heard.parse_data
    return {
        "intent": heard.intent,
        "confidence": heard.intent_confidence,
        "ranking": _ranking(parsed.get("intent_ranking")),
        "entities": [entity_to_wire(entity) for entity in heard.entities],
        "sentiment": parsed.get("sentiment"),
        "retrieved": _retrieved(parsed),
    }


def _now(message: Message) -> dict[str, Any]:
    return {
        "intent": message.intent.name if message.intent else None,
        "confidence": message.intent.confidence if message.intent else 0.0,
        "ranking": _ranking([score_to_wire(score) for score in message.ranking]),
        "entities": [entity_to_wire(entity) for entity in message.entities],
        "sentiment": score_to_wire(message.sentiment) if message.sentiment else None,
        "retrieved": _retrieved(message.extra),
    }


def _ranking(found: Any) -> list[dict[str, Any]]:
    rows = found if isinstance(found, list) else []
    kept = [row for row in rows if isinstance(row, Mapping) and isinstance(row.get("name"), str)]
    return [{"name": row["name"], "confidence": row.get("confidence") or 0.0} for row in kept[:RANKED]]


def _retrieved(found: Mapping[str, Any]) -> str | None:
    """Return which answer a response selector chose, as `faq/hours`."""
    selected = found.get("response_selector")
    for part in selected.values() if isinstance(selected, Mapping) else ():
        response = part.get("response") if isinstance(part, Mapping) else None
        key = response.get("intent_response_key") if isinstance(response, Mapping) else None
        if isinstance(key, str):
            return key
    return None


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    def said(found: Mapping[str, Any]) -> Any:
        entities = found["entities"]
        return found["intent"], sorted(str((e["entity"], e["value"], e.get("role"))) for e in entities)

    return bool(said(one) == said(other))


def component(passage: Passage) -> dict[str, Any]:
    """Return one component and what it added or changed; every change has a `kind` that says what it is about."""
    return {
        "name": passage.component,
        "options": _options(passage.options),
        "milliseconds": round(passage.seconds * 1000, 1),
        "changes": _changes(passage.before, passage.after),
    }


def _options(options: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {_short(value)}" for name, value in options.items() if name != "name"]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_OPTION else f"{text[: LONGEST_OPTION - 1]}…"


def _changes(before: Message, after: Message) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if after.tokens != before.tokens:
        found.append({"kind": "words", "words": [token.text for token in after.tokens]})
    found += [_features(features) for features in after.features[len(before.features) :]]
    if after.intent != before.intent:
        found.append({"kind": "intent", "before": _score(before), "after": _score(after)})
    if after.ranking != before.ranking:
        rows = _ranking([score_to_wire(score) for score in after.ranking])
        found.append({"kind": "ranking", "ranking": rows, "of": len(after.ranking)})
    found += _entities(before.entities, after.entities)
    if after.sentiment != before.sentiment:
        found.append({"kind": "sentiment", "after": score_to_wire(after.sentiment)})
    changed = [name for name, value in after.extra.items() if before.extra.get(name) != value]
    if changed:
        found.append({"kind": "more", "names": sorted(changed)})
    return found


def _score(message: Message) -> dict[str, Any] | None:
    return score_to_wire(message.intent) if message.intent else None


def _features(features: Features) -> dict[str, Any]:
    """Tell how many numbers a featurizer made; what they are says nothing to people."""
    sentence = features.sentence
    if sentence is None and features.tokens:
        sentence = features.tokens[0]
    if isinstance(sentence, SparseVector):
        return {"kind": "features", "of": int(sentence.size), "set": len(sentence.indices)}
    size = int(getattr(sentence, "size", 0) or 0)
    return {"kind": "features", "of": size, "set": size}


def _entities(before: Sequence[Entity], after: Sequence[Entity]) -> list[dict[str, Any]]:
    """Tell which entities were found, given another value, or taken away."""
    old = {_where(entity): entity for entity in before}
    new = {_where(entity): entity for entity in after}
    found: list[dict[str, Any]] = []
    for where, entity in new.items():
        was = old.get(where)
        if was is None:
            found.append({"kind": "entity", "entity": entity_to_wire(entity)})
        elif was.value != entity.value:
            found.append({"kind": "value", "entity": entity_to_wire(entity), "before": was.value})
    gone = [entity for where, entity in old.items() if where not in new]
    return found + [{"kind": "gone", "entity": entity_to_wire(entity)} for entity in gone]


def _where(entity: Entity) -> tuple[Any, ...]:
    return entity.entity, entity.start, entity.end, entity.role, entity.group, entity.extractor
