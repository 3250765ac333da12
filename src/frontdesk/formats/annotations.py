r"""Read and write entity annotations inside of a sentence.

All of Rasa's forms: `[Rome](city)`, `[rome](city:Rome)`,
`[rome]{"entity": "city", "value": "Rome", "role": "to"}` and `[rome][{"entity": "city"}, {"entity": "x"}]`.
A backslash before a bracket makes it an ordinary character where it would else begin (or end) an annotation:
`\[not](this)`. Brackets that begin none are ordinary anyway.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from frontdesk.core.message import Entity
from frontdesk.core.training import Place
from frontdesk.errors import ConfigError, suggestion

_KEYS = ("entity", "value", "role", "group")
_EXAMPLE = '[text]{"entity": "type", "value": "..."}'


@dataclass(frozen=True, slots=True)
class _At:
    """Where the sentence stands; given where a malformed annotation is to be complained of."""

    place: Place | None


@dataclass(frozen=True, slots=True)
class _Found:
    """One annotation: the text between the brackets, what was said of it, and where it ends in the source."""

    text: str
    labels: tuple[Mapping[str, Any], ...]
    end: int


def parse(annotated: str, place: Place | None = None) -> tuple[str, tuple[Entity, ...]]:
    """Take the annotations out: return the plain sentence and its entities.

    Offsets count characters of the plain sentence, end exclusive. Raises ConfigError (with `place`) where
    the braces of an annotation hold no valid JSON or an unknown key.
    """
    if "[" not in annotated:
        return annotated, ()
    out: list[str] = []
    length = 0
    position = 0
    entities: list[Entity] = []
    while (bracket := annotated.find("[", position)) >= 0:
        piece, escaped = _before(annotated[position:bracket])
        found = _match(annotated, bracket, None if escaped else _At(place))
        if found is None:
            piece = annotated[position : bracket + 1]
        elif escaped:
            piece += "["
        out.append(piece)
        length += len(piece)
        position = bracket + 1
        if found is not None and not escaped:
            entities += [_entity(found, label, length) for label in found.labels]
            out.append(found.text)
            length += len(found.text)
            position = found.end
    out.append(annotated[position:])
    return "".join(out), tuple(entities)


def annotate(text: str, entities: Iterable[Entity]) -> str:
    """Write the sentence with its entities as annotations; `parse` reads the same again.

    Entities without offsets are left out. Raises ConfigError where two overlap but cover different stretches.
    """
    spans: dict[tuple[int, int], list[Entity]] = {}
    for entity in entities:
        if entity.start is not None and entity.end is not None:
            spans.setdefault((entity.start, entity.end), []).append(entity)
    written = ""
    position = len(text)
    for (start, end), group in sorted(spans.items(), reverse=True):
        if not 0 <= start < end <= position:
            names = ", ".join(f"'{e.entity}'" for e in group)
            hint = "Entities may cover the same stretch of text, or none in common."
            raise ConfigError(
                f"The entity {names} overlaps another one, or lies outside of '{text}'.", hint=hint
            )
        written = _plain(text[end:position], written)
        written = _annotation(text[start:end], group) + written
        position = start
    return _plain(text[:position], written)


def _before(piece: str) -> tuple[str, bool]:
    """Undo the backslashes before a bracket that could begin an annotation; tell whether it is escaped."""
    stem = piece.rstrip("\\")
    slashes = len(piece) - len(stem)
    return stem + "\\" * (slashes // 2), slashes % 2 == 1


def _match(source: str, bracket: int, at: _At | None) -> _Found | None:
    """Return the annotation that begins at a bracket, or None where it is an ordinary one.

    Without `at` a malformed annotation counts as one (an escaped bracket, or text about to be written).
    """
    close = _closing(source, bracket)
    if close < 0 or close == bracket + 1 or close + 1 >= len(source):
        return None
    text = _inner(source[bracket + 1 : close])
    after = close + 1
    if source[after] == "(":
        return _round(source, text, after)
    if source[after] == "{" or (source[after] == "[" and source[after + 1 :].lstrip().startswith("{")):
        try:
            return _braces(source, text, after, at.place if at else None)
        except ConfigError:
            if at is not None:
                raise
            return _Found(text, (), after)
    return None


def _closing(source: str, bracket: int) -> int:
    position = bracket + 1
    while (close := source.find("]", position)) >= 0:
        slashes = close - len(source[bracket + 1 : close].rstrip("\\")) - bracket - 1
        if slashes % 2 == 0:
            return close
        position = close + 1
    return -1


def _inner(raw: str) -> str:
    """Undo the backslashes before closing brackets and at the end of an annotated text."""
    parts = raw.split("]")
    halves = []
    for index, part in enumerate(parts):
        stem = part.rstrip("\\")
        slashes = (len(part) - len(stem)) // 2
        halves.append(stem + "\\" * slashes + ("]" if index < len(parts) - 1 else ""))
    return "".join(halves)


def _round(source: str, text: str, start: int) -> _Found | None:
    end = source.find(")", start)
    if end < 0:
        return None
    kind, colon, value = source[start + 1 : end].partition(":")
    if not kind.strip() or (colon and not value):
        return None
    label: dict[str, Any] = {"entity": kind.strip()}
    if colon:
        label["value"] = value
    return _Found(text, (label,), end + 1)


def _braces(source: str, text: str, start: int, place: Place | None) -> _Found | None:
    brace = source.index("{", start)
    if source[brace + 1 : brace + 2] == "}" or "}" not in source[brace + 1 :]:
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(source, start)
    except json.JSONDecodeError as error:
        raise _bad(f"What follows '[{text}]' is not valid JSON ({error.msg})", place) from error
    labels = value if isinstance(value, list) else [value]
    return _Found(text, tuple(_checked(label, text, place) for label in labels), end)


def _checked(label: Any, text: str, place: Place | None) -> Mapping[str, Any]:
    if not isinstance(label, dict):
        raise _bad(f"What follows '[{text}]' must be a mapping", place)
    for key in label:
        if key not in _KEYS:
            what = f"The annotation of '[{text}]' has no key '{key}'."
            raise ConfigError(what, where=str(place) if place else None, hint=suggestion(key, _KEYS))
    if not isinstance(label.get("entity"), str) or not label["entity"].strip():
        raise _bad(f"The annotation of '[{text}]' names no entity", place)
    for key in ("role", "group"):
        if not isinstance(label.get(key), str | None):
            raise _bad(f"The {key} of '[{text}]' must be a text", place)
    if isinstance(label.get("value"), dict | list):
        raise _bad(f"The value of '[{text}]' must be a text or a number", place)
    return label


def _bad(what: str, place: Place | None) -> ConfigError:
    return ConfigError(f"{what}.", where=str(place) if place else None, hint=f"Write {_EXAMPLE}.")


def _entity(found: _Found, label: Mapping[str, Any], start: int) -> Entity:
    value = label.get("value")
    return Entity(
        entity=label["entity"].strip(),
        value=found.text if value is None else value,
        start=start,
        end=start + len(found.text),
        role=label.get("role"),
        group=label.get("group"),
    )


def _plain(piece: str, following: str) -> str:
    """Write ordinary text before what is written, with backslashes where a bracket would be misread."""
    if "[" not in piece and not piece.endswith("\\"):
        return piece + following
    stem = piece.rstrip("\\")
    slashes = len(piece) - len(stem)
    written = following
    for character in reversed(stem + "\\" * slashes):
        if character == "[" and _match("[" + written, 0, None):
            written = "\\[" + written
        elif character == "\\" and _guarded(written):
            written = "\\\\" + written
        else:
            written = character + written
    return written


def _guarded(written: str) -> bool:
    """Tell whether a backslash put before this would be taken as an escape."""
    stem = written.lstrip("\\")
    return stem.startswith("[") and _match(stem, 0, None) is not None


def _annotation(text: str, group: list[Entity]) -> str:
    inner = _protected(text)
    labels = [_label(text, entity) for entity in group]
    if len(labels) > 1:
        return f"[{inner}]{json.dumps(labels, ensure_ascii=False)}"
    (label,) = labels
    kind = label["entity"]
    if len(label) == 1 and not set(kind) & set("():"):
        return f"[{inner}]({kind})"
    return f"[{inner}]{json.dumps(label, ensure_ascii=False)}"


def _protected(text: str) -> str:
    parts = text.split("]")
    doubled = []
    for part in parts:
        stem = part.rstrip("\\")
        doubled.append(stem + "\\" * (2 * (len(part) - len(stem))))
    return "\\]".join(doubled)


def _label(text: str, entity: Entity) -> dict[str, Any]:
    label: dict[str, Any] = {"entity": entity.entity}
    if entity.value != text:
        label["value"] = entity.value
    if entity.role is not None:
        label["role"] = entity.role
    if entity.group is not None:
        label["group"] = entity.group
    return label
