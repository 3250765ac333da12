"""Stories and rules as one graph: what is the same in several of them is drawn once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from frontdesk.core import events as ev
from frontdesk.core.tracker import LISTEN, UNSET
from frontdesk.policies.paths import Path
from frontdesk.policies.pieces import ELLIPSIS, PLACE

COLUMN_GAP = 44.0
ROW = 34.0
CHARACTER = 7.2
LONGEST = 38
"""Labels are cut off here; the whole text is shown when one points at it."""

Item = tuple[str, str]
"""A kind (start, user, action, slot, form, end) and a text."""
Key = tuple[Item, ...]


@dataclass
class Node:
    """A box of the graph; `told_by` are the numbers of its stories, `places` the lines of its steps."""

    kind: str
    text: str
    told_by: set[int] = field(default_factory=set)
    places: dict[str, None] = field(default_factory=dict)
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0

    @property
    def label(self) -> str:
        """The text, cut off where it is long."""
        return self.text if len(self.text) <= LONGEST else self.text[: LONGEST - 1] + "\u2026"


@dataclass
class Edge:
    """A line from one box to the next; `back` where it leads back to an earlier one."""

    source: int
    target: int
    told_by: set[int] = field(default_factory=set)
    back: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A story or rule of the graph, and where it stands."""

    name: str
    place: str
    is_rule: bool


@dataclass
class Graph:
    """Boxes and lines with their positions, and the stories that they come from."""

    nodes: list[Node]
    edges: list[Edge]
    stories: list[Told]
    width: float = 0.0
    height: float = 0.0


def make_graph(paths: Iterable[Path], max_history: int | None = 2) -> Graph:
    """Return the graph of these ways through stories and rules.

    Two steps are drawn as one where everything since the last `max_history` user messages is the same (None: where
    everything before them is). Rules and stories are never drawn as one.
    """
    build = _Build(max_history)
    for path in paths:
        build.add(path)
    graph = Graph(build.nodes, list(build.edges.values()), build.stories)
    _layout(graph)
    return graph


class _Build:
    def __init__(self, max_history: int | None) -> None:
        self.max_history = max_history
        self.nodes: list[Node] = []
        self.edges: dict[tuple[int, int], Edge] = {}
        self.stories: list[Told] = []
        self.known: dict[Key, int] = {}
        self.numbers: dict[Told, int] = {}

    def add(self, path: Path) -> None:
        told_by = set()
        for name, place in zip(path.names, path.places, strict=True):
            told = Told(name, str(place) if place else "", path.is_rule)
            if told not in self.numbers:
                self.numbers[told] = len(self.stories)
                self.stories.append(told)
            told_by.add(self.numbers[told])
        history: list[Item] = []
        before: int | None = None
        for item, at in _items(path):
            history.append(item)
            node = self.node(path.is_rule, history)
            self.nodes[node].told_by |= told_by
            if at:
                self.nodes[node].places[at] = None
            if before is not None:
                edge = self.edges.setdefault((before, node), Edge(before, node))
                edge.told_by |= told_by
            before = node

    def node(self, is_rule: bool, history: Sequence[Item]) -> int:
        key: Key = (("rule" if is_rule else "story", ""), *self.recent(history))
        if key not in self.known:
            self.known[key] = len(self.nodes)
            kind, text = history[-1]
            self.nodes.append(Node(kind, text))
        return self.known[key]

    def recent(self, history: Sequence[Item]) -> Sequence[Item]:
        if self.max_history is None:
            return history
        users = 0
        for at in range(len(history) - 1, -1, -1):
            users += history[at][0] == "user"
            if users == self.max_history:
                return history[at:]
        return history


def _items(path: Path) -> Iterator[tuple[Item, str | None]]:
    """Yield what happens on a way, with the place of the step; waiting for the user is left out."""
    events = path.tracker.events()
    acts = (e for e in events if isinstance(e, ev.UserUttered | ev.ActionExecuted))
    first = next((e for e in acts if not isinstance(e, ev.ActionExecuted) or e.name != LISTEN), None)
    anywhere = isinstance(first, ev.ActionExecuted) and first.name == ELLIPSIS
    yield ("start", "at any time" if anywhere else "start"), None
    begun = False
    for event in events:
        place = str(event.metadata[PLACE]) if PLACE in event.metadata else None
        item = _item(event)
        if item == ("action", ELLIPSIS) and not begun:
            continue  # what stands before it is a condition
        if item is not None:
            begun = begun or item[0] in ("user", "action")
            yield item, place
    yield ("end", ""), None


