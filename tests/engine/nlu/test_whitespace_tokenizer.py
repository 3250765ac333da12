from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.message import Message, Token
from frontdesk.errors import ConfigError
from frontdesk.nlu.options import LONGEST
from frontdesk.nlu.whitespace_tokenizer import WhitespaceTokenizer


def words(text: str, **options: object) -> list[str]:
    return [token.text for token in WhitespaceTokenizer(options).tokenize(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", ["Hello", "world"]),
        ("it's fine...", ["it", "s", "fine"]),
        ("write to anna.b@example.com, please", ["write", "to", "anna.b@example.com", "please"]),
        ("see https://example.com/a?b=c&d=e now", ["see", "https://example.com/a?b=c&d=e", "now"]),
        ("10'000.00 or -5 or $7.50", ["10'000.00", "or", "-5", "or", "$7.50"]),
        ("#A123 and @me & you", ["#A123", "and", "@me", "&", "you"]),
        ("two-part word", ["two-part", "word"]),
        ('"quoted" (in brackets)', ["quoted", "in", "brackets"]),
        ("  many   spaces\tand\nlines ", ["many", "spaces", "and", "lines"]),
        ("हिन्दी में लिखा", ["हिन्दी", "में", "लिखा"]),
        ("caf\u00e9 \u00fcber", ["caf\u00e9", "\u00fcber"]),
        ("great \u2764\ufe0f day \U0001f600", ["great", "day"]),
        (":-)", [":-)"]),
        (" !! ", ["!!"]),
        ("", []),
        ("   ", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_pattern_cuts_tokens_further() -> None:
    assert words("two-part word", token_pattern=r"\w+") == ["two", "part", "word"]
    assert words("ab12", token_pattern=r"[a-z]+|[0-9]+") == ["ab", "12"]
    assert words("??", token_pattern=r"\w+") == ["??"]


def test_a_bad_pattern_is_told() -> None:
    with pytest.raises(ConfigError, match="token_pattern"):
        WhitespaceTokenizer({"token_pattern": "("})


def test_process_sets_tokens_with_offsets() -> None:
    [message] = WhitespaceTokenizer().process([Message("Hi, you")])
    assert message.tokens == (Token("Hi", 0, 2), Token("you", 4, 7))


def test_very_long_texts_are_cut() -> None:
    assert len(words("a " * 10_000)) == LONGEST // 2


@given(st.text(max_size=60))
def test_tokens_are_whole_ordered_pieces_of_the_text(text: str) -> None:
    last = 0
    for token in WhitespaceTokenizer().tokenize(text):
        assert text[token.start : token.end] == token.text
        assert token.text == token.text.strip()
        assert len(token.text.split()) == 1 or not any(char.isalnum() for char in token.text)
        assert token.start >= last
        last = token.end
    assert bool(text.strip()) == bool(words(text))
