"""Regular expressions and lookup tables, compiled and tried out before a message meets them.

Python's `re` cannot be stopped, so that one careless pattern could hold a server up: a pattern whose time
explodes on a short text is refused in training, and only the first 5,000 characters of a message are
searched.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.options import LONGEST

PATIENCE = 0.1
_PROBES = ("a", "A", "0", " ", "-", ".", "_", "a ", "0 ", "a0", "a.", "a-", "a@")
_ENDINGS = ("\x00", "!")
# Growing slowly, so that the first length that takes too long takes only a little too long.
_LENGTHS = (*range(8, 28, 2), 34, 42, 52, 64, 80, 100, 130, 170, 220, 300, 400)


@dataclass(frozen=True, slots=True)
class CompiledPattern:
    """A pattern with a name, ready to search; `source` is what is stored in a model."""

    name: str
    source: str
    expression: re.Pattern[str]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of every match that is not empty."""
        for match in self.expression.finditer(text[:LONGEST]):
            if match.end() > match.start():
                yield match.span()


def collect(examples: NluExamples, options: Mapping[str, Any]) -> list[CompiledPattern]:
    """Compile and try out the patterns and lookup tables of the training data, as the options say.

    Raises ConfigError at file and line of a pattern that does not compile or that can hang.
    """
    flags = 0 if options["case_sensitive"] else re.IGNORECASE
    found = []
    if options["use_regexes"]:
        for pattern in examples.patterns:
            where = str(pattern.place) if pattern.place else None
            compiled = compile_pattern(pattern.name, pattern.pattern, flags, where)
            check_time(compiled, where)
            found.append(compiled)
    if options["use_lookup_tables"]:
        for table in examples.lookups:
            if words := [word for word in table.words if word.strip()]:
                source = lookup_expression(words, boundaries=options["use_word_boundaries"])
                found.append(
                    compile_pattern(table.name, source, flags, str(table.place) if table.place else None)
                )
    return found


def compile_pattern(name: str, source: str, flags: int, where: str | None = None) -> CompiledPattern:
    """Compile a pattern. Raises ConfigError with the position of the mistake."""
    try:
        return CompiledPattern(name, source, re.compile(source, flags))
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(
            f"The pattern of '{name}' is no regular expression ({error}).",
            where=where,
            hint=f"It is: {source}",
        ) from error


def check_time(pattern: CompiledPattern, where: str | None = None) -> None:
    """Try a pattern on texts that make careless ones explode. Raises ConfigError where it takes too long."""
    for text in _trials(pattern.source):
        begun = time.thread_time()
        pattern.expression.search(text)
        if time.thread_time() - begun > PATIENCE:
            raise ConfigError(
                f"The pattern of '{pattern.name}' takes too long on a text of {len(text)} characters.",
                where=where,
                hint="Avoid a repetition inside a repetition, such as (a+)+, and alternatives that overlap.",
            )


def _trials(source: str) -> Iterator[str]:
    literals = dict.fromkeys(char for char in source if char.isalnum())
    probes = (*_PROBES, *list(literals)[:12])
    for length in _LENGTHS:
        for probe in probes:
            body = (probe * length)[:length]
            for ending in _ENDINGS:
                yield body + ending


def lookup_expression(words: Iterable[str], *, boundaries: bool = True) -> str:
    """Return one expression for many words, longest first, in which common beginnings are shared.

    White space in a word matches any white space; with `boundaries` a match may not begin or end inside a
    word.
    """
    trie: dict[str, Any] = {}
    for word in words:
        node = trie
        for char in " ".join(word.split()):
            node = node.setdefault(char, {})
        node[""] = {}
    body = _branches(trie)
    return rf"(?<!\w)(?:{body})(?!\w)" if boundaries else f"(?:{body})"


def _branches(node: Mapping[str, Any]) -> str:
    # A chain without branches is followed in a loop, so that long words need no deep recursion.
    prefix = ""
    while len(node) == 1 and "" not in node:
        ((char, child),) = node.items()
        prefix += _literal(char)
        node = child
    if set(node) == {""}:
        return prefix
    options = [_literal(char) + _branches(child) for char, child in sorted(node.items()) if char]
    group = f"(?:{'|'.join(options)})"
    return prefix + group + ("?" if "" in node else "")


def _literal(char: str) -> str:
    return r"\s+" if char == " " else re.escape(char)
