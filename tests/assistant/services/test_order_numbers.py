"""Order numbers in sentences, in shops with letters in them and in shops without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actions.services import order_numbers
from actions.services.order_numbers import Forms, known, order_number, without_numbers


@pytest.fixture()
def plain() -> Iterator[None]:
    """A shop with numbers of three to five digits."""
    order_numbers.use(known(["727", "#5123", "10423"]))
    yield
    order_numbers.use(Forms())


def test_the_forms_of_a_shop_are_those_of_its_orders() -> None:
    assert known(["727", "#5123"]).lengths == {3, 4}
    for numbers in ([], ["L204817"], ["727", "#W2611340"], ["727", ""]):
        assert not known(numbers).plain


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("where is order 727?", ["727"]),
        ("where is #727", ["727"]),
        ("order no. 727 please", ["727"]),
        ("my order number is 9", ["9"]),
        ("727", ["727"]),
        ("it's 10423.", ["10423"]),
        ("cancel 5123, I ordered it by mistake", ["5123"]),
        ("cancel orders 727 and 5123", ["727", "5123"]),
        ("the status of 5123 (anna@example.com)", ["5123"]),
        ("727, anna.bennett97214@example.com", ["727"]),
        ("send order 727 to 1105 Clover Place, Bend, OR 97701", ["727"]),
        ("I'd like 2 of the 24 ft lights", []),
        ("it cost $500, and 500 dollars is a lot", []),
        ("my zip is 97214", []),
        ("we moved to 412 Alder Street", []),
        ("it goes to 412 5th Ave", []),
        ("send 5123 to 7 Elm St, Bend, OR 97701 instead", ["5123"]),
        ("since 2024", []),
        ("call me at 503-555-0117", []),
        ("order 2 more of them", []),
        ("anna727@example.com", []),
    ],
)
def test_digits_alone(plain: None, text: str, numbers: list[str]) -> None:
    assert [number for _, _, number in order_numbers.order_numbers(text)] == numbers
    assert order_number(text) == (numbers[0] if numbers else None)


def test_what_is_left_without_them(plain: None) -> None:
    assert without_numbers("two lamps of order 727, please").split() == [
        "two",
        "lamps",
        "of",
        "order",
        ",",
        "please",
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("l-204817", "L204817"), ("it is 204817", "L204817"), ("#W2611340", "W2611340"), ("order 727", None)],
)
def test_with_letters(text: str, number: str | None) -> None:
    assert order_number(text) == number
    assert (without_numbers(text) == text) == (number is None)
