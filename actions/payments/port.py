"""The port: what the assistant needs from a payment provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

CHARGE_STATES = ("succeeded", "pending", "failed")
REPAYMENT_STATES = ("settled", "pending", "failed")
DISPUTE_STATES = ("needs_response", "under_review", "won", "lost", "warning", "prevented")


@dataclass(frozen=True, kw_only=True)
class Charge:
    """Money that was taken, in one go."""

    id: str
    amount: Decimal
    currency: str  # as in "USD"
    status: str  # one of CHARGE_STATES
    repaid: Decimal  # how much of it was given back, or is on its way
    at: datetime

    @property
    def left(self) -> Decimal:
        """How much can still be given back."""
        return self.amount - self.repaid if self.status == "succeeded" else Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Repayment:
    """Money that is given back, for a charge."""

    id: str
    charge_id: str
    amount: Decimal
    currency: str
    status: str  # one of REPAYMENT_STATES
    at: datetime
    repeated: bool = False  # it was made by an earlier call with the same key


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A charge that the customer's bank contests."""

    id: str
    charge_id: str
    amount: Decimal
    currency: str
    reason: str  # in the provider's word
    status: str  # one of DISPUTE_STATES
    at: datetime
    answer_by: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The card that paid a charge, and for whom the provider keeps it, if it does."""

    method: str
    customer: str | None  # None: it can't be charged again
    kind: str  # credit_card or debit_card
    brand: str
    last_four: str


class Payments(Protocol):
    """A payment provider. Amounts are exact; whatever has a key happens once."""

    def charge(
        self, key: str, amount: Decimal, currency: str, *, customer: str, method: str, again: bool = False
    ) -> Charge:
        """Take money by a method that the provider keeps for a customer.

        `again`: it was tried before under this key, however long ago, without our knowing how it ended.
        """

    def find(self, charge_id: str) -> Charge | None:
        """Find a charge."""

    def kept(self, charge_id: str) -> Kept | None:
        """Tell which card paid a charge; None where it was something else."""

    def repay(self, key: str, charge_id: str, amount: Decimal) -> Repayment:
        """Give back money of a charge; the same key again gives the same repayment."""

    def repayments(self, charge_id: str) -> list[Repayment]:
        """List what was given back of a charge, newest first."""

    def disputes(self, charge_id: str) -> list[Dispute]:
        """List the disputes about a charge, newest first."""
