"""Write what was learnt in a conversation back into a project's files: examples, stories, names of the domain.

Each thing goes to the file in which its kind already stands, in that file's own style; every other byte is kept. What
would not read back as it is meant is refused with one sentence (ConfigError), and nothing is written then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.training import Example, Place, Story, UserStep
from frontdesk.errors import ConfigError
from frontdesk.formats import nlu, stories
from frontdesk.formats.annotations import parse
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.document import Document, commit
from frontdesk.formats.domain_merge import KEYS as DOMAIN_KEYS
from frontdesk.formats.sources import Sources
from frontdesk.formats.yaml import Block, Items

_UNFIT = re.compile(r"[^\w-]+")


class Additions:
    """Things to be added to a project's files, all of them written at once by `commit`.

    `data` are the files or folders with training data (`data/`), `domain` the domain's file or folder.
    """

    def __init__(self, folder: Path, *, data: Sequence[Path] = (), domain: Path | None = None) -> None:
        self._sources = Sources(folder)
        self._data = [*data] or [folder / "data"]
        named = self._sources.first("domain.yml", "domain.yaml", "domain")
        self._domain = domain or named or folder / "domain.yml"
        self._training = self._read(self._data)
        self._domains = self._read([self._domain])

    def commit(self) -> None:
        """Write everything that was added. Raises ConfigError where a file was changed in the meantime."""
        commit([*{document.path: document for document in (*self._training, *self._domains)}.values()])

    @property
    def changed(self) -> list[Document]:
        """The files that `commit` will write, each once."""
        read = {document.path: document for document in (*self._training, *self._domains)}
        return [document for document in read.values() if document.changed]

    def examples(self, examples: Mapping[str, Sequence[str]], target: Path | None = None) -> list[Place]:
        """Add annotated sentences to intents; returns where each one stands.

        A sentence goes to where its intent has most of its examples; `target` is for intents that have none. One that
        is there already is left as it is.
        """
        wanted = [_parsed(intent, text) for intent, texts in examples.items() for text in texts]
        for intent, texts in examples.items():
            known = [example for document in self._training for example in _examples(document)]
            new: dict[str, Example] = {}
            for text in texts:
                example = _parsed(intent, text)
                if example not in known and example not in new.values():
                    new[text.strip()] = example
            if new:
                _add_to_intent(self._home_of(intent, target), intent, [*new])
        now = [example for document in self._training for example in _examples(document)]
        places = []
        for example in wanted:
            found = next((known.place for known in now if known == example), None)
            if found is None:
                raise ConfigError(
                    f"'{example.text}' would not read back as it is.", hint="Nothing was written."
                )
            places.append(found)
        return places

    def story(self, story: Story, target: Path | None = None) -> Place:
        """Add a story to the file with most stories (or to `target`); returns where it stands.

        One with the same steps that is there already is left as it is. Raises ConfigError where another story has
        its name, or where the user says nothing in it.
        """
        if not any(isinstance(step, UserStep) for step in story.steps):
            raise ConfigError(
                "The user says nothing in this conversation.", hint="There is no story to write."
            )
        for known in (known for document in self._training for known in _stories(document)):
            if known.steps == story.steps and known.place is not None:
                return known.place
            if known.name == story.name:
                raise ConfigError(
                    f"A story is called '{story.name}' already.",
                    where=str(known.place),
                    hint="Give it another name.",
                )
        document = self._home_of_stories(target)
        _append(document, "stories", stories.written_stories([story])[0])
        *_, last = _stories(document)
        if last != story or last.place is None:
            what = f"The story '{story.name}' would not read back as it is."
            raise ConfigError(what, where=document.name, hint="Nothing was written.")
        return last.place

    def story_names(self) -> set[str]:
        """Return the names that stories have."""
        return {story.name for document in self._training for story in _stories(document)}

    def name(self, section: str, name: str) -> Place:
        """Add a name to the lists `intents`, `entities` or `actions` of the domain; returns where it stands."""
        return self._to_domain(section, name, name)

    def response(self, name: str, text: str) -> Place:
        """Add a response to the domain; returns where it stands."""
        return self._to_domain("responses", name, [{"text": text}])

    def _to_domain(self, section: str, name: str, value: Any) -> Place:
        for document in self._domains:
            known = _names(document, section).get(name)
            if known is not None:
                return known
        document = self._home_in_domain(section)
        if section == "responses":
            added = document.add_pair((section,), name, value) or document.add_pair(
                (), section, {name: value}
            )
            if not added:
                raise _unfit(document, section)
        else:
            _append(document, section, value)
        return _names(document, section)[name]

    # Where things belong.

    def _read(self, paths: Sequence[Path]) -> list[Document]:
        found = [p for path in paths for p in (self._sources.yaml_files(path) if path.is_dir() else [path])]
        return [Document(path, self._sources.name(path)) for path in found if path.exists()]

    def _document(self, path: Path, documents: list[Document]) -> Document:
        known = next((d for d in documents if d.path.resolve() == path.resolve()), None)
        if known is None:
            known = Document(path, self._sources.name(path))
            documents.append(known)
        return known

    def _home_of(self, intent: str, target: Path | None) -> Document:
        counts = [(sum(e.intent == intent for e in _examples(d)), d) for d in self._training]
        best = max(counts, key=lambda pair: pair[0], default=(0, None))
        if best[1] is not None and best[0]:
            return best[1]
        if target is not None:
            return self._document(target, self._training)
        held = [({e.intent for e in _examples(d)}, d) for d in self._training]
        held = [pair for pair in held if pair[0]]
        if "/" in intent:
            base = intent.split("/")[0] + "/"
            held = [pair for pair in held if any(name.startswith(base) for name in pair[0])] or held
        intents, document = max(held, key=lambda pair: len(pair[0]), default=(set(), None))
        if document is None:
            return self._document(self._fresh("nlu", intent), self._training)
        if len(intents) > 1 or len(held) == 1:
            return document
        # each file holds one intent: so does a new one
        return self._document(document.path.with_name(_file_name(intent)), self._training)

    def _home_of_stories(self, target: Path | None) -> Document:
        if target is not None:
            return self._document(target, self._training)
        having = [document for document in self._training if "stories" in document.root]
        if having:
            return max(having, key=lambda document: len(_stories(document)))
        return self._document(self._fresh("stories", "stories"), self._training)

    def _fresh(self, kind: str, name: str) -> Path:
        """Return where a new training file goes: into the folder of its kind, where there is one."""
        data = self._data[0]
        if data.suffix in (".yml", ".yaml"):
            return data
        return data / kind / _file_name(name) if (data / kind).is_dir() else data / f"{kind}.yml"

    def _home_in_domain(self, section: str) -> Document:
        having = [document for document in self._domains if section in document.root]
        if having:
            return max(having, key=lambda document: len(_names(document, section)))
        of_domain = [d for d in self._domains if any(key in d.root for key in DOMAIN_KEYS[1:])]
        if of_domain:
            return of_domain[0]
        path = self._domain / "domain.yml" if self._domain.is_dir() else self._domain
        return self._document(path, self._domains)


def _parsed(intent: str, written: str) -> Example:
    text, entities = parse(written.strip())
    if not text:
        raise ConfigError(f"An example of '{intent}' is empty.", hint="Nothing was written.")
    return Example(text, intent, entities)


def _examples(document: Document) -> tuple[Example, ...]:
    return nlu.read(document.root, Complaints()).examples


def _stories(document: Document) -> tuple[Story, ...]:
    return stories.read_stories(document.root, Complaints())


def _names(document: Document, section: str) -> dict[str, Place]:
    """Return what a section of a domain file names, and where."""
    found = document.root.get(section)
    if isinstance(found, Block):
        return {name: found.at(name) for name in found}
    if not isinstance(found, Items):
        return {}
    return {str(next(iter(item), "") if isinstance(item, Block) else item): at for item, at in found.placed()}


def _add_to_intent(document: Document, intent: str, sentences: Sequence[str]) -> None:
    """Add sentences to the longest list of examples of an intent, or else as a new entry of `nlu`."""
    entries = document.root.get("nlu")
    best: tuple[int, int] | None = None
    for number, entry in enumerate(entries if isinstance(entries, Items) else ()):
        if isinstance(entry, Block) and str(entry.get("intent")).strip() == intent:
            held = entry.get("examples")
            size = len(held) if isinstance(held, Items) else len(str(held).split("\n"))
            best = max(best or (0, number), (size, number), key=lambda pair: pair[0])
    one_line = not any("\n" in sentence for sentence in sentences)
    if best is not None and isinstance(entries, Items):
        keys = ("nlu", best[1], "examples")
        held = entries[best[1]].get("examples")
        if isinstance(held, Items):
            if document.add_items(keys, _as_neighbours(document, keys, held, sentences)):
                return
        elif one_line and document.add_lines(keys, sentences):
            return
    listed: Any = "".join(f"- {sentence}\n" for sentence in sentences)
    _append(
        document,
        "nlu",
        {"intent": intent, "examples": listed if one_line else [{"text": text} for text in sentences]},
    )


def _as_neighbours(
    document: Document, keys: tuple[str | int, ...], held: Items, sentences: Sequence[str]
) -> list[Any]:
    """Return sentences as the entries of a list of examples are: texts, or mappings with a text."""
    if not held or not isinstance(held[-1], Block):
        return [*sentences]
    block = document.written_as((*keys, len(held) - 1, "text")) == "|"
    return [{"text": f"{sentence}\n" if block else sentence} for sentence in sentences]


def _append(document: Document, section: str, value: Any) -> None:
    if not (document.add_items((section,), [value]) or document.add_pair((), section, [value])):
        raise _unfit(document, section)


def _unfit(document: Document, section: str) -> ConfigError:
    what = f"Nothing can be added to '{section}' as it is written here."
    return ConfigError(what, where=document.name, hint="Nothing was written; write it as an indented list.")


def _file_name(name: str) -> str:
    return f"{_UNFIT.sub('_', name).strip('_') or 'more'}.yml"
