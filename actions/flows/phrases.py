"""The words of customers, and the tables of phrases by which a subject is told: both in lower case, without marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from frontdesk.formats import yaml

APOSTROPHES = re.compile(r"['\N{RIGHT SINGLE QUOTATION MARK}]")
MARKS = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Write words in lower case, without marks, with one space between them."""
    return MARKS.sub(" ", APOSTROPHES.sub("", text.lower())).strip()


@cache
def phrases(file: Path) -> Mapping[str, tuple[str, ...]]:
    """Read a table of phrases by subject, the longest first; "..." in one stands for some words."""
    table = yaml.read(file)
    return {
        str(subject): tuple(sorted((_with_gaps(str(cue)) for cue in found), key=len, reverse=True))
        for subject, found in table.items()
    }


def _with_gaps(cue: str) -> str:
    """Write a phrase plainly, except for the gaps in it."""
    return " ... ".join(map(plain, cue.split("...")))


@cache
def pattern(file: Path, subject: str) -> re.Pattern[str]:
    """Return what finds the phrases of a subject."""
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, phrases(file)[subject]))})\b")


def speaks(file: Path, subject: str, text: str) -> bool:
    """Tell whether a phrase of a subject stands in the words."""
    return pattern(file, subject).search(plain(text)) is not None
