"""A FedEx on 127.0.0.1, as its published description has it."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

from .carrier_server import (
    ACCOUNT,
    ARRIVED,
    CLIENT_ID,
    CLIENT_SECRET,
    EXPECTED,
    PDF,
    CarrierServer,
    Sold,
    Story,
    scans,
)
from .serving import Asked, Told

CODES = {
    "label_created": ("OC", "Shipment information sent to FedEx"),
    "in_transit": ("IT", "In transit"),
    "out_for_delivery": ("OD", "On FedEx vehicle for delivery"),
    "ready_for_pickup": ("HL", "Ready for pickup"),
    "delivered": ("DL", "Delivered"),
    "exception": ("DE", "Delivery exception"),
    "returned": ("RS", "Returning package to shipper"),
}
PRICES = {
    "FEDEX_GROUND": 11.4,
    "FEDEX_2_DAY": 29.99,
    "STANDARD_OVERNIGHT": 61.05,
    "FEDEX_EXPRESS_SAVER": 20.0,
}


class FedexServer(CarrierServer):
    """Its state, and its answers."""

    name = "fedex"
    token_path = "/oauth/token"

    def token(self, asked: Asked) -> Told:
        form = parse_qs(asked.content.decode())
        if (form["client_id"], form["client_secret"]) != ([CLIENT_ID], [CLIENT_SECRET]):
            return self.error(401, "NOT.AUTHORIZED.ERROR")
        body = {"access_token": self.issue(), "token_type": "bearer", "expires_in": self.token_seconds}
        return Told(200, body | {"scope": "CXS"})

    def error(self, status: int, code: str) -> Told:
        return Told(
            status, {"transactionId": "t-1", "errors": [{"code": code, "message": "ann@example.com"}]}
        )

    def answer_Track(self, asked: Asked) -> Told:
        number = asked.body["trackingInfo"][0]["trackingNumberInfo"]["trackingNumber"]
        story = self.stories.get(number)
        result = parcel(story) if story else unknown(number)
        results = [{"trackingNumber": number, "trackResults": [result]}]
        return Told(200, {"transactionId": "t-1", "output": {"completeTrackResults": results}})

    def answer_Ship(self, asked: Asked) -> Told:
        assert asked.body["accountNumber"] == {"value": ACCOUNT}
        shipment = asked.body["requestedShipment"]
        reference = shipment["requestedPackageLineItems"][0]["customerReferences"][0]["value"]
        number = f"7946{len(self.sold) + 1:08d}"
        self.sold.append(Sold(number, reference, shipment))
        label = {"contentType": "LABEL", "docType": "PDF", "encodedLabel": base64.b64encode(PDF).decode()}
        rate = {
            "rateType": "PAYOR_ACCOUNT_PACKAGE",
            "totalNetCharge": PRICES[shipment["serviceType"]],
            "currency": "USD",
        }
        sold = {
            "serviceType": shipment["serviceType"],
            "shipDatestamp": "2026-11-18",
            "masterTrackingNumber": number,
            "pieceResponses": [{"trackingNumber": number, "packageDocuments": [label]}],
            "completedShipmentDetail": {"shipmentRating": {"shipmentRateDetails": [rate]}},
        }
        return Told(200, {"transactionId": "t-1", "output": {"transactionShipments": [sold]}})

    def answer_Cancel(self, asked: Asked) -> Told:
        sold = self.sale(asked.body["trackingNumber"])
        if sold is None:
            return self.error(400, "SHIPMENT.TRACKINGNUMBER.NOTFOUND")
        sold.voided = True
        output = {"cancelledShipment": True, "cancelledHistory": True, "message": "Canceled"}
        return Told(200, {"transactionId": "t-1", "output": output})

    def answer_Rate(self, asked: Asked) -> Told:
        listed = [
            {
                "serviceType": code,
                "serviceName": code.title(),
                "ratedShipmentDetails": [
                    {
                        "rateType": "LIST",
                        "totalNetCharge": price + 9,
                        "shipmentRateDetail": {"currency": "USD"},
                    },
                    {
                        "rateType": "ACCOUNT",
                        "totalNetCharge": price,
                        "shipmentRateDetail": {"currency": "USD"},
                    },
                ],
                "commit": {"dateDetail": {"dayOfWeek": "FRI", "dayFormat": f"{EXPECTED}T20:00:00"}},
            }
            for code, price in PRICES.items()
        ]
        return Told(200, {"transactionId": "t-1", "output": {"rateReplyDetails": listed}})


def unknown(number: str) -> dict[str, Any]:
    """Say that a number is unknown."""
    error = {"code": "TRACKING.TRACKINGNUMBER.NOTFOUND", "message": "Tracking number cannot be found."}
    return {"trackingNumberInfo": {"trackingNumber": number}, "error": error}


def parcel(story: Story) -> dict[str, Any]:
    """Write a parcel down as FedEx does."""
    code, text = CODES[story.status]
    where = {"city": "COLUMBUS", "stateOrProvinceCode": "OH", "countryCode": "US"}
    events = [
        {
            "date": f"{at:%Y-%m-%dT%H:%M:%S}+00:00",
            "eventType": CODES[state][0],
            "eventDescription": CODES[state][1],
            "exceptionDescription": "Weather delay" if state == "exception" else "",
            "derivedStatusCode": CODES[state][0],
            "scanLocation": where,
        }
        for at, state in scans(story)
    ]
    found: dict[str, Any] = {
        "trackingNumberInfo": {"trackingNumber": story.number, "carrierCode": "FDXG"},
        "latestStatusDetail": {
            "code": code,
            "derivedCode": code,
            "statusByLocale": text,
            "description": text,
        },
        "scanEvents": events,
        "dateAndTimes": [{"type": "ESTIMATED_DELIVERY", "dateTime": f"{EXPECTED}T00:00:00-05:00"}],
    }
    if story.status == "delivered":
        arrived = {"type": "ACTUAL_DELIVERY", "dateTime": f"{ARRIVED:%Y-%m-%dT%H:%M:%S}+00:00"}
        found["dateAndTimes"].append(arrived)
        found["deliveryDetails"] = {"signedByName": story.signed_by}
    return found
