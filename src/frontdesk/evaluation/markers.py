"""Find the points of conversations that markers describe, and count them: Rasa's markers, and its CSV files."""

from __future__ import annotations

import csv
import math
import random
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from frontdesk.core import events as ev
from frontdesk.core.tracker import SESSION_START
from frontdesk.errors import ConfigError
from frontdesk.formats.markers import Marker

HEADER = ("sender_id", "session_idx", "marker", "event_idx", "num_preceding_user_turns")
STATISTICS_HEADER = ("sender_id", "session_idx", "marker", "statistic", "value")
TURNS = "(number of preceding user turns)"


@dataclass(frozen=True, slots=True)
class Hit:
    """A marker applies: at which event of the conversation (from 0), and after how many messages of its session."""

    event: int
    turns: int


@dataclass(frozen=True, slots=True)
class Session:
    """What was found in one session of a conversation, by the names of the markers."""

    sender_id: str
    number: int
    hits: Mapping[str, tuple[Hit, ...]]


class _Live:
    """A marker on its way through a session: `now` tells whether it applies after the last event."""

    def __init__(self, marker: Marker) -> None:
        self.marker = marker
        self.parts = [_Live(part) for part in marker.parts]
        self.now = False
        self.begun = False
        self.progress = 0
        self.hits: list[int] = []

    def see(self, number: int, event: ev.Event) -> None:
        for part in self.parts:
            part.see(number, event)
        before = self.begun and self.now != self.marker.negated
        self.now = self.holds(event, before) != self.marker.negated
        self.begun = True
        # what has happened once is told once
        if self.now and not (self.marker.kind == "at_least_once" and self.hits):
            self.hits.append(number)

    def holds(self, event: ev.Event, before: bool) -> bool:
        """Tell whether it holds, were it not negated; `before` is what it was after the event before."""
        kind, text = self.marker.kind, self.marker.text
        if kind == "action":
            return isinstance(event, ev.ActionExecuted) and event.name == text
        if kind == "intent":
            return isinstance(event, ev.UserUttered) and text in (event.intent, _full_intent(event))
        if kind == "slot_was_set":
            return event.value is not None if isinstance(event, ev.SlotSet) and event.name == text else before
        if kind == "and":
            return all(part.now for part in self.parts)
        if kind == "or":
            return any(part.now for part in self.parts)
        if kind == "not":
            return not self.parts[0].now
        if kind == "at_least_once":
            return before or self.parts[0].now
        return self.next_in_row()

    def next_in_row(self) -> bool:
        self.progress += self.parts[self.progress].now
        if self.progress < len(self.parts):
            return False
        self.progress = 0
        return True


def _full_intent(event: ev.UserUttered) -> str | None:
    name = (event.parse_data.get("intent") or {}).get("full_retrieval_intent_name")
    return name if isinstance(name, str) else None


def apply(markers: Sequence[Marker], sender_id: str, events: Sequence[ev.Event]) -> list[Session]:
    """Return what is found in each session of a conversation.

    A session begins where `action_session_start` ran; what stands before the first one is left out, as in Rasa.
    Each session starts afresh, also in the middle of a `seq`.
    """
    starts = [n for n, e in enumerate(events) if isinstance(e, ev.ActionExecuted) and e.name == SESSION_START]
    bounds = [*(starts or [0]), len(events)]
    found = []
    for number, (begin, end) in enumerate(pairwise(bounds)):
        live = [_Live(marker) for marker in markers]
        turns = [0]
        for at, event in enumerate(events[begin:end]):
            for one in live:
                one.see(at, event)
            turns.append(turns[-1] + isinstance(event, ev.UserUttered))
        hits = {one.marker.name: tuple(Hit(begin + at, turns[at]) for at in one.hits) for one in live}
        found.append(Session(sender_id, number, hits))
    return found


def choose(senders: Sequence[str], strategy: str, count: int | None, seed: int | None) -> list[str]:
    """Return the conversations to look at: `all`, `first_n` or `sample_n` of them. Raises ConfigError."""
    if strategy == "all" or count is None:
        return list(senders)
    if count < 1:
        raise ConfigError(f"{count} conversations cannot be chosen.", hint="Give a number from 1.")
    if strategy == "first_n":
        return list(senders[:count])
    return random.Random(seed).sample(list(senders), min(count, len(senders)))  # noqa: S311 - no secret


def check_targets(paths: Iterable[Path]) -> None:
    """Raise ConfigError where a file is there already, or its folder is not: before any work is done."""
    for path in paths:
        if path.exists():
            raise ConfigError(
                "This file is there already.", where=str(path), hint="Name another, or remove it."
            )
        if not path.parent.is_dir():
            raise ConfigError("There is no such folder.", where=str(path.parent), hint="Make it first.")


def write_hits(path: Path, sessions: Iterable[Session]) -> None:
    """Write one row for each event at which a marker applies."""
    rows = (
        (session.sender_id, session.number, name, hit.event, hit.turns)
        for session in sessions
        for name, hits in session.hits.items()
        for hit in hits
    )
    _write(path, HEADER, rows)


@dataclass
class Statistics:
    """How often markers apply, and after how many messages of the user."""

    sessions: Sequence[Session]
    names: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = sorted(self.sessions[0].hits) if self.sessions else []

    def write_overall(self, path: Path) -> None:
        """Write the figures over all sessions."""
        _write(path, STATISTICS_HEADER, (("all", "nan", *row) for row in self._overall()))

    def write_by_session(self, path: Path) -> None:
        """Write the figures of each session."""
        rows = (
            (
                session.sender_id,
                session.number,
                name,
                f"{kind}{TURNS}",
                _number(_figures(session, name)[kind]),
            )
            for name in self.names
            for kind in ("count", "max", "mean", "median", "min")
            for session in self.sessions
        )
        _write(path, STATISTICS_HEADER, rows)

    def _overall(self) -> Iterator[tuple[str, str, str]]:
        total = len(self.sessions)
        yield "-", "total_number_of_sessions", str(total)
        for name in self.names:
            count = sum(bool(session.hits[name]) for session in self.sessions)
            what = "of_sessions_where_marker_applied_at_least_once"
            yield name, f"number_{what}", str(count)
            yield name, f"percentage_{what}", _number(count / total * 100)
        for name in self.names:
            turns = [hit.turns for session in self.sessions for hit in session.hits[name]]
            for kind, value in _summary(turns).items():
                yield name, f"{kind}{TURNS}", _number(value)


def _figures(session: Session, name: str) -> dict[str, float]:
    return _summary([hit.turns for hit in session.hits[name]])


def _summary(turns: Sequence[int]) -> dict[str, float]:
    if not turns:
        return {"count": 0, **dict.fromkeys(("mean", "median", "min", "max"), math.nan)}
    mean, median = float(statistics.fmean(turns)), float(statistics.median(turns))
    return {"count": len(turns), "mean": mean, "median": median, "min": min(turns), "max": max(turns)}


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else str(round(value, 3))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
