from __future__ import annotations

import re

import pytest

from frontdesk.core.training import Lookup, NluExamples, Pattern, Place
from frontdesk.errors import ConfigError
from frontdesk.nlu.options import LONGEST
from frontdesk.nlu.patterns import check_time, collect, compile_pattern, lookup_expression

OPTIONS = {
    "case_sensitive": False,
    "use_regexes": True,
    "use_lookup_tables": True,
    "use_word_boundaries": True,
}


def matches(words: list[str], text: str, *, boundaries: bool = True) -> list[str]:
    return re.findall(lookup_expression(words, boundaries=boundaries), text)


def test_the_longest_word_of_a_lookup_wins() -> None:
    assert matches(["rose", "rose bush", "fern"], "a rose bush, a rose and a fern") == [
        "rose bush",
        "rose",
        "fern",
    ]


def test_lookups_match_whole_words_even_where_they_end_in_signs() -> None:
    assert matches(["c++", "go"], "c++ and go, ongoing") == ["c++", "go"]
    assert matches(["go"], "ongoing", boundaries=False) == ["go"]


def test_lookups_allow_any_white_space_and_no_expressions() -> None:
    assert matches(["big oak"], "a big \n oak") == ["big \n oak"]
    assert matches(["a.c"], "abc a.c") == ["a.c"]


def test_many_and_long_words_are_no_trouble() -> None:
    words = [f"word{number}" for number in range(3000)] + ["x" * 3000]
    assert matches(words, f"word77 word2999 word3001 {'x' * 3000}") == ["word77", "word2999", "x" * 3000]


def test_patterns_and_lookups_are_collected_as_the_options_say() -> None:
    examples = NluExamples(
        patterns=(Pattern("code", "a+"),), lookups=(Lookup("plant", ("fern", " ")), Lookup("none", ()))
    )
    assert [one.name for one in collect(examples, OPTIONS)] == ["code", "plant"]
    assert [one.name for one in collect(examples, {**OPTIONS, "use_regexes": False})] == ["plant"]
    assert [one.name for one in collect(examples, {**OPTIONS, "use_lookup_tables": False})] == ["code"]
    [code, _] = collect(examples, {**OPTIONS, "case_sensitive": True})
    assert not list(code.spans("AAA"))


def test_a_pattern_that_does_not_compile_is_told_with_its_place() -> None:
    examples = NluExamples(patterns=(Pattern("code", "(a", Place("data/nlu.yml", 12)),))
    with pytest.raises(ConfigError, match=r"data/nlu\.yml:12: The pattern of 'code'"):
        collect(examples, OPTIONS)


@pytest.mark.parametrize(
    "source",
    [r"(a+)+$", r"(\w+\s?)*x$", r"(a|a)*$", r"(?:[0-9]+-?)+#", r"^(\w+\.?)+@", r"(z+)+y", r"a*a*a*a*a*a*b"],
)
def test_a_pattern_that_can_hang_is_refused(source: str) -> None:
    with pytest.raises(ConfigError, match="takes too long"):
        check_time(compile_pattern("slow", source, 0))


@pytest.mark.parametrize(
    "source",
    [
        r"\b[A-Z]{2}-?\d{3,6}\b",
        r"[\w.+-]+@[\w-]+\.[\w.]+",
        r"(?<![\w@])#?[Ll][ -]?[0-9]{6}(?!\w)",
        r"\d{5}(?:-\d{4})?",
        r"(?:\w+ ){1,3}street",
        r".*help.*",
        lookup_expression(["a" * 50, "a" * 20 + "b"]),
    ],
)
def test_ordinary_patterns_are_fast_enough(source: str) -> None:
    check_time(compile_pattern("fine", source, re.IGNORECASE))


def test_empty_matches_and_far_away_text_are_left_out() -> None:
    pattern = compile_pattern("x", "b*", 0)
    assert list(pattern.spans("abba")) == [(1, 3)]
    assert not list(pattern.spans("a" * LONGEST + "b"))
