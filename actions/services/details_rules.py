"""The typed policies about addresses, payment methods, accounts and loyalty, as far as code decides by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actions.services.errors import PolicyError
from actions.services.readings import (
    List,
    Money,
    Positive,
    Sentences,
    Span,
    Unusable,
    Whole,
    Words,
    money,
)

CHANGES = frozenset({"address", "name", "phone", "marketing"})


@dataclass(frozen=True, kw_only=True)
class ShippingPolicy:
    """shipping.yml: the delivery address of an order."""

    address_change_states: List
    address_change_grace_states: List
    address_change_minutes: Whole
    undeliverable_states: List
    po_box_services: List
    address_rules: Sentences


@dataclass(frozen=True, kw_only=True)
class PaymentsPolicy:
    """payments.yml: the payment method of an order."""

    change_states: List
    change_grace_states: List
    change_minutes: Whole
    change_refund_business_days: Span
    change_gift_card_business_days: Span
    change_rules: Sentences


@dataclass(frozen=True, kw_only=True)
class AccountsPolicy:
    """accounts.yml: password reset links, and what of an account is changed in the chat."""

    reset_link_minutes: Positive
    reset_requests_per_email: Positive
    reset_requests_per_conversation: Positive
    reset_window_minutes: Positive
    reset_url: Words
    chat_changes: List
    rules: Sentences


@dataclass(frozen=True, kw_only=True)
class LoyaltyPolicy:
    """loyalty.yml: the tiers in rising order; `{tier}_from` and `{tier}_benefit_text` are facts of the same file."""

    program_name: Words
    tiers: List
    points_for_reward: Positive
    reward_value: Money


def check_tiers(policy: LoyaltyPolicy, facts: Mapping[str, Any], folder: Path) -> None:
    """Check that every tier above the first says from which spending it begins, each more than the one before."""
    before = None
    for tier in policy.tiers[1:]:
        key = f"{tier}_from"
        try:
            start = money(facts.get(key))
        except Unusable as error:
            raise PolicyError(
                f"{folder.name}/loyalty.yml: '{key}' of the tier '{tier}' has to be {error}."
            ) from error
        if before is not None and start <= before:
            raise PolicyError(
                f"{folder.name}/loyalty.yml: '{key}' has to be more than that of the tier before."
            )
        before = start
