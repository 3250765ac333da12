"""The e-mails about calls, refunds and deliveries, as pure functions of what happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from actions.commerce.model import Customer
from actions.services.mail import Letter
from actions.services.rulebook import Policies

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
    body = (
        f"Hello {customer.first_name},\n\n{told}\n\nReference: {call.reference}\n\n"
        f"If that wasn't you, answer this e-mail or write to {support.email}.\n\n{support.shop_name}\n"
    )
    return Letter(f"callback_{what}", customer.email, f"Your call {call.reference} {heading}", body)
