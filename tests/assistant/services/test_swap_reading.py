"""What words want of an order's items, with the options of a shop that the code has never heard of."""

from __future__ import annotations

from decimal import Decimal
from itertools import product as combinations

import pytest

from actions.commerce.model import OrderItem, Product, Variant
from actions.services.swap_reading import read_swaps
from actions.services.variant_matching import find_variant


def made(name: str, **options: list[str]) -> Product:
    names = [option.replace("_", " ") for option in options]
    variants = tuple(
        Variant(
            id=f"{name} {' '.join(chosen)}",
            options=dict(zip(names, chosen, strict=True)),
            price=Decimal("9.00"),
        )
        for chosen in combinations(*options.values())
    )
    return Product(id=name, name=name, variants=variants)


FLASK = made("Thermo Flask", capacity=["500ml", "750ml", "1000ml"], material=["steel", "hard plastic"])
PAD = made("Note Pad", size=["A4", "A5", "A6"], cover_type=["hard cover", "soft cover"])
BOOM = made(
    "Boom Box", color=["black", "grey", "red"], waterproof=["yes", "no"], battery_life=["8 hours", "12 hours"]
)
PARKA = made("Parka", size=["S", "M", "L", "XL"], color=["black", "red"])
SHOP = {each.id: each for each in (FLASK, PAD, BOOM, PARKA)}


def line(place: int, kind: Product, *values: str, quantity: int = 1) -> OrderItem:
    variant = next(v for v in kind.variants if tuple(v.options.values()) == values)
    return OrderItem(
        id=str(place), product_id=kind.id, variant_id=variant.id, name=kind.name, price=variant.price,
        options=variant.options, quantity=quantity,
    )  # fmt: skip


ITEMS = [
    line(1, FLASK, "500ml", "steel"),
    line(2, PAD, "A6", "soft cover", quantity=2),
    line(3, BOOM, "black", "no", "8 hours"),
    line(4, PARKA, "S", "red"),
]


def become(text: str, items: list[OrderItem] = ITEMS) -> dict[str, str]:
    found = {}
    for wanted in read_swaps(text, items, SHOP).wanted:
        result = find_variant(SHOP[wanted.item.product_id], wanted.item.options, wanted.wish)
        found[wanted.item.id] = result.variant.label if result.variant else "?"
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'd like the flask in 750 ml hard plastic instead", {"1": "750ml, hard plastic"}),
        ("the thermo flask in plastic please", {"1": "500ml, hard plastic"}),
        ("note pad: A4 hardcover instead of A6", {"2": "A4, hard cover"}),
        ("swap the pad from A6 to A5", {"2": "A5, soft cover"}),
        ("the boom box should be gray and waterproof", {"3": "grey, yes, 8 hours"}),
        ("boombox with 12 hours of battery life", {"3": "black, no, 12 hours"}),
        ("the parka one size up", {"4": "M, red"}),
        ("exchange the red parka for a black one in large", {"4": "L, black"}),
        ("flask to 1000ml, parka to medium and the note pad in A4",
         {"1": "1000ml, steel", "4": "M, red", "2": "A4, soft cover"}),
        ("750ml in hard plastic instead", {"1": "750ml, hard plastic"}),
        ("the parkka in XL", {"4": "XL, red"}),
    ],
)  # fmt: skip
def test_what_items_are_to_become(text: str, expected: dict[str, str]) -> None:
    assert become(text) == expected


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("make it three note pads", 3),
        ("one more note pad", 3),
        ("one less note pad", 1),
        ("remove the note pads", 0),
        ("take the note pads out", 0),
        ("only one of the note pads", 1),
        ("the note pad in A5, the blue one is for me", None),
    ],
)
def test_how_many_pieces_are_wanted(text: str, pieces: int | None) -> None:
    [wanted] = [each for each in read_swaps(text, ITEMS, SHOP).wanted if each.item.id == "2"]
    assert wanted.quantity == pieces


def test_of_two_alike_the_options_tell_or_it_is_asked() -> None:
    two = [line(1, BOOM, "black", "no", "8 hours"), line(2, BOOM, "red", "no", "8 hours")]
    assert become("exchange the black boom box for a grey one", two) == {"1": "grey, no, 8 hours"}
    assert {item.id for item in read_swaps("the boom box in grey", two, SHOP).unclear} == {"1", "2"}


