"""Texts are cut at the vendor's limit, as the vendor counts, and nothing of them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.channels.texts import (
    Limit,
    Size,
    as_character,
    as_utf8,
    as_utf16,
    fitting,
    joined,
    shortened,
    split,
    without_calls,
)

SIZES = {
    as_character: len,
    as_utf16: lambda text: len(text.encode("utf-16-le")) // 2,
    as_utf8: lambda text: len(text.encode()),
}


@given(st.text(max_size=300), st.integers(4, 60), st.sampled_from(list(SIZES)))
def test_parts_fit_and_hold_every_word(text: str, most: int, size: Size) -> None:
    parts = split(text, most, size)
    assert all(0 < SIZES[size](part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(
    st.lists(st.text(st.characters(exclude_characters="\n"), max_size=40), max_size=12), st.integers(8, 60)
)
def test_lines_are_joined_while_they_fit(lines: list[str], most: int) -> None:
    parts = list(joined(lines, most))
    assert all(len(part) <= most for part in parts)
    if all(len(line) <= most for line in lines):
        kept = [line for part in parts for line in part.split("\n")]
        assert [line for line in kept if line] == [line for line in lines if line]


@pytest.mark.parametrize(
    ("text", "most", "parts"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("one\ntwo three", 10, ["one two".replace(" ", "\n"), "three"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("  ", 3, []),
    ],
)
def test_it_is_cut_at_lines_or_words(text: str, most: int, parts: list[str]) -> None:
    assert split(text, most) == parts


def test_a_title_is_one_line_and_cut_with_an_ellipsis() -> None:
    assert shortened("a\n b  c", 10) == "a b c"
    assert shortened("0123456789", 10) == "0123456789"
    assert shortened("0123456789x", 10) == "0123456…"
    assert len(shortened("ü" * 30, 10, as_utf8).encode()) <= 10


def test_nobody_calls_everybody() -> None:
    assert without_calls("@All @channel, @here") == "@\u200bAll @\u200bchannel, @\u200bhere"
    assert without_calls("ann@hereford.example @allison") == "ann@hereford.example @allison"


def test_a_limit() -> None:
    limit = Limit(4, as_utf16)
    assert limit.fits("🙂🙂")
    assert not limit.fits("🙂🙂x")
    assert limit.split("🙂🙂🙂") == ["🙂🙂", "🙂"]
    assert limit.joined(["a", "b", "c"]) == ["a\nb", "c"]
    assert fitting("🙂🙂🙂", 5, as_utf16) == 2
