"""Show one entry of a YAML file as it stands there, with its comments."""

from __future__ import annotations

from pathlib import Path

LONGEST = 80  # lines
_CUT = "  ..."


def entry_at(path: Path, line: int) -> str:
    """Return the list entry (`- rule: ...`) that begins on a line, without the indentation that all of it has.

    A file that has changed since may hold something else there, or nothing; then that is returned.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    if not 1 <= line <= len(lines):
        return ""
    first = lines[line - 1]
    depth = _depth(first)
    kept = [first]
    for following in lines[line:]:
        if following.strip() and _depth(following) <= depth:
            break
        kept.append(following)
    while not kept[-1].strip():
        kept.pop()
    if len(kept) > LONGEST:
        kept = [*kept[:LONGEST], " " * depth + _CUT]
    return "\n".join(text[depth:] for text in kept)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
