"""Show a conversation as a table: what the assistant did on the left, what the user said on the right."""

from __future__ import annotations

import json
import textwrap
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from frontdesk.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    Event,
    SlotSet,
    UserUttered,
)
from frontdesk.core.tracker import LISTEN, SESSION_START
from frontdesk.training.interactive import annotated, full_intent

MOST_LINES = 60
"""About so many lines are shown; the rows before them are counted."""


def conversation_table(events: Sequence[Event], width: int = 80) -> str:
    """Return the conversation, a row for each time that one of the two has the word."""
    column = max(20, (width - 6) // 2)
    rows = [_row(number, row, column) for number, row in enumerate(_rows(events), start=1)]
    first = len(rows)
    room = MOST_LINES
    while first and room > 0:
        first -= 1
        room -= len(rows[first])
    table = [f"  #  {'Assistant':{column}} You", "-" * min(width, 2 * column + 6)]
    table += [f"     ... {first} more before"] if first else []
    return "\n".join([*table, *(line for row in rows[first:] for line in row)])


def _rows(events: Sequence[Event]) -> list[tuple[list[str], bool]]:
    """Return what each of the two said and did, in turn; True where it is the user."""
    found: list[tuple[list[str], bool]] = []
    for slots, group in groupby(events, key=lambda event: isinstance(event, SlotSet)):
        if slots:
            texts = ["slots: " + "; ".join(line for event in group for line in lines(event))]
            found.append((texts, False))
            continue
        found += [(said(e), True) if isinstance(e, UserUttered) else (lines(e), False) for e in group]
    joined: list[tuple[list[str], bool]] = []
    for texts, user in found:
        if joined and not user and not joined[-1][1]:
            joined[-1][0].extend(texts)
        elif texts:
            joined.append((texts, user))
    return joined


def _row(number: int, row: tuple[list[str], bool], column: int) -> list[str]:
    texts, user = row
    first, *rest = _wrapped(texts, column)
    margin = f"{'':{column}} " if user else ""
    return [f"{number:3}  {margin}{first}", *(f"     {margin}{line}" for line in rest)]


def said(event: UserUttered) -> list[str]:
    """Return what the user said, with its entities, and its intent."""
    text = event.text or ""
    shown = text if text.startswith("/") else annotated(event)
    return [shown, f"intent: {full_intent(event)} {event.intent_confidence:.2f}"]


def lines(event: Event) -> list[str]:
    """Return how an event of the assistant is shown; nothing for one that only the machine needs."""
    if isinstance(event, ActionExecuted):
        if event.name in (LISTEN, SESSION_START):
            return []
        sure = f" {event.confidence:.2f}" if event.confidence is not None else ""
        return [f"{event.name or event.action_text}{sure}"]
    if isinstance(event, BotUttered):
        return spoken(event)
    if isinstance(event, SlotSet):
        return [f"{event.name} = {json.dumps(event.value, ensure_ascii=False, default=str)}"]
    if isinstance(event, ActiveLoop):
        return [f"form {event.name}" if event.name else "form ends"]
    if isinstance(event, ActionExecutionRejected):
        return [f"{event.name} refused to run"]
    return []


def spoken(event: BotUttered) -> list[str]:
    """Return what the assistant said, with everything that came along."""
    found = [f'"{event.text}"'] if event.text else []
    for button in event.data.get("buttons") or ():
        found.append(f"[{button.get('title')}] {button.get('payload')}")
    found += [f"{key}: {event.data[key]}" for key in ("image", "attachment", "custom") if event.data.get(key)]
    return found


def _wrapped(texts: Sequence[str], width: int) -> list[str]:
    found: list[str] = []
    for text in texts:
        wide = max(1, _width(text)) / max(1, len(text))
        for line in text.splitlines() or [""]:
            found += textwrap.wrap(line, max(10, int(width / wide)), subsequent_indent="  ") or [""]
    return found


def _width(text: str) -> int:
    """Return how many columns a text takes; characters of East Asia take two."""
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c)
    )
