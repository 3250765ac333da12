"""A USPS on 127.0.0.1, as its published description has it."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

from .carrier_server import CLIENT_ID, CLIENT_SECRET, EXPECTED, PDF, CarrierServer, Sold, Story, scans
from .serving import Asked, Told

CRID, MID, MANIFEST_MID, EPS = "56982563", "904128936", "904128937", "1000405525"
CATEGORIES = {
    "label_created": ("Pre-Shipment", "Shipping Label Created, USPS Awaiting Item"),
    "in_transit": ("In Transit", "In Transit to Next Facility"),
    "out_for_delivery": ("Out for Delivery", "Out for Delivery"),
    "ready_for_pickup": ("Available for Pickup", "Available for Pickup"),
    "delivered": ("Delivered", "Delivered, Front Door/Porch"),
    "exception": ("Alert", "Delivery Exception, Weather Delay"),
    "returned": ("Return to Sender", "Return to Sender"),
}
PRICES = {
    "USPS_GROUND_ADVANTAGE": 9.85,
    "PRIORITY_MAIL": 14.1,
    "PRIORITY_MAIL_EXPRESS": 48.25,
    "MEDIA_MAIL": 4.0,
}


class UspsServer(CarrierServer):
    """Its state, and its answers."""

    name = "usps"
    token_path = "/oauth2/v3/token"

    def __init__(self) -> None:
        super().__init__()
        self.payments: list[str] = []
        self.keys: dict[str, tuple[bytes, Told]] = {}

    def token(self, asked: Asked) -> Told:
        form = parse_qs(asked.content.decode())
        if (form["client_id"], form["client_secret"]) != ([CLIENT_ID], [CLIENT_SECRET]):
            return self.error(401, "invalid_client")
        body = {"access_token": self.issue(), "token_type": "Bearer", "expires_in": self.token_seconds}
        return Told(200, body | {"status": "approved", "scope": form["scope"][0]})

    def error(self, status: int, code: str) -> Told:
        error = {"code": str(status), "message": "ann@example.com", "errors": [{"title": code}]}
        return Told(status, {"apiVersion": "3", "error": error})

    def paid(self, asked: Asked) -> bool:
        token = asked.headers["x-payment-authorization-token"]
        return token in self.payments and token not in self.refused

    def answer_Track(self, asked: Asked, number: str) -> Told:
        story = self.stories.get(number)
        if story is None:
            return self.error(404, "NotFound")
        assert asked.query == {"expand": ["DETAIL"]}
        return Told(200, parcel(story))

    def answer_Pay(self, asked: Asked) -> Told:
        roles = {each["roleName"]: each for each in asked.body["roles"]}
        payer = roles["PAYER"]
        assert (payer["CRID"], payer["MID"], payer["accountNumber"]) == (CRID, MID, EPS)
        assert roles["LABEL_OWNER"]["manifestMID"] == MANIFEST_MID
        self.payments.append(f"payment-{len(self.payments) + 1}." + "x" * 800)  # as long as theirs are
        return Told(200, {"paymentAuthorizationToken": self.payments[-1], "roles": asked.body["roles"]})

    def answer_ReturnLabel(self, asked: Asked) -> Told:
        if not self.paid(asked):
            return self.error(401, "InvalidPaymentAuthorization")
        key = asked.headers["x-idempotency-key"]
        if key in self.keys:
            content, told = self.keys[key]
            return told if content == asked.content else self.error(400, "IdempotencyKeyReused")
        number = f"9202{len(self.sold) + 1:018d}"
        self.sold.append(Sold(number, key, asked.body))
        mail_class = asked.body["packageDescription"]["mailClass"].removesuffix("_RETURN_SERVICE")
        body = {
            "trackingNumber": number,
            "postage": PRICES[mail_class],
            "fees": [{"name": "Nonstandard Length", "SKU": "X", "price": 0.1}],
            "returnLabelImage": base64.b64encode(PDF).decode(),
        }
        told = Told(200, body, {"Content-Type": "application/vnd.usps.labels+json"})
        self.keys[key] = (asked.content, told)
        return told

    def answer_Cancel(self, asked: Asked, number: str) -> Told:
        if not self.paid(asked):
            return self.error(401, "InvalidPaymentAuthorization")
        sold = self.sale(number)
        if sold is None:
            return self.error(400, "LabelNotFound")
        sold.voided = True
        return Told(200, {"trackingNumber": number, "status": "CANCELED"})

    def answer_Rates(self, asked: Asked) -> Told:
        options = [
            {"totalBasePrice": price + more, "rates": [rate(name, price + more, entry)]}
            for name, price in PRICES.items()
            for more, entry in ((1.0, "NONE"), (0, "NONE"), (-2.0, "DESTINATION_DELIVERY_UNIT"))
        ]
        return Told(200, {"rateOptions": options})


def rate(name: str, price: float, entry: str) -> dict[str, Any]:
    """Write down a price."""
    return {
        "SKU": "DUXP0XXXXC04020",
        "description": f"{name} Machinable",
        "priceType": "COMMERCIAL",
        "price": price,
        "mailClass": name,
        "zone": "04",
        "productName": name.replace("_", " ").title(),
        "processingCategory": "MACHINABLE",
        "rateIndicator": "SP",
        "destinationEntryFacilityType": entry,
    }


def parcel(story: Story) -> dict[str, Any]:
    """Write a parcel down as USPS does."""
    category, text = CATEGORIES[story.status]
    events = [
        {
            "eventType": CATEGORIES[state][1],
            "eventTimestamp": f"{at:%Y-%m-%d}T01:01:01Z",
            "GMTTimestamp": f"{at:%Y-%m-%dT%H:%M:%S}Z",
            "GMTOffset": "-05:00",
            "eventCity": "COLUMBUS",
            "eventState": "OH",
            "eventZIP": "43218",
            "eventCode": "01",
            "name": story.signed_by if state == "delivered" else "",
        }
        for at, state in scans(story)
    ]
    return {
        "trackingNumber": story.number,
        "status": text,
        "statusCategory": category,
        "statusSummary": f"Your item: {text}.",
        "expectedDeliveryTimeStamp": f"{EXPECTED}T21:00:00Z",
        "trackingEvents": events,
    }
