from __future__ import annotations

import pytest

from frontdesk.nlu.duckling_numerals import numeral, ordinal, plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("seven", 7), ("twenty-five", 25), ("two thousand three hundred", 2300), ("1.5", 1.5), ("2 million", 2_000_000),
        ("-3", -3), ("", None), ("apples", None), ("5k", 5000), ("hundred", 100), ("a dozen", 12), ("2 dozens", 24), ("one twenty two", 122), ("minus four", -4),
        ("3/4", 0.75), ("1/0", None), ("two point five", 2.5), ("three thousand millions", 3_000_000_000), ("a few", 3),
        ("two lakh fifty", 200_050),
    ],
)  # fmt: skip
def test_numerals(text: str, value: float | None) -> None:
    assert numeral(text) == value


def test_ordinals() -> None:
    assert [
        ordinal(text) for text in ("3rd", "twelfth", "thirty-first", "ninetieth", "fortysecond", "apple")
    ] == [3, 12, 31, 90, 42, None]


def test_whole_numbers_are_written_as_such() -> None:
    assert plain(2.0) == 2
    assert isinstance(plain(2.0), int)
    assert plain(2.5) == 2.5
