"""What every carrier keeps; the shop's own parcels keep what is about tracking."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from decimal import Decimal

import pytest

from actions.carriers.port import SERVICES, TRACKING_STATES, Carrier, Parcel, Place, Tracker
from actions.commerce.model import Address

ANNA = Place(
    name="Anna Bennett",
    phone="5035550143",
    address=Address(
        line1="1420 SE Alder Street", line2="Apt 5", city="Portland", state="OR", postcode="97214-1234"
    ),
)
SHOP = Place(
    name="Returns",
    company="Larkspur",
    phone="6145550100",
    address=Address(line1="200 Depot Road", city="Columbus", state="OH", postcode="43215"),
)
BOX = Parcel(pounds=Decimal("2.5"), length=12, width=9, height=4)


NO_NUMBERS = ("1Z0000000000000000", "", "42", "../oauth", "9" * 80, "1Z٣٣٣٣٣٣٣", "1Z%", "a b c")


class TrackerContract:
    """Where parcels are; a subclass gives who knows it, and puts a parcel on its way as they have it."""

    states: tuple[str, ...] = TRACKING_STATES  # that the carrier tells

    @pytest.fixture()
    def carrier(self) -> Tracker:
        raise NotImplementedError

    def send(self, carrier: Tracker, status: str) -> str:
        """Put a parcel into a state and return its number."""
        raise NotImplementedError

    def test_what_does_not_exist_is_not_found(self, carrier: Tracker) -> None:
        assert [carrier.track(number) for number in NO_NUMBERS] == [None] * len(NO_NUMBERS)

    def test_every_state_is_told(self, carrier: Tracker) -> None:
        for status in self.states:
            number = self.send(carrier, status)
            found = carrier.track(number)
            assert found is not None
            assert (found.tracking_number, found.status) == (number, status)
            assert found.source == carrier.name

    def test_a_parcel_on_its_way(self, carrier: Tracker) -> None:
        found = carrier.track(self.send(carrier, "in_transit"))
        assert found is not None
        assert found.expected_on is not None
        assert found.delivered_at is found.signed_by is None
        times = [event.at for event in found.events]
        assert times == sorted(times, reverse=True)
        assert times
        assert all(at.tzinfo is UTC for at in times)
        assert all(event.text for event in found.events)
        assert any(event.place for event in found.events)

    def test_a_parcel_that_arrived(self, carrier: Tracker) -> None:
        found = carrier.track(self.send(carrier, "delivered"))
        assert found is not None
        assert found.delivered_at is not None
        assert found.delivered_at.tzinfo is UTC
        assert found.expected_on is None

    def test_many_ask_at_once(self, carrier: Tracker) -> None:
        number = self.send(carrier, "in_transit")
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: carrier.track(number), range(16)))
        assert {each.status for each in found if each} == {"in_transit"}
        assert None not in found


class CarrierContract(TrackerContract):
    """The same of a carrier, and labels."""

    @pytest.fixture()
    def carrier(self) -> Carrier:
        raise NotImplementedError

    def test_what_does_not_exist_is_not_given_back(self, carrier: Carrier) -> None:
        assert [carrier.void(number) for number in NO_NUMBERS] == [False] * len(NO_NUMBERS)

    def test_a_label_is_something_to_print(self, carrier: Carrier) -> None:
        for service in SERVICES:
            label = carrier.label(f"k-{service}", ANNA, SHOP, BOX, service)
            assert label.number
            assert bool(label.content) != bool(label.url)
            assert bool(label.content) == bool(label.media_type)
            assert label.source == carrier.name
            assert label.cost is not None
            assert label.cost.as_tuple().exponent == -2
            assert label.currency == "USD"

    def test_a_key_gives_one_label(self, carrier: Carrier) -> None:
        first = carrier.label("k1", ANNA, SHOP, BOX, "ground")
        if carrier.repeats:
            again = carrier.label("k1", ANNA, SHOP, BOX, "ground")
            assert (again.number, again.tracking_number) == (first.number, first.tracking_number)
        assert carrier.label("k2", ANNA, SHOP, BOX, "ground").number != first.number

    def test_an_unknown_service_is_an_error(self, carrier: Carrier) -> None:
        with pytest.raises(ValueError, match="ground, two_day, overnight"):
            carrier.label("k1", ANNA, SHOP, BOX, "by pigeon")

    def test_an_unused_label_is_given_back_once(self, carrier: Carrier) -> None:
        label = carrier.label("k1", ANNA, SHOP, BOX, "ground")
        assert carrier.void(label.number) is True
        assert carrier.void(label.number) is False

    def test_rates_are_exact_and_the_cheapest_comes_first(self, carrier: Carrier) -> None:
        rates = carrier.rates(ANNA, SHOP, BOX)
        assert rates
        amounts = [rate.amount for rate in rates]
        assert amounts == sorted(amounts)
        assert len({rate.service for rate in rates}) == len(rates)
        for rate in rates:
            assert rate.service in SERVICES
            assert isinstance(rate.amount, Decimal)
            assert rate.amount.as_tuple().exponent == -2
            assert (rate.currency, rate.source, bool(rate.name)) == ("USD", carrier.name, True)
