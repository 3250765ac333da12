"""Add to a YAML file and leave every other byte of it as it is: comments, quotes, order, indentation, line ends.

What is added is put into the text itself, at the place and in the style of its neighbours. The text is read again
after each addition; one that does not read back to the old content and the new item is refused.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from frontdesk.core.training import Place
from frontdesk.errors import ConfigError
from frontdesk.formats import yaml
from frontdesk.formats.places import (
    Keys,
    Node,
    behind_comments,
    column,
    locate,
    next_line,
    spaced,
    style_of,
)
from frontdesk.formats.writer import Style, lines_of
from frontdesk.formats.yaml import Block, plain

FRESH = 'version: "3.1"\n'
"""What a new file begins with."""

_Change = Callable[[Any], Any]
"""Gets what stood at a place, and returns what is to stand there."""
_BOM = b"\xef\xbb\xbf"
_DASHED = re.compile(r"([ \t]*-[ \t]*)\S")
_WORD = re.compile(r"[A-Za-z_][\w-]*")


class Document:
    """A YAML file that is added to; nothing is written before `commit`.

    `name` is how complaints call it. A file that is not there begins with its version.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self.before = path.read_bytes() if path.exists() else None
        raw = FRESH.encode() if self.before is None else self.before
        content = yaml.read_bytes(raw, name)
        if content is not None and not isinstance(content, Block):
            raise ConfigError(
                "The file holds no mapping.", where=name, hint="Nothing can be added to such a file."
            )
        self.root = content if content is not None else Block(Place(name))
        self._mark = _BOM if raw.startswith(_BOM) else b""
        self._text = raw.decode("utf-8-sig")
        self._line_end = "\r\n" if "\r\n" in self._text else "\n"

    @property
    def raw(self) -> bytes:
        """What the file is to hold."""
        return self._mark + self._text.encode()

    @property
    def changed(self) -> bool:
        """Tell whether anything was added."""
        return self.raw != self.before

    def written_as(self, keys: Keys) -> str | None:
        """Return how a text is written: `|`, `>`, a quote; None where it is plain or not there."""
        node = locate(self._text).at(keys)
        return node.style if node else None

    def add_lines(self, keys: Keys, lines: Sequence[str]) -> bool:
        """Add lines `- ...` to a block of such lines, below the last of them; False where there is no such block."""
        node = locate(self._text).at(keys)
        if node is None or node.style != "|":
            return False
        old = node.value.split("\n")
        last = max((n for n, line in enumerate(old) if line.lstrip().startswith("-")), default=None)
        if last is None:
            return False
        start = next_line(self._text, node.start)
        for _ in range(last):
            start = next_line(self._text, start)
        end = next_line(self._text, start)
        line = self._text[start:end]
        match = _DASHED.match(line)
        before = match[1] if match else line[: line.index("-")] + "- "
        inside = len(before) - len(before.lstrip()) - (len(old[last]) - len(old[last].lstrip()))
        new = [before + text for text in lines]
        taken_in = [text[inside:] for text in new]
        self._insert(end, new, keys, lambda text: _with_lines(text, last + 1, taken_in))
        return True

    def add_items(self, keys: Keys, values: Sequence[Any]) -> bool:
        """Add entries to a list, below the last of them; False where there is no list (not even an empty one)."""
        tree = locate(self._text)
        node, parent = tree.at(keys), tree.at(keys[:-1])
        if node is None or parent is None or not (node.kind == "list" or node.empty):
            return False
        wanted = plain(list(values))

        def longer(old: Any) -> Any:
            return [*(old or ()), *wanted]

        if node.flow:
            last = node.items[-1].end if node.items else None
            self._insert_flow(node, last, ", ".join(_in_flow(value) for value in values), keys, longer)
            return True
        if node.empty:
            style = style_of(self._text, parent, tree)
            at = column(self._text, next(k for k, v in parent.pairs if v is node).start) + style.offset
            lines = [" " * at + line for line in lines_of(list(values), style)]
            self._insert(next_line(self._text, node.end), lines, keys, longer)
            return True
        style = style_of(self._text, node, tree)
        roomy = len(keys) == 1 and node.items[-1].kind == "mapping"
        parts = [lines_of([value], style) for value in values]
        self._append(node, list(node.items), parts, roomy, keys, longer)
        return True

    def add_pair(self, keys: Keys, name: str, value: Any) -> bool:
        """Add a key to a mapping, below the last one; False where there is no mapping (not even an empty one)."""
        tree = locate(self._text)
        node = tree.at(keys)
        if node is None or not (node.kind == "mapping" or node.empty):
            return False
        wanted = {name: plain(value)}

        def longer(old: Any) -> Any:
            return {**(old or {}), **wanted}

        if node.flow:
            last = node.pairs[-1][1].end if node.pairs else None
            self._insert_flow(node, last, f"{json.dumps(name)}: {_in_flow(value)}", keys, longer)
            return True
        style = style_of(self._text, node, tree)
        lines = lines_of({name: value}, style)
        if node.empty:
            deeper = style.indent if keys else 0
            at = len(self._text) if not keys else next_line(self._text, node.end)
            self._insert(at, [" " * deeper + line for line in lines], keys, longer)
            return True
        self._append(node, [pair[1] for pair in node.pairs], [lines], not keys, keys, longer)
        return True

    def _append(
        self, node: Node, inner: list[Node], parts: list[list[str]], roomy: bool, keys: Keys, change: _Change
    ) -> None:
        """Write parts below the last one of a block, with empty lines between them as its last two have."""
        text = self._text
        depth = column(text, node.start)
        if len(inner) > 1:
            roomy = spaced(text, inner[-2], inner[-1]) or (roomy and not keys)
        lines: list[str] = []
        for part in parts:
            lines += [""] if roomy else []
            lines += [" " * depth + line if line else "" for line in part]
        self._insert(behind_comments(text, next_line(text, node.end), depth), lines, keys, change)

    def _insert(self, at: int, lines: Sequence[str], keys: Keys, change: _Change) -> None:
        """Write lines at the beginning of a line; `change` tells what then stands at `keys`."""
        cut_off = at == len(self._text) and not self._text.endswith("\n") and self._text
        joined = self._line_end.join(lines)
        added = self._line_end + joined if cut_off else joined + self._line_end
        self._take(self._text[:at] + added + self._text[at:], keys, change)

    def _insert_flow(self, node: Node, last: int | None, written: str, keys: Keys, change: _Change) -> None:
        """Write into brackets: behind the last thing in them, or (`last` None) as the first one."""
        at = node.start + 1 if last is None else last
        added = written if last is None else f", {written}"
        self._take(self._text[:at] + added + self._text[at:], keys, change)

    def _take(self, text: str, keys: Keys, change: _Change) -> None:
        """Take a text, if it reads as what was there before with one value changed. Raises ConfigError."""
        before: Any = self.root
        found: Any = None
        with suppress(ConfigError):
            if not self._text.endswith("\n"):  # a block at the end gets its line end with what comes below it
                before = yaml.read_text(self._text + self._line_end, self.name)
            found = yaml.read_text(text if text.endswith("\n") else text + self._line_end, self.name)
        if plain(found) != _replaced(plain(before), keys, change):
            where = ".".join(str(key) for key in keys)
            what = f"Nothing could be added under '{where}' without changing something else in the file."
            raise ConfigError(what, where=self.name, hint="Nothing was written; add it in an editor.")
        self._text = text
        self.root = found


