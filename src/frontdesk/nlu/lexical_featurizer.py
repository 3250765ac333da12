"""Describe each token by its shape and its place, and by those of its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Features, Message, SparseVector, Token
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.options import merged
from frontdesk.nlu.storage import read_json, write_json
from frontdesk.nlu.vectors import TokenFeatures, add, sparse

DEFAULTS: Mapping[str, Any] = {
    "features": [
        ["low", "title", "upper"],
        ["BOS", "EOS", "low", "upper", "title", "digit"],
        ["low", "title", "upper"],
    ],
}
_OF_TOKEN: Mapping[str, Callable[[str], object]] = {
    "low": str.islower,
    "title": str.istitle,
    "upper": str.isupper,
    "digit": str.isdigit,
    "prefix5": lambda text: text[:5],
    "prefix2": lambda text: text[:2],
    "suffix5": lambda text: text[-5:],
    "suffix3": lambda text: text[-3:],
    "suffix2": lambda text: text[-2:],
    "suffix1": lambda text: text[-1:],
    # Part-of-speech tags come from a tagger; without one they are the same for every token.
    "pos": lambda text: None,
    "pos2": lambda text: None,
}
_NAMES = ("BOS", "EOS", *_OF_TOKEN)
_FILE = "features.json"


class LexicalSyntacticFeaturizer:
    """Give each token a one-hot part for each feature of itself and of its neighbours.

    `features` lists, for each place of the window (its middle is the token itself), the features to take.
    """

    prepares = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged("LexicalSyntacticFeaturizer", DEFAULTS, options)
        self.origin = str(self.options.get("alias") or "LexicalSyntacticFeaturizer")
        self._window = _checked(self.options["features"])
        self._columns: dict[str, int] = {}

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Give a number to every value that a feature has in the examples."""
        seen = {key for message in context.messages for row in self._raw(message.tokens) for key in row}
        self._columns = {key: column for column, key in enumerate(sorted(seen))}

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add the features of the tokens; the sentence gets none."""
        return [message if message.final else self._describe(message) for message in messages]

    def _describe(self, message: Message) -> Message:
        tokens = message.tokens

        def compute() -> list[SparseVector]:
            known, size = self._columns, len(self._columns)
            return [
                sparse({known[key]: 1.0 for key in row if key in known}, size) for row in self._raw(tokens)
            ]

        return add(message, Features(self.origin, None, TokenFeatures(len(tokens), compute)))

    def _raw(self, tokens: Sequence[Token]) -> list[list[str]]:
        half = len(self._window) // 2
        rows = []
        for position in range(len(tokens)):
            row = []
            for place, names in enumerate(self._window):
                index = position + place - half
                if 0 <= index < len(tokens):
                    row += [f"{place}:{name}={_value(name, tokens, index)}" for name in names]
            rows.append(row)
        return rows

    def save(self, folder: Path) -> None:
        """Write the numbering of the features."""
        write_json(folder / _FILE, sorted(self._columns, key=self._columns.__getitem__))

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read the numbering of the features."""
        self._columns = {key: column for column, key in enumerate(read_json(folder / _FILE))}


def _value(name: str, tokens: Sequence[Token], index: int) -> object:
    if name == "BOS":
        return index == 0
    if name == "EOS":
        return index == len(tokens) - 1
    return _OF_TOKEN[name](tokens[index].text)


def _checked(window: Any) -> list[list[str]]:
    shaped = isinstance(window, list) and all(isinstance(names, list) for names in window)
    if not shaped or any(name not in _NAMES for names in window for name in names):
        raise ConfigError(
            f"LexicalSyntacticFeaturizer: 'features' is {window!r}.",
            hint=f"It must be a list of lists of these names: {', '.join(_NAMES)}.",
        )
    return [list(names) for names in window]
