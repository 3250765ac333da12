"""Stories and rules unrolled: every way through checkpoints and alternatives, as a conversation of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from frontdesk.core import events as ev
from frontdesk.core.domain import Domain
from frontdesk.core.states import View, view
from frontdesk.core.tracker import Tracker
from frontdesk.core.training import Place, Rule, Story, TrainingSet
from frontdesk.errors import TrainingError
from frontdesk.policies.pieces import START, Piece, Warn, cut
from frontdesk.policies.view_json import spoken

LIMIT = 20_000
"""So many ways through stories (or rules) are unrolled; more are refused."""
REPEATS = (3, 2, 1)
"""So often a way goes through the same piece of a circle of checkpoints; less often where that is too many ways."""


_UNDOING = ev.Restarted | ev.ActionReverted | ev.UserUtteranceReverted


class Moment(NamedTuple):
    """A point at which an action is chosen (None at the end), and what policies see then."""

    view: View
    action: str | None
    predictable: bool


@dataclass(frozen=True, slots=True)
class Path:
    """One way through the stories, or through a rule.

    `names` are the stories that it goes through, and `places` where they stand.
    """

    names: tuple[str, ...]
    places: tuple[Place | None, ...]
    tracker: Tracker
    is_rule: bool = False
    first: ev.ActionExecuted | None = None

    @property
    def name(self) -> str:
        """The names of its stories, joined."""
        return " > ".join(self.names)

    @property
    def label(self) -> str:
        """What to call it in a message: its names with their places."""
        said = [f"'{n}'" + (f" ({p})" if p else "") for n, p in zip(self.names, self.places, strict=True)]
        return f"{'rule' if self.is_rule else 'story'} {' > '.join(said)}"

    @property
    def where(self) -> str | None:
        """The file and line of its first story."""
        return str(self.places[0]) if self.places and self.places[0] else None

    def moments(self, domain: Domain, *, omit_unset_slots: bool = False) -> list[Moment]:
        """Return all moments, oldest first; the last one is after everything."""
        found: list[Moment] = []
        for state, _, event in self.tracker.prior():
            seen = spoken(view(state, domain, omit_unset_slots=omit_unset_slots))
            action = (event.name or event.action_text) if event else None
            found.append(Moment(seen, action, event is not None and event is not self.first))
        return found[::-1]


def unroll(training: TrainingSet, domain: Domain, warn: Warn = lambda _: None) -> list[Path]:
    """Return every way through the stories, and through the rules.

    Slots of a checkpoint that begins a story must hold where the story before it ended. A checkpoint that nothing
    ends at, or nothing begins at, is told to `warn`. Raises TrainingError where there are more than `LIMIT` ways.
    """
    found: list[Path] = []
    groups: tuple[Sequence[Story | Rule], ...] = (training.stories, training.rules)
    for parts in groups:
        pieces = [piece for number, part in enumerate(parts) for piece in cut(part, domain, number, warn)]
        _check_checkpoints(pieces, warn)
        found += _walk_all(pieces, domain)
    return found


def _check_checkpoints(pieces: Sequence[Piece], warn: Warn) -> None:
    ended = {end for piece in pieces for end in piece.ends} | {START}
    begun = {gate.name for piece in pieces for gate in piece.starts}
    for piece in pieces:
        for gate in piece.starts:
            if gate.name not in ended:
                warn(
                    f"{piece.place or piece.name}: no story ends at the checkpoint '{gate.name}', so this is not used."
                )
        for end in piece.ends:
            if end not in begun and not end.startswith("or "):
                warn(f"{piece.place or piece.name}: no story begins at the checkpoint '{end}'.")


def _walk_all(pieces: Sequence[Piece], domain: Domain) -> list[Path]:
    for repeats in REPEATS:
        found: list[Path] = []
        for path in _Walk(pieces, domain, repeats).paths():
            found.append(path)
            if len(found) > LIMIT:
                break
        else:
            return found
    most, count = Counter(path.names[0] for path in found).most_common(1)[0]
    where = next((path.where for path in found if path.names[0] == most), None)
    raise TrainingError(
        f"There are more than {LIMIT} ways through the stories; {count} of them begin in '{most}'.",
        where=where,
        hint="Use fewer checkpoints and fewer `or` steps in one story, or split it.",
    )


@dataclass(frozen=True, slots=True)
class _Walker:
    """A conversation on its way, and how often it was in which piece."""

    tracker: Tracker
    names: tuple[str, ...] = ()
    places: tuple[Place | None, ...] = ()
    first: ev.ActionExecuted | None = None
    visits: tuple[int, ...] = ()


class _Walk:
    def __init__(self, pieces: Sequence[Piece], domain: Domain, repeats: int) -> None:
        self.pieces = pieces
        self.domain = domain
        self.repeats = repeats
        self.at: dict[str, list[int]] = {}
        for number, piece in enumerate(pieces):
            for gate in piece.starts:
                self.at.setdefault(gate.name, []).append(number)

    def paths(self) -> Iterator[Path]:
        blank = _Walker(Tracker.start("", self.domain.initial_slots))
        todo = [(blank, number) for number in reversed(self.at.get(START, []))]
        while todo:
            walker, number = todo.pop()
            piece = self.pieces[number]
            if not piece.is_rule:
                yield from self.undone(walker, piece)
            walker = self.through(walker, piece, number)
            numbers = dict.fromkeys(n for end in piece.ends for n in self.at.get(end, ()))
            following = [n for n in numbers if walker.visits.count(n) < self.repeats]
            if not following:
                yield Path(walker.names, walker.places, walker.tracker, piece.is_rule, walker.first)
            todo += [(walker, n) for n in reversed(following) if self.open(walker, piece, self.pieces[n])]

    def undone(self, walker: _Walker, piece: Piece) -> Iterator[Path]:
        """Yield what the story says up to each point where it takes something back or starts over."""
        for at, event in enumerate(piece.events):
            if isinstance(event, _UNDOING):
                before = self.through(walker, replace(piece, events=piece.events[:at]), 0)
                yield Path(before.names, before.places, before.tracker, first=before.first)

    def through(self, walker: _Walker, piece: Piece, number: int) -> _Walker:
        known = piece.name in walker.names
        return _Walker(
            tracker=walker.tracker.extend(piece.events),
            names=walker.names if known else (*walker.names, piece.name),
            places=walker.places if known else (*walker.places, piece.place),
            first=walker.first or piece.first,
            visits=(*walker.visits, number),
        )

    @staticmethod
    def open(walker: _Walker, before: Piece, after: Piece) -> bool:
        """Tell whether the slots are as one of the joining checkpoints demands."""
        slots = walker.tracker.slots
        gates = [gate for gate in after.starts if gate.name in before.ends]
        return any(
            all(
                slots.get(c.name) == c.value if c.has_value else slots.get(c.name) is not None
                for c in gate.conditions
            )
            for gate in gates
        )