def commit(documents: Sequence[Document]) -> None:
    """Write what was added, each file as a whole. Raises ConfigError where one was changed in the meantime."""
    waiting: list[tuple[str, Path]] = []
    try:
        for document in documents:
            if document.changed:
                waiting.append((_temporary(document), document.path.resolve()))
        for document in documents:
            now = document.path.read_bytes() if document.path.exists() else None
            if now != document.before:
                hint = "Nothing was written; do it again."
                raise ConfigError("The file was changed in the meantime.", where=document.name, hint=hint)
        while waiting:
            os.replace(*waiting[0])
            waiting.pop(0)
    finally:
        for temporary, _ in waiting:
            Path(temporary).unlink(missing_ok=True)


def _temporary(document: Document) -> str:
    """Write a file beside the one that it is to replace."""
    path = document.path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with name.open("xb") as out:
        out.write(document.raw)
        out.flush()
        os.fsync(out.fileno())
    if document.before is not None:
        shutil.copymode(path, name)
    return str(name)


def _in_flow(value: Any) -> str:
    """Return a value as it is written inside of brackets."""
    if isinstance(value, str) and _WORD.fullmatch(value) and lines_of(value, Style()) == [value]:
        return value
    return json.dumps(value, ensure_ascii=False)


def _with_lines(text: str, at: int, lines: list[str]) -> str:
    old = text.split("\n")
    return "\n".join([*old[:at], *lines, *old[at:]])


def _replaced(root: Any, keys: Keys, change: _Change) -> Any:
    """Return a value with what stands at `keys` changed."""
    if not keys:
        return change(root)
    if isinstance(root, list):
        return [_replaced(value, keys[1:], change) if n == keys[0] else value for n, value in enumerate(root)]
    return {**(root or {}), keys[0]: _replaced((root or {}).get(keys[0]), keys[1:], change)}
