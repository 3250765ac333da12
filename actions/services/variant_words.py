"""The words of options: how they are cut, written alike, compared and ordered, whatever a shop sells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from actions.services import matching
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("swap_words.yml")
PIECE = re.compile(r"[a-z]+|\d+(?:[.,]\d+)*|[-=]>|\N{RIGHTWARDS ARROW}|&")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")


@dataclass(frozen=True)
class Token:
    """A word or a figure of a text, as it is compared, with its place in the text."""

    word: str
    start: int
    end: int


@cache
def swap_words(file: Path = TABLE) -> Mapping[str, object]:
    """Read the table of words."""
    table: Mapping[str, object] = yaml.read(file)
    return table


@cache
def phrases(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the phrases of an entry, each cut into words, the longest first."""
    listed = swap_words()[name]
    assert isinstance(listed, list)
    cut = [tuple(token.word for token in tokens(str(phrase))) for phrase in listed]
    return tuple(sorted(cut, key=len, reverse=True))


@cache
def _alike(entry: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return which words are written as which other one, the longest first."""
    table = swap_words()[entry]
    assert isinstance(table, Mapping)
    pairs = [
        (tuple(PIECE.findall(str(other))), str(word)) for word, others in table.items() for other in others
    ]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def tokens(text: str) -> list[Token]:
    """Cut a text into words and figures: "750ml" is "750 ml"; "grey" and "gray" are one word, "inches" is "inch"."""
    plain = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    plain = re.sub(r"'(?:s|m|d|re|ll|ve)\b", lambda found: " " * len(found[0]), plain).replace("'", "\0")
    pieces: list[Token] = []
    for found in PIECE.finditer(plain.replace("n\0t", "nt ")):
        pieces.append(Token(THOUSANDS.sub("", found[0]), found.start(), found.end()))
    return _written_alike(pieces)


def _written_alike(pieces: Sequence[Token]) -> list[Token]:
    """Put one writing in place of several."""
    alike: list[Token] = []
    at = 0
    while at < len(pieces):
        after_figure = at > 0 and pieces[at - 1].word[0].isdigit()
        length, word = _one_writing(pieces[at:], after_figure)
        alike.append(Token(word, pieces[at].start, pieces[at + length - 1].end))
        at += length
    return alike


def _one_writing(pieces: Sequence[Token], after_figure: bool) -> tuple[int, str]:
    """Return how many pieces make one word, and how that is written."""
    for others, word in (*(_alike("units") if after_figure else ()), *_alike("same")):
        if tuple(token.word for token in pieces[: len(others)]) == others:
            return len(others), word
    return 1, matching.singular(pieces[0].word)


@cache
def units() -> frozenset[str]:
    """Return how units are written."""
    return frozenset(word for _, word in _alike("units"))


def words(text: str) -> tuple[str, ...]:
    """Cut a value or a name into words."""
    return tuple(token.word for token in tokens(text))


def found_at(wanted: Sequence[str], text: Sequence[Token], at: int) -> int:
    """Return how many tokens from a place on say the wanted words; 0 where they don't.

    A typo in a long word is forgiven, and so is "hardcover" for "hard cover" and the other way round.
    """
    if not wanted:
        return 0
    window = text[at : at + len(wanted)]
    if len(window) == len(wanted) and all(
        matching.same(token.word, word) for token, word in zip(window, wanted, strict=True)
    ):
        return len(wanted)
    joined = "".join(wanted)
    for length in range(1, len(wanted) + 2):
        window = text[at : at + length]
        if len(window) == length and len(joined) > 2 and "".join(token.word for token in window) == joined:
            return length
    return 0


def places(wanted: Iterable[Sequence[str]], text: Sequence[Token]) -> list[tuple[int, int]]:
    """Return where any of the phrases stands, as token ranges."""
    spans: list[tuple[int, int]] = []
    for at in range(len(text)):
        lengths = [len(phrase) for phrase in wanted if _stands(phrase, text, at)]
        if lengths and not (spans and spans[-1][1] > at):
            spans.append((at, at + max(lengths)))
    return spans


def _stands(phrase: Sequence[str], text: Sequence[Token], at: int) -> bool:
    """Tell whether a phrase stands at a place, word by word."""
    return tuple(token.word for token in text[at : at + len(phrase)]) == tuple(phrase)


def rank(value: str, values: Sequence[str]) -> float | None:
    """Return the place of a value among the values of its option; None where they have no order."""
    table = swap_words()["ladders"]
    assert isinstance(table, list)
    cut = {each: words(each) for each in values}
    shapes = {tuple("" if word[0].isdigit() else word for word in said) for said in cut.values()}
    if len(shapes) == 1 and "" in next(iter(shapes)):
        return next((float(word) for word in cut[value] if word[0].isdigit()), None) if value in cut else None
    for ladder in table:
        rungs = [words(str(rung)) for rung in ladder]
        if all(said in rungs for said in cut.values()):
            return float(rungs.index(cut[value]))
    return None
