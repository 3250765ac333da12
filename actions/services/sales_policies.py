"""The policy files about sales, as typed values (see rulebook.py)."""

from __future__ import annotations

from dataclasses import dataclass

from actions.services.readings import (
    Flag,
    List,
    Money,
    Positive,
    Sentences,
    UnknownDate,
    Whole,
    Words,
)
from actions.services.sales_readings import AmountTiers, Codes, UnitTiers


@dataclass(frozen=True, kw_only=True)
class PromotionsPolicy:
    """promotions.yml, as far as code decides by it."""

    codes: Codes
    codes_per_order: Positive
    stackable: Flag
    excluded_categories: List
    excluded_tags: List
    late_code_hours: Whole
    credit_states: List
    when_order_date_unknown: UnknownDate
    authority_limit: Money
    unknown_codes: Positive
    unknown_codes_minutes: Positive
    rules: Sentences


@dataclass(frozen=True, kw_only=True)
class QuotesPolicy:
    """quotes.yml, as far as code decides by it."""

    from_units: Positive
    unit_discounts: UnitTiers
    amount_discounts: AmountTiers
    excluded_categories: List
    excluded_tags: List
    most_lines: Positive
    most_units: Positive
    authority_limit: Money
    valid_days: Positive
    emails_per_conversation: Positive
    emails_window_minutes: Positive
    page_path: Words
    rules: Sentences
