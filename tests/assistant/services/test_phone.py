"""Telephone numbers in what people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.services.phone import like_a_phone_number, phone_number, spoken_number, without_numbers


@pytest.mark.parametrize(
    "text",
    [
        "503 555 0119",
        "(503) 555-0119",
        "+1 503.555.0119",
        "1-503-555-0119",
        "5035550119",
        "call me at 503-555-0119 please",
        "503/555-0119.",
    ],
)
def test_a_number_is_written_in_one_way(text: str) -> None:
    assert phone_number(text) == "+15035550119"


@pytest.mark.parametrize(
    "text",
    ["555-0119", "911", "911 555 0119", "503 911 0119", "900 555 0119", "+44 20 7946 0958", "L204817", "123 555 0119",
     "1Z5035550119", "503555011", "103 555 0117", "50355501199", "my zip is 97214", "a503 555 0119@example.com"],
)  # fmt: skip
def test_what_cant_be_called_is_no_number(text: str) -> None:
    assert phone_number(text) is None


def test_what_looks_like_a_number() -> None:
    assert like_a_phone_number("+44 20 7946 0958")
    assert like_a_phone_number("911 555 0119")
    assert not like_a_phone_number("tomorrow at 3 or 4")
    assert without_numbers("friday at 2, 503-555-0119").split() == ["friday", "at", "2,"]


@given(st.from_regex(r"[2-9](?:0[0-9]|[2-8][0-9])[2-9](?:0[0-9]|[2-8][0-9])[0-9]{4}", fullmatch=True))
def test_a_spoken_number_reads_back(digits: str) -> None:
    number = phone_number(digits)
    if digits[:3] not in ("900", "976") and digits[3:6] not in ("900", "976"):
        assert number == f"+1{digits}"
        assert phone_number(spoken_number(number)) == number
