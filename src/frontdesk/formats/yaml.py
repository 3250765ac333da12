"""Read YAML 1.2 so that every value knows the line it stands on.

Only the core schema is understood: text, numbers, true/false, null, lists and mappings. So `intent: no` is
text, as Rasa reads it. No tag constructs an object, aliases cannot multiply without bound, and a key that
stands twice is an error that names both lines.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from frontdesk.core.training import Place
from frontdesk.errors import YamlError, place
from frontdesk.formats import parsing as ev

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 40
MAX_VALUES = 500_000
"""Values of one file, each alias counted with all that it stands for."""

Expansion = Literal["all", "plain", "none"]
"""Where `${ENV}` is replaced: everywhere (settings), upper-case names in unquoted text (domain), nowhere."""

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_ENV = re.compile(r"\$(\$?)\{([^}]*)\}")
_ENV_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_MERGE_MARK = re.compile(r"^(<{7}|={7}|>{7})(?: |$)", re.MULTILINE)
_UPPER_NAME = re.compile(r"[A-Z_][A-Z0-9_]*(?::-.*)?", re.DOTALL)
_CORE_TAG = "tag:yaml.org,2002:"
_CORE_TAGS = frozenset(_CORE_TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map"))
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Block(dict[str, Any]):
    """A mapping that knows where it and each of its keys stand. Keys are always text."""

    def __init__(self, where: Place) -> None:
        super().__init__()
        self.place = where
        self._keys: dict[str, int] = {}
        self._texts: dict[str, int] = {}

    def note(self, key: str, value: Any, key_line: int, text_line: int) -> None:
        """Store a value with the line of its key and the line on which its text begins."""
        self[key] = value
        self._keys[key] = key_line
        self._texts[key] = text_line

    def at(self, key: str) -> Place:
        """Return the place of a key; the mapping's own where the key is not there."""
        return Place(self.place.file, self._keys.get(key, self.place.line))

    def text_at(self, key: str) -> Place:
        """Return the place of a value's first line (below the key for a `|` block)."""
        return Place(self.place.file, self._texts.get(key, self.place.line))


class Items(list[Any]):
    """A list that knows where it and each of its entries stand."""

    def __init__(self, where: Place) -> None:
        super().__init__()
        self.place = where
        self._lines: list[int] = []

    def note(self, value: Any, line: int) -> None:
        """Append a value with its line."""
        self.append(value)
        self._lines.append(line)

    def at(self, index: int) -> Place:
        """Return the place of an entry."""
        return Place(self.place.file, self._lines[index])

    def placed(self) -> Iterator[tuple[Any, Place]]:
        """Yield every entry with its place."""
        for index, value in enumerate(self):
            yield value, self.at(index)


def read(
    path: Path, *, name: str | None = None, expand: Expansion = "none", env: Mapping[str, str] | None = None
) -> Any:
    """Read a YAML file into blocks, lists, text, numbers, booleans and None.

    `name` is how complaints call the file (its path if not given). An empty file is None. Raises YamlError.
    """
    shown = name or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise YamlError(
            f"The file cannot be read ({reason}).", where=shown, hint="Check the path."
        ) from error
    return read_bytes(raw, shown, expand=expand, env=env)


def read_bytes(
    raw: bytes,
    name: str,
    *,
    expand: Expansion = "none",
    env: Mapping[str, str] | None = None,
    unset: list[YamlError] | None = None,
) -> Any:
    """Read the content of a YAML file; see `read_text`."""
    if len(raw) > MAX_BYTES:
        what = f"The file is larger than {MAX_BYTES // 1024 // 1024} MB."
        raise YamlError(what, where=name, hint="Split it into several files.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise YamlError(
            "This is not UTF-8 text.", where=place(name, line), hint="Save it as UTF-8."
        ) from error
    return read_text(text, name, expand=expand, env=env, unset=unset)


def read_text(
    text: str,
    name: str,
    *,
    expand: Expansion = "none",
    env: Mapping[str, str] | None = None,
    unset: list[YamlError] | None = None,
) -> Any:
    """Read YAML text; `name` stands in complaints. See `read`.

    Where `unset` is given, an environment variable that is not set is added to it, and the text stays as written.
    """

    def compose(events: Iterator[Any]) -> tuple[Any, list[YamlError]]:
        missing: list[YamlError] | None = None if unset is None else []
        composer = _Composer(name, expand, os.environ if env is None else env, missing)
        return composer.compose(events), missing or []

    try:
        value, missing = ev.parsed(text, compose)
    except MarkedYAMLError as error:
        raise _syntax_error(error, name, text) from error
    except YAMLError as error:
        # ruamel's reader errors carry a position but no line.
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        what = f"The YAML cannot be read: {str(error).splitlines()[0]}."
        raise YamlError(what, where=place(name, line), hint="Remove the special character there.") from error
    if unset is not None:
        unset += missing
    return value


