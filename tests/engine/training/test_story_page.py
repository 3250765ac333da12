from __future__ import annotations

from html.parser import HTMLParser

from frontdesk.training.story_graph import Edge, Graph, Node, Told
from frontdesk.training.story_page import write_page

BAD = "<script>alert('x')</script>"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.values: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.values += [value or "" for name, value in attrs if name != "xmlns"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page() -> _Tags:
    nodes = [Node("start", "start", {0}), Node("user", BAD, {0}, {"s.yml:3": None}), Node("action", BAD, {0})]
    edges = [Edge(0, 1, {0}), Edge(1, 2, {0}), Edge(2, 1, {0}, back=True)]
    graph = Graph([*nodes, Node("end", "", {0})], edges, [Told(BAD, "s.yml:1", False), Told("r", "", True)])
    tags = _Tags()
    tags.feed(write_page(graph, {BAD: ["hello there"]}, BAD))
    return tags


def test_nothing_that_a_file_says_becomes_markup() -> None:
    tags = page()
    assert tags.names.count("script") == 1
    assert any(BAD in text for text in tags.texts)


def test_the_page_needs_nothing_from_elsewhere() -> None:
    tags = page()
    assert not any("//" in value for value in tags.values)
    assert not {"link", "img", "iframe"} & set(tags.names)
    assert not any("url(" in text or "import" in text for text in tags.texts)


def test_what_is_shown() -> None:
    tags = page()
    assert tags.names.count("button") == 2
    assert tags.names.count("g") == 4
    assert "back" in tags.values
    assert any("hello there" in text and "s.yml:3" in text for text in tags.texts)
