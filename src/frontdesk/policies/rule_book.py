"""Rules laid out so that the one that applies is found at once, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from frontdesk.core.states import UNSET, View
from frontdesk.policies.view_json import is_start, key_text, view_from_json, view_to_json

Value = tuple[float, ...] | str


@dataclass(frozen=True, slots=True)
class Entry:
    """What follows from a stretch of conversation.

    `views` are what must be seen, oldest first; `outcome` is an action, or (for loops) a note. `names` are the rules
    that say so, for people. `hide` is True where no story goes this way. `size` is the length of the views as JSON:
    of several rules that apply, the longest one counts, as in Rasa.
    """

    views: tuple[View, ...]
    outcome: str
    names: tuple[str, ...] = ()
    hide: bool = False
    size: int = 0

    @classmethod
    def of(cls, views: tuple[View, ...], outcome: str, names: tuple[str, ...] = ()) -> Entry:
        """Make one, and measure it."""
        return cls(views, outcome, names, size=len(key_text(views)))

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "states": [view_to_json(view) for view in self.views],
            "outcome": self.outcome,
            "rules": list(self.names),
            "hide": self.hide,
            "size": self.size,
        }

    @classmethod
    def from_json(cls, wire: Mapping[str, Any]) -> Entry:
        """Read it back."""
        views = tuple(view_from_json(state) for state in wire["states"])
        return cls(views, wire["outcome"], tuple(wire["rules"]), bool(wire["hide"]), int(wire["size"]))


class Now(NamedTuple):
    """The newest view as far as it is compared: by intent and entities, or by the words alone."""

    intent: str | None
    text: str | None
    entities: tuple[str, ...]


class RuleBook:
    """Finds the entries that apply to what was seen.

    An entry applies if each of its views, from the newest backwards, is contained in what was seen then: what it
    does not mention may be anything. Where it begins with the start of a conversation, so must what was seen.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self.longest = max((len(entry.views) for entry in self.entries), default=0)
        self.wordy = False
        """True where an entry could apply to words alone."""
        # each list is longest first: its first entry that applies is its best
        self._by_action: dict[tuple[str | None, str | None], dict[str | None, list[Entry]]] = {}
        for entry in sorted(self.entries, key=lambda e: -e.size):
            newest = entry.views[-1]
            self.wordy = self.wordy or (
                newest.intent is None and not newest.entities and not is_start(newest)
            )
            by_intent = self._by_action.setdefault((newest.action, newest.action_text), {})
            by_intent.setdefault(None if is_start(newest) else newest.intent, []).append(entry)

    def find(self, now: Now, views: Sequence[View]) -> Entry | None:
        """Return the longest entry that applies; `views` are newest first, `longest` of them or all there are."""
        best: Entry | None = None
        for candidates in self._candidates(now, views[0]):
            for entry in candidates:
                if best is not None and entry.size <= best.size:
                    break
                if applies(entry, now, views):
                    best = entry
                    break
        return best

    def find_all(self, now: Now, views: Sequence[View]) -> list[Entry]:
        """Return every entry that applies."""
        return [
            e for candidates in self._candidates(now, views[0]) for e in candidates if applies(e, now, views)
        ]

    def _candidates(self, now: Now, newest: View) -> tuple[Sequence[Entry], ...]:
        by_intent = self._by_action.get((newest.action, newest.action_text))
        if by_intent is None:
            return ()
        general = by_intent.get(None, ())
        return (by_intent.get(now.intent, ()), general) if now.intent is not None else (general,)


def applies(entry: Entry, now: Now, views: Sequence[View]) -> bool:
    """Tell whether an entry applies to what was seen, newest first."""
    if len(entry.views) > len(views):
        return False
    for depth, (wanted, found) in enumerate(zip(reversed(entry.views), views, strict=False)):
        if (wanted.action, wanted.action_text) != (found.action, found.action_text):
            return False
        if is_start(wanted):
            continue
        user = (
            now if depth == 0 else Now(found.intent, found.text if not found.intent else None, found.entities)
        )
        if not _said(wanted, user) or not _loop(wanted.loop, found.loop):
            return False
        if wanted.slots and not _slots(wanted.slots, found.slots):
            return False
    return True


def _said(wanted: View, user: Now) -> bool:
    if wanted.intent and wanted.intent != user.intent:
        return False
    if wanted.text and wanted.text != user.text:
        return False
    return not wanted.entities or wanted.entities == user.entities


def _loop(wanted: str | None, found: str | None) -> bool:
    if wanted == UNSET:
        return found is None or found == UNSET
    return wanted is None or wanted == found


def _slots(wanted: Iterable[tuple[str, Value]], found: Iterable[tuple[str, Value]]) -> bool:
    filled = dict(found)
    for name, value in wanted:
        seen = filled.get(name)
        if value == UNSET:
            if seen is not None and seen != UNSET:
                return False
        elif seen != value:
            return False
    return True
