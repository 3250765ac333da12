"""Cut Chinese texts into words with jieba."""

from __future__ import annotations

import importlib.util
import logging
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Message, Token
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError, MissingExtra
from frontdesk.nlu.options import LONGEST, merged
from frontdesk.nlu.token_pattern import OPTIONS, cut, token_pattern

NAME = "JiebaTokenizer"
DEFAULTS: Mapping[str, Any] = {**OPTIONS, "dictionary_path": None}
_WORDS = "words"


class JiebaTokenizer:
    """Cut texts into words as jieba does; `dictionary_path` is a folder of further words, one a line."""

    prepares = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        if importlib.util.find_spec("jieba") is None:
            raise MissingExtra(NAME, "jieba")
        self.options = merged(NAME, DEFAULTS, options)
        self._pattern = token_pattern(NAME, self.options)
        self._dictionaries: list[Path] = []
        self._jieba: Any = None

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Read the further words. Raises ConfigError where their folder does not exist."""
        given = self.options["dictionary_path"]
        if given:
            folder = Path(str(given))
            if not folder.exists():
                raise ConfigError(f"{NAME}: there is no folder '{given}'.", hint="Correct 'dictionary_path'.")
            self._dictionaries = sorted(folder.glob("*")) if folder.is_dir() else [folder]
        self._open()

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Set the tokens of each message."""
        return [message.but(tokens=self._tokens(message.text[:LONGEST])) for message in messages]

    def _tokens(self, text: str) -> tuple[Token, ...]:
        words = self._jieba.tokenize(text)
        found = (Token(word, start, end) for word, start, end in words if word.strip())
        return tuple(cut(found, self._pattern))

    def _open(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own code has some that do not matter
            import jieba

            jieba.setLogLevel(logging.WARNING)
            self._jieba = jieba.Tokenizer()
            # the cache of its dictionary lies in a folder of this user only, since it is read back as code
            self._jieba.tmp_dir = tempfile.mkdtemp(prefix="frontdesk-jieba-")
            try:
                self._jieba.initialize()
                for file in self._dictionaries:
                    self._jieba.load_userdict(str(file))
            finally:
                shutil.rmtree(self._jieba.tmp_dir, ignore_errors=True)

    def save(self, folder: Path) -> None:
        """Write the further words."""
        for number, file in enumerate(self._dictionaries):
            (folder / _WORDS).mkdir(exist_ok=True)
            shutil.copy(file, folder / _WORDS / f"{number:03d}.txt")

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read the further words."""
        self._dictionaries = sorted((folder / _WORDS).glob("*.txt"))
        self._open()
