"""Cut texts to what a channel shows as one message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Size = Callable[[str], int]
"""What one character counts, as a vendor counts."""


def as_character(_: str) -> int:
    """Count each character as one."""
    return 1


def as_utf16(character: str) -> int:
    """Count as JavaScript and Java do: what is beyond the basic plane is two."""
    return 1 if character <= "\uffff" else 2


def as_utf8(character: str) -> int:
    """Count bytes."""
    return len(character.encode(errors="replace"))


def split(text: str, most: int, size: Size = as_character) -> list[str]:
    """Return a text in parts of at most such a size, cut at lines or words where there are any."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        end = fitting(rest, most, size)
        if end < len(rest):
            cuts = (rest.rfind(gap, end // 2, end) for gap in ("\n", " "))
            end = next((cut for cut in cuts if cut > 0), end)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return parts


def fitting(text: str, most: int, size: Size = as_character) -> int:
    """Return how many characters of a text have together at most such a size."""
    total = 0
    for position, character in enumerate(text[: most + 1]):
        total += size(character)
        if total > most:
            return position
    return len(text)


def shortened(text: str, most: int, size: Size = as_character) -> str:
    """Return a text on one line, cut with an ellipsis where it is too long."""
    line = " ".join(text.split())
    return line if fitting(line, most, size) == len(line) else f"{line[: fitting(line, most - 3, size)]}…"


def joined(lines: list[str], most: int, size: Size = as_character) -> Iterator[str]:
    """Yield lines in as few parts of at most such a size as there need be."""
    part = ""
    for line in lines:
        if part and fitting(f"{part}\n{line}", most, size) < len(part) + 1 + len(line):
            yield part
            part = ""
        part = f"{part}\n{line}" if part else line[: fitting(line, most, size)]
    if part:
        yield part


_EVERYBODY = re.compile(r"@(?=(?:all|channel|here)\b)", re.IGNORECASE)


def without_calls(text: str) -> str:
    """Return a text in which nobody's words call everybody of a channel: `@all` looks the same, and is none."""
    return _EVERYBODY.sub("@\u200b", text)


@dataclass(frozen=True, slots=True)
class Limit:
    """The longest text that a vendor takes as one message, as the vendor counts."""

    most: int
    size: Size = as_character

    def fits(self, text: str) -> bool:
        """Tell whether a text is one message."""
        return fitting(text, self.most, self.size) == len(text)

    def split(self, text: str) -> list[str]:
        """Return a text as messages."""
        return split(text, self.most, self.size)

    def joined(self, lines: list[str]) -> list[str]:
        """Return lines as messages."""
        return list(joined(lines, self.most, self.size))
