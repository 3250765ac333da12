"""Read and write what the NLU learns from: intents, synonyms, regexes, lookups, sentiment, responses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from frontdesk.core.message import Entity
from frontdesk.core.training import Example, Labelled, Lookup, NluExamples, Pattern, Place
from frontdesk.errors import ConfigError, suggestion
from frontdesk.formats.annotations import annotate, parse
from frontdesk.formats.complaints import Complaints, describe
from frontdesk.formats.sources import Sources
from frontdesk.formats.writer import dump
from frontdesk.formats.yaml import Block, Items, plain

KINDS = ("intent", "synonym", "regex", "lookup")
_EDGES = "\n\r\t "


def read(root: Block, complaints: Complaints, sources: Sources | None = None) -> NluExamples:
    """Read the keys `nlu`, `sentiment` and `responses` of a training file.

    `sources` finds the text files that lookups refer to. What is wrong is noted in `complaints`.
    """
    reader = _Reader(complaints, sources)
    for item, place in complaints.items(root.get("nlu"), root.at("nlu"), "'nlu'").placed():
        reader.item(complaints.block(item, place, "An entry of 'nlu'"))
    for item, place in complaints.items(root.get("sentiment"), root.at("sentiment"), "'sentiment'").placed():
        reader.sentiment_item(complaints.block(item, place, "An entry of 'sentiment'"))
    responses = root.get("responses")
    return reader.result(plain(responses) if isinstance(responses, Block) else {})


def merge(parts: Iterable[NluExamples], complaints: Complaints | None = None) -> NluExamples:
    """Join what several files hold; lookups of one name become one, a synonym of two values is noticed."""
    examples: list[Example] = []
    patterns: list[Pattern] = []
    lookups: list[Lookup] = []
    synonyms: dict[str, str] = {}
    sentiment: list[Labelled] = []
    responses: dict[str, Any] = {}
    for part in parts:
        examples += part.examples
        patterns += part.patterns
        lookups += part.lookups
        sentiment += part.sentiment
        for wording, value in part.synonyms.items():
            known = synonyms.setdefault(wording, value)
            if known != value and complaints is not None:
                what = f"'{wording}' is a synonym of both '{known}' and '{value}'; the first one counts."
                complaints.notice(what, None)
        responses = {**part.responses, **responses}
    return NluExamples(
        tuple(examples), tuple(patterns), _joined(lookups), synonyms, tuple(sentiment), responses
    )


def write(nlu: NluExamples) -> str:
    """Write a training file; `read` gives the same again (but for the lines, and lookups become inline)."""
    content: dict[str, Any] = {"version": "3.1"}
    items = [*_intents(nlu.examples), *_synonyms(nlu), *_patterns(nlu.patterns)]
    items += [{"lookup": lookup.name, "examples": _listed(lookup.words)} for lookup in nlu.lookups]
    if items:
        content["nlu"] = items
    labels: dict[str, list[str]] = {}
    for sentence in nlu.sentiment:
        labels.setdefault(sentence.label, []).append(annotate(sentence.text, ()))
    if labels:
        content["sentiment"] = [{"label": name, "examples": _listed(texts)} for name, texts in labels.items()]
    if nlu.responses:
        content["responses"] = dict(nlu.responses)
    return dump(content)


class _Reader:
    def __init__(self, complaints: Complaints, sources: Sources | None) -> None:
        self._complaints = complaints
        self._sources = sources
        self._examples: list[Example] = []
        self._patterns: list[Pattern] = []
        self._lookups: list[Lookup] = []
        self._synonyms: dict[str, str] = {}
        self._sentiment: list[Labelled] = []

    def result(self, responses: Mapping[str, Any]) -> NluExamples:
        """Return everything read so far."""
        return NluExamples(
            tuple(self._examples),
            tuple(self._patterns),
            _joined(self._lookups),
            self._synonyms,
            tuple(self._sentiment),
            responses,
        )

    def item(self, block: Block) -> None:
        """Read one entry of `nlu`, whatever its kind."""
        kind = next((k for k in KINDS if k in block), None)
        if kind is None:
            first = next(iter(block), None)
            hint = f"An entry of 'nlu' begins with one of: {', '.join(KINDS)}."
            if first is not None:
                hint = suggestion(first, KINDS)
                self._complaints.error(f"No part of 'nlu' is called '{first}'.", block.at(first), hint)
            else:
                self._complaints.error("The entry is empty.", block.place, hint)
            return
        known = ("intent", "examples", "metadata") if kind == "intent" else (kind, "examples")
        self._complaints.keys(block, known, f"'{kind}'")
        name = self._complaints.text(block[kind], block.at(kind), f"The name after '{kind}:'")
        if name is None:
            return
        name = name.strip()
        if not block.get("examples"):
            self._complaints.doubt(
                f"The {kind} '{name}' has no examples.", block.at(kind), "Add some, or remove it."
            )
            return
        read_kind = {
            "intent": self._intent,
            "synonym": self._synonym,
            "regex": self._regex,
            "lookup": self._lookup,
        }
        read_kind[kind](name, block)

    def sentiment_item(self, block: Block) -> None:
        """Read one entry of `sentiment`: a label and its sentences."""
        self._complaints.keys(block, ("label", "examples"), "'sentiment'")
        label = self._complaints.text(block.get("label"), block.at("label"), "The 'label' of a sentiment")
        if label is None:
            return
        for written, place in self._written(block, label):
            parsed = self._parsed(written, place)
            if parsed is not None:
                self._sentiment.append(Labelled(parsed[0], label, place))

    def _intent(self, name: str, block: Block) -> None:
        about_intent = {"intent": plain(block["metadata"])} if "metadata" in block else {}
        examples = block["examples"]
        if isinstance(examples, Items):
            for item, place in examples.placed():
                self._mapped_example(name, item, place, about_intent)
            return
        for written, place in self._written(block, name):
            self._example(name, written, place, about_intent)

    def _mapped_example(self, intent: str, item: Any, place: Place, about_intent: Mapping[str, Any]) -> None:
        if isinstance(item, str):
            self._example(intent, item.strip(_EDGES), place, about_intent)
            return
        block = self._complaints.block(item, place, "An example")
        self._complaints.keys(block, ("text", "metadata"), "An example")
        text = self._complaints.text(block.get("text"), block.at("text"), "The 'text' of an example")
        if text is not None:
            metadata = (
                {**about_intent, "example": plain(block["metadata"])} if "metadata" in block else about_intent
            )
            self._example(intent, text.strip(_EDGES), block.text_at("text"), metadata)

    def _example(self, intent: str, written: str, place: Place, metadata: Mapping[str, Any]) -> None:
        parsed = self._parsed(written, place)
        if parsed is None:
            return
        text, entities = parsed
        for wording, value in _inline_synonyms(text, entities):
            self._synonym_of(wording, value, place)
        self._examples.append(Example(text, intent, entities, metadata, place))

    def _parsed(self, written: str, place: Place) -> tuple[str, tuple[Entity, ...]] | None:
        try:
            return parse(written, place)
        except ConfigError as error:
            self._complaints.caught(error)
            return None

    def _synonym(self, name: str, block: Block) -> None:
        for wording, place in self._written(block, name):
            self._synonym_of(wording, name, place)

    def _synonym_of(self, wording: str, value: str, place: Place) -> None:
        known = self._synonyms.setdefault(wording.lower(), value)
        if known != value:
            what = f"'{wording}' is a synonym of both '{known}' and '{value}'; the first one counts."
            self._complaints.notice(what, place)

    def _regex(self, name: str, block: Block) -> None:
        for pattern, place in self._written(block, name):
            try:
                re.compile(pattern)
            except re.error as error:
                what = f"'{pattern}' is no valid regular expression ({error})."
                self._complaints.error(what, place, "Put a backslash before characters that mean themselves.")
                continue
            self._patterns.append(Pattern(name, pattern, place))

    def _lookup(self, name: str, block: Block) -> None:
        examples = block["examples"]
        file = _file_name(examples)
        if file is not None and self._sources is not None:
            try:
                path = self._sources.inside(file.replace("\\", "/"), block.place.file)
                words = self._sources.read_lines(path)
            except ConfigError as error:
                # To Rasa a path is a word like any other, so this stops nothing.
                self._complaints.doubt(error.what, block.text_at("examples"), error.hint)
                words = [file]
            self._lookups.append(Lookup(name, tuple(words), block.at("lookup")))
            return
        words = [word for word, _ in self._written(block, name)]
        self._lookups.append(Lookup(name, tuple(words), block.at("lookup")))

    def _written(self, block: Block, name: str) -> Iterator[tuple[str, Place]]:
        """Yield the examples of a block with their lines, however they are written."""
        examples = block.get("examples")
        if isinstance(examples, Items):
            for item, place in examples.placed():
                text = self._complaints.text(item, place, f"An example of '{name}'")
                if text is not None:
                    yield text.strip(_EDGES), place
            return
        if not isinstance(examples, str):
            what = f"The examples of '{name}' must be lines that begin with '- ', not {describe(examples)}."
            self._complaints.error(
                what, block.at("examples"), "Write 'examples: |' and one example in each line below."
            )
            return
        first = block.text_at("examples")
        for index, line in enumerate(examples.split("\n")):
            stripped = line.strip(_EDGES)
            if not stripped:
                continue
            place = Place(first.file, (first.line or 0) + index)
            if not stripped.startswith("-"):
                what = f"An example of '{name}' does not begin with '-': {describe(stripped)}."
                self._complaints.doubt(what, place, "Write '- ' before it; an example is one line.")
                continue
            text = stripped[1:].strip(_EDGES)
            if text:
                yield text, place
            else:
                self._complaints.doubt(f"An example of '{name}' is empty.", place, "Remove the line.")


def _inline_synonyms(text: str, entities: Iterable[Entity]) -> Iterator[tuple[str, str]]:
    for entity in entities:
        wording = text[entity.start : entity.end]
        if str(entity.value) != wording:
            yield wording, str(entity.value)


def _file_name(examples: Any) -> str | None:
    """Return the text file that a lookup names: the only thing it holds, and spelt like a path."""
    if not isinstance(examples, str):
        return None
    only = examples.strip(_EDGES).removeprefix("- ").strip(_EDGES)
    return only if only.endswith(".txt") and "\n" not in only else None


def _joined(lookups: Iterable[Lookup]) -> tuple[Lookup, ...]:
    found: dict[str, Lookup] = {}
    for lookup in lookups:
        known = found.get(lookup.name)
        words = dict.fromkeys([*(known.words if known else ()), *lookup.words])
        found[lookup.name] = Lookup(lookup.name, tuple(words), known.place if known else lookup.place)
    return tuple(found.values())


def _intents(examples: Iterable[Example]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[Example]] = {}
    for example in examples:
        groups.setdefault((example.intent, repr(example.metadata.get("intent"))), []).append(example)
    items = []
    for (intent, _), members in groups.items():
        item: dict[str, Any] = {"intent": intent}
        if "intent" in members[0].metadata:
            item["metadata"] = members[0].metadata["intent"]
        if any("example" in m.metadata or "\n" in m.text for m in members):
            item["examples"] = [_mapped(m) for m in members]
        else:
            item["examples"] = _listed(annotate(m.text, m.entities) for m in members)
        items.append(item)
    return items


def _mapped(example: Example) -> dict[str, Any]:
    written: dict[str, Any] = {"text": annotate(example.text, example.entities)}
    if "example" in example.metadata:
        written["metadata"] = example.metadata["example"]
    return written


def _synonyms(nlu: NluExamples) -> list[dict[str, Any]]:
    inline = {(w.lower(), v) for e in nlu.examples for w, v in _inline_synonyms(e.text, e.entities)}
    groups: dict[str, list[str]] = {}
    for wording, value in nlu.synonyms.items():
        if (wording, value) not in inline:
            groups.setdefault(value, []).append(wording)
    return [{"synonym": value, "examples": _listed(wordings)} for value, wordings in groups.items()]


def _patterns(patterns: Iterable[Pattern]) -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = {}
    for pattern in patterns:
        groups.setdefault(pattern.name, []).append(pattern.pattern)
    return [{"regex": name, "examples": _listed(found)} for name, found in groups.items()]


def _listed(texts: Iterable[str]) -> str:
    return "".join(f"- {text}\n" for text in texts)