def _syntax_error(error: MarkedYAMLError, name: str, text: str) -> YamlError:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else None
    problem = str(error.problem or error.context or "syntax error").strip().rstrip(".")
    hint = "Check indentation, quotes and colons on this line and the one above."
    if "'\\t'" in problem:
        hint = "Indent with spaces; YAML allows no tabs there."
    elif "mapping values are not allowed" in problem:
        hint = "Put text that holds ': ' in quotes, or check the indentation."
    if (left := _MERGE_MARK.search(text)) is not None:
        line, problem = text.count("\n", 0, left.start()) + 1, f"'{left[1]}' is left over from a merge"
        hint = "Keep what is right of both versions, and remove the lines of marks."
    return YamlError(f"This is not valid YAML: {problem}.", where=place(name, line), hint=hint)


class _Composer:
    """Turns parser events into values; small, because the full loader would spend its time on nodes."""

    def __init__(
        self, name: str, expand: Expansion, env: Mapping[str, str], unset: list[YamlError] | None
    ) -> None:
        self._name = name
        self._expand = expand
        self._env = env
        self._unset = unset
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._count = 0

    def compose(self, events: Iterator[Any]) -> Any:
        """Return the value of the only document."""
        self._events = events
        result: Any = None
        documents = 0
        for event in events:
            if isinstance(event, ev.DOCUMENT_START):
                documents += 1
                if documents > 1:
                    self._fail(
                        "A second document begins here.", event, "Keep one document in a file; remove '---'."
                    )
                result, _ = self._value(next(events), 0)
        return result

    def _fail(self, what: str, event: Any, hint: str | None = None) -> None:
        raise YamlError(what, where=place(self._name, event.start_mark.line + 1), hint=hint)

    def _place(self, event: Any) -> Place:
        return Place(self._name, event.start_mark.line + 1)

    def _value(self, event: Any, depth: int) -> tuple[Any, int]:
        """Return a value and the line on which its text begins."""
        line: int = event.start_mark.line + 1
        self._count += 1
        if self._count > MAX_VALUES:
            self._fail(
                f"The file holds more than {MAX_VALUES} values.", event, "Split it, or use fewer aliases."
            )
        if depth > MAX_DEPTH:
            self._fail(f"Lists and mappings are nested deeper than {MAX_DEPTH}.", event, "Write it flatter.")
        if isinstance(event, ev.ALIAS):
            return self._alias(event), line
        self._check_tag(event)
        anchor = event.anchor
        before = self._count
        if anchor:
            self._open.add(anchor)
        value: Any
        if isinstance(event, ev.SCALAR):
            value = self._scalar(event)
            line += 1 if event.style in ("|", ">") else 0
        elif isinstance(event, ev.SEQUENCE_START):
            value = self._items(event, depth)
        else:
            value = self._block(event, depth)
        if anchor:
            self._open.discard(anchor)
            self._anchors[anchor] = (value, self._count - before)
        return value, line

    def _check_tag(self, event: Any) -> None:
        tag = str(event.tag) if event.tag else "!"
        if tag != "!" and tag not in _CORE_TAGS:
            shown = tag.replace(_CORE_TAG, "!!")
            self._fail(
                f"The tag '{shown}' is not allowed.", event, "Remove it: files hold plain values only."
            )

    def _alias(self, event: Any) -> Any:
        name = event.anchor
        if name in self._open:
            self._fail(f"'*{name}' stands inside of what it refers to.", event, "Remove the alias.")
        if name not in self._anchors:
            self._fail(
                f"'*{name}' refers to nothing above it.", event, f"Write '&{name}' before the value meant."
            )
        value, size = self._anchors[name]
        self._count += size
        if self._count > MAX_VALUES:
            self._fail(f"Aliases multiply to more than {MAX_VALUES} values.", event, "Use fewer aliases.")
        return value

    def _items(self, event: Any, depth: int) -> Items:
        items = Items(self._place(event))
        for inner in self._events:
            if isinstance(inner, ev.SEQUENCE_END):
                break
            value, _ = self._value(inner, depth + 1)
            items.note(value, inner.start_mark.line + 1)
        return items

    def _block(self, event: Any, depth: int) -> Block:
        block = Block(self._place(event))
        merged: list[Any] = []
        for inner in self._events:
            if isinstance(inner, ev.MAPPING_END):
                break
            if not isinstance(inner, ev.SCALAR):
                self._fail(
                    "A key must be a word or a text.", inner, "Put texts with braces or brackets in quotes."
                )
            key_line = inner.start_mark.line + 1
            key = str(inner.value)
            value_event = next(self._events)
            value, line = self._value(value_event, depth + 1)
            if key == "<<" and not inner.style:
                merged += value if isinstance(value, Items) else [value]
                continue
            if key in block:
                first = block.at(key).line
                what = f"The key '{key}' stands twice, in line {first} and in line {key_line}."
                self._fail(what, inner, "Remove one, or join the two.")
            block.note(key, value, key_line, line)
        self._merge(block, merged, event)
        return block

    def _merge(self, block: Block, sources: list[Any], event: Any) -> None:
        for source in sources:
            if not isinstance(source, Block):
                self._fail("'<<' must be followed by a mapping.", event, "Write '<<: *name'.")
            for key, value in source.items():
                if key not in block:
                    block.note(key, value, source.at(key).line or 0, source.text_at(key).line or 0)

    def _scalar(self, event: Any) -> Any:
        text = str(event.value)
        plain = not event.style
        tag = str(event.tag) if event.tag else None
        if "${" in text:
            text, changed = self._expanded(text, plain, event)
            if changed:
                # A switch is a boolean even when it comes from outside; anything else stays text, as in Rasa,
                # for a password of digits is no number.
                return _WORDS[text] if plain and isinstance(_WORDS.get(text), bool) else text
        if tag is None:
            return resolve_plain(text) if plain else text
        return self._tagged(text, tag, event)

    def _tagged(self, text: str, tag: str, event: Any) -> Any:
        kind = tag.removeprefix(_CORE_TAG)
        if kind in ("!", "str"):
            return text
        value = resolve_plain(text)
        wanted: dict[str, tuple[type, ...]] = {
            "int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),),
        }  # fmt: skip
        if type(value) not in wanted.get(kind, ()):
            self._fail(f"'{text}' is not of the kind that '!!{kind}' says.", event, "Remove the tag.")
        return float(value) if kind == "float" else value

    def _expanded(self, text: str, plain: bool, event: Any) -> tuple[str, bool]:
        if self._expand == "none" or (self._expand == "plain" and not plain):
            return text, False
        parts: list[str] = []
        end = 0
        for match in _ENV.finditer(text):
            if self._expand == "plain" and not _UPPER_NAME.fullmatch(match[2]):
                continue
            parts += [text[end : match.start()], self._variable(match, event)]
            end = match.end()
        return "".join([*parts, text[end:]]), bool(parts)

    def _variable(self, match: re.Match[str], event: Any) -> str:
        if match[1]:
            return match[0][1:]
        inside = _ENV_INSIDE.fullmatch(match[2])
        if inside is None:
            hint = "Write ${NAME} or ${NAME:-default}; $${ stands for the characters themselves."
            raise YamlError(
                f"'{match[0]}' names no environment variable.", where=str(self._place(event)), hint=hint
            )
        name, default = inside[1], inside[2]
        value = self._env.get(name)
        if value or (value is not None and default is None):
            return value
        if default is not None:
            return default
        hint = f"Set it, or give a default: ${{{name}:-default}}."
        what = f"The environment variable '{name}' is not set."
        error = YamlError(what, where=str(self._place(event)), hint=hint)
        if self._unset is None:
            raise error
        self._unset.append(error)
        return match[0]


def resolve_plain(text: str) -> Any:
    """Return what an unquoted scalar means in YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return text
    if _INT.fullmatch(text):
        # Python refuses to read integers without bound; nobody calculates with such a one.
        return (int(text, 0) if text[:2] in ("0o", "0x") else int(text)) if len(text) < 4000 else text
    if _FLOAT.fullmatch(text):
        return float(text) if math.isfinite(float(text)) else text
    special = _SPECIAL_FLOAT.fullmatch(text)
    if special:
        return float("nan") if special[3] else float(special[1] + "inf")
    return text


def plain(value: Any) -> Any:
    """Return a value without its lines: ordinary dicts and lists."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
