"""What is said to an assistant under load: conversations of several turns, in texts that are never repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ruamel.yaml import YAML

from bench.words import word

MIXES = Path(__file__).parent / "mixes"
SEED = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One message: which kind it is, its text, and what its answer must hold (an empty text: anything at all)."""

    kind: str
    text: str
    expects: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a kind of conversation, before its words are chosen."""

    kind: str
    expects: str


@dataclass(frozen=True, slots=True)
class Script:
    """A kind of conversation and how often it is held."""

    name: str
    weight: int
    turns: tuple[Turn, ...]


class Mix:
    """Makes up one conversation after the other; the same seed and numbers give the same ones.

    >>> mix = Mix.read("smallbot", first=0)
    >>> lines = next(mix.conversations())

    `first` is the number of the first word that is used, `facts` are sets of values for the placeholders of the
    sentences; a conversation takes one set. `used` counts the words, one for each line.
    """

    def __init__(
        self,
        scripts: Sequence[Script],
        pieces: Mapping[str, Sequence[Sequence[str]]],
        *,
        first: int = 0,
        facts: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self.scripts = scripts
        self.pieces = pieces
        self.first = first
        self.facts = facts or [{}]
        self.used = 0
        self._random = Random(SEED + first)

    @classmethod
    def read(cls, name: str, *, first: int = 0, facts: Sequence[Mapping[str, str]] = ()) -> Mix:
        """Read a mix of the folder `mixes`."""
        found = YAML(typ="safe", pure=True).load((MIXES / f"{name}.yml").read_text("utf-8"))
        scripts = [
            Script(
                str(each["name"]),
                int(each["weight"]),
                tuple(Turn(str(turn["say"]), str(turn.get("expects", ""))) for turn in each["turns"]),
            )
            for each in found["conversations"]
        ]
        return cls(scripts, found["pieces"], first=first, facts=facts)

    def conversations(self) -> Iterator[Iterator[Line]]:
        """Make up conversations without end."""
        weights = [script.weight for script in self.scripts]
        while True:
            script = self._random.choices(self.scripts, weights)[0]
            yield self._lines(script, self._random.choice(self.facts))

    def _lines(self, script: Script, facts: Mapping[str, str]) -> Iterator[Line]:
        for turn in script.turns:
            sentence = "".join(self._random.choice(column) for column in self.pieces[turn.kind])
            text = sentence.format(word=word(self.first + self.used), **facts)
            self.used += 1
            yield Line(turn.kind, text, turn.expects.format(**facts))
