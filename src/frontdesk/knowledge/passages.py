"""Cut articles into passages, and passages into what can be quoted: sentences and lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from frontdesk.knowledge.articles import Article
from frontdesk.knowledge.cleaning import plain

LONGEST = 1400
"""Characters of a passage; a longer section becomes several (an encoder reads some 250 words)."""

Kind = Literal["sentence", "steps", "points"]

_ITEM = re.compile(r"(\s*)([-*+]|\d{1,3}[.)])\s+(.*)")
_RULE = re.compile(r"\s*([-*_]\s*){3,}")
_TABLE_RULE = re.compile(r"\s*\|?[\s:|-]*-[\s:|-]*\|?\s*")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_END = re.compile(r"(?<=[.!?])[\"')\u201d\u2019]*\s+(?=[\"'(\u201c\u2018]*[A-Z0-9$\u00c0-\u00de])")
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|approx|No|Nos|St|Dr|Mr|Mrs|Ms|Inc|Ltd|Co|Fig|Dept|[A-Z])|\b[a-z]\.[a-z])\.$"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest thing that is quoted: a sentence, or a whole list with the words that lead into it.

    `lines` of a sentence is one text; of a list, the lead-in (may be empty) and then its items.
    """

    kind: Kind
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words as they are shown."""
        if self.kind == "sentence":
            return self.lines[0]
        items = self.lines[1:]
        marks = (
            (f"{n}. " for n in range(1, len(items) + 1)) if self.kind == "steps" else ("- " for _ in items)
        )
        shown = [mark + item for mark, item in zip(marks, items, strict=False)]
        return "\n".join(([self.lines[0]] if self.lines[0] else []) + shown)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an article that answers one thing; `paragraphs` are the numbers of its units' paragraphs."""

    article: str
    title: str
    url: str | None
    heading: str | None
    units: tuple[Unit, ...]
    paragraphs: tuple[int, ...]

    @property
    def text(self) -> str:
        """All units, paragraphs apart."""
        parts: list[str] = []
        for index, unit in enumerate(self.units):
            new = index == 0 or self.paragraphs[index] != self.paragraphs[index - 1]
            listed = unit.kind != "sentence" or (index > 0 and self.units[index - 1].kind != "sentence")
            parts += [("" if index == 0 else "\n" if new or listed else " "), unit.text]
        return "".join(parts)

    @property
    def name(self) -> str:
        """Title and heading, as searches read them."""
        return f"{self.title}. {self.heading}" if self.heading else self.title

    def to_wire(self) -> dict[str, Any]:
        """Return the passage as JSON holds it."""
        return {
            "article": self.article,
            "title": self.title,
            "url": self.url,
            "heading": self.heading,
            "units": [[unit.kind, *unit.lines] for unit in self.units],
            "paragraphs": list(self.paragraphs),
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Passage:
        """Return the passage that `to_wire` wrote."""
        units = tuple(Unit(kind, tuple(lines)) for kind, *lines in wire["units"])
        return cls(
            wire["article"], wire["title"], wire["url"], wire["heading"], units, tuple(wire["paragraphs"])
        )


def passages(article: Article, hosts: Collection[str] = ()) -> list[Passage]:
    """Return the passages of an article, one for each heading; a long section gives several."""
    made = []
    for section in article.sections:
        for group in _fitting(list(_paragraphs(section.lines, hosts))):
            units = tuple(unit for paragraph in group for unit in paragraph)
            numbers = tuple(number for number, paragraph in enumerate(group) for _ in paragraph)
            made.append(Passage(article.slug, article.title, article.url, section.heading, units, numbers))
    return made


def sentences(text: str) -> list[str]:
    """Split a paragraph into sentences.

    >>> sentences("Press it for 3 s. Wait, e.g. for a beep.")
    ['Press it for 3 s.', 'Wait, e.g. for a beep.']
    """
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        piece = text[start : end.start() + len(end[0].rstrip())].strip()
        if _SHORT.search(piece.rstrip("\"')\u201d\u2019")):
            continue
        found.append(piece)
        start = end.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _fitting(paragraphs: Sequence[Sequence[Unit]]) -> Iterator[list[Sequence[Unit]]]:
    """Group paragraphs so that no group is too long, unless one paragraph alone is."""
    group: list[Sequence[Unit]] = []
    length = 0
    for paragraph in paragraphs:
        own = sum(len(unit.text) + 1 for unit in paragraph)
        if group and length + own > LONGEST:
            yield group
            group, length = [], 0
        group.append(paragraph)
        length += own
    if group:
        yield group


def _paragraphs(lines: Iterable[str], hosts: Collection[str]) -> Iterator[list[Unit]]:
    """Yield the units of each paragraph; a list takes the sentence that ends with a colon before it."""
    pending: list[Unit] = []
    for kind, block in _blocks(lines):
        texts = list(filter(None, (plain(line, hosts) for line in block)))
        if not texts:
            continue
        if kind == "sentence":
            if pending:
                yield pending
            pending = [Unit("sentence", (sentence,)) for text in texts for sentence in sentences(text)]
            continue
        lead = ""
        if pending and pending[-1].lines[0].endswith(":"):
            lead = pending.pop().lines[0]
        yield [*pending, Unit(kind, (lead, *texts))]
        pending = []
    if pending:
        yield pending


def _blocks(lines: Iterable[str]) -> Iterator[tuple[Kind, list[str]]]:
    """Yield blocks of Markdown: a paragraph as one text, a list as its items, a table as its rows."""
    kind: Kind = "sentence"
    block: list[str] = []
    for raw in [*lines, ""]:
        line = raw.strip().lstrip(">").strip()
        item = _ITEM.fullmatch(raw.lstrip("> ") if raw.lstrip().startswith(">") else raw)
        if _FENCE.match(raw) or (_RULE.fullmatch(raw) and not item):
            continue
        if line.startswith("|") and _TABLE_RULE.fullmatch(line):
            block = block[:-1] if kind == "points" else block
            continue
        row = _row(line) if line.startswith("|") else None
        found: Kind = "points" if row or (item and item[2] in "-*+") else "steps" if item else "sentence"
        text = row or (item[3] if item else line)
        goes_on = not item and not row and bool(line) and bool(block)
        if goes_on and (kind == "sentence" or raw[:1] in " \t"):
            block[-1] += f" {line}"
        elif line and block and found == kind != "sentence":
            block.append(text)
        elif line or kind == "sentence":
            if block:
                yield kind, block
            kind, block = found, [text] if line else []
    if block:
        yield kind, block


def _row(line: str) -> str:
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    first, *others = [cell for cell in cells if cell] or [""]
    return f"{first}: {', '.join(others)}" if others else first
