"""The catalogue by the words of customers."""

from __future__ import annotations

import pytest

from actions.services.container import Services


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("desk lamp", "Halden Desk Lamp"),
        ("do you have wireless headphones?", "Aria Wireless Headphones"),
        ("the espresso machine", "Barista One Espresso Machine"),
        ("earbuds", "Pip Wireless Earbuds"),
        ("how much is the standing desk", "Summit Standing Desk"),
        ("suitcases", "Voyager Carry-On Suitcase"),
        ("kettel", "Linden Electric Kettle"),
        ("usb hub", "Dock 7-in-1 USB-C Hub"),
    ],
)
def test_products_are_found(shop: Services, text: str, name: str) -> None:
    assert shop.products.search(text)[0].name == name


def test_nothing_is_found_for_nothing(shop: Services) -> None:
    assert shop.products.search("") == []
    assert shop.products.search("a piano tuner") == []
    assert len(shop.products.search("lamp", limit=2)) == 2


def test_variants(shop: Services) -> None:
    lamp = shop.products.find("LT-101")
    assert lamp is not None
    assert [entry.id for entry in shop.products.variants(lamp, "the brass one")] == ["LT-101-BRASS"]
    assert len(shop.products.variants(lamp, "the lamp")) == 3
    assert shop.products.find("nothing") is None
