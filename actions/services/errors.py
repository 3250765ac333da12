"""Errors of the services.

ShopError                (commerce/errors.py)
  + ServiceError
    x Refused            a rule of the policies says no; carries the decision
    x PolicyError        a policy file has a value that can't be used
    x KeyReused          an idempotency key came back with another request
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.commerce.errors import ShopError

if TYPE_CHECKING:
    from actions.services.policy import Decision


class ServiceError(ShopError):
    """Root of what the services raise."""


class Refused(ServiceError):
    """A rule of the policies forbids what was asked for."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__(f"Refused by the rule '{decision.rule}'.")


class PolicyError(ServiceError):
    """A policy file holds a value that can't be used; the message names file, line and key."""


class KeyReused(ServiceError):
    """An idempotency key came back with a different request."""
