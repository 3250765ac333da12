"""Addresses out of sentences: what is said is read, and what isn't said stays empty."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import Address
from actions.services.address_reading import around_address, corrected, read_address
from actions.services.us_addresses import Parts, fits, one_line, parts_of, states_of, usable, words

WHOLE = Parts("22 Oak Street", "Apt 4", "Denver", "CO", "80218")
HOME = Parts("22 Marple Avenue", "Apt 4", "Denver", "CO", "80218")


@pytest.mark.parametrize(
    "text",
    [
        "22 Oak Street, Apt 4, Denver CO 80218",
        "22 oak st apt 4 denver co 80218",
        "22 Oak Street\nApt 4\nDenver, CO 80218\nUSA",
        "please send it to 22 Oak St., apt. 4, Denver, Colorado, 80218 instead, thanks",
        "change the address of L204991 to 22 Oak Street, #L204991, apartment 4, Denver CO 80218. grace@example.com",
        "Street: 22 Oak Street Apt: 4 City: Denver State: CO Zip: 80218",
        "Apt 4, 22 Oak Street, Denver, CO 80218-1234",
        "not 24 Elm Road but 22 Oak Street, Apt 4, Denver CO 80218",
    ],
)
def test_one_address_in_many_spellings(text: str) -> None:
    assert read_address(text) == WHOLE


@pytest.mark.parametrize(
    ("text", "line1", "line2", "city", "state", "postcode"),
    [
        ("350 5th ave new york ny 10118", "350 5th Avenue", "", "New York", "NY", "10118"),
        ("953 Park Avenue, New York 10064", "953 Park Avenue", "", "New York", "NY", "10064"),
        (
            "1600 Pennsylvania Ave NW, Washington 20500",
            "1600 Pennsylvania Avenue NW",
            "",
            "Washington",
            "DC",
            "20500",
        ),
        ("12345 Main Street, Kansas City, MO 64101", "12345 Main Street", "", "Kansas City", "MO", "64101"),
        ("100 N. Main St., St Louis MO 63101", "100 N Main Street", "", "St Louis", "MO", "63101"),
        ("100 Main St, Unit B, St. Paul, MN 55101", "100 Main Street", "Unit B", "St Paul", "MN", "55101"),
        ("4th floor, 22 Broadway, Denver CO 80202", "22 Broadway", "Floor 4", "Denver", "CO", "80202"),
        ("P.O. Box 12, Reno, Nevada 89501", "PO Box 12", "", "Reno", "NV", "89501"),
        ("12 Highway 50 East, Carson City NV 89701", "12 Highway 50 East", "", "Carson City", "NV", "89701"),
        ("55 Water St, 10041", "55 Water Street", "", "", "NY", "10041"),
        ("77 Juniper Ln. Austin, TX", "77 Juniper Lane", "", "Austin", "TX", ""),
        ("we moved to Tucson 85719 last month", "", "", "Tucson", "AZ", "85719"),
        ("4 Privet Drive", "4 Privet Drive", "", "", "", ""),
        ("I gave you 19 Elm Street when it should have been 91 Elm Street", "91 Elm Street", "", "", "", ""),
        ("Jacksonville FL 32205", "", "", "Jacksonville", "FL", "32205"),
    ],
)
def test_addresses_of_many_kinds(
    text: str, line1: str, line2: str, city: str, state: str, postcode: str
) -> None:
    assert read_address(text) == Parts(line1, line2, city, state, postcode)


@pytest.mark.parametrize(
    "text",
    ["where is my order?", "yes", "cancel L204991", "anna@example.com", "my sister's place", "order 204991"],
)
def test_no_address_where_there_is_none(text: str) -> None:
    assert not read_address(text).some


@pytest.mark.parametrize(
    ("asked", "text", "value"),
    [
        ("city", "it's in denver", "Denver"),
        ("city", "New York", "New York"),
        ("city", "Salt Lake City", "Salt Lake City"),
        ("city", "i don't know", ""),
        ("state", "or", "OR"),
        ("state", "it's Texas", "TX"),
        ("postcode", "zip code 80218", "80218"),
        ("postcode", "8021", ""),
        ("line1", "22 broadway", "22 Broadway"),
        ("line1", "my sister's place", ""),
    ],
)
def test_a_part_that_was_asked_for(asked: str, text: str, value: str) -> None:
    assert getattr(read_address(text, asked), asked) == value


@pytest.mark.parametrize(
    ("text", "part", "value"),
    [
        ("the zip is 80219", "postcode", "80219"),
        ("zip should be 80219 not 80218", "postcode", "80219"),
        ("its Maple not Marple", "line1", "22 Maple Avenue"),
        ("not Marple but Maple", "line1", "22 Maple Avenue"),
        ("19 not 22", "line1", "19 Marple Avenue"),
        ("the house number is 24", "line1", "24 Marple Avenue"),
        ("the street is Elm Lane", "line1", "22 Elm Lane"),
        ("apt 5, not 4", "line2", "Apt 5"),
        ("there is no apartment", "line2", ""),
        ("wrong city, it's Boulder", "city", "Boulder"),
        ("Boulder, not Denver", "city", "Boulder"),
    ],
)
def test_a_single_part_is_corrected_and_the_rest_stays(text: str, part: str, value: str) -> None:
    made = corrected(HOME, text)
    assert made is not None
    assert getattr(made, part) == value
    others = {name for name in ("line1", "line2", "city", "postcode") if name != part}
    assert all(getattr(made, name) == getattr(HOME, name) for name in others)


@pytest.mark.parametrize("text", ["yes", "what?", "no", "thanks, that's right", "is it not free?"])
def test_what_corrects_nothing(text: str) -> None:
    assert corrected(HOME, text) is None


def test_a_whole_address_takes_the_place_of_another() -> None:
    assert corrected(HOME, "9 Harbor Road, Portland ME 04101") == Parts(
        "9 Harbor Road", "", "Portland", "ME", "04101"
    )


def test_addresses_abroad_are_noticed() -> None:
    assert read_address("12 King Street West, Toronto, Canada").abroad == "Canada"
    assert read_address("9 Elm Street, Santa Fe, New Mexico 87501").abroad == ""


def test_the_words_around_an_address() -> None:
    around = around_address("send the lamp to 22 Oak Street, Denver CO 80218 and my account too")
    assert "Oak" not in around
    assert "lamp" in around
    assert "my account too" in around


def test_states_and_zip_codes() -> None:
    assert states_of("80218") == {"CO"}
    assert states_of("00000") == frozenset()
    assert fits(WHOLE.address())
    assert not fits(Address(line1="1 A Street", city="Denver", state="TX", postcode="80218"))
    assert fits(
        Address(line1="1 A Street", city="Nowhere", state="TX", postcode="00001")
    )  # not known: not judged


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("1 Oak Street, New York, TX 10001", "TX"),  # the customer is asked whether that is meant
        ("1 Oak Street, New York 10001", "NY"),
        ("1 Oak Street, New York, 10001", "NY"),
        ("1 Oak Street, Washington, DC 20001", "DC"),
        ("1 Oak Street, Washington 20001", "DC"),
    ],
)
def test_a_city_that_is_called_like_a_state(text: str, state: str) -> None:
    read = read_address(text)
    assert (read.city, read.state) == (text.split(", ")[1].removesuffix(f" {read.postcode}"), state)


names = st.sampled_from(
    ["Oak", "Sunset", "Highland", "Cedar", "Martin Luther King", "North Lake", "5th", "St James"]
)
kinds = st.sampled_from(sorted(words().streets))
cities = st.sampled_from(["Denver", "New York", "San Antonio", "St Louis", "Kansas City", "Boise"])
codes = st.sampled_from(sorted(set(words().states.values())))


@given(st.integers(1, 99_999), names, kinds, st.integers(1, 999), cities, codes, st.integers(0, 99_999))
def test_what_is_written_is_read_again(
    number: int, name: str, kind: str, unit: int, city: str, state: str, zip_code: int
) -> None:
    street = f"{number} {name} {words().streets[kind]}"
    address = Address(line1=street, line2=f"Suite {unit}", city=city, state=state, postcode=f"{zip_code:05d}")
    assert usable(address)
    assert read_address(f"please send it to {one_line(address)}") == parts_of(address)


@given(st.text(string.printable, max_size=300))
def test_nothing_that_is_written_breaks_the_reading(text: str) -> None:
    found = read_address(text)
    corrected(HOME, text)
    around_address(text)
    if not found.missing:
        assert usable(found.address()) or len(found.line1) > 120


@pytest.mark.parametrize(
    ("text", "unit"), [("no apt 4", "Apt 4"), ("no, apt #4", "Apt 4"), ("no apartment", "")]
)
def test_a_no_before_a_unit_with_a_number_takes_none_away(text: str, unit: str) -> None:
    without = Parts("22 Oak Street", "", "Denver", "CO", "80218")
    found = corrected(without if unit else WHOLE, text)
    assert found is not None
    assert found.line2 == unit
