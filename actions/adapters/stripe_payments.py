"""Payments at Stripe, with Stripe's own library over our way of calling."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from actions.adapters.errors import (
    AdapterError,
    BadAnswer,
    Declined,
    Denied,
    Missing,
    MoreThanPaid,
    Rejected,
)
from actions.adapters.http import Budget, Rules, System
from actions.adapters.keys import digest
from actions.adapters.settings import StripeSettings
from actions.payments.minor_units import from_minor, to_minor
from actions.payments.port import Charge, Dispute, Kept, Repayment

NAME = "Stripe"
MARK = "frontdesk_key"  # metadata by which a repayment is recognized
MOST = 100  # entries of one page
# What Stripe's library would say about this machine.
NOT_SENT = ("x-stripe-client-user-agent", "x-stripe-client-telemetry")
REPAYMENT_STATES = {
    "succeeded": "settled",
    "pending": "pending",
    "requires_action": "pending",
    "failed": "failed",
    "canceled": "failed",
}
DISPUTE_STATES = {
    "needs_response": "needs_response",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
    "prevented": "prevented",
    "warning_needs_response": "warning",
    "warning_under_review": "warning",
    "warning_closed": "warning",
}


class StripePayments:
    """A payment provider.

    >>> payments.repay("return R-10042", "ch_3PqRs", Decimal("12.50")).status

    A key goes out as Stripe's Idempotency-Key, which Stripe keeps for a day at least. A repayment carries it in
    its metadata, too, and is looked up by it first, however long ago it was.
    """

    def __init__(self, settings: StripeSettings, rules: Rules | None = None) -> None:
        self._system = System(NAME, settings.url, rules=rules, advice_header="stripe-should-retry")
        self._transport = Transport(self._system)
        self._client = stripe.StripeClient(
            settings.api_key,
            base_addresses={"api": self._system.url},
            http_client=self._transport,
            max_network_retries=0,  # the transport has rules of its own
        )

    def close(self) -> None:
        """Close the connections."""
        self._system.close()

    def charge(
        self, key: str, amount: Decimal, currency: str, *, customer: str, method: str, again: bool = False
    ) -> Charge:
        """Take money by a method that Stripe keeps for a customer; one that may have been taken is looked up."""
        params: Any = {
            "amount": to_minor(amount, currency),
            "currency": currency.lower(),
            "customer": customer,
            "payment_method": method,
            "confirm": True,
            "off_session": True,
            "metadata": {MARK: _hash(key)},
            "expand": ["latest_charge"],
        }
        with self._calling():
            known = self._intent(customer, _hash(key)) if again else None
            if known is not None:
                return _charge(known.latest_charge)
            intent = self._client.v1.payment_intents.create(params, {"idempotency_key": _hash("charge", key)})
        if intent.status not in ("succeeded", "processing"):
            reason = getattr(getattr(intent, "last_payment_error", None), "code", None)
            raise Declined(NAME, 402, reason or intent.status)
        return _charge(intent.latest_charge)

    def find(self, charge_id: str) -> Charge | None:
        """Find a charge."""
        if not _is_id(charge_id, "ch_", "py_"):
            return None
        with self._calling():
            try:
                return _charge(self._client.v1.charges.retrieve(charge_id))
            except stripe.InvalidRequestError as error:
                if error.http_status == 404:
                    return None
                raise

    def kept(self, charge_id: str) -> Kept | None:
        """Tell which card paid a charge; None where it was something else."""
        if not _is_id(charge_id, "ch_", "py_"):
            return None
        with self._calling():
            method = getattr(self._client.v1.charges.retrieve(charge_id), "payment_method", None)
            if not isinstance(method, str) or not _is_id(method, "pm_", "card_"):
                return None
            return _kept(self._client.v1.payment_methods.retrieve(method))

    def repay(self, key: str, charge_id: str, amount: Decimal) -> Repayment:
        """Give back money of a charge; the same key again gives the same repayment."""
        mark = _hash("repay", key)
        with self._calling():
            charge = self.find(charge_id)
            if charge is None:
                raise Missing(NAME, 404, "charge")
            units = to_minor(amount, charge.currency)
            for entry in self._refunds(charge_id):
                if getattr(entry.metadata, MARK, None) == mark:
                    if _field(entry, "amount") != units:
                        raise Rejected(NAME, 400, "idempotency_error")
                    return _repayment(entry, repeated=True)
            if amount > charge.left:
                raise MoreThanPaid(NAME, 400, "more_than_is_left")
            params: Any = {"charge": charge_id, "amount": units, "metadata": {MARK: mark}}
            return _repayment(self._client.v1.refunds.create(params, {"idempotency_key": mark}))

    def repayments(self, charge_id: str) -> list[Repayment]:
        """List what was given back of a charge, newest first."""
        with self._calling():
            return [_repayment(entry) for entry in self._refunds(charge_id)]

    def disputes(self, charge_id: str) -> list[Dispute]:
        """List the disputes about a charge, newest first."""
        if not _is_id(charge_id, "ch_", "py_"):
            return []
        with self._calling():
            found = self._client.v1.disputes.list({"charge": charge_id, "limit": MOST})
            return [_dispute(entry) for entry in found.data]

    def _intent(self, customer: str, mark: str) -> Any:
        """Find what took money under a key before, however long ago: Stripe forgets keys after a day."""
        query: Any = {"customer": customer, "limit": MOST, "expand": ["data.latest_charge"]}
        found = self._client.v1.payment_intents.list(query).data
        mine = (intent for intent in found if getattr(intent.metadata, MARK, None) == mark)
        return next((intent for intent in mine if intent.status in ("succeeded", "processing")), None)

    def _refunds(self, charge_id: str) -> list[Any]:
        """List the refunds of a charge as Stripe has them."""
        if not _is_id(charge_id, "ch_", "py_"):
            return []
        return list(self._client.v1.refunds.list({"charge": charge_id, "limit": MOST}).data)

    @contextmanager
    def _calling(self) -> Iterator[None]:
        """Let everything within share one deadline, and say what Stripe's errors mean."""
        with self._transport.within(self._system.budget()):
            try:
                yield
            except stripe.StripeError as error:
                raise _translated(error) from None  # its words may repeat what is private


