from __future__ import annotations

import pytest

from frontdesk.nlu.duckling_numbers import amounts, contacts, numbers, numeral, ordinal, plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("seven", 7), ("twenty-five", 25), ("two thousand three hundred", 2300), ("1.5", 1.5), ("2 million", 2_000_000),
        ("-3", -3), ("", None), ("apples", None), ("5k", 5000), ("hundred", 100),
    ],
)  # fmt: skip
def test_numerals(text: str, value: float | None) -> None:
    assert numeral(text) == value


def test_ordinals() -> None:
    assert [ordinal(text) for text in ("3rd", "twelfth", "thirty-first", "apple")] == [3, 12, 31, None]


def test_matches_know_their_place() -> None:
    assert [(m.start, m.end) for m in numbers("a 3 and the fourth")] == [(2, 3), (12, 18)]
    assert [m.value["unit"] for m in amounts("£5, 6 cents")] == ["£", "cent"]
    assert [m.dim for m in contacts("x@y.org or 030 1234567")] == ["email", "phone-number"]


def test_whole_numbers_are_written_as_such() -> None:
    assert plain(2.0) == 2
    assert isinstance(plain(2.0), int)
    assert plain(2.5) == 2.5
