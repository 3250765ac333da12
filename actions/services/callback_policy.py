"""When a customer can be called back: pure functions of a time, the bookings and the policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from actions.services.policy import Decision, decided
from actions.services.typed_policies import SupportPolicy

SUBJECT = "callback"
SATURDAY = 5
NEAREST = 4  # times that are offered


@dataclass(frozen=True)
class CallWish:
    """When somebody would like to be called: from a moment on, and maybe only until another one."""

    first: datetime
    last: datetime | None = None
    exact: bool = False  # a time of day was named
    soon: bool = False  # the next free time will do

    def fits(self, start: datetime, end: datetime) -> bool:
        """Tell whether a call between two moments is what is wished for."""
        if self.exact:
            return start <= self.first < end
        return start >= self.first and (self.last is None or end <= self.last)


def opening(policy: SupportPolicy, day: date) -> tuple[time, time] | None:
    """Return from when to when the team is at work on a day; None where it isn't."""
    if holiday_name(policy, day) or day.weekday() > SATURDAY:
        return None
    if day.weekday() == SATURDAY:
        return policy.saturday_open, policy.saturday_close
    return policy.weekday_open, policy.weekday_close


def holiday_name(policy: SupportPolicy, day: date) -> str | None:
    """Name the holiday that a day is."""
    return next((name for name, holiday in policy.holidays.items() if holiday.on(day)), None)


def slots(policy: SupportPolicy, now: datetime) -> Iterator[datetime]:
    """Yield the beginning of every slot that can be booked now, whether it is taken or not."""
    today = now.astimezone(policy.zone).date()
    earliest = now + timedelta(hours=policy.callback_notice_hours)
    length = timedelta(minutes=policy.callback_slot_minutes)
    for away in range(policy.callback_days_ahead + 1):
        day = today + timedelta(days=away)
        hours = opening(policy, day)
        if hours is None:
            continue
        at = datetime.combine(day, hours[0], tzinfo=policy.zone)
        close = datetime.combine(day, hours[1], tzinfo=policy.zone)
        while at + length <= close:
            if at >= earliest:
                yield at.astimezone(UTC)
            at += length


def free_slots(policy: SupportPolicy, now: datetime, taken: Mapping[datetime, int]) -> tuple[datetime, ...]:
    """List the slots in which somebody can still call."""
    return tuple(at for at in slots(policy, now) if taken.get(at, 0) < policy.callback_capacity)


def decide_callback(
    policy: SupportPolicy, start: datetime, now: datetime, taken: Mapping[datetime, int]
) -> Decision:
    """Decide whether a call can be booked for a slot that begins at `start`."""
    rule = rule_against(policy, start, now, taken)
    facts = {"holiday": holiday_name(policy, start.astimezone(policy.zone).date()) or ""}
    return decided(rule, facts, subject=SUBJECT)


def rule_against(
    policy: SupportPolicy, moment: datetime, now: datetime, taken: Mapping[datetime, int]
) -> str | None:
    """Name the rule that keeps a call from being booked for a slot, if one does."""
    general = rule_against_time(policy, moment, now)
    if general:
        return general
    if moment.astimezone(UTC) not in set(slots(policy, now)):
        return "closed"
    return "full" if taken.get(moment.astimezone(UTC), 0) >= policy.callback_capacity else None


def rule_against_time(policy: SupportPolicy, moment: datetime, now: datetime) -> str | None:
    """Name the rule that keeps anybody from being called at a moment, whoever is free."""
    local = moment.astimezone(policy.zone)
    hours = opening(policy, local.date())
    if moment < now:
        return "past"
    if holiday_name(policy, local.date()):
        return "holiday"
    if local.date() > now.astimezone(policy.zone).date() + timedelta(days=policy.callback_days_ahead):
        return "too_far"
    if hours is None or not hours[0] <= local.time() < hours[1]:
        return "closed"
    return "too_soon" if moment < now + timedelta(hours=policy.callback_notice_hours) else None


def fitting_slots(policy: SupportPolicy, wish: CallWish, free: Sequence[datetime]) -> list[datetime]:
    """Return the free slots that are as wished; of "as soon as possible", the first."""
    length = timedelta(minutes=policy.callback_slot_minutes)
    found = [at for at in free if wish.fits(at, at + length)]
    return found[:1] if wish.soon else found


def nearest_slots(wish: CallWish, free: Sequence[datetime]) -> list[datetime]:
    """Return the free slots that come closest to a wish, in the order of time."""
    return sorted(sorted(free, key=lambda at: abs(at - wish.first))[:NEAREST])


def reason_against(policy: SupportPolicy, wish: CallWish, now: datetime) -> str:
    """Name the rule why no free slot is as wished; a slot that exists is full."""
    if not wish.exact and wish.last is not None:
        length = timedelta(minutes=policy.callback_slot_minutes)
        if any(wish.fits(at, at + length) for at in slots(policy, now)):
            return "full"
        day = wish.first.astimezone(policy.zone)
        hours = opening(policy, day.date())
        begins = datetime.combine(day.date(), hours[0], tzinfo=policy.zone) if hours else wish.first
        return rule_against_time(policy, max(wish.first, begins), now) or "too_soon"
    return rule_against_time(policy, wish.first, now) or "full"