class Transport(stripe.HTTPClient):
    """Takes the requests of Stripe's library through our way of calling."""

    name = "frontdesk"

    def __init__(self, system: System) -> None:
        super().__init__()
        self._system = system
        self._budgets = _Budgets()

    @contextmanager
    def within(self, budget: Budget) -> Iterator[None]:
        """Let this thread's calls share a budget; the outermost counts."""
        before, self._budgets.budget = self._budgets.budget, self._budgets.budget or budget
        try:
            yield
        finally:
            self._budgets.budget = before

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Send one request of the library, to the address of the configuration only."""
        if not url.startswith(f"{self._system.url}/"):
            raise BadAnswer(NAME, "its library wanted to call another address than the configured one.")
        parts = urlsplit(url)
        sent = {name: value for name, value in (headers or {}).items() if name.lower() not in NOT_SENT}
        key = next((sent.pop(name) for name in list(sent) if name.lower() == "idempotency-key"), None)
        answer = self._system.call(
            method.upper(),
            parts.path,
            params=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            content=post_data.encode() if isinstance(post_data, str) else post_data,
            headers=sent,
            key=key,
            budget=self._budgets.budget,
            accept=lambda status: 400 <= status < 500 and status != 429,
        )
        return answer.content.decode(errors="replace"), answer.status, answer.headers

    def close(self) -> None:
        """Leave the connections to their owner."""


class _Budgets(threading.local):
    """The budget of each thread's calls."""

    budget: Budget | None = None


def _translated(error: stripe.StripeError) -> AdapterError:
    """Say what an error of Stripe's library means."""
    status, code = error.http_status or 0, str(error.code or "")
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return Denied(NAME, status)
    if isinstance(error, stripe.CardError):
        return Declined(NAME, status, code)
    if status == 404:
        return Missing(NAME, status, code)
    if status >= 400:
        return Rejected(NAME, status, code)
    return BadAnswer(NAME, "the answer isn't what its library expects.")


def _charge(entry: Any) -> Charge:
    """Read a charge."""
    currency = str(_field(entry, "currency")).upper()
    status = str(_field(entry, "status"))
    if status not in ("succeeded", "pending", "failed"):
        raise BadAnswer(NAME, "a charge has a state that isn't described.")
    return Charge(
        id=str(_field(entry, "id")),
        amount=from_minor(_field(entry, "amount"), currency),
        currency=currency,
        status=status,
        repaid=from_minor(_field(entry, "amount_refunded"), currency),
        at=_moment(_field(entry, "created")),
    )


def _kept(entry: Any) -> Kept | None:
    """Read a payment method; what isn't a card has no name that a customer would know."""
    card, owner = getattr(entry, "card", None), getattr(entry, "customer", None)
    if _field(entry, "type") != "card" or card is None:
        return None
    return Kept(
        method=str(_field(entry, "id")),
        customer=str(owner) if owner else None,
        kind="debit_card" if getattr(card, "funding", None) == "debit" else "credit_card",
        brand=str(_field(card, "brand"))[:40],
        last_four=str(_field(card, "last4"))[:4],
    )


def _repayment(entry: Any, *, repeated: bool = False) -> Repayment:
    """Read a refund."""
    currency = str(_field(entry, "currency")).upper()
    return Repayment(
        id=str(_field(entry, "id")),
        charge_id=str(_field(entry, "charge")),
        amount=from_minor(_field(entry, "amount"), currency),
        currency=currency,
        status=REPAYMENT_STATES.get(str(_field(entry, "status")), "pending"),
        at=_moment(_field(entry, "created")),
        repeated=repeated,
    )


def _dispute(entry: Any) -> Dispute:
    """Read a dispute."""
    currency = str(_field(entry, "currency")).upper()
    status = str(_field(entry, "status"))
    if status not in DISPUTE_STATES:
        raise BadAnswer(NAME, "a dispute has a state that isn't described.")
    due = getattr(_field(entry, "evidence_details"), "due_by", None)
    return Dispute(
        id=str(_field(entry, "id")),
        charge_id=str(_field(entry, "charge")),
        amount=from_minor(_field(entry, "amount"), currency),
        currency=currency,
        reason=str(_field(entry, "reason")),
        status=DISPUTE_STATES[status],
        at=_moment(_field(entry, "created")),
        answer_by=_moment(due) if due else None,
    )


def _field(entry: Any, name: str) -> Any:
    """Read a field that has to be there."""
    found = getattr(entry, name, None)
    if found is None:
        raise BadAnswer(NAME, f"an object has no '{name}'.")
    return found


def _moment(seconds: int) -> datetime:
    """Read a time."""
    return datetime.fromtimestamp(seconds, UTC)


def _is_id(text: str, *prefixes: str) -> bool:
    """Tell whether a text can be one of Stripe's ids, before it becomes a part of an address."""
    return (
        text.startswith(prefixes) and text.isascii() and text.replace("_", "").isalnum() and len(text) < 256
    )


def _hash(*parts: str) -> str:
    """Reduce a key to letters and digits that tell nothing."""
    return digest(*parts)[:48]
