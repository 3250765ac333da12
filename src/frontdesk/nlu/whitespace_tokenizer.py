"""Cut a text into words at white space and at the punctuation around them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Message, Token
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.options import LONGEST, merged
from frontdesk.nlu.token_pattern import OPTIONS, cut, token_pattern

NAME = "WhitespaceTokenizer"
DEFAULTS: Mapping[str, Any] = {**OPTIONS, "case_sensitive": None}
_JOINERS = "\u200c\u200d"
_MARK_BLOCKS = ((0x300, 0x3100), (0xA800, 0xAC00), (0xFE00, 0xFE30))


def _marks() -> str:
    # The `re` module does not count combining marks as parts of words, which would cut Hindi or Arabic apart.
    points = (chr(point) for start, end in _MARK_BLOCKS for point in range(start, end))
    return "".join(char for char in points if unicodedata.category(char)[0] == "M") + _JOINERS


_WORD = rf"\w{_marks()}#@&"
_URL = r"._~:/?\[\]()!$*+,;="
_SEPARATOR = re.compile(
    # punctuation after a word or alone
    rf"[^{_WORD}]+(?=\s|\Z)"
    # punctuation before a word, but not the sign or currency before a number
    rf"|(?:(?<=\s)|^|\s)[^{_WORD}]+(?=[^0-9\s])"
    # punctuation inside a word, unless it may be part of a number, an address or a link
    rf"|(?<=[^0-9\s])[^{_WORD}{_URL}-]+(?=[^0-9\s])"
)
_SYMBOLS = frozenset({"Mn", "Me", "Cf", "So", "Sk"})


class WhitespaceTokenizer:
    """Cut texts into tokens as Rasa's tokenizer of that name does.

    `token_pattern` cuts tokens further: every match of it becomes a token. Emoji alone are no tokens; a text
    of nothing but punctuation is one token.
    """

    prepares = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self._pattern = token_pattern(NAME, self.options)

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn nothing; say where an option went that Rasa took out."""
        if self.options["case_sensitive"] is not None:
            context.progress(
                f"{NAME}: 'case_sensitive' is an option of the featurizers; it changes nothing here."
            )

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Set the tokens of each message."""
        return [message.but(tokens=tuple(self.tokenize(message.text))) for message in messages]

    def tokenize(self, text: str) -> Iterator[Token]:
        """Yield the tokens of a text with their character offsets."""
        yield from cut(_tokens(text[:LONGEST]), self._pattern)

    def save(self, folder: Path) -> None:
        """Write nothing: the options say it all."""

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read nothing."""


def _tokens(text: str) -> Iterator[Token]:
    found = False
    for start, end in _words(text):
        found = True
        yield Token(text[start:end], start, end)
    if not found and text.strip():
        start, end = len(text) - len(text.lstrip()), len(text.rstrip())
        yield Token(text[start:end], start, end)


def _words(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    for gap in _SEPARATOR.finditer(text):
        yield from _spans(text, position, gap.start())
        position = gap.end()
    yield from _spans(text, position, len(text))


def _spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in re.finditer(r"\S+", text[start:end]):
        word = match.group()
        if word.isalnum() or not all(unicodedata.category(char) in _SYMBOLS for char in word):
            yield start + match.start(), start + match.end()
