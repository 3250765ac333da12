"""What every carrier outside keeps when things go wrong: tokens, faults, secrets, and labels that cost money."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from actions.adapters.errors import BadAnswer, Denied, Failed, RateLimited, Rejected, Resting, Unreachable
from actions.adapters.http import Rules
from actions.carriers.port import Carrier

from ..adapters.carrier_server import CLIENT_SECRET, CarrierServer, Story
from ..adapters.serving import Told
from .contract import ANNA, BOX, SHOP, CarrierContract

RULES = Rules(deadline=60.0, first_wait=0.01)
HASTY = Rules(deadline=0.5, first_wait=0.01)
NUMBERS = {"ups": "1ZA1B2C30000099999", "fedex": "794699999999", "usps": "9400100000000000009999"}


class OutsideContract(CarrierContract):
    """The cases; a subclass gives the server and makes the adapter."""

    label_path: str

    @pytest.fixture()
    def server(self) -> CarrierServer:
        raise NotImplementedError

    def made(self, url: str, rules: Rules = RULES, secret: str = CLIENT_SECRET) -> Any:
        raise NotImplementedError

    @pytest.fixture()
    def carrier(self, server: CarrierServer) -> Iterator[Carrier]:
        self.server_state = server
        made = self.made(server.url)
        yield made
        made.close()

    def send(self, carrier: Carrier, status: str) -> str:
        number = NUMBERS[self.server_state.name]
        self.server_state.tell(Story(number, status, "A BENNETT" if status == "delivered" else ""))
        return number

    def test_who_signed_is_told(self, carrier: Carrier) -> None:
        found = carrier.track(self.send(carrier, "delivered"))
        assert found is not None
        assert found.signed_by == "A BENNETT"

    def test_numbers_are_taken_as_people_write_them(self, carrier: Carrier) -> None:
        number = self.send(carrier, "in_transit")
        found = carrier.track(f" {number[:4].lower()} {number[4:9]}-{number[9:]}")
        assert found is not None
        assert found.tracking_number == number

    def test_what_cannot_be_a_number_is_not_asked(self, server: CarrierServer, carrier: Carrier) -> None:
        assert carrier.track("../../label") is None
        assert carrier.void("a/b") is False
        assert server.local.asked == []

    def test_one_token_serves_all(self, server: CarrierServer, carrier: Carrier) -> None:
        number = self.send(carrier, "in_transit")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: carrier.track(number), range(16)))
        assert len(server.tokens) == 1

    def test_a_token_that_is_refused_is_fetched_anew_once(
        self, server: CarrierServer, carrier: Carrier
    ) -> None:
        number = self.send(carrier, "in_transit")
        carrier.track(number)
        server.refused.update(server.tokens)
        assert carrier.track(number) is not None
        assert len(server.tokens) == 2
        server.local.faults = [server.error(401, "X"), None, server.error(401, "X")]
        with pytest.raises(Denied):
            carrier.track(number)
        assert len(server.tokens) == 3

    def test_a_token_about_to_run_out_is_not_used(self, server: CarrierServer) -> None:
        server.token_seconds = 30
        carrier = self.made(server.url)
        for _ in range(2):
            carrier.track(NUMBERS[server.name])
        assert len(server.tokens) == 2
        carrier.close()

    def test_wrong_credentials_are_told_without_showing_them(self, server: CarrierServer) -> None:
        carrier = self.made(server.url, secret="wrong-secret")
        with pytest.raises(Denied, match="it refused our credentials") as caught:
            carrier.track(NUMBERS[server.name])
        assert "wrong-secret" not in str(caught.value)
        carrier.close()

    def test_the_log_tells_no_secret_and_no_parcel(
        self, server: CarrierServer, carrier: Carrier, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        number = self.send(carrier, "in_transit")
        server.local.faults = [None, Told(503), None]
        carrier.track(number)
        carrier.label("k1", ANNA, SHOP, BOX, "ground")
        ours = [record.getMessage() for record in caplog.records if record.name.startswith("actions")]
        assert any("503" in line for line in ours)
        for private in (number, CLIENT_SECRET, *server.tokens, "Bennett", "payment-1"):
            assert private not in "\n".join(ours)

    @pytest.mark.parametrize(
        "fault", [Told(fault="drop"), Told(502), Told(503), Told(504), Told(fault="half", body="x" * 99)]
    )
    def test_a_question_is_asked_again(self, server: CarrierServer, carrier: Carrier, fault: Told) -> None:
        number = self.send(carrier, "in_transit")
        server.local.faults = [None, fault, fault]
        assert carrier.track(number) is not None

    def test_who_is_down_is_told_and_then_left_alone(self, server: CarrierServer, carrier: Carrier) -> None:
        carrier.track(NUMBERS[server.name])
        server.local.faults = [Told(500)] * 5
        for _ in range(5):
            with pytest.raises(Failed):
                carrier.track(NUMBERS[server.name])
        asked = len(server.local.asked)
        with pytest.raises(Resting):
            carrier.track(NUMBERS[server.name])
        assert len(server.local.asked) == asked

    def test_who_is_slow_is_not_waited_for(self, server: CarrierServer) -> None:
        carrier = self.made(server.url, HASTY)
        server.local.faults = [Told(fault="drip"), Told(fault="drip")]
        with pytest.raises(Unreachable):
            carrier.track(NUMBERS[server.name])
        carrier.close()

    def test_who_wants_less_is_obeyed(self, server: CarrierServer) -> None:
        rules = Rules(deadline=25.0, first_wait=0.01)  # less than it is asked to wait
        carrier = self.made(server.url, rules)
        number = NUMBERS[server.name]
        carrier.track(number)
        server.local.faults = [Told(429, {}, {"Retry-After": "30"})]
        with pytest.raises(RateLimited):
            carrier.track(number)
        asked = len(server.local.asked)
        with pytest.raises(RateLimited):
            carrier.track(number)
        assert len(server.local.asked) == asked
        carrier.close()

    @pytest.mark.parametrize(
        "body", [[], {}, None, {"output": 1}, b"<html>", {"trackResponse": {"shipment": "x"}}]
    )
    def test_an_answer_of_another_form_is_told(
        self, server: CarrierServer, carrier: Carrier, body: Any
    ) -> None:
        carrier.track(NUMBERS[server.name])
        server.local.faults = [Told(200, body)] * 2
        with pytest.raises(BadAnswer):
            carrier.track(NUMBERS[server.name])

    @pytest.mark.parametrize(
        "body",
        [
            [],
            {"access_token": 1, "expires_in": 9},
            {"access_token": "a\nb", "expires_in": 9},
            {"access_token": "\u00e4", "expires_in": 9},
            b"x",
        ],
    )
    def test_a_token_of_another_form_is_told(
        self, server: CarrierServer, carrier: Carrier, body: Any
    ) -> None:
        server.local.faults = [Told(200, body)]
        with pytest.raises(BadAnswer):
            carrier.track(NUMBERS[server.name])

    def test_their_own_words_about_an_error_are_not_repeated(
        self, server: CarrierServer, carrier: Carrier
    ) -> None:
        carrier.track(NUMBERS[server.name])
        server.local.faults = [server.error(400, "NO.SUCH.SERVICE")]
        with pytest.raises(Rejected) as caught:
            carrier.track(NUMBERS[server.name])
        assert "ann@" not in str(caught.value)

    def test_what_a_label_costs_is_the_accounts_own_price(
        self, server: CarrierServer, carrier: Carrier
    ) -> None:
        label = carrier.label("k1", ANNA, SHOP, BOX, "ground")
        (sold,) = server.sold
        assert (label.number, label.tracking_number) == (sold.number, sold.number)
        ours = next(rate for rate in carrier.rates(ANNA, SHOP, BOX) if rate.service == "ground")
        assert label.cost is not None
        assert abs(label.cost - ours.amount) < 1  # USPS takes a fee for the parcel's form
        assert "k1" not in sold.reference

    @pytest.mark.parametrize("fault", [Told(fault="drop"), Told(503), Told(fault="half", body="x" * 99)])
    def test_a_label_whose_answer_was_lost_is_bought_once(
        self, server: CarrierServer, carrier: Carrier, fault: Told
    ) -> None:
        carrier.label("k0", ANNA, SHOP, BOX, "ground")
        self.lose_answer(server, fault)
        try:
            label = carrier.label("k1", ANNA, SHOP, BOX, "ground")
        except (Unreachable, Failed) as error:
            assert error.unsure
            if not carrier.repeats:
                assert len(server.sold) == 2  # a person has to look
                return
            label = carrier.label("k1", ANNA, SHOP, BOX, "ground")
        assert [each.number for each in server.sold][1:] == [label.number]

    def lose_answer(self, server: CarrierServer, fault: Told) -> None:
        """Let the next purchase have its effect without telling us."""
        server.local.faults_after = [fault]

    def test_a_label_that_was_never_asked_for_is_tried_again(
        self, server: CarrierServer, carrier: Carrier
    ) -> None:
        with pytest.raises(Unreachable) as caught:
            self.made("http://127.0.0.1:9", HASTY).label("k1", ANNA, SHOP, BOX, "ground")
        assert caught.value.unsent
        assert server.sold == []
