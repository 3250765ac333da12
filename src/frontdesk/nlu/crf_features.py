"""What a token tells the entity extractor about itself and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frontdesk.core.message import Token
from frontdesk.errors import ConfigError

DENSE = "text_dense_features"
PATTERN = "pattern"
WORDS = 5_000  # whose features are kept
_AFFIX = re.compile(r"(prefix|suffix)([1-9])")


def shape(text: str) -> str:
    """Return a text's outline: "Xx" for a capitalised word, "x0" for letters then digits; signs stay."""

    def letters(match: re.Match[str]) -> str:
        run = match.group()
        if run.isupper():
            return "X" if len(run) == 1 else "XX"
        return "Xx" if run[0].isupper() else "x"

    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", letters, text))


_OF_TOKEN: Mapping[str, Callable[[str], Any]] = {
    "low": str.lower,
    "title": str.istitle,
    "upper": str.isupper,
    "digit": str.isdigit,
    "bias": lambda text: "",
    "shape": shape,
    # A plural and its singular look the same.
    "stem": lambda text: text.lower().removesuffix("s"),
}
_UNTAGGED = ("pos", "pos2")
"""Part-of-speech tags come from a tagger; without one they say nothing and are left out."""

WINDOW: list[list[str]] = [
    ["low", "shape"],
    ["low", "title", "upper", "suffix3", "shape"],
    [
        "low", "stem", "bias", "prefix5", "prefix3", "prefix2", "suffix5", "suffix3", "suffix2", "upper",
        "title", "digit", "shape", "pattern", "pair", "text_dense_features",
    ],
    ["low", "title", "upper", "suffix3", "shape"],
    ["low", "shape"],
]  # fmt: skip
"""What is taken of the token in the middle and of two neighbours on either side."""


class WindowFeatures:
    """Turn tokens into the names of the features that hold for each.

    `window` lists, for each place around the token, the features to take: low, title, upper, digit, bias,
    shape, stem, prefixN, suffixN, pattern (what a RegexFeaturizer found there), pair (this word and the
    next), text_dense_features.
    """

    def __init__(self, window: Any) -> None:
        self.window = _checked(window)
        self.half = len(self.window) // 2
        names = {name for place in self.window for name in place}
        self.dense = tuple(place - self.half for place, taken in enumerate(self.window) if DENSE in taken)
        self._single = {name: _reader(name) for name in names - {PATTERN, DENSE, "pair", *_UNTAGGED}}
        self._known: dict[str, Mapping[str, str]] = {}

    def describe(self, tokens: Sequence[Token], patterns: Sequence[Sequence[int]] = ()) -> list[list[str]]:
        """Return the features of each token; `patterns` are the numbers of the patterns that touch each."""
        known = [self._alone(token.text) for token in tokens]
        described = []
        for position in range(len(tokens)):
            features: list[str] = []
            for place, names in enumerate(self.window):
                index = position + place - self.half
                if index < 0 or index >= len(tokens):
                    if index in (-1, len(tokens)):
                        features.append("BOS" if index < 0 else "EOS")
                    continue
                prefix = f"{place - self.half}:"
                single = known[index]
                features += [prefix + single[name] for name in names if name in single]
                if PATTERN in names and patterns:
                    features += [f"{prefix}pattern={number}" for number in patterns[index]]
                if "pair" in names and index + 1 < len(tokens):
                    pair = f"{tokens[index].text.lower()} {tokens[index + 1].text.lower()}"
                    features.append(f"{prefix}pair={pair}")
            described.append(features)
        return described

    def _alone(self, text: str) -> Mapping[str, str]:
        """Return what is taken of a word by itself; the same words come again and again."""
        found = self._known.get(text)
        if found is None:
            found = {name: f"{name}={read(text)}" for name, read in self._single.items()}
            if len(self._known) < WORDS:
                self._known[text] = found
        return found


def _reader(name: str) -> Callable[[str], Any]:
    if name in _OF_TOKEN:
        return _OF_TOKEN[name]
    kind, length = name[:6], int(name[6:])
    if kind == "prefix":
        return lambda text: text[:length].lower()
    return lambda text: text[-length:].lower()


def _checked(window: Any) -> list[list[str]]:
    if (
        not isinstance(window, list)
        or len(window) % 2 != 1
        or not all(isinstance(place, list) for place in window)
    ):
        raise ConfigError(
            f"CRFEntityExtractor: 'features' is {window!r}.",
            hint="It must be an odd number of lists of names; the middle one is for the token itself.",
        )
    special = {PATTERN, DENSE, "pair", *_UNTAGGED, *_OF_TOKEN}
    for name in (name for place in window for name in place):
        if name not in special and not _AFFIX.fullmatch(str(name)):
            hint = f"There are: {', '.join(sorted(special))}, prefixN and suffixN (N from 1 to 9)."
            raise ConfigError(f"CRFEntityExtractor: there is no feature '{name}'.", hint=hint)
    return [[str(name) for name in place] for place in window]
