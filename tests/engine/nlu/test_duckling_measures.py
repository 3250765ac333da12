from __future__ import annotations

from typing import Any

import pytest

from frontdesk.nlu.duckling_measures import amounts


def found(text: str) -> list[tuple[str, str, Any]]:
    return [(m.dim, text[m.start : m.end], m.value) for m in amounts(text)]


@pytest.mark.parametrize(
    ("text", "dim", "words", "value"),
    [
        ("$20 and 43c", "amount-of-money", "$20 and 43c", (20.43, "$")),
        ("it is 3 euros 50", "amount-of-money", "3 euros 50", (3.5, "EUR")),
        ("about a dollar", "amount-of-money", "about a dollar", (1, "$")),
        ("7 feet 10 inches tall", "distance", "7 feet 10 inches", (94, "inch")),
        ("0.5 kg of strawberries", "quantity", "0.5 kg of strawberries", (500, "gram")),
        ("half a litre", "volume", "half a litre", (0.5, "litre")),
        ("-2 degrees", "temperature", "-2 degrees", (-2, "degree")),
    ],
)
def test_measures(text: str, dim: str, words: str, value: tuple[float, str]) -> None:
    [(found_dim, found_words, wire)] = [one for one in found(text) if one[0] == dim]
    assert (found_dim, found_words, (wire["value"], wire["unit"])) == (dim, words, value)


def test_ranges_have_two_ends_or_one() -> None:
    [(_, words, wire)] = found("between 10 and 20 dollars")
    assert words == "between 10 and 20 dollars"
    assert wire == {
        "type": "interval", "from": {"value": 10, "unit": "$"}, "to": {"value": 20, "unit": "$"}
    }  # fmt: skip
    [(_, words, wire)] = found("no more than 5 km")
    assert (words, wire) == (
        "no more than 5 km",
        {"type": "interval", "to": {"value": 5, "unit": "kilometre"}},
    )
    [(_, words, wire)] = found("at least 2 cups of sugar")
    assert (words, wire["from"]) == (
        "at least 2 cups of sugar",
        {"value": 2, "unit": "cup", "product": "sugar"},
    )


def test_what_follows_is_left_alone() -> None:
    assert [(words, wire["value"]) for _, words, wire in found("$20 and 3 shirts")] == [("$20", 20)]
    assert [wire["unit"] for _, _, wire in found("£5, 6 cents")] == ["£"]
