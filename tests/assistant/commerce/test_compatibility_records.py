"""What a product goes together with, in the shop format and in the database."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.compatibility import Compatibility, Device, Span
from actions.commerce.compatibility_records import (
    check_compatibility,
    compatibility_from,
    compatibility_record,
    read_compatibility,
)
from actions.commerce.fields import Record
from actions.services.container import Services

NAMES = st.lists(st.sampled_from(["A", "B", "C"]), max_size=2).map(tuple)
SOME = st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, max_size=2).map(tuple)
FEATURES = st.dictionaries(st.sampled_from(["socket", "cable"]), SOME, max_size=2)
MEASURES = st.decimals(0, 900, places=1)
SPANS = st.builds(Span, thing=st.just("laptop"), unit=st.just("in"), low=MEASURES, high=st.none())
DEVICES = st.builds(Device, names=SOME, works=st.booleans(), note=st.sampled_from(["", "over Bluetooth"]))
ALL = st.builds(
    Compatibility, works_with=NAMES, not_with=NAMES, goes_with=NAMES, has=FEATURES, takes=FEATURES,
    spans=st.lists(SPANS, max_size=2).map(tuple), devices=st.lists(DEVICES, max_size=2).map(tuple),
)  # fmt: skip


@given(ALL)
def test_what_is_written_is_read_back(made: Compatibility) -> None:
    record = json.loads(json.dumps(compatibility_record(made)), parse_float=Decimal)
    problems: list[str] = []
    assert (
        read_compatibility(Record(record, "products.json, product 'A'", problems, "compatibility.")) == made
    )
    assert not problems
    assert compatibility_from(json.loads(json.dumps(compatibility_record(made)))) == made


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"works_wth": ["A"]}, "works_wth isn't a field of the format; did you mean 'works_with'?"),
        ({"spans": [{"thing": "laptop", "unit": "in"}]}, "spans[0].low or high has to be there"),
        ({"spans": [{"thing": "laptop", "unit": "in", "low": 9, "high": 3}]}, "spans[0].low is above high"),
        ({"spans": [{"thing": "laptop", "unit": "in", "low": "ten"}]}, "spans[0].low should be a number"),
        ({"devices": [{"names": [], "works": True}]}, "devices[0].names should name something"),
        ({"devices": [{"names": ["TV"]}]}, "devices[0].works is missing"),
        ({"has": {"socket": "E26"}}, "has.socket should be a list of texts"),
    ],
)
def test_mistakes_are_named(record: dict[str, object], problem: str) -> None:
    problems: list[str] = []
    read_compatibility(Record(record, "products.json, product 'A'", problems, "compatibility."))
    assert any(problem in each for each in problems), problems


def test_products_that_are_not_there_are_named() -> None:
    problems: list[str] = []
    check_compatibility([("A", Compatibility(works_with=("A", "Z"))), ("B", Compatibility())], problems)
    assert problems == ["products.json, product 'A': compatibility names 'Z', which isn't a product"]


def test_the_shop_keeps_it(shop: Services, tmp_path: Path) -> None:
    from actions.commerce.shop_reading import read_shop
    from actions.commerce.shop_writing import write_shop

    before = shop.commerce.snapshot()
    write_shop(before, tmp_path)
    assert read_shop(tmp_path).products == before.products
    assert sum(product.compatibility != Compatibility() for product in before.products) > 20
