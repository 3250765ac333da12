"""The graph of stories as one HTML page that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from frontdesk.training.story_graph import Edge, Graph, Node

HALF = 11.0
MARGIN = 24.0
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #667085; --paper: #fff; --line: #b6bfcc; --user: #e3edff;
  --action: #e6f6ea; --slot: #fff3d6; --form: #f3e8ff; --start: #e9ecf1; --mark: #d1480f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #9aa5b5; --paper: #14181f; --line: #4b5666;
  --user: #1d3357; --action: #1b3f28; --slot: #4a3a10; --form: #3b2657; --start: #2a313c; --mark: #ff8a50; } }
body { margin: 0; font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  display: grid; grid-template-columns: 20rem 1fr; height: 100vh; }
aside { overflow: auto; padding: 1rem; border-right: 1px solid var(--line); box-sizing: border-box; }
main { overflow: auto; }
h1 { font-size: 1.05rem; margin: 0 0 .5rem; } h2 { font-size: .85rem; margin: 1rem 0 .25rem; color: var(--soft); }
input { width: 100%; box-sizing: border-box; padding: .35rem .5rem; font: inherit; }
button { display: block; width: 100%; text-align: left; font: inherit; color: inherit; background: none; border: 0;
  border-radius: 4px; padding: .2rem .4rem; cursor: pointer; }
button:hover { background: var(--start); } button[aria-pressed=true] { background: var(--mark); color: #fff; }
small { color: var(--soft); display: block; } button[aria-pressed=true] small { color: inherit; }
.key span { display: inline-block; border-radius: 9px; padding: 0 .5rem; margin: 0 .2rem .2rem 0; color: var(--ink); }
text { font: 12px ui-monospace, monospace; fill: var(--ink); dominant-baseline: central; }
rect { stroke: var(--line); } path { fill: none; stroke: var(--line); stroke-width: 1.4; }
.back { stroke-dasharray: 5 4; } .user rect { fill: var(--user); } .action rect { fill: var(--action); }
.slot rect { fill: var(--slot); } .form rect { fill: var(--form); } .start rect { fill: var(--start); }
.end circle { fill: var(--soft); } .picked .on rect, .picked path.on { stroke: var(--mark); stroke-width: 2.4; }
.picked g:not(.on), .picked path:not(.on) { opacity: .18; }
"""
_SCRIPT = """
const page = document.querySelector('svg'), buttons = [...document.querySelectorAll('button')];
const parts = [...page.querySelectorAll('[data-s]')].map(e => [e, new Set(e.dataset.s.split(' '))]);
for (const button of buttons) button.onclick = () => {
  const on = button.getAttribute('aria-pressed') !== 'true';
  buttons.forEach(b => b.setAttribute('aria-pressed', b === button && on));
  page.classList.toggle('picked', on);
  let first = null;
  for (const [element, told] of parts) {
    const is = on && told.has(button.dataset.n);
    element.classList.toggle('on', is);
    if (is && !first && element.classList.contains('user')) first = element;
  }
  if (first) first.scrollIntoView({block: 'center', inline: 'center'});
};
document.querySelector('input').oninput = event => {
  const words = event.target.value.toLowerCase();
  for (const button of buttons) button.hidden = !button.textContent.toLowerCase().includes(words);
};
"""


def write_page(graph: Graph, examples: Mapping[str, Sequence[str]] | None = None, title: str = "") -> str:
    """Return the page; `examples` are sentences of each intent, shown where one points at it."""
    width, height = graph.width + 2 * MARGIN, graph.height + 2 * MARGIN
    shapes = [_edge(edge, graph) for edge in graph.edges]
    shapes += [_node(node, graph, examples or {}) for node in graph.nodes]
    name = html.escape(title or "Stories")
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{name}: stories and rules</title><style>{_STYLE}</style></head><body>"
        f"<aside><h1>{name}</h1>{_legend()}<input type='search' placeholder='find a story' aria-label='find a story'>"
        f"{_list(graph, False)}{_list(graph, True)}</aside>"
        f"<main><svg xmlns='http://www.w3.org/2000/svg' role='img' aria-label='stories and rules as a graph' "
        f"width='{width:.0f}' height='{height:.0f}' viewBox='{-MARGIN:.0f} {-MARGIN:.0f} {width:.0f} {height:.0f}'>"
        + "\n".join(shapes)
        + f"</svg></main><script>{_SCRIPT}</script></body></html>\n"
    )


def _legend() -> str:
    kinds = (("user", "the user"), ("action", "action"), ("slot", "slot"), ("form", "form"))
    return (
        "<p class='key'>"
        + "".join(f"<span style='background:var(--{k})'>{t}</span>" for k, t in kinds)
        + "</p>"
    )


def _list(graph: Graph, rules: bool) -> str:
    rows = [
        f"<button type='button' aria-pressed='false' data-n='{number}'>{html.escape(told.name)}"
        f"<small>{html.escape(told.place)}</small></button>"
        for number, told in enumerate(graph.stories)
        if told.is_rule == rules
    ]
    return f"<h2>{len(rows)} {'rules' if rules else 'stories'}</h2>{''.join(rows)}" if rows else ""


def _told_by(numbers: set[int]) -> str:
    return f"data-s='{' '.join(map(str, sorted(numbers)))}'"


def _edge(edge: Edge, graph: Graph) -> str:
    source, target = graph.nodes[edge.source], graph.nodes[edge.target]
    x1, y1, x2, y2 = source.x + source.width, source.y, target.x, target.y
    if edge.back:
        low = max(y1, y2) + 2.2 * HALF
        line = f"M{x1:.0f} {y1:.0f}C{x1 + 40:.0f} {low:.0f} {x2 - 40:.0f} {low:.0f} {x2:.0f} {y2:.0f}"
    else:
        bend = min(60.0, (x2 - x1) / 2)
        line = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    kind = "back" if edge.back else "line"
    return f"<path class='{kind}' {_told_by(edge.told_by)} d='{line}'/>"


def _node(node: Node, graph: Graph, examples: Mapping[str, Sequence[str]]) -> str:
    head = (
        f"<g class='{node.kind}' {_told_by(node.told_by)} transform='translate({node.x:.0f} {node.y:.0f})'>"
    )
    if node.kind == "end":
        return f"{head}<circle cx='5' r='5'/></g>"
    lines = [node.text, *list(node.places)[:8]]
    if node.kind == "user":
        lines += [f"\u201c{text}\u201d" for text in list(examples.get(node.text.split(" {")[0], ()))[:3]]
    else:
        lines += [graph.stories[number].name for number in sorted(node.told_by)[:8]]
    radius = HALF if node.kind in ("user", "start") else 3
    shape = f"<rect y='{-HALF:.0f}' width='{node.width:.0f}' height='{2 * HALF:.0f}' rx='{radius:.0f}'/>"
    words = f"<title>{html.escape(chr(10).join(lines))}</title>{shape}<text x='11'>{html.escape(node.label)}</text>"
    return f"{head}{words}</g>"
