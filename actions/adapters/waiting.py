"""What answers say about when to come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# The names of the IETF's draft, which Zendesk has, too; and Zendesk's own for the whole account.
REMAINING = ("ratelimit-remaining", "x-rate-limit-remaining")
RESET = "ratelimit-reset"


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Read Retry-After, which is a number of seconds or a date; None where it says nothing."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text)) if text.replace(".", "", 1).isdigit() else _until(text, now)
    except ValueError:
        return None


def quota_wait(headers: Mapping[str, str]) -> float | None:
    """Tell how many seconds to wait when an answer says that our quota is used up; None while it isn't."""
    left = [headers.get(name, "").strip() for name in REMAINING]
    reset = headers.get(RESET, "").strip()
    return float(reset) if "0" in left and reset.isdigit() else None


def _until(text: str, now: datetime | None) -> float:
    """Count the seconds until a date as mail and HTTP write it."""
    date = parsedate_to_datetime(text)
    date = date.replace(tzinfo=UTC) if date.tzinfo is None else date
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
