"""Counting attempts."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from actions.commerce import schema
from actions.services.container import Services
from actions.services.throttle import Throttle, prune

from ..conftest import NOW, Clock

LIMIT = Throttle("test", 3, timedelta(minutes=10), timedelta(minutes=5))


def test_hits_lock_and_the_lock_ends(shop: Services, clock: Clock) -> None:
    with shop.database.write() as connection:
        assert LIMIT.standing(connection, "a", clock()).left == 3
        assert [LIMIT.hit(connection, "a", clock()).left for _ in range(3)] == [2, 1, 0]
        standing = LIMIT.standing(connection, "a", clock())
        assert (standing.left, standing.locked_until) == (0, NOW + timedelta(minutes=5))
        assert LIMIT.standing(connection, "b", clock()).left == 3
        clock.forward(minutes=5)
        assert LIMIT.standing(connection, "a", clock()).left == 3
        assert LIMIT.hit(connection, "a", clock()).left == 2


def test_the_window_passes(shop: Services, clock: Clock) -> None:
    with shop.database.write() as connection:
        LIMIT.hit(connection, "a", clock())
        clock.forward(minutes=9)
        assert LIMIT.hit(connection, "a", clock()).left == 1
        clock.forward(minutes=2)
        assert LIMIT.standing(connection, "a", clock()).left == 3


def test_old_counters_are_dropped(shop: Services, clock: Clock) -> None:
    with shop.database.write() as connection:
        LIMIT.hit(connection, "a", clock())
        clock.forward(days=3)
        LIMIT.hit(connection, "b", clock())
        prune(connection, clock())
        assert connection.execute(select(func.count()).select_from(schema.throttles)).scalar_one() == 1
