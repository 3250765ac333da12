"""karrio, which others wrote, asks our servers of the carriers, and reads what we read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from actions.adapters.answers import money
from actions.adapters.carrier_settings import FedexSettings, UpsSettings, UspsSettings
from actions.adapters.fedex import FedexCarrier
from actions.adapters.ups import UpsCarrier
from actions.adapters.usps import UspsCarrier
from actions.carriers.port import Place

from ..adapters.carrier_server import ACCOUNT, CLIENT_ID, CLIENT_SECRET, CarrierServer, Story
from ..adapters.fedex_server import FedexServer
from ..adapters.ups_server import UpsServer
from ..adapters.usps_server import CRID, EPS, MANIFEST_MID, MID, UspsServer
from .contract import ANNA, BOX, SHOP
from .outside import NUMBERS

LOGIN: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "account_number": ACCOUNT}
STATES = ("in_transit", "out_for_delivery", "delivered")  # which karrio calls as we do, but:
COARSER = {
    "ups": {"out_for_delivery": "in_transit"}
}  # it goes by UPS's kinds of scans, which are the same for these
SECONDS = 120


def ask_karrio(server: CarrierServer, settings: dict[str, str], **more: Any) -> dict[str, Any]:
    """Let karrio ask a server."""
    asked = {"carrier": server.name, "url": server.url, "settings": settings, **more}
    command = [sys.executable, "-W", "ignore", "-m", "tests.assistant.carriers.ask_karrio", json.dumps(asked)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return told


def compare(server: CarrierServer, ours: Any, settings: dict[str, str], **more: Any) -> dict[str, Any]:
    """Let both read the same parcels."""
    numbers = [f"{NUMBERS[server.name][:-1]}{place}" for place in range(len(STATES))]
    for number, status in zip(numbers, STATES, strict=True):
        server.tell(Story(number, status, "A BENNETT" if status == "delivered" else ""))
    told = ask_karrio(server, settings, numbers=numbers, **more)
    assert told["messages"] == []
    found = [ours.track(number) for number in numbers]
    assert told["parcels"] == [
        {
            "number": each.tracking_number,
            "status": COARSER.get(server.name, {}).get(each.status, each.status),
            "delivered": each.delivered_at is not None,
            "words": [event.text for event in each.events],
        }
        for each in found
    ]
    return told


def test_ups(ups: UpsServer) -> None:
    ours = UpsCarrier(UpsSettings(url=ups.url, **LOGIN))
    compare(ups, ours, LOGIN)
    ours.close()


def test_fedex(fedex: FedexServer) -> None:
    ours = FedexCarrier(FedexSettings(url=fedex.url, **LOGIN))
    keys = {"api_key": CLIENT_ID, "secret_key": CLIENT_SECRET}
    keys |= {f"track_{name}": value for name, value in keys.items()}
    parcel = {"weight": float(BOX.pounds), "weight_unit": "LB", "dimension_unit": "IN"}
    parcel |= {"length": BOX.length, "width": BOX.width, "height": BOX.height}
    places = {"from": written(ANNA), "to": written(SHOP)}
    told = compare(fedex, ours, keys | {"account_number": ACCOUNT}, parcel=parcel, **places)
    prices = {money("karrio", amount) for amount in told["rates"]}
    assert {
        rate.amount for rate in ours.rates(ANNA, SHOP, BOX)
    } < prices  # it also knows services that we don't
    ours.close()


def test_usps(usps: UspsServer) -> None:
    login = LOGIN | {"account_number": EPS}
    settings = UspsSettings(url=usps.url, crid=CRID, mid=MID, manifest_mid=MANIFEST_MID, **login)
    ours = UspsCarrier(settings)
    compare(usps, ours, login | {"CRID": CRID, "MID": MID, "manifest_MID": MANIFEST_MID})
    ours.close()


def written(place: Place) -> dict[str, str]:
    """Write a place down as karrio does."""
    return {
        "person_name": place.name,
        "address_line1": place.address.line1,
        "city": place.address.city,
        "state_code": place.address.state,
        "postal_code": place.address.postcode,
        "country_code": "US",
    }
