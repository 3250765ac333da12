"""USPS: where parcels are, return labels and prices, over the APIs of apis.usps.com."""

from __future__ import annotations

import uuid
from typing import Any

from actions.adapters.answers import within, words
from actions.adapters.carrier_settings import UspsSettings
from actions.adapters.errors import Denied, Missing, Rejected
from actions.adapters.http import Answer, Budget, Rules, System
from actions.adapters.oauth import OAuthSystem, Token, secret_of
from actions.adapters.usps_wire import (
    NAME,
    RETURN_CLASSES,
    read_label,
    read_rates,
    read_tracking,
    write_package,
    write_party,
)
from actions.carriers.port import Label, Parcel, Place, Rate, Tracking, checked_service, tidy_number
from actions.services.clock import Clock, utc_now

SPACE = uuid.UUID("6f3f5b0a-3a0c-5d0e-9f0e-0d5d0a4b7c11")  # of the keys that we make
SCOPES = "tracking labels prices payments"
LABELS = "application/vnd.usps.labels+json"
PAYMENT_SECONDS = 3000.0  # for which a payment authorization is used; USPS doesn't say how long it lasts


class UspsCarrier:
    """USPS, with a business account of the shop.

    A key goes out as X-Idempotency-Key: the same request again gives the label that is there already.
    """

    name = NAME
    repeats = True

    def __init__(self, settings: UspsSettings, rules: Rules | None = None, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        login = {"client_id": settings.client_id, "client_secret": settings.client_secret, "scope": SCOPES}
        self._system = OAuthSystem(System(NAME, settings.url, rules=rules), "/oauth2/v3/token", login)
        self._payment = Token(self._system.system, self._authorized)

    def close(self) -> None:
        """Close the connections."""
        self._system.close()

    def track(self, tracking_number: str) -> Tracking | None:
        """Tell where a parcel is; None when USPS doesn't know the number."""
        number = tidy_number(tracking_number)
        if number is None:
            return None
        path, params = f"/tracking/v3/tracking/{number}", {"expand": "DETAIL"}
        try:
            answer = self._system.call("GET", path, params=params, shown="/tracking/v3/tracking/...")
        except Missing:
            return None
        return read_tracking(number, answer.json(), self._clock())

    def label(self, key: str, sender: Place, receiver: Place, parcel: Parcel, service: str) -> Label:
        """Buy a return label; the same key again gives the same one."""
        description = write_package(parcel) | {
            "mailClass": RETURN_CLASSES[checked_service(service)],
            "processingCategory": "MACHINABLE",
            "shape": "RECTANGULAR",
            "packagingType": "VARIABLE",
        }
        body = {
            "imageInfo": {"imageType": "PDF", "labelType": "4X6LABEL"},
            "fromAddress": write_party(sender),
            "toAddress": write_party(receiver),
            "packageDescription": description,
        }
        headers = {"Accept": LABELS, "X-Idempotency-Key": str(uuid.uuid5(SPACE, key))}
        answer = self._paid("POST", "/labels/v3/return-label", body=body, headers=headers, repeatable=True)
        return read_label(answer.json(exact=True))

    def void(self, number: str) -> bool:
        """Give a label back; USPS says no for one that was used."""
        tidy = tidy_number(number)
        if tidy is None:
            return False
        try:
            answer = self._paid("DELETE", f"/labels/v3/label/{tidy}", shown="/labels/v3/label/...")
        except Rejected:
            return False
        return words(answer.json(), "status") in ("CANCELED", "DISPUTED")

    def rates(self, sender: Place, receiver: Place, parcel: Parcel) -> list[Rate]:
        """List the prices for business customers."""
        body = {
            "originZIPCode": sender.address.postcode[:5],
            "destinationZIPCode": receiver.address.postcode[:5],
            "mailClass": "ALL",
            "priceType": "COMMERCIAL",
            **write_package(parcel),
        }
        answer = self._system.call("POST", "/prices/v3/base-rates-list/search", body=body, reads=True)
        return read_rates(answer.json(exact=True))

    def _paid(self, method: str, path: str, **more: Any) -> Answer:
        """Make a call that costs or pays back; an authorization that is refused is fetched anew, once."""
        budget = self._system.budget()
        for last in (False, True):
            token = self._payment.get(budget)
            headers = {**more.get("headers", {}), "X-Payment-Authorization-Token": token}
            try:
                return self._system.call(method, path, budget=budget, **more | {"headers": headers})
            except Denied:
                self._payment.drop(token)
                if last:
                    raise
        raise AssertionError("the second attempt returns or raises")

    def _authorized(self, budget: Budget) -> tuple[str, float]:
        """Fetch the authorization to pay from the shop's account."""
        settings = self._settings
        role = {"CRID": settings.crid, "MID": settings.mid, "accountType": "EPS"}
        role["accountNumber"] = settings.account_number
        roles = [
            {"roleName": "PAYER", **role},
            {"roleName": "LABEL_OWNER", "manifestMID": settings.manifest_mid, **role},
        ]
        path = "/payments/v3/payment-authorization"
        answer = self._system.call("POST", path, body={"roles": roles}, budget=budget, reads=True)
        return secret_of(NAME, within(answer.json(), "paymentAuthorizationToken")), PAYMENT_SECONDS
