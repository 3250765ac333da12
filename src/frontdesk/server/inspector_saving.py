"""Save what was learnt: first as a preview of every changed line, then, with the preview's digest, for real."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from frontdesk.channels.http import Refusal
from frontdesk.core.codec import entity_to_wire
from frontdesk.core.domain import DEFAULT_INTENTS, Domain
from frontdesk.core.events import Event
from frontdesk.core.message import Entity
from frontdesk.core.training import Place
from frontdesk.formats.annotations import parse
from frontdesk.formats.document import Document
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.told import story_of
from frontdesk.formats.write_back import Additions

AROUND = 3  # lines shown before and after a change


class Plan(Protocol):
    """Something that is to be added to the project's files."""

    def add(self, additions: Additions, domain: Domain) -> Place:
        """Add it, and return where it will stand. Raises ConfigError."""


@dataclass(frozen=True)
class Example:
    """A sentence, annotated as in training files, that means an intent; what is new in it goes into the domain."""

    intent: str
    annotated: str

    def add(self, additions: Additions, domain: Domain) -> Place:
        """Add it to the examples of its intent."""
        text, entities = parse(self.annotated)
        if text.startswith("/"):
            raise Refusal(400, "BadRequest", "A command that begins with '/' is read, not learnt.")
        [place] = additions.examples({self.intent: [self.annotated]})
        base = self.intent.split("/")[0]
        if base not in domain.intents and base not in DEFAULT_INTENTS:
            additions.name("intents", base)
        for name in dict.fromkeys(
            entity.entity for entity in entities if entity.entity not in domain.entities
        ):
            additions.name("entities", name)
        return place


@dataclass(frozen=True)
class StoryOf:
    """A conversation as a story; with `words` the user's words stand beside each intent."""

    name: str
    events: tuple[Event, ...]
    words: bool = False

    def add(self, additions: Additions, domain: Domain) -> Place:
        """Add it to the stories."""
        return additions.story(story_of(self.name, self.events, domain, e2e=self.words))


def save(layout: Layout, domain: Domain, plan: Plan, digest: str | None) -> dict[str, Any]:
    """Return what a plan changes in the files, or (with the digest of what was shown) change it.

    Raises ConfigError where it cannot be added, Refusal (409) where the files are no longer as they were shown.
    """
    additions = Additions(layout.folder, data=layout.data, domain=layout.domain)
    place = plan.add(additions, domain)
    files = additions.changed
    now = _digest(files)
    if digest is not None:
        if digest != now:
            raise Refusal(
                409, "Conflict", "The files changed in the meantime. Please look at the preview again."
            )
        additions.commit()
    return {
        "place": str(place),
        "digest": now,
        "saved": digest is not None,
        "files": [{"name": f.name, "new": f.before is None, "lines": list(_lines(f))} for f in files],
    }


def bare(entities: Sequence[Entity]) -> list[dict[str, Any]]:
    """Return entities as a training file has them."""
    return [entity_to_wire(entity) for entity in entities]


def _digest(files: Sequence[Document]) -> str:
    found = hashlib.sha256()
    for document in files:
        for part in (document.name.encode(), document.before or b"", document.raw):
            found.update(hashlib.sha256(part).digest())
    return found.hexdigest()


def _lines(document: Document) -> Iterable[dict[str, Any]]:
    """Yield the changed lines and a few around them, each with its number in the new file."""
    before, after = _text(document.before or b""), _text(document.raw)
    number = 0
    for line in list(difflib.unified_diff(before, after, lineterm="", n=AROUND))[2:]:
        if line.startswith("@@"):
            number = int(line.split("+")[1].split(",")[0].split(" ")[0]) - 1
            continue
        kind = {"+": "added", "-": "removed"}.get(line[0], "same")
        number += kind != "removed"
        yield {"kind": kind, "number": number if kind != "removed" else None, "text": line[1:]}


def _text(raw: bytes) -> list[str]:
    return raw.decode("utf-8-sig").splitlines()