def _item(event: ev.Event) -> Item | None:
    if isinstance(event, ev.UserUttered):
        named = ", ".join(f"{e.entity}: {e.value}" if e.value else e.entity for e in event.entities)
        said = event.intent or f"\u201c{event.text}\u201d"
        return "user", f"{said} {{{named}}}" if named else said
    if isinstance(event, ev.ActionExecuted):
        return None if event.name == LISTEN else ("action", event.name or f"\u201c{event.action_text}\u201d")
    if isinstance(event, ev.SlotSet):
        return "slot", f"{event.name}: {'null' if event.value in (None, UNSET) else event.value}"
    if isinstance(event, ev.ActiveLoop):
        return "form", "no form" if event.name in (None, UNSET) else f"form {event.name}"
    return "action", event.type_name


def _layout(graph: Graph) -> None:
    """Give every box its place: columns by the longest way to it, rows so that boxes never lie on one another."""
    after: list[list[int]] = [[] for _ in graph.nodes]
    edges = {(edge.source, edge.target): edge for edge in graph.edges}
    for edge in graph.edges:
        after[edge.source].append(edge.target)
    order = _order(graph, after, edges)
    parent: dict[int, int] = {}
    for node in order:
        for target in after[node]:
            if not edges[node, target].back and graph.nodes[target].layer <= graph.nodes[node].layer:
                graph.nodes[target].layer = graph.nodes[node].layer + 1
                parent[target] = node
    _rows(graph, order, parent)
    _columns(graph)


def _order(graph: Graph, after: list[list[int]], edges: dict[tuple[int, int], Edge]) -> list[int]:
    """Return the boxes so that lines lead forward, marking those that cannot."""
    done: list[int] = []
    state = [0] * len(graph.nodes)  # 0 not seen, 1 on the way, 2 done
    starts = [n for n, node in enumerate(graph.nodes) if node.kind == "start"]
    for start in [*starts, *range(len(graph.nodes))]:
        if state[start]:
            continue
        state[start] = 1
        stack = [(start, iter(after[start]))]
        while stack:
            node, following = stack[-1]
            target = next(following, None)
            if target is None:
                state[node] = 2
                done.append(node)
                stack.pop()
            elif state[target] == 1:
                edges[node, target].back = True
            elif state[target] == 0:
                state[target] = 1
                stack.append((target, iter(after[target])))
    return done[::-1]


def _rows(graph: Graph, order: Sequence[int], parent: dict[int, int]) -> None:
    """Place leaves below one another and every other box in the middle of those that follow it.

    Boxes of one column belong to different branches, and each branch has rows of its own.
    """
    children: dict[int, list[int]] = {}
    for node in range(len(graph.nodes)):
        if node in parent:
            children.setdefault(parent[node], []).append(node)
    row = 0.0
    for root in (n for n in range(len(graph.nodes)) if n not in parent):
        stack: list[tuple[int, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            below = children.get(node, [])
            if not below:
                graph.nodes[node].y = row * ROW
                row += 1
            elif ready:
                graph.nodes[node].y = (graph.nodes[below[0]].y + graph.nodes[below[-1]].y) / 2
            else:
                stack.append((node, True))
                stack += [(child, False) for child in reversed(below)]
        row += 0.5
    graph.height = row * ROW


def _columns(graph: Graph) -> None:
    layers: dict[int, float] = {}
    for node in graph.nodes:
        node.width = 10.0 if node.kind == "end" else len(node.label) * CHARACTER + 22
        layers[node.layer] = max(layers.get(node.layer, 0.0), node.width)
    x, starts = 0.0, {}
    for layer in sorted(layers):
        starts[layer] = x
        x += layers[layer] + COLUMN_GAP
    for node in graph.nodes:
        node.x = starts[node.layer]
    graph.width = x
