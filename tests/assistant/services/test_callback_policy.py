"""When a call is possible: pure functions of the policies, checked over many moments."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.services.callback_policy import (
    CallWish,
    decide_callback,
    fitting_slots,
    free_slots,
    holiday_name,
    nearest_slots,
    opening,
    reason_against,
    rule_against_time,
    slots,
)
from actions.services.rulebook import load_policies

POLICY = load_policies().support
NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)  # Wednesday, 10 am in New York
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))


def local(*when: int) -> datetime:
    return datetime(*when, tzinfo=POLICY.zone)


@given(now=MOMENTS)
def test_every_slot_lies_within_opening_hours_notice_and_days(now: datetime) -> None:
    length = timedelta(minutes=POLICY.callback_slot_minutes)
    for start in slots(POLICY, now):
        begins, ends = start.astimezone(POLICY.zone), (start + length).astimezone(POLICY.zone)
        hours = opening(POLICY, begins.date())
        assert hours is not None
        assert hours[0] <= begins.time() < ends.time() <= hours[1]
        assert begins.weekday() < 6
        assert holiday_name(POLICY, begins.date()) is None
        assert start >= now + timedelta(hours=POLICY.callback_notice_hours)
        away = begins.date() - now.astimezone(POLICY.zone).date()
        assert away.days <= POLICY.callback_days_ahead


@given(now=MOMENTS, used=st.lists(st.integers(0, 40), max_size=60))
def test_a_slot_is_free_exactly_while_a_place_is_left(now: datetime, used: list[int]) -> None:
    every = list(slots(POLICY, now))
    taken = Counter(every[place] for place in used if place < len(every))
    free = set(free_slots(POLICY, now, taken))
    for start in every:
        decision = decide_callback(POLICY, start, now, taken)
        assert decision.allowed == (start in free) == (taken[start] < POLICY.callback_capacity)
        assert decision.rule in ("allowed", "full")


@given(now=MOMENTS, minutes=st.integers(-5_000, 20_000))
def test_a_moment_that_begins_no_slot_is_refused_by_a_rule_that_is_written(
    now: datetime, minutes: int
) -> None:
    start = now.replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    decision = decide_callback(POLICY, start, now, {})
    assert decision.allowed == (start in set(slots(POLICY, now)))
    assert decision.allowed or decision.rule in POLICY.callback_rules


@pytest.mark.parametrize(
    ("moment", "rule"),
    [
        (local(2026, 11, 18, 9), "past"),
        (local(2026, 11, 18, 11), "too_soon"),
        (local(2026, 11, 18, 21), "closed"),
        (local(2026, 11, 22, 12), "closed"),  # a Sunday
        (local(2026, 11, 21, 17), "closed"),  # a Saturday evening
        (local(2026, 11, 26, 12), "holiday"),
        (local(2026, 11, 27, 12), "too_far"),
        (local(2026, 11, 19, 12), None),
    ],
)
def test_the_rule_against_a_time(moment: datetime, rule: str | None) -> None:
    assert rule_against_time(POLICY, moment, NOW) == rule


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 11, 26), "Thanksgiving"),
        (date(2026, 11, 19), None),
        (date(2026, 5, 25), "Memorial Day"),
        (date(2026, 5, 18), None),
        (date(2026, 9, 7), "Labor Day"),
        (date(2027, 1, 1), "New Year's Day"),
    ],
)
def test_holidays(day: date, name: str | None) -> None:
    assert holiday_name(POLICY, day) == name


def test_a_wish_finds_its_slots() -> None:
    free = free_slots(POLICY, NOW, {})
    at_three = CallWish(local(2026, 11, 19, 15, 20), exact=True)
    assert fitting_slots(POLICY, at_three, free) == [local(2026, 11, 19, 15)]
    morning = CallWish(local(2026, 11, 20, 0), local(2026, 11, 20, 12))
    assert [at.astimezone(POLICY.zone).hour for at in fitting_slots(POLICY, morning, free)] == [9, 10, 11]
    assert fitting_slots(POLICY, CallWish(NOW, soon=True), free) == [local(2026, 11, 18, 12)]


def test_what_doesnt_fit_gets_the_nearest_free_slots_and_the_reason() -> None:
    start = local(2026, 11, 19, 15)
    taken = {start.astimezone(UTC): POLICY.callback_capacity}
    wish = CallWish(start, exact=True)
    free = free_slots(POLICY, NOW, taken)
    assert fitting_slots(POLICY, wish, free) == []
    near = nearest_slots(wish, free)
    assert [at.astimezone(POLICY.zone).hour for at in near] == [13, 14, 16, 17]
    assert reason_against(POLICY, wish, NOW) == "full"
    sunday = CallWish(local(2026, 11, 22, 0), local(2026, 11, 23, 0))
    assert reason_against(POLICY, sunday, NOW) == "closed"
    assert reason_against(POLICY, CallWish(NOW, NOW + timedelta(hours=1)), NOW) == "too_soon"


def test_the_articles_name_the_holidays_that_are_decided_by() -> None:
    names = list(POLICY.holidays)
    assert load_policies().fact("support.holidays_text") == f"{', '.join(names[:-1])} and {names[-1]}"
