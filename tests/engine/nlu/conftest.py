"""A small training set about plants and music, and short ways to make things."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import Example, Labelled, Lookup, NluExamples, Pattern, Place
from frontdesk.nlu.pipeline import Pipeline
from frontdesk.nlu.whitespace_tokenizer import WhitespaceTokenizer
from frontdesk.registry import resolve
from frontdesk.testing.fakes import FakeEmbedder

ANNOTATED = re.compile(r"\[([^\]]+)\]\(([^):=]+)(?:=([^):]+))?(?::([^)]+))?\)")


def example(annotated: str, intent: str = "play") -> Example:
    """Read "[word](kind=value:role)" annotations."""
    text, last, entities = "", 0, []
    for match in ANNOTATED.finditer(annotated):
        text += annotated[last : match.start()]
        start = len(text)
        text += match[1]
        entities.append(Entity(match[2], match[3] or match[1], start, len(text), role=match[4]))
        last = match.end()
    return Example(text + annotated[last:], intent, tuple(entities), place=Place("nlu.yml", 7))


def messages(*texts: str) -> list[Message]:
    return WhitespaceTokenizer().process([Message(text) for text in texts])


def trained(
    component: Any, examples: NluExamples, *, prepared: Sequence[Message] | None = None, **context: Any
) -> Any:
    if prepared is None:
        prepared = messages(*(one.text for one in examples.examples))
    component.train(examples, TrainContext(messages=prepared, **context))
    return component


def reloaded(component: Any, folder: Path, **context: Any) -> Any:
    """Save a component, check that nothing but JSON and npz was written, and load it into a new one."""
    folder.mkdir(exist_ok=True)
    component.save(folder)
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".npz"}
    other = type(component)(component.options)
    other.load(folder, LoadContext(**context))
    return other


def pipeline(*parts: str | tuple[str, dict[str, Any]]) -> Pipeline:
    pairs = [(part, {}) if isinstance(part, str) else part for part in parts]
    return Pipeline([resolve("component", name)(options) for name, options in pairs])


GREETINGS = ("hello", "hi there", "good morning", "good evening", "hey you", "morning", "hello again", "hi")
SONGS = ("play a song", "play some jazz", "put on some music", "play the radio", "music please", "some jazz please",
         "play it again", "turn the music on")  # fmt: skip
PLANTS = ("water the roses", "the roses are dry", "give the fern some water", "my fern looks sad", "water my plants",
          "the plants need water", "are the roses dry", "feed the fern")  # fmt: skip
INTENTS = NluExamples(
    examples=tuple(
        Example(text, intent)
        for intent, texts in (("greet", GREETINGS), ("play", SONGS), ("care/water", PLANTS))
        for text in texts
    ),
    patterns=(Pattern("code", r"\b[A-Z]{2}\d{3}\b", Place("nlu.yml", 3)),),
    lookups=(Lookup("plant", ("fern", "rose", "rose bush")),),
    synonyms={"lp": "record"},
    sentiment=tuple(
        Labelled(text, label)
        for label, texts in (
            (
                "negative",
                ("this is awful", "I am so annoyed", "terrible, just terrible", "I hate this", "how awful"),
            ),
            (
                "neutral",
                (
                    "it is on the table",
                    "the red one",
                    "there are two of them",
                    "on monday",
                    "the table is red",
                ),
            ),
            (
                "positive",
                ("I love this!", "so lovely!", "what a lovely day", "I am so happy!", "love it, thanks!"),
            ),
        )
        for text in texts
    ),
)
EMBEDDER = FakeEmbedder(48)
