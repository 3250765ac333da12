"""Whether words are a yes, told by the words themselves: "by all means", "that's correct, thank you"."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

TABLE = Path(__file__).with_name("yes_words.yml")
LONGEST = 14  # words; a longer answer may hold anything


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Read the words that agree, and those that take it back."""
    table = YAML(typ="safe").load(TABLE.read_text(encoding="utf-8"))

    def any_of(phrases: list[str]) -> re.Pattern[str]:
        listed = sorted((str(phrase) for phrase in phrases), key=len, reverse=True)
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, listed))})\b")

    return any_of(table["yes"]), any_of(table["no"])


def agrees(text: str) -> bool:
    """Tell whether the words are a yes, and nothing in them takes it back or asks for something else."""
    bare = re.sub(r"['\N{RIGHT SINGLE QUOTATION MARK}]", "", text.lower())
    plain = " ".join(re.sub(r"[^a-z0-9?]+", " ", bare).split())
    if not plain or "?" in plain or any(mark.isdigit() for mark in plain) or len(plain.split()) > LONGEST:
        return False
    yes, no = _patterns()
    return bool(yes.search(plain)) and not no.search(yes.sub(" ", plain))
