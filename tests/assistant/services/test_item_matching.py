"""Which items a customer means."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import OrderItem
from actions.services.item_matching import match_items


def item(place: int, name: str, price: str, quantity: int = 1, **options: str) -> OrderItem:
    return OrderItem(
        id=str(place), product_id=f"P{place}", variant_id=f"V{place}", name=name, price=Decimal(price), options=options,
        quantity=quantity, category="Lighting" if "Lamp" in name else "Kitchen",
    )  # fmt: skip


THREE = (
    item(1, "Halden Desk Lamp", "64.00", color="black"),
    item(2, "Linden Electric Kettle", "79.00", color="white"),
    item(3, "Stoneware Mug", "14.00", quantity=2, color="black"),
)
LAMPS = (
    item(1, "Halden Desk Lamp", "64.00", color="black"),
    item(2, "Oslo Floor Lamp", "139.00", color="brass"),
    item(3, "Stoneware Mug", "14.00", color="sage"),
)
TWINS = (item(1, "Stoneware Mug", "14.00", color="sage"), item(2, "Stoneware Mug", "14.00", color="rust"))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("the lamp", "1"),
        ("desk lamp", "1"),
        ("the kettle please", "2"),
        ("the ketle", "2"),
        ("mugs", "3"),
        ("the lamp and the kettle", "12"),
        ("kettle, mugs", "23"),
        ("the white one", "2"),
        ("the black lamp", "1"),
        ("both the lamp and the mug", "13"),
        ("everything", "123"),
        ("all of it", "123"),
        ("the whole order", "123"),
        ("all three of them", "123"),
        ("all but the lamp", "23"),
        ("everything except the kettle", "13"),
        ("we were all thrilled, except that the lamp and the mugs didn't work out", "13"),
        ("my problem is with the lamp and the mugs, everything else is great", "13"),
        ("everything, but I'll keep the mugs", "12"),
        ("the lamp but not the kettle", "1"),
        ("send back the kettle and keep the rest", "2"),
        ("the first one", "1"),
        ("the second and the third", "23"),
        ("the last one", "3"),
        ("1 and 3", "13"),
        ("number 2", "2"),
        ("the cheapest one", "3"),
        ("the most expensive", "2"),
        ("2 x Stoneware Mug (black)", "3"),
        ("Halden Desk Lamp (black)", "1"),
        ("all of it but the mugs", "12"),
        ("everything in the order but the mugs", "12"),
        ("everything except the kettle and the mugs", "1"),
        ("except the lamp", "23"),
        ("I'll keep the mugs", "12"),
        ("I want to keep the mugs and return the lamp", "1"),
        ("not the lamp, the kettle", "2"),
        ("the lamp does not work", "1"),
        ("it does not work, the lamp", "1"),
        ("I did not like the kettle", "2"),
        ("I like the kettle but the lamp is broken", "12"),
        ("I have 1 problem", ""),
        ("the sofa", ""),
        ("", ""),
        ("I don't know", ""),
        ("yes", ""),
    ],
)
def test_items_by_words(text: str, ids: str) -> None:
    assert "".join(entry.id for entry in match_items(THREE, text).items) == ids


def test_a_name_that_fits_two_things_is_ambiguous_unless_both_are_meant() -> None:
    found = match_items(LAMPS, "the lamp")
    assert ([entry.id for entry in found.items], found.ambiguous) == (["1", "2"], True)
    found = match_items(LAMPS, "the lamps")
    assert ([entry.id for entry in found.items], found.ambiguous) == (["1", "2"], False)
    found = match_items(LAMPS, "both lamps")
    assert ([entry.id for entry in found.items], found.ambiguous) == (["1", "2"], False)
    found = match_items(LAMPS, "the floor lamp")
    assert ([entry.id for entry in found.items], found.ambiguous) == (["2"], False)


def test_the_same_product_in_two_colors() -> None:
    assert match_items(TWINS, "the mug").ambiguous
    assert [entry.id for entry in match_items(TWINS, "the rust mug").items] == ["2"]
    assert [entry.id for entry in match_items(TWINS, "Stoneware Mug (sage)").items] == ["1"]
    assert not match_items(TWINS, "both").ambiguous
    assert match_items(THREE, "both").ambiguous


def test_everything_stands_for_what_may_be_returned() -> None:
    found = match_items(THREE, "everything", all_of=THREE[1:])
    assert [entry.id for entry in found.items] == ["2", "3"]
    assert [entry.id for entry in match_items(THREE, "both", all_of=THREE[1:]).items] == ["2", "3"]


def test_it_is_the_only_item_there_is() -> None:
    assert match_items(THREE[:1], "I want to return it").items == THREE[:1]
    assert match_items(THREE, "I want to return it").items == ()


@given(st.text(max_size=400))
def test_any_text_is_survived(text: str) -> None:
    found = match_items(THREE, text)
    assert all(entry in THREE for entry in found.items)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("the lamp, that's all", ["Desk Lamp"]),
        ("everything's fine apart from the lamp", ["Desk Lamp"]),
        ("it was all good except for the mug", ["Mug"]),
        ("all but the lamp", ["Mug"]),
        ("that's all", []),
    ],
)
def test_all_that_means_no_item(text, names):
    things = [thing("Desk Lamp", 1), thing("Mug", 2)]
    assert [item.name for item in match_items(things, text).items] == names


def thing(name: str, line: int) -> OrderItem:
    return OrderItem(
        id=f"X-{line}", product_id=f"p{line}", variant_id=f"v{line}", name=name, price=Decimal(5)
    )
