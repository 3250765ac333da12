"""Find where each value of a YAML text stands, and how the text is laid out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml import events as ev

from frontdesk.formats.writer import Style

Keys = tuple[str | int, ...]
"""The way to a value: keys of mappings and numbers of entries."""

_BLANK_LINE = re.compile(r"\n[ \t]*\r?\n")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands: offsets into the text, the end after its last character."""

    kind: Literal["scalar", "list", "mapping", "alias"]
    start: int
    end: int
    style: str | None = None
    flow: bool = False
    value: str = ""
    items: tuple[Node, ...] = ()
    pairs: tuple[tuple[Node, Node], ...] = ()

    @property
    def empty(self) -> bool:
        """Tell whether nothing is written here."""
        return self.kind == "scalar" and self.start == self.end

    def at(self, keys: Keys) -> Node | None:
        """Return what is reached by some keys, or None where the way ends before."""
        node: Node | None = self
        for key in keys:
            if node is None:
                return None
            if isinstance(key, int):
                node = node.items[key] if key < len(node.items) else None
            else:
                node = next((value for name, value in node.pairs if name.value == key), None)
        return node

    def within(self) -> Iterator[Node]:
        """Yield this value and all inside of it."""
        yield self
        for inner in (*self.items, *(value for _, value in self.pairs)):
            yield from inner.within()


def locate(text: str) -> Node:
    """Return the value of a YAML text, which must be valid, with all places."""
    events = YAML(typ="safe", pure=True).parse(text)
    for event in events:
        if isinstance(event, ev.DocumentStartEvent):
            return _node(next(events), events, text, 0)
    return Node("scalar", 0, 0)


def _node(event: Any, events: Iterator[Any], text: str, after: int) -> Node:
    """Return the node of an event; one that is empty stands at `after`."""
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, ev.AliasEvent):
        return Node("alias", start, end)
    if isinstance(event, ev.ScalarEvent):
        if not event.style and not event.value:
            return Node("scalar", after, after)
        if event.style in ("|", ">"):  # the parser counts empty lines and comments below it in
            end = start + len(text[start:end].rstrip())
        return Node("scalar", start, end, event.style, value=str(event.value))
    flow = bool(event.flow_style)
    last = start
    items: list[Node] = []
    pairs: list[tuple[Node, Node]] = []
    for inner in events:
        if isinstance(inner, ev.SequenceEndEvent | ev.MappingEndEvent):
            last = inner.end_mark.index if flow else last
            break
        if isinstance(event, ev.SequenceStartEvent):
            items.append(_node(inner, events, text, last + 1))
            last = items[-1].end
        else:
            key = _node(inner, events, text, last)
            pairs.append((key, _node(next(events), events, text, text.find(":", key.end) + 1)))
            last = pairs[-1][1].end
    if (event.anchor or event.tag) and not flow:  # these stand before it
        start = text.rfind("-", start, items[0].start) if items else pairs[0][0].start if pairs else start
    kind: Literal["list", "mapping"] = "list" if isinstance(event, ev.SequenceStartEvent) else "mapping"
    return Node(kind, start, last, flow=flow, items=tuple(items), pairs=tuple(pairs))


def column(text: str, offset: int) -> int:
    """Return how many characters stand before an offset on its line."""
    return offset - text.rfind("\n", 0, offset) - 1


def next_line(text: str, offset: int) -> int:
    """Return where the line after an offset begins (the end of the text, where there is none)."""
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def behind_comments(text: str, offset: int, deeper_than: int) -> int:
    """Return where the comments end that belong to what stands above a line, since they are indented deeper."""
    position = offset
    while position < len(text):
        line = text[position : next_line(text, position)]
        bare = line.strip()
        if bare and not (bare.startswith("#") and line.index("#") > deeper_than):
            break
        position = next_line(text, position)
        offset = position if bare else offset
    return offset


def spaced(text: str, before: Node, after: Node) -> bool:
    """Tell whether an empty line stands between two neighbours."""
    return _BLANK_LINE.search(text, before.end, after.start) is not None


def style_of(text: str, *trees: Node) -> Style:
    """Return how deep things stand; what the first tree does not show is looked for in the next one."""
    offset = gap = indent = None
    for node in (node for tree in trees for node in tree.within() if not node.flow):
        if node.items and gap is None and "\n" not in text[node.start : node.items[0].start]:
            gap = node.items[0].start - node.start
        for key, value in node.pairs:
            deeper = column(text, value.start) - column(text, key.start)
            if value.kind == "list" and not value.flow and offset is None:
                offset = deeper
            elif value.kind == "mapping" and not value.flow and indent is None and deeper > 0:
                indent = deeper
    usual = Style()
    return Style(
        usual.offset if offset is None else offset,
        usual.gap if gap is None else gap,
        usual.indent if indent is None else indent,
    )
