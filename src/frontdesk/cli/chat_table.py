"""Show a conversation as a table: what the assistant did on the left, what the user said on the right."""

from __future__ import annotations

import json
import textwrap
import unicodedata
from collections.abc import Sequence

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

MOST_ROWS = 20
"""So many rows are shown; what was before them is counted."""


def conversation_table(events: Sequence[Event], width: int = 80) -> str:
    """Return the conversation, a row for each time that one of the two has the word."""
    column = max(20, (width - 6) // 2)
    rows: list[tuple[list[str], list[str]]] = []
    did: list[str] = []
    for event in events:
        if isinstance(event, UserUttered):
            rows += [(did, [])] if did else []
            did = []
            rows.append(([], said(event)))
        else:
            did += lines(event)
    rows += [(did, [])] if did else []
    head = f"  #  {'Assistant':{column}} You"
    shown = rows[-MOST_ROWS:]
    table = [head, "-" * min(width, 2 * column + 6)]
    if len(rows) > len(shown):
        table.append(f"     ... {len(rows) - len(shown)} more before")
    for number, (left, right) in enumerate(shown, start=len(rows) - len(shown) + 1):
        words = [f"{'':{column}} {line}" for line in _wrapped(right, column)]
        first, *rest = _wrapped(left, column) or words
        table += [f"{number:3}  {first}", *(f"     {line}" for line in rest)]
    return "\n".join(table)


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
        return [f"slot {event.name} = {json.dumps(event.value, ensure_ascii=False, default=str)}"]
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
