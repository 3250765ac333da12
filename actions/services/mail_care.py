"""The e-mails about calls, refunds and deliveries, as pure functions of what happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from actions.commerce.model import Customer
from actions.services.mail import Letter, bullets, letter
from actions.services.rulebook import Policies
from actions.services.wording import dollars, takes

NOON = 12


class Call(Protocol):
    """What a letter says about a call."""

    @property
    def reference(self) -> str:
        """Its reference."""

    @property
    def start(self) -> datetime:
        """When its slot begins."""

    @property
    def minutes(self) -> int:
        """How long the slot is."""

    @property
    def topic(self) -> str:
        """What it is about."""


class Gift(Protocol):
    """What a letter says about a remedy."""

    @property
    def reference(self) -> str:
        """Its reference."""

    @property
    def order_number(self) -> str:
        """The order that it is for."""

    @property
    def kind(self) -> str:
        """What kind of remedy it is."""

    @property
    def items(self) -> tuple[str, ...]:
        """The items that it is for, in words."""

    @property
    def amount(self) -> Decimal:
        """What is paid back."""

    @property
    def method(self) -> str:
        """To which method of payment."""

    @property
    def business_days(self) -> str:
        """Within how many business days."""


def hour(moment: datetime) -> str:
    """Write a time of day as in "3 pm", "10:30 am" or "noon"."""
    if (moment.hour, moment.minute) == (NOON, 0):
        return "noon"
    minutes = f":{moment.minute:02d}" if moment.minute else ""
    return f"{(moment.hour - 1) % NOON + 1}{minutes} {'am' if moment.hour < NOON else 'pm'}"


def slot_words(start: datetime, minutes: int, zone: ZoneInfo) -> str:
    """Write a slot as in "Thursday, November 19, between 3 pm and 4 pm"."""
    begins = start.astimezone(zone)
    ends = (start + timedelta(minutes=minutes)).astimezone(zone)
    return f"{begins:%A}, {begins:%B} {begins.day}, between {hour(begins)} and {hour(ends)}"


def callback(customer: Customer, policies: Policies, what: str, call: Call) -> Letter:
    """Write the e-mail that confirms what was done with a call: book, move or cancel."""
    support = policies.support
    when = f"{slot_words(call.start, call.minutes, support.zone)} ({support.timezone})"
    told = {
        "book": f"we'll call you on {when}. It's about: {call.topic}.",
        "move": f"your call is moved: we'll ring you on {when}.",
        "cancel": f"your call on {when} is canceled. Nobody will ring you.",
    }[what]
    heading = {"book": "is booked", "move": "is moved", "cancel": "is canceled"}[what]
    return letter(
        f"callback_{what}",
        customer,
        policies,
        f"Your call {call.reference} {heading}",
        told,
        f"Reference: {call.reference}",
    )


def remedy(customer: Customer, policies: Policies, given: Gift) -> Letter:
    """Write the e-mail that confirms a refund or a replacement."""
    if given.kind == "replacement":
        told = "we send these items again, free of charge. You get an e-mail with the tracking number."
    else:
        told = f"we pay {dollars(given.amount)} back to {given.method}; that {takes(given.business_days)}."
    return letter(
        "remedy",
        customer,
        policies,
        f"Order {given.order_number}: {given.reference}",
        f"about order {given.order_number}: {told}",
        f"It is for:\n{bullets(given.items)}" if given.items else "",
        f"Reference: {given.reference}",
    )