def test_where_a_combination_is_missing_the_nearest_is_offered() -> None:
    kept = tuple(v for v in PARKA.variants if tuple(v.options.values()) != ("L", "red"))
    few = Product(id=PARKA.id, name=PARKA.name, variants=kept)
    [wanted] = read_swaps("parka in large", ITEMS, SHOP).wanted
    found = find_variant(few, wanted.item.options, wanted.wish)
    assert (found.variant, found.missing, found.choices[0].label) == (None, "not_made", "L, black")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("change everything but the boom box", {"1", "2", "4"}),
        ("all of them except the flask and the note pad", {"3", "4"}),
        ("remove everything but the parka", {"1", "2", "3"}),
        ("everything in red but the parka", {"1", "2", "3"}),
        ("both the flask and the parka in black", {"1", "4"}),
        ("boom box in grey, 12 hours, and everything else as it was", {"3"}),
        ("take out the flask and make it 4 note pads in A4", {"1", "2"}),
    ],
)
def test_which_items_are_meant(text: str, items: set[str]) -> None:
    assert {wanted.item.id for wanted in read_swaps(text, ITEMS, SHOP).wanted} == items


def test_each_item_has_its_own_options_and_number() -> None:
    text = "take out the flask, make it 4 note pads in A4 and the parka in XL"
    found = {wanted.item.id: wanted.quantity for wanted in read_swaps(text, ITEMS, SHOP).wanted}
    assert found == {"1": 0, "2": 4, "4": None}
    assert {key: become(text)[key] for key in ("2", "4")} == {"2": "A4, soft cover", "4": "XL, red"}


def test_where_numbers_are_fixed_none_is_read() -> None:
    found = read_swaps("make it three note pads in A4", ITEMS, SHOP, counts=False).wanted
    assert [(each.item.id, each.quantity) for each in found] == [("2", None)]


@pytest.mark.parametrize(
    ("text", "elsewhere", "label"),
    [
        ("the parka in purple", {"color": ["purple", "red"]}, "S, purple"),
        ("parka in XXL", {"size": ["XXL"]}, "XXL, red"),
        ("the flask in titanium", {"material": ["titanium"]}, "500ml, titanium"),
    ],
)
def test_what_a_product_doesnt_come_in_is_reported(
    text: str, elsewhere: dict[str, list[str]], label: str
) -> None:
    [wanted] = read_swaps(text, ITEMS, SHOP, elsewhere=elsewhere).wanted
    found = find_variant(SHOP[wanted.item.product_id], wanted.item.options, wanted.wish)
    assert (found.variant, found.missing, found.label, found.met) == (None, "not_made", label, False)
    assert found.choices


@pytest.mark.parametrize("text", ["", "hello there", "swap the coffee grinder", "?!"])
def test_what_speaks_of_no_item_wants_nothing(text: str) -> None:
    found = read_swaps(text, ITEMS, SHOP)
    assert (found.wanted, found.unclear) == ((), ())


def test_a_value_alone_is_of_the_item_that_was_spoken_of_last() -> None:
    [wanted] = read_swaps("in black please", ITEMS, SHOP, [ITEMS[3]]).wanted
    assert wanted.item.id == "4"
    assert not wanted.bare


def test_of_two_values_with_or_both_are_to_choose_from() -> None:
    [wanted] = read_swaps("the parka in M or L", ITEMS, SHOP).wanted
    found = find_variant(PARKA, wanted.item.options, wanted.wish)
    assert {choice.label for choice in found.choices} == {"M, red", "L, red"}


@pytest.mark.parametrize(("now", "wished"), [("yes", {"3": "black, no, 8 hours"}), ("no", {"3": "?"})])
def test_without_an_option_takes_no_item_out(now: str, wished: dict[str, str]) -> None:
    items, text = [line(3, BOOM, "black", now, "8 hours"), ITEMS[3]], "the boom box without waterproof"
    [wanted] = read_swaps(text, items, SHOP).wanted
    assert (wanted.item.id, wanted.quantity, become(text, items)) == ("3", None, wished)
    [removed] = read_swaps("the order without the boom box", items, SHOP).wanted
    assert (removed.item.id, removed.quantity) == ("3", 0)
