"""Choices that a user is offered: buttons where a channel has them, a list where it has none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontdesk.core.events import BotUttered, UserUttered
from frontdesk.core.tracker import Tracker

MARK = "choice:"
"""Begins what stands for a payload that is too long for a button."""
_NUMBER = re.compile(r"\s*#?(\d{1,2})\s*[.)]?\s*")
_LONGEST_TITLE = 200  # characters; a longer message is no title that somebody typed


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice: what it is called, and what it says, or the page that it opens."""

    title: str
    payload: str
    url: str | None = None


def choices(buttons: Any) -> list[Choice]:
    """Return buttons as they stand in a reply; what has another shape is passed over."""
    return [_choice(button) for button in buttons or () if isinstance(button, Mapping)]


def _choice(button: Mapping[str, Any]) -> Choice:
    title = " ".join(str(button.get("title") or button.get("payload") or "…").split())
    url = button.get("url")
    link = url if isinstance(url, str) and url.startswith(("https://", "http://")) else None
    return Choice(title, str(button.get("payload") or title), link)


def listed(offered: Sequence[Choice]) -> list[str]:
    """Return choices as lines; whoever writes the number or the title back chooses it."""
    return [
        f"{number}. {choice.title}" + (f": {choice.url}" if choice.url else "")
        for number, choice in enumerate(offered, 1)
    ]


def stand_in(payload: str) -> str:
    """Return what stands for a payload; `recalled` finds it again in the conversation."""
    return MARK + hashlib.sha256(payload.encode(errors="replace")).hexdigest()[:24]


def recalled(tracker: Tracker, mark: str) -> str | None:
    """Return the payload behind a mark, of whatever was offered in the latest session."""
    for event in tracker.newest_first():
        for choice in _offered(event):
            if stand_in(choice.payload) == mark:
                return choice.payload
    return None


def picked(tracker: Tracker, text: str, buttons: int = 0) -> str | None:
    """Return the payload that a number or a title stands for, of what was offered last; None where it is neither.

    Up to so many `buttons` were shown without numbers: there a number is an answer of its own.
    """
    if len(text) > _LONGEST_TITLE:
        return None
    offered = _last_offered(tracker.newest_first())
    number = _NUMBER.fullmatch(text)
    if number is not None and len(offered) > buttons and 1 <= int(number[1]) <= len(offered):
        return offered[int(number[1]) - 1].payload
    said = " ".join(text.split()).casefold()
    return next((choice.payload for choice in offered if choice.title.casefold() == said), None)


def _last_offered(newest_first: Iterable[Any]) -> Sequence[Choice]:
    """Return what was offered since the user spoke last."""
    for event in newest_first:
        if isinstance(event, UserUttered):
            break
        offered = _offered(event)
        if offered:
            return offered
    return ()


def _offered(event: Any) -> list[Choice]:
    return list(_all(event.data)) if isinstance(event, BotUttered) else []


def _all(content: Mapping[str, Any]) -> Iterator[Choice]:
    yield from choices(content.get("quick_replies") or content.get("buttons"))
    for element in content.get("elements") or ():
        if isinstance(element, Mapping):
            yield from choices(element.get("buttons"))
