"""FedEx: where parcels are, return labels and rates, over its REST APIs."""

from __future__ import annotations

from typing import Any

from actions.adapters.answers import entries, within, words
from actions.adapters.carrier_settings import FedexSettings
from actions.adapters.errors import Missing, Rejected
from actions.adapters.fedex_wire import (
    CODES,
    NAME,
    read_label,
    read_rate,
    read_tracking,
    write_package,
    write_party,
    write_town,
)
from actions.adapters.http import Rules, System
from actions.adapters.keys import digest
from actions.adapters.oauth import OAuthSystem
from actions.carriers.port import Label, Parcel, Place, Rate, Tracking, checked_service, tidy_number
from actions.services.clock import Clock, utc_now


class FedexCarrier:
    """FedEx, with an account of the shop.

    FedEx neither remembers keys (its transaction id is only repeated in the answer) nor finds a label by a
    reference. So a purchase that may have arrived is never sent again, and the error says `unsure`.
    """

    name = NAME
    repeats = False

    def __init__(self, settings: FedexSettings, rules: Rules | None = None, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        login = {"client_id": settings.client_id, "client_secret": settings.client_secret}
        self._system = OAuthSystem(System(NAME, settings.url, rules=rules), "/oauth/token", login)

    def close(self) -> None:
        """Close the connections."""
        self._system.close()

    def track(self, tracking_number: str) -> Tracking | None:
        """Tell where a parcel is; None when FedEx doesn't know the number."""
        number = tidy_number(tracking_number)
        if number is None:
            return None
        wanted = {"trackingNumberInfo": {"trackingNumber": number}}
        body = {"includeDetailedScans": True, "trackingInfo": [wanted]}
        headers = self._headers(f"track {number}")
        try:
            answer = self._system.call(
                "POST", "/track/v1/trackingnumbers", body=body, headers=headers, reads=True
            )
        except Missing:
            return None
        return read_tracking(number, answer.json(), self._clock())

    def label(self, key: str, sender: Place, receiver: Place, parcel: Parcel, service: str) -> Label:
        """Buy a return label."""
        code = CODES[checked_service(service)]
        shipment = {
            "shipper": write_party(sender),
            "recipients": [write_party(receiver)],
            "pickupType": "DROPOFF_AT_FEDEX_LOCATION",
            "serviceType": code,
            "packagingType": "YOUR_PACKAGING",
            "totalWeight": float(parcel.pounds),
            "shippingChargesPayment": {"paymentType": "SENDER"},  # the account below pays
            "shipmentSpecialServices": {
                "specialServiceTypes": ["RETURN_SHIPMENT"],
                "returnShipmentDetail": {"returnType": "PRINT_RETURN_LABEL"},
            },
            "labelSpecification": {"imageType": "PDF", "labelStockType": "PAPER_4X6"},
            "requestedPackageLineItems": [
                write_package(parcel)
                | {
                    "customerReferences": [
                        {"customerReferenceType": "CUSTOMER_REFERENCE", "value": digest(key)[:30].upper()}
                    ]
                }
            ],
        }
        body = {
            "labelResponseOptions": "LABEL",
            "requestedShipment": shipment,
            "accountNumber": self._account(),
        }
        answer = self._system.call(
            "POST", "/ship/v1/shipments", body=body, headers=self._headers(key), repeatable=False
        )
        return read_label(answer.json(exact=True))

    def void(self, number: str) -> bool:
        """Give a label back; FedEx says no for one that was used."""
        tidy = tidy_number(number)
        if tidy is None:
            return False
        body = {"accountNumber": self._account(), "trackingNumber": tidy}
        body["deletionControl"] = "DELETE_ALL_PACKAGES"
        try:
            answer = self._system.call(
                "PUT", "/ship/v1/shipments/cancel", body=body, headers=self._headers(f"void {tidy}")
            )
        except Rejected:
            return False
        return within(answer.json(), "output", "cancelledShipment") is True

    def rates(self, sender: Place, receiver: Place, parcel: Parcel) -> list[Rate]:
        """List what FedEx would charge, by the account's own rates where it has some."""
        shipment = {
            "shipper": {"address": write_town(sender.address)},
            "recipient": {"address": write_town(receiver.address)},
            "pickupType": "DROPOFF_AT_FEDEX_LOCATION",
            "rateRequestType": ["ACCOUNT", "LIST"],
            "requestedPackageLineItems": [write_package(parcel)],
        }
        body = {
            "accountNumber": self._account(),
            "rateRequestControlParameters": {"returnTransitTimes": True},
            "requestedShipment": shipment,
        }
        headers = self._headers(f"rate {self._clock().isoformat()}")
        answer = self._system.call("POST", "/rate/v1/rates/quotes", body=body, headers=headers, reads=True)
        known = {code: service for service, code in CODES.items()}
        listed = entries(answer.json(exact=True), "output", "rateReplyDetails")
        read = (
            read_rate(known[code], each) for each in listed if (code := words(each, "serviceType")) in known
        )
        return sorted((rate for rate in read if rate is not None), key=lambda rate: rate.amount)

    def _account(self) -> dict[str, Any]:
        """Name the account."""
        return {"value": self._settings.account_number}

    def _headers(self, what: str) -> dict[str, str]:
        """Name the request, and the language in which states are told."""
        return {"x-customer-transaction-id": digest(what)[:36], "x-locale": "en_US"}
