"""The option `token_pattern` of every tokenizer: cut the tokens further."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from frontdesk.core.message import Token
from frontdesk.errors import ConfigError

OPTIONS: Mapping[str, Any] = {
    "intent_tokenization_flag": False,
    "intent_split_symbol": "_",
    "token_pattern": None,
    "prefix_separator_symbol": None,
}
"""What all of Rasa's tokenizers take. Names of intents are whole labels here: how to cut them changes nothing."""


def token_pattern(component: str, options: Mapping[str, Any]) -> re.Pattern[str] | None:
    """Return the pattern of the options, if they have one. Raises ConfigError where it is no regular expression."""
    given = options["token_pattern"]
    if not given:
        return None
    try:
        found = re.compile(given)
    except (re.error, TypeError) as error:
        raise ConfigError(f"{component}: 'token_pattern' is no regular expression ({error}).") from error
    if found.groups > 1:
        raise ConfigError(
            f"{component}: 'token_pattern' has {found.groups} groups; one at most can be the token.",
            hint="Write (?:...) for a group that is no token.",
        )
    return found


def cut(tokens: Iterable[Token], pattern: re.Pattern[str] | None) -> Iterator[Token]:
    """Yield each match of the pattern in a token, or of its group; a token without a match stays whole."""
    for token in tokens:
        parts = [] if pattern is None else list(_parts(token, pattern))
        yield from parts or [token]


def _parts(token: Token, pattern: re.Pattern[str]) -> Iterator[Token]:
    for match in pattern.finditer(token.text):
        start, end = match.span(pattern.groups)
        if end > start:
            yield Token(token.text[start:end], token.start + start, token.start + end)
