"""Whether words are a yes, told by the words themselves: "by all means", "that's correct, thank you"."""

from __future__ import annotations

import re
from pathlib import Path

from actions.flows.phrases import pattern, plain

TABLE = Path(__file__).with_name("yes_words.yml")
# What is left of "ok, just go now".
GO = re.compile(r"(?:(?:please|just|then|now|lets) )*go(?: (?:please|now|then))*")
LONGEST = 14  # words; a longer answer may hold anything
# Marks that make a question of words, or a no; `plain` leaves them out.
DOUBTS = re.compile(
    "[?\N{FULLWIDTH QUESTION MARK}\N{ARABIC QUESTION MARK}\N{THUMBS DOWN SIGN}\N{CROSS MARK}\N{NO ENTRY SIGN}]"
)


def agrees(text: str) -> bool:
    """Tell whether the words are a yes, and nothing in them takes it back or asks for something else."""
    words, yes = plain(text), pattern(TABLE, "yes")
    if DOUBTS.search(text) or any(mark.isdigit() for mark in words) or len(words.split()) > LONGEST:
        return False
    left = without_yes(words)
    if GO.fullmatch(left):
        return True
    return bool(yes.search(words)) and not pattern(TABLE, "no").search(left)


def without_yes(words: str) -> str:
    """Take out of plain words what is a yes."""
    return " ".join(pattern(TABLE, "yes").sub(" ", words).split())
