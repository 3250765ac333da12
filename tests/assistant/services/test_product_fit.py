"""What fits what: decided by what is on file, the same from both sides, and never guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.compatibility import Compatibility, Device, Span
from actions.commerce.demo.shop import demo_shop
from actions.commerce.model import Product, Variant
from actions.services.product_fit import decide_pair, decide_thing, on_file
from tests.assistant.conftest import NOW

DEMO = {product.id: product for product in demo_shop(NOW).products}
LAMP, DESK_LAMP, BULB, ARM, STAND, BACKPACK = (
    DEMO[each] for each in ("LT-102", "LT-101", "LT-106", "CO-505", "CO-504", "TR-704")
)


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ("LT-106", "LT-102", "yes"), ("CO-507", "AU-402", "yes"), ("CO-507", "AU-401", "no"), ("AU-405", "AU-404", "yes"),
        ("LT-106", "LT-101", "unknown"), ("KI-205", "OU-601", "unknown"), ("TR-703", "TR-701", "yes"),
    ],
)  # fmt: skip
def test_two_products(one: str, other: str, answer: str) -> None:
    done = decide_pair(DEMO[one], DEMO[other])
    assert done.answer == answer
    assert decide_pair(DEMO[other], DEMO[one]).answer == answer
    if answer != "unknown":
        assert DEMO[one].name in done.fact
        assert DEMO[other].name in done.fact


def test_the_version_that_fits_is_named() -> None:
    assert decide_pair(BULB, LAMP).variants == ("E26",)
    assert decide_thing(BULB, "a GU10 socket").variants == ("GU10",)


@pytest.mark.parametrize(
    ("product", "words", "answer"),
    [
        (ARM, "a 34 inch screen", "no"),
        (ARM, 'my 27" screen', "yes"),
        (ARM, "a 27 inch screen of 25 lb", "no"),
        (ARM, "a 27 inch screen of 12 lb", "yes"),
        (ARM, "a 32 inch screen", "yes"),
        (ARM, "a projector", "unknown"),
        (STAND, "17 inch laptop", "yes"),
        (STAND, "a 17.5 inch laptop", "no"),
        (STAND, "9 in tablet", "no"),
        (BACKPACK, "my laptop", "unknown"),
        (BULB, "works with Alexa?", "yes"),
        (BULB, "homekit", "no"),
        (BULB, "an E27 lamp", "no"),
        (BULB, "my lamp", "unknown"),
        (DEMO["CO-507"], "iphone 12 in a case", "yes"),
        (DEMO["CO-507"], "iphone 8", "unknown"),
        (DEMO["CO-506"], "linux", "unknown"),
    ],
)
def test_things_that_the_shop_does_not_sell(product: Product, words: str, answer: str) -> None:
    assert decide_thing(product, words).answer == answer


def test_what_is_on_file_is_said_where_it_does_not_decide() -> None:
    assert "E26 or GU10" in decide_pair(BULB, DESK_LAMP).fact
    assert on_file(DEMO["KI-205"]) == ""
    assert decide_pair(DEMO["KI-205"], DEMO["OU-601"]).fact == ""


FEATURES = st.dictionaries(
    st.sampled_from(["socket", "cable"]),
    st.lists(st.sampled_from("ABC"), min_size=1, max_size=2).map(tuple),
    max_size=2,
)
IDS = st.lists(st.sampled_from(["P", "Q"]), max_size=2).map(tuple)


def product(name: str, made: Compatibility) -> Product:
    variant = Variant(id=f"{name}-1", options={}, price=Decimal("1.00"))
    return Product(id=name, name=name, variants=(variant,), compatibility=made)


@given(*(st.builds(Compatibility, works_with=IDS, not_with=IDS, has=FEATURES, takes=FEATURES) for _ in "PQ"))
def test_an_answer_is_the_same_from_both_sides_and_rests_on_the_file(
    p: Compatibility, q: Compatibility
) -> None:
    one, other = product("P", p), product("Q", q)
    done = decide_pair(one, other)
    assert decide_pair(other, one).answer == done.answer
    if "Q" in p.not_with or "P" in q.not_with:
        assert done.answer == "no"
    elif "Q" in p.works_with or "P" in q.works_with:
        assert done.answer == "yes"
    else:
        pairs = [(p.takes, q.has), (q.takes, p.has)]
        shared = [(set(takes[key]), set(has[key])) for takes, has in pairs for key in takes if key in has]
        common = any(takes & has for takes, has in shared)
        assert done.answer == ("yes" if common else "no" if shared else "unknown")


@given(st.decimals(0, 100, places=1), st.decimals(0, 100, places=1), st.decimals(0, 200, places=1))
def test_a_measure_fits_exactly_within_its_span(one: Decimal, other: Decimal, value: Decimal) -> None:
    low, high = sorted((one, other))
    made = product("P", Compatibility(spans=(Span(thing="laptop", unit="in", low=low, high=high),)))
    assert decide_thing(made, f"a laptop of {value:f} inch").answer == (
        "yes" if low <= value <= high else "no"
    )


def test_of_two_names_the_longer_one_counts() -> None:
    devices = (Device(names=("iPhone",), works=False), Device(names=("iPhone 12",), works=True))
    made = product("P", Compatibility(devices=devices))
    assert decide_thing(made, "my iphone 12").answer == "yes"
    assert decide_thing(made, "my iphone").answer == "no"
