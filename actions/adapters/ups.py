"""UPS: where parcels are, return labels and rates, over its REST APIs."""

from __future__ import annotations

import base64
from typing import Any

from actions.adapters.answers import entries, within, words
from actions.adapters.carrier_settings import UpsSettings
from actions.adapters.errors import BadAnswer, Missing, Rejected
from actions.adapters.http import Budget, Rules, System
from actions.adapters.keys import digest
from actions.adapters.oauth import OAuthSystem
from actions.adapters.ups_wire import (
    CODES,
    NAME,
    read_found_label,
    read_label,
    read_rate,
    read_tracking,
    write_address,
    write_package,
    write_party,
)
from actions.carriers.port import Label, Parcel, Place, Rate, Tracking, checked_service, tidy_number
from actions.services.clock import Clock, utc_now

SOURCE = "frontdesk"  # who calls, in each request's transactionSrc
VERSION = "v2409"
NO_SHIPMENT = "9801031"  # of label recovery: no shipment has this reference and shipper number
PRINT_RETURN_LABEL = "9"


class UpsCarrier:
    """UPS, with an account of the shop.

    UPS remembers no keys. Our key is the reference number of a label, by which it is looked up (Label
    Recovery) before one is bought; a purchase that may have arrived is never sent again by itself.
    """

    name = NAME
    repeats = True

    def __init__(self, settings: UpsSettings, rules: Rules | None = None, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        login = base64.b64encode(f"{settings.client_id}:{settings.client_secret}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "x-merchant-id": settings.account_number}
        system = System(NAME, settings.url, rules=rules)
        self._system = OAuthSystem(system, "/security/v1/oauth/token", {}, headers)

    def close(self) -> None:
        """Close the connections."""
        self._system.close()

    def track(self, tracking_number: str) -> Tracking | None:
        """Tell where a parcel is; None when UPS doesn't know the number."""
        number = tidy_number(tracking_number)
        if number is None:
            return None
        try:
            answer = self._system.call(
                "GET",
                f"/api/track/v1/details/{number}",
                params={"locale": "en_US", "returnSignature": "false"},
                headers=self._headers(f"track {number}"),
                shown="/api/track/v1/details/...",
            )
        except Missing:
            return None
        shipments = entries(answer.json(), "trackResponse", "shipment")
        if not shipments:
            raise BadAnswer(NAME, "a parcel has another form than described.")
        parcels = entries(shipments[0], "package")
        parcel = next(
            (each for each in parcels if words(each, "trackingNumber") == number), within(parcels, 0)
        )
        return read_tracking(number, parcel, self._clock()) if parcel is not None else None

    def label(self, key: str, sender: Place, receiver: Place, parcel: Parcel, service: str) -> Label:
        """Buy a return label, unless the same key got one already."""
        code = CODES[checked_service(service)]
        budget, reference = self._system.budget(), _reference(key)
        found = self._bought(reference, budget)
        if found is not None:
            return found
        shipment = {
            "Description": "Return",
            "ReturnService": {"Code": PRINT_RETURN_LABEL},
            "Shipper": write_party(receiver) | {"ShipperNumber": self._settings.account_number},
            "ShipTo": write_party(receiver),
            "ShipFrom": write_party(sender),
            "PaymentInformation": {"ShipmentCharge": [self._charge()]},
            "ShipmentRatingOptions": {"NegotiatedRatesIndicator": ""},
            "Service": {"Code": code},
            "Package": [
                write_package(parcel, "Packaging")
                | {"Description": "Return", "ReferenceNumber": [{"Value": reference}]}
            ],
        }
        body = {
            "ShipmentRequest": {
                "Request": {"RequestOption": "nonvalidate"},
                "Shipment": shipment,
                "LabelSpecification": {
                    "LabelImageFormat": {"Code": "GIF"},
                    "LabelStockSize": {"Height": "6", "Width": "4"},
                },
            }
        }
        path, headers = f"/api/shipments/{VERSION}/ship", self._headers(reference)
        answer = self._system.call("POST", path, body=body, headers=headers, budget=budget, repeatable=False)
        return read_label(answer.json())

    def void(self, number: str) -> bool:
        """Give a label back; UPS says no for one that was used or is too old."""
        tidy = tidy_number(number)
        if tidy is None:
            return False
        try:
            answer = self._system.call(
                "DELETE",
                f"/api/shipments/{VERSION}/void/cancel/{tidy}",
                headers=self._headers(f"void {tidy}"),
                shown="/api/shipments/.../void/cancel/...",
            )
        except Rejected:
            return False
        return words(answer.json(), "VoidShipmentResponse", "SummaryResult", "Status", "Code") == "1"

    def rates(self, sender: Place, receiver: Place, parcel: Parcel) -> list[Rate]:
        """List what UPS would charge, by the account's own rates where it has some."""
        shipment = {
            "Shipper": {
                "ShipperNumber": self._settings.account_number,
                "Address": write_address(receiver.address),
            },
            "ShipTo": {"Address": write_address(receiver.address)},
            "ShipFrom": {"Address": write_address(sender.address)},
            "ShipmentRatingOptions": {"NegotiatedRatesIndicator": ""},
            "Package": [write_package(parcel, "PackagingType")],
        }
        body = {"RateRequest": {"Request": {}, "Shipment": shipment}}
        answer = self._system.call(
            "POST",
            f"/api/rating/{VERSION}/Shop",
            body=body,
            headers=self._headers(f"rate {self._clock().isoformat()}"),
            reads=True,
        )
        listed = entries(answer.json(), "RateResponse", "RatedShipment")
        known = {code: service for service, code in CODES.items()}
        rated = [(known.get(words(each, "Service", "Code")), each) for each in listed]
        return sorted(
            (read_rate(service, each) for service, each in rated if service), key=lambda rate: rate.amount
        )

    def _headers(self, what: str) -> dict[str, str]:
        """Name ourselves and the request."""
        return {"transId": digest(what)[:32], "transactionSrc": SOURCE}

    def _charge(self) -> dict[str, Any]:
        """Say that the shop pays."""
        return {"Type": "01", "BillShipper": {"AccountNumber": self._settings.account_number}}

    def _bought(self, reference: str, budget: Budget) -> Label | None:
        """Find the label that an earlier call bought; there is none only where UPS knows no shipment of it."""
        request = {
            "Request": {},
            "LabelSpecification": {"LabelImageFormat": {"Code": "PDF"}},
            "ReferenceValues": {
                "ReferenceNumber": {"Value": reference},
                "ShipperNumber": self._settings.account_number,
            },
        }
        try:
            answer = self._system.call(
                "POST",
                "/api/labels/v1/recovery",
                body={"LabelRecoveryRequest": request},
                headers=self._headers(f"find {reference}"),
                budget=budget,
                reads=True,
            )
        except Rejected as error:
            if error.code == NO_SHIPMENT:
                return None
            raise  # it may be there all the same, so nothing is bought
        return read_found_label(answer.json())


def _reference(key: str) -> str:
    """Make a reference number of a key, no longer than UPS takes."""
    return f"FD{digest(key)[:28].upper()}"
