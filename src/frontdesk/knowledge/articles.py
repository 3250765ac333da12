"""Read the articles of a knowledge base: Markdown files with a YAML front matter."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.core.training import Place
from frontdesk.errors import ConfigError, YamlError, place
from frontdesk.formats import yaml
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.yaml import Block, Items
from frontdesk.knowledge.cleaning import host, plain, safe_url, visible, without_markup
from frontdesk.knowledge.facts import Facts

MAX_BYTES = 1_000_000
KEYS = ("title", "url", "topics", "questions", "updated")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_FENCE = re.compile(r" {0,3}(```|~~~)")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, as Markdown lines that are already cleaned and hold their facts."""

    heading: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """One article; `slug` is the path of its file below the folder, without the ending."""

    slug: str
    title: str
    url: str | None
    topics: tuple[str, ...]
    questions: tuple[str, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a folder gave; `notices` stop nothing, `hosts` are sites that answers may show."""

    articles: tuple[Article, ...]
    hosts: frozenset[str]
    notices: tuple[ConfigError, ...]


def read_articles(folder: Path, facts: Mapping[str, Any], hosts: Collection[str] = ()) -> Reading:
    """Read every .md file below a folder, in the order of their names.

    `hosts` are sites whose addresses articles may show, beside those that facts name. An article is untrusted
    text: what a reader cannot see is dropped. Raises ConfigError with file:line; several mistakes come as one
    ProjectError.
    """
    if not folder.is_dir():
        raise ConfigError("The folder of articles does not exist.", where=str(folder), hint="Check the path.")
    known = Facts(facts)
    own = frozenset(filter(None, (host(address) for address in (*known.addresses(), *hosts))))
    complaints = Complaints()
    articles = []
    for file in sorted(path for path in folder.rglob("*.md") if not _hidden(path, folder)):
        reader = _Reader(file, folder, known, own, complaints)
        try:
            article = reader.read()
        except ConfigError as error:
            complaints.caught(error)
            continue
        if article is not None:
            articles.append(article)
    complaints.raise_all()
    return Reading(tuple(articles), own, tuple(complaints.notices))


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


class _Reader:
    """Reads one file."""

    def __init__(
        self, file: Path, folder: Path, facts: Facts, hosts: Collection[str], complaints: Complaints
    ) -> None:
        self.file = file
        self.slug = file.relative_to(folder).with_suffix("").as_posix()
        self.name = str(file)
        self.facts = facts
        self.hosts = hosts
        self.complaints = complaints

    def read(self) -> Article | None:
        raw = self._text()
        text = visible(raw)
        if len(text) != len(raw.replace("\r\n", "\n")):
            self.complaints.notice("Characters that nobody sees were dropped.", self._first_invisible(raw))
        lines = text.split("\n")
        front, start = self._front_matter(lines)
        body = without_markup("\n".join(lines[start:])).split("\n")
        sections, heading = self._sections(body, start)
        title = self._words(front, "title") or heading
        if title is None:
            hint = "Begin the file with '---', 'title: ...', '---'."
            self.complaints.error("The article has no title.", Place(self.name, 1), hint)
            return None
        if not sections:
            self.complaints.error(
                "The article has no text.", Place(self.name, len(lines)), "Write some below the front matter."
            )
        return Article(
            self.slug,
            title,
            self._url(front),
            self._list(front, "topics"),
            self._list(front, "questions"),
            sections,
        )

    def _text(self) -> str:
        try:
            raw = self.file.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"The file cannot be read ({error.strerror or error}).", where=self.name
            ) from error
        if len(raw) > MAX_BYTES:
            raise ConfigError(
                "The article is larger than 1 MB.", where=self.name, hint="Split it into several."
            )
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise ConfigError(
                "This is not UTF-8 text.", where=place(self.name, line), hint="Save it as UTF-8."
            ) from error

    def _first_invisible(self, raw: str) -> Place:
        lines = raw.replace("\r\n", "\n").split("\n")
        found = (number for number, line in enumerate(lines, 1) if visible(line) != line)
        return Place(self.name, next(found, 1))

    def _front_matter(self, lines: list[str]) -> tuple[Block, int]:
        """Return the front matter, and the number of lines that it takes."""
        empty = Block(Place(self.name, 1))
        if lines[0].rstrip() != "---":
            return empty, 0
        ends = (number for number, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "..."))
        end = next(ends, None)
        if end is None:
            raise YamlError(
                "The front matter is not closed.", where=place(self.name, 1), hint="End it with '---'."
            )
        # The empty first line keeps the numbers of the others.
        front = self.complaints.block(
            yaml.read_text("\n" + "\n".join(lines[1:end]), self.name), Place(self.name, 1), "The front matter"
        )
        for key in front:
            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.8)
            if key not in KEYS and near:
                self.complaints.error(
                    f"The front matter has no key '{key}'.", front.at(key), f"Did you mean '{near[0]}'?"
                )
        return front, end + 1

    def _words(self, front: Block, key: str) -> str | None:
        if key not in front:
            return None
        found = self.complaints.text(front[key], front.at(key), f"'{key}'")
        return None if found is None else self._clean(found, front.text_at(key)) or None

    def _list(self, front: Block, key: str) -> tuple[str, ...]:
        if key not in front:
            return ()
        value = front[key]
        placed = value.placed() if isinstance(value, Items) else [(value, front.text_at(key))]
        found = []
        for entry, where in placed:
            text = self.complaints.text(entry, where, f"Each entry of '{key}'")
            found.append(self._clean(text, where) if text else "")
        return tuple(text for text in found if text)

    def _url(self, front: Block) -> str | None:
        if front.get("url") is None:
            return None
        found = self.complaints.text(front["url"], front.at("url"), "'url'")
        if found is not None and not safe_url(found):
            hint = "Write a path such as /help/page or an address with https://."
            self.complaints.error(f"'{found}' is no address that can be linked.", front.at("url"), hint)
        return found

    def _clean(self, text: str, where: Place) -> str:
        return plain(self.facts.fill(without_markup(text), where, self.complaints), self.hosts)

    def _sections(self, body: list[str], start: int) -> tuple[tuple[Section, ...], str | None]:
        """Return the sections, and the text of a `#` heading."""
        found: list[tuple[str | None, list[str]]] = [(None, [])]
        title: str | None = None
        above: str | None = None
        fenced = False
        for number, line in enumerate(body, start + 1):
            fenced ^= _FENCE.match(line) is not None
            heading = None if fenced else _HEADING.fullmatch(line)
            text = line if fenced else self.facts.fill(line, Place(self.name, number), self.complaints)
            if heading is None:
                found[-1][1].append(text)
                continue
            words = self._clean(heading[2], Place(self.name, number))
            if len(heading[1]) == 1:
                title = title or words
                above = None
            elif len(heading[1]) == 2:
                above = words
            found.append((_joined(above, words, len(heading[1])), []))
        kept = (
            Section(heading, tuple(lines)) for heading, lines in found if any(line.strip() for line in lines)
        )
        return tuple(kept), title


def _joined(above: str | None, words: str, level: int) -> str | None:
    if level == 1:
        return None
    return f"{above}: {words}" if above and level > 2 else words
