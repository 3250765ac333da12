"""A UPS on 127.0.0.1, as its published description has it."""

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

GIF = base64.b64encode(b"GIF89a a label").decode()
SUCCESS = {"ResponseStatus": {"Code": "1", "Description": "Success"}}
CODES = {
    "label_created": ("003", "M", "MP", "Shipment Ready for UPS"),
    "in_transit": ("005", "I", "DP", "On the Way"),
    "out_for_delivery": ("021", "I", "OT", "Out for Delivery"),
    "ready_for_pickup": ("040", "I", "RP", "Ready for Customer Pickup"),
    "delivered": ("011", "D", "FS", "Delivered"),
    "exception": ("051", "X", "EX", "Delay: Emergency Situation or Severe Weather"),
    "returned": ("034", "X", "UR", "Returned to Sender"),
}
PRICES = {
    "03": ("12.35", "10.10"),
    "02": ("31.00", "27.45"),
    "01": ("64.20", "58.99"),
    "12": ("22.00", "19.00"),
}


class UpsServer(CarrierServer):
    """Its state, and its answers."""

    name = "ups"
    token_path = "/security/v1/oauth/token"

    def token(self, asked: Asked) -> Told:
        login = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        form = parse_qs(asked.content.decode())
        if asked.headers.get("authorization") != f"Basic {login}" or form != {
            "grant_type": ["client_credentials"]
        }:
            return self.error(401, "10401")
        body = {"token_type": "Bearer", "access_token": self.issue(), "expires_in": str(self.token_seconds)}
        return Told(200, body | {"issued_at": "1763478000000", "client_id": CLIENT_ID, "status": "approved"})

    def error(self, status: int, code: str) -> Told:
        return Told(
            status, {"response": {"errors": [{"code": code, "message": "ann@example.com is unknown"}]}}
        )

    def answer_Track(self, asked: Asked, number: str) -> Told:
        story = self.stories.get(number)
        if story is None:
            return self.error(404, "TW0001")
        return Told(
            200, {"trackResponse": {"shipment": [{"inquiryNumber": number, "package": [parcel(story)]}]}}
        )

    def answer_Ship(self, asked: Asked) -> Told:
        shipment = asked.body["ShipmentRequest"]["Shipment"]
        reference = shipment["Package"][0]["ReferenceNumber"][0]["Value"]
        number = f"1Z{ACCOUNT}{len(self.sold) + 1:010d}"
        self.sold.append(Sold(number, reference, shipment))
        usual, ours = PRICES[shipment["Service"]["Code"]]
        money = {"CurrencyCode": "USD", "MonetaryValue": usual}
        charges = dict.fromkeys(("TransportationCharges", "ServiceOptionsCharges", "TotalCharges"), money)
        results = {
            "ShipmentCharges": charges,
            "NegotiatedRateCharges": {"TotalCharge": {"CurrencyCode": "USD", "MonetaryValue": ours}},
            "BillingWeight": {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": "     2.0"},
            "ShipmentIdentificationNumber": number,
            "PackageResults": [
                {
                    "TrackingNumber": number,
                    "ShippingLabel": {"ImageFormat": {"Code": "GIF"}, "GraphicImage": GIF},
                }
            ],
        }
        return Told(200, {"ShipmentResponse": {"Response": SUCCESS, "ShipmentResults": results}})

    def answer_Recover(self, asked: Asked) -> Told:
        wanted = asked.body["LabelRecoveryRequest"]["ReferenceValues"]["ReferenceNumber"]["Value"]
        sold = next((each for each in self.sold if each.reference == wanted and not each.voided), None)
        if sold is None:
            return self.error(400, "9801031")
        image = {"LabelImageFormat": {"Code": "PDF"}, "GraphicImage": base64.b64encode(PDF).decode()}
        results = [{"TrackingNumber": sold.number, "LabelImage": image}]
        found = {"Response": SUCCESS, "ShipmentIdentificationNumber": sold.number, "LabelResults": results}
        return Told(200, {"LabelRecoveryResponse": found})

    def answer_Void(self, asked: Asked, number: str) -> Told:
        sold = self.sale(number)
        if sold is None:
            return self.error(400, "190117")
        sold.voided = True
        done = {"Status": {"Code": "1", "Description": "Voided"}}
        return Told(200, {"VoidShipmentResponse": {"Response": SUCCESS, "SummaryResult": done}})

    def answer_Rate(self, asked: Asked) -> Told:
        assert asked.body["RateRequest"]["Shipment"]["Shipper"]["ShipperNumber"] == ACCOUNT
        rated = [rate(code, *prices) for code, prices in PRICES.items()]
        return Told(200, {"RateResponse": {"Response": SUCCESS, "RatedShipment": rated}})


def parcel(story: Story) -> dict[str, Any]:
    """Write a parcel down as UPS does."""
    number, kind, code, text = CODES[story.status]
    activity = []
    for at, state in scans(story):
        scan_number, scan_kind, scan_code, words = CODES[state]
        status = {"type": scan_kind, "description": words, "code": scan_code, "statusCode": scan_number}
        activity.append(
            {
                "date": f"{at:%Y%m%d}",
                "time": "010101",  # at the place itself
                "gmtDate": f"{at:%Y%m%d}",
                "gmtTime": f"{at:%H:%M:%S}",
                "gmtOffset": "-05:00",
                "location": {"address": {"city": "COLUMBUS", "stateProvince": "OH", "countryCode": "US"}},
                "status": status,
            }
        )
    found: dict[str, Any] = {
        "trackingNumber": story.number,
        "currentStatus": {"type": kind, "description": text, "code": code, "statusCode": number},
        "activity": activity,
        "deliveryDate": [{"type": "SDD", "date": f"{EXPECTED:%Y%m%d}"}],
    }
    if story.status == "delivered":
        found["deliveryDate"].append({"type": "DEL", "date": f"{ARRIVED:%Y%m%d}"})
        found["deliveryTime"] = {"type": "DEL", "endTime": "092000"}
        found["deliveryInformation"] = {"location": "Front Door", "receivedBy": story.signed_by}
    return found


def rate(code: str, usual: str, ours: str) -> dict[str, Any]:
    """Write down what a service costs."""
    money = {"CurrencyCode": "USD", "MonetaryValue": usual}
    charges = dict.fromkeys(("TransportationCharges", "ServiceOptionsCharges", "TotalCharges"), money)
    unit = {"Code": "LBS", "Description": "Pounds"}
    return charges | {
        "Service": {"Code": code, "Description": f"Service {code}"},
        "BillingWeight": {"UnitOfMeasurement": unit, "Weight": "2.0"},
        "NegotiatedRateCharges": {"TotalCharge": {"CurrencyCode": "USD", "MonetaryValue": ours}},
        "RatedPackage": [{}],
        "GuaranteedDelivery": {"BusinessDaysInTransit": "2", "ScheduledDeliveryDate": f"{EXPECTED:%Y%m%d}"},
    }
