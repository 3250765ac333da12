"""What forms and the two-stage fallback have in common: begin, go round, end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from frontdesk.core.events import ActiveLoop, Event
from frontdesk.core.ports import Turn


class LoopAction(Protocol):
    """An action that goes on over several messages."""

    name: str

    async def begin(self, turn: Turn) -> list[Event]:
        """Return what happens when the loop starts; the turn's tracker knows the loop as active."""

    async def step(self, turn: Turn, so_far: Sequence[Event]) -> list[Event]:
        """Return what one round brings."""

    def is_done(self, turn: Turn, so_far: Sequence[Event]) -> bool:
        """Tell whether the loop is at its end."""

    async def end(self, turn: Turn) -> list[Event]:
        """Return what happens when the loop has ended."""


async def run_loop(loop: LoopAction, turn: Turn) -> list[Event]:
    """Run one round: begin the loop unless it is active, step unless it is done, end it if it is then."""
    events: list[Event] = []
    if turn.tracker.active_loop_name != loop.name:
        events += [ActiveLoop(loop.name), *await loop.begin(turn)]
    if not loop.is_done(turn, events):
        events += await loop.step(turn, events)
    if loop.is_done(turn, events):
        events += [ActiveLoop(None), *await loop.end(turn)]
    return events
