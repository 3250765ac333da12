"""SpacyNLP: read each message with a spaCy model, for the components that build on it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from frontdesk.core.message import Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError, MissingExtra
from frontdesk.nlu.options import LONGEST, merged
from frontdesk.nlu.storage import read_json, write_json

NAME = "SpacyNLP"
EXTRA = "spacy"
DEFAULTS: Mapping[str, Any] = {"model": None, "case_sensitive": False}
_FILE = "spacy.json"


@dataclass(frozen=True, slots=True)
class ReadMessage(Message):
    """A message with what spaCy read in it; `doc` stays in the process and is never written."""

    doc: Any = None


class SpacyNLP:
    """Read each message with the spaCy model `model` (its name as installed, or its folder).

    Without `model` the language's middle-sized one is taken, `en_core_web_md` for English. Unless
    `case_sensitive`, spaCy reads in lower case.
    """

    prepares = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        require()
        self.options = merged(NAME, DEFAULTS, options)
        self._name = str(self.options["model"]) if self.options["model"] else None
        if self._name:
            _look_for(self._name)
        self._nlp: Any = None

    def check(self, language: str | None) -> None:
        """Raise ConfigError where the model that the language has by default is not installed."""
        _look_for(self._name or _default(language))

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Load the model; there is nothing to learn."""
        self._open(self._name or _default(context.language))

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages with what spaCy read in them; final ones, too, since they are tokenized."""
        texts = [self._text(message.text) for message in messages]
        return [_with(message, doc) for message, doc in zip(messages, self._nlp.pipe(texts), strict=True)]

    def _text(self, text: str) -> str:
        text = text[:LONGEST]
        lower = text.lower()
        # a few letters get longer in lower case, and places would no longer fit
        return text if self.options["case_sensitive"] or len(lower) != len(text) else lower

    def _open(self, name: str) -> None:
        import spacy

        self._name = name
        try:
            self._nlp = spacy.load(name)
        except OSError as error:
            raise _missing(name) from error

    def save(self, folder: Path) -> None:
        """Write the name of the model; the model itself stays where it is installed."""
        write_json(folder / _FILE, {"model": self._name})

    def load(self, folder: Path, context: LoadContext) -> None:
        """Load the model by its name."""
        self._open(str(read_json(folder / _FILE)["model"]))


def _look_for(model: str) -> None:
    if not Path(model).is_dir() and importlib.util.find_spec(model) is None:
        raise _missing(model)


def _missing(model: str) -> ConfigError:
    hint = f"Install it: python -m spacy download {model}; or name the folder of a model as 'model'."
    return ConfigError(f"{NAME}: the spaCy model '{model}' is not installed.", hint=hint)


def require(part: str = NAME) -> None:
    """Raise MissingExtra where spaCy is not installed."""
    if importlib.util.find_spec("spacy") is None:
        raise MissingExtra(part, EXTRA)


def doc_of(message: Message, part: str) -> Any:
    """Return what spaCy read in a message. Raises ConfigError where no SpacyNLP came before."""
    if not isinstance(message, ReadMessage):
        raise ConfigError(f"{part} needs what spaCy reads.", hint="Put SpacyNLP before it in the pipeline.")
    return message.doc


def _with(message: Message, doc: Any) -> ReadMessage:
    known = {field.name: getattr(message, field.name) for field in fields(Message)}
    return ReadMessage(**known, doc=doc)


def _default(language: str | None) -> str:
    code = (language or "en").replace("_", "-").partition("-")[0].lower()
    return f"{code}_core_web_md" if code in ("en", "zh") else f"{code}_core_news_md"
