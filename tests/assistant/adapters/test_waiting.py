"""What answers say about when to come back."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from actions.adapters.waiting import quota_wait, retry_after

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("40", 40.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Wed, 18 Nov 2026 15:00:30 GMT", 30.0),
        ("Wed, 18 Nov 2026 14:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("1e9999", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after(httpx.Headers({"Retry-After": text}), NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-Rate-Limit-Remaining": "0", "Ratelimit-Reset": "41"}, 41.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "3"}, 3.0),
        ({"ratelimit-remaining": "5", "ratelimit-reset": "3"}, None),
        ({"ratelimit-remaining": "0"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_a_quota_that_is_used_up(headers: dict[str, str], seconds: float | None) -> None:
    assert quota_wait(httpx.Headers(headers)) == seconds
