"""The policy files about returns, cancellations, refunds, identity and support, as typed values (see rulebook.py)."""

from __future__ import annotations

from dataclasses import dataclass

from actions.services.readings import (
    Arrival,
    Compensations,
    Factors,
    Flag,
    Holidays,
    Levels,
    Limit,
    List,
    Money,
    Positive,
    Reasons,
    RefundMethod,
    Sentences,
    Settling,
    Share,
    Shares,
    Span,
    TimeOfDay,
    UnknownDate,
    Whole,
    Window,
    Words,
    Zone,
)

ANYTHING = "anything"  # in `needs` of identity.yml: every action that isn't named


@dataclass(frozen=True, kw_only=True)
class ReturnsPolicy:
    """returns.yml, as far as code decides by it."""

    window_days: Window
    returnable_states: List
    when_delivery_date_unknown: UnknownDate
    final_sale_categories: List
    final_sale_tags: List
    final_sale_text: Words
    authority_limit: Limit
    authority_period_days: Positive
    reasons: Reasons
    restocking_fee: Share
    restocking_fee_exceptions: Shares
    label_fee: Money
    label_fee_shop_fault: Money
    label_valid_days: Positive
    damage_report_days: Whole
    label_url: Words
    carrier: Words
    arrivals: Arrival
    drop_off_text: Words
    rules: Sentences

    @property
    def exceptions_words(self) -> str:
        """What can never go back, as it ends a sentence; nothing where everything can."""
        return (
            f", except {self.final_sale_text}" if self.final_sale_categories or self.final_sale_tags else ""
        )

    @property
    def window_words(self) -> str:
        """Until when something can go back, as it stands in a sentence."""
        if self.window_days is None:
            return "once it has been delivered"
        return f"within {self.window_days} days after delivery"


@dataclass(frozen=True, kw_only=True)
class CancellationsPolicy:
    """cancellations.yml, as far as code decides by it."""

    cancellable_states: List
    grace_minutes: Whole
    grace_states: List
    changeable_states: List
    changes_once: Flag
    quantity_changes: Flag
    removals: Flag
    most_pieces: Positive
    difference_method: Settling
    refund_business_days: Span
    gift_card_business_days: Span
    reasons: Sentences
    authority_limit: Limit
    rules: Sentences
    change_rules: Sentences

    @property
    def grace_words(self) -> str:
        """Until when an order that is being packed could be canceled, as it stands in a sentence."""
        if not (self.grace_minutes and self.grace_states):
            return "that's possible only until then"
        return f"that's possible within {self.grace_minutes} minutes after ordering"

    @property
    def until_words(self) -> str:
        """Until when any order can be canceled, as it stands in a sentence."""
        until = "until an order is being packed"
        if not (self.grace_minutes and self.grace_states):
            return until
        return f"{until}, and in any case within {self.grace_minutes} minutes after you placed it"


@dataclass(frozen=True, kw_only=True)
class ExchangesPolicy:
    """exchanges.yml, as far as code decides by it."""

    window_days: Window
    exchangeable_states: List
    when_delivery_date_unknown: UnknownDate
    once_per_order: Flag
    same_variant: Flag
    difference_method: Settling
    reserve_days: Positive
    rules: Sentences


@dataclass(frozen=True, kw_only=True)
class RefundsPolicy:
    """refunds.yml, as far as code decides by it."""

    business_days: Span
    card_business_days: Span
    paypal_business_days: Span
    gift_card_business_days: Span
    store_credit_business_days: Span
    method: RefundMethod
    price_adjustment_days: Whole
    choices: List
    ask: Flag
    shipping_refunded_for_shop_fault: Flag


@dataclass(frozen=True, kw_only=True)
class IdentityPolicy:
    """identity.yml."""

    levels: Levels
    needs: Sentences
    one_customer: Flag
    attempts_per_conversation: Positive
    attempts_per_email: Positive
    attempts_window_minutes: Positive
    lock_minutes: Positive
    idle_minutes: Positive
    longest_minutes: Positive

    def ways(self, action: str = ANYTHING) -> tuple[str, ...]:
        """List the ways to prove who one is, each of which is enough for an action."""
        return self.levels[self.needs.get(action, self.needs[ANYTHING])]

    def suffices(self, way: str, action: str = ANYTHING) -> bool:
        """Tell whether what was proven is enough for an action; an e-mail address and more is more than it alone."""
        ways = self.ways(action)
        return way in ways or ("email" in ways and way.startswith("email"))


@dataclass(frozen=True, kw_only=True)
class SupportPolicy:
    """support.yml, as far as code decides by it."""

    shop_name: Words
    email: Words
    urgent_reply_hours: Positive
    high_reply_hours: Positive
    normal_reply_hours: Positive
    low_reply_hours: Positive
    timezone: Words
    zone: Zone
    weekday_open: TimeOfDay
    weekday_close: TimeOfDay
    saturday_open: TimeOfDay
    saturday_close: TimeOfDay
    callback_notice_hours: Whole
    callback_slot_minutes: Positive
    callback_days_ahead: Positive
    callback_capacity: Positive
    callback_bookings: Positive
    callback_bookings_unproven: Positive
    callback_window_minutes: Positive
    callback_rules: Sentences
    holidays: Holidays

    def reply_hours(self, priority: str) -> int:
        """Hours within which a ticket of this priority is answered."""
        hours = {
            "urgent": self.urgent_reply_hours,
            "high": self.high_reply_hours,
            "low": self.low_reply_hours,
        }
        return hours.get(priority, self.normal_reply_hours)


@dataclass(frozen=True, kw_only=True)
class DeliveryPolicy:
    """shipping.yml, as far as what becomes of a parcel is decided by it."""

    lost_after_days: Positive
    not_received_wait_days: Whole
    missing_report_days: Positive


@dataclass(frozen=True, kw_only=True)
class CompensationPolicy:
    """compensation.yml, as far as code decides by it."""

    issues: Compensations
    tier_factors: Factors
    per_customer: Whole
    period_days: Positive
    period_cap: Money
    late_refund_services: List
    authority_limit: Money
    rules: Sentences
