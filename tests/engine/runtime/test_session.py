from __future__ import annotations

import pytest

from frontdesk.core.domain import SessionConfig
from frontdesk.core.events import ActionExecuted, UserUttered
from frontdesk.core.tracker import Tracker
from frontdesk.runtime.session import lapsed


def conversation(*events: object) -> Tracker:
    return Tracker.start("ann", {}, events)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes", "after", "expected"),
    [(60, 3599, False), (60, 3600, False), (60, 3601, True), (0, 10**9, False)],
)
def test_a_session_lapses_by_the_last_user_message(minutes: float, after: float, expected: bool) -> None:
    tracker = conversation(UserUttered("hi", timestamp=1000.0), ActionExecuted("x", timestamp=5000.0))
    assert lapsed(tracker, SessionConfig(minutes), 1000.0 + after) is expected


def test_a_new_conversation_has_lapsed() -> None:
    assert lapsed(conversation(), SessionConfig(0), 0.0)


def test_without_a_user_message_it_has_not() -> None:
    assert not lapsed(conversation(ActionExecuted("action_listen", timestamp=1.0)), SessionConfig(60), 10**9)
