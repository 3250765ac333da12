"""What belongs into a quote, read from free text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.commerce.demo.shop import demo_shop
from actions.commerce.model import Product
from actions.services.quote_reading import Piece, read_edit, resolve
from tests.assistant.conftest import NOW

PRODUCTS: Sequence[Product] = demo_shop(NOW).products
LAMPS, MUGS = {"variant": "LT-101-BLACK", "quantity": 20}, {"variant": "KI-205-SAGE", "quantity": 5}


def lines(text: str, *before: dict[str, object]) -> list[tuple[object, object]]:
    return [(line["variant"], line["quantity"]) for line in read_edit(text, before, PRODUCTS).lines]


def pending(text: str) -> list[tuple[str, int | None, tuple[str, ...]]]:
    return [(piece.words, piece.quantity, piece.products) for piece in read_edit(text, [], PRODUCTS).pending]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("20 desk lamps in black", [("LT-101-BLACK", 20)]),
        ("desk lamps in black x 20", [("LT-101-BLACK", 20)]),
        ("10 black and 10 white halden desk lamps", [("LT-101-BLACK", 10), ("LT-101-WHITE", 10)]),
        (
            "a dozen stoneware mugs in slate, thirty 12 in skillets",
            [("KI-205-SLATE", 12), ("KI-206-12IN", 30)],
        ),
        ("20 mugs, the sage one, asap", [("KI-205-SAGE", 20)]),
        ("1,200 mugs in sage", [("KI-205-SAGE", 1200)]),
        ("5 dozen sage mugs please", [("KI-205-SAGE", 60)]),
        ("100 water bottles 20 oz black with delivery to 85004", [("OU-603-20OZ-BLACK", 100)]),
        ("24 linen duvet covers, queen, in flax", [("HO-302-QUEEN-FLAX", 24)]),
        ("10 two-person tents in moss, we are 20 people", [("OU-601-MOSS", 10)]),
        ("forty tactile keyboards, brown charcoal, my budget is $4,000", [("CO-501-BROWN-CHARCOAL", 40)]),
    ],
)
def test_what_is_clear_becomes_a_line(text: str, found: list[tuple[str, int]]) -> None:
    edit = read_edit(text, [], PRODUCTS)
    assert [(line["variant"], line["quantity"]) for line in edit.lines] == found
    assert not edit.pending


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("15 standing desks", [("standing desks", 15, ("CO-509",))]),
        ("12 patio heaters", [("patio heaters", 12, ())]),
        ("i want to buy a lot of candles, like 300", [("candles", 300, ())]),
        ("30 lamps", [("lamps", 30, ("LT-101", "LT-102", "LT-103"))]),
        ("25 mice", [("mice", 25, ("CO-502",))]),
    ],
)
def test_what_is_not_clear_is_asked_back(text: str, asked: list[tuple[str, int, tuple[str, ...]]]) -> None:
    assert pending(text) == asked
    assert not lines(text)


@pytest.mark.parametrize("text", ["quote please", "hello", "can you help me", "", "yes"])
def test_words_without_a_thing_ask_for_nothing(text: str) -> None:
    edit = read_edit(text, [], PRODUCTS)
    assert (edit.lines, edit.pending, edit.changed) == ([], [], False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("make it 30 lamps", [("LT-101-BLACK", 30), ("KI-205-SAGE", 5)]),
        ("drop the mugs", [("LT-101-BLACK", 20)]),
        ("the mugs in rust please", [("LT-101-BLACK", 20), ("KI-205-RUST", 5)]),
        ("add 10 more mugs", [("LT-101-BLACK", 20), ("KI-205-SAGE", 15)]),
        ("25 mugs instead of 5", [("LT-101-BLACK", 20), ("KI-205-SAGE", 25)]),
        ("we need 32 rather than 20 desk lamps", [("LT-101-BLACK", 32), ("KI-205-SAGE", 5)]),
        ("also 12 hammocks in olive", [("LT-101-BLACK", 20), ("KI-205-SAGE", 5), ("OU-604-OLIVE", 12)]),
        ("return the mugs", [("LT-101-BLACK", 20), ("KI-205-SAGE", 5)]),
    ],
)
def test_lines_are_changed_by_words(text: str, found: list[tuple[str, int]]) -> None:
    assert lines(text, dict(LAMPS), dict(MUGS)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("make it 30", ("LT-101-BLACK", 30)), ("in white", ("LT-101-WHITE", 20)), ("15", ("LT-101-BLACK", 15))],
)
def test_of_one_line_only_the_change_is_said(text: str, found: tuple[str, int]) -> None:
    assert lines(text, dict(LAMPS)) == [found]


def test_answers_make_it_clear() -> None:
    piece = Piece("lamps", 30, ("LT-101", "LT-102", "LT-103"))
    table = resolve(piece, "the table lamp", PRODUCTS)
    assert table is not None
    assert (table.products, table.variant) == (("LT-103",), None)
    done = resolve(table, "cream", PRODUCTS)
    assert done is not None
    assert (done.variant, done.quantity, done.clear) == ("LT-103-CREAM", 30, True)
    assert resolve(table, "hm", PRODUCTS) is None
    anything = resolve(table, "doesn't matter", PRODUCTS)
    assert anything is not None
    assert anything.clear


def test_two_options_may_be_said_one_by_one() -> None:
    piece = resolve(Piece("keyboard", 10, ("CO-501",)), "brown", PRODUCTS)
    assert piece is not None
    assert not piece.clear
    done = resolve(piece, "cream", PRODUCTS)
    assert done is not None
    assert done.products == ("CO-501",)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.booleans())
def test_no_text_breaks_the_reading(text: str, several: bool) -> None:
    before = [dict(LAMPS), dict(MUGS)] if several else []
    edit = read_edit(text, before, PRODUCTS)
    assert all(line["quantity"] > 0 for line in edit.lines)
