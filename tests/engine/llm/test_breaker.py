from __future__ import annotations

from frontdesk.llm.breaker import CircuitBreaker
from frontdesk.testing.fakes import FakeClock


def make():
    clock = FakeClock()
    return CircuitBreaker(failures=2, pause=10, clock=clock), clock


def test_lets_calls_through_until_enough_failed_in_a_row():
    breaker, _ = make()
    breaker.failed()
    assert breaker.enter()
    breaker.failed()
    assert not breaker.enter()
    assert breaker.remaining == 10


def test_a_success_forgets_the_failures_before_it():
    breaker, _ = make()
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.enter()


def test_after_the_pause_one_call_tries_and_decides():
    breaker, clock = make()
    breaker.failed()
    breaker.failed()
    clock.forward(10)
    assert breaker.enter()
    assert not breaker.enter(), "only one call tries"
    breaker.failed()
    assert not breaker.enter()
    clock.forward(10)
    assert breaker.enter()
    breaker.succeeded()
    assert breaker.enter()
    assert breaker.remaining == 0


def test_a_trial_that_is_given_up_makes_room_for_the_next():
    breaker, clock = make()
    breaker.failed()
    breaker.failed()
    clock.forward(11)
    assert breaker.enter()
    breaker.abandoned()
    assert breaker.enter()
