"""Find the places where stories go on differently after exactly the same, which nothing can learn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from frontdesk.core.domain import Domain
from frontdesk.core.states import View, view
from frontdesk.core.tracker import LISTEN
from frontdesk.core.training import Place
from frontdesk.policies.paths import Path
from frontdesk.policies.pieces import PLACE
from frontdesk.policies.view_json import history_digest, spoken, view_digest

UNLIKELY = "action_unlikely_intent"
SHOWN = 3
"""So many stories are named for each of the actions that follow."""
RECENT = 6
"""So many of the last things that happened are shown."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A story's action, what policies see before it, and the line it stands on (of the story, if it is implied)."""

    view: View
    action: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Way:
    """A story that goes on with `action` where another one goes on differently."""

    action: str
    story: str
    place: Place | None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{_said(self.action)} in '{self.story}'"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Different actions after the same turns.

    `before` are the views of these turns, oldest first; `ways` what follows, in the order of the stories. `turns`
    is the shortest history that tells them apart, or None where nothing does.
    """

    before: tuple[View, ...]
    ways: tuple[Way, ...]
    turns: int | None = None

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that follow, each once."""
        return tuple(dict.fromkeys(way.action for way in self.ways))

    @property
    def place(self) -> Place | None:
        """Where the first of them stands."""
        return next((way.place for way in self.ways if way.place), None)

    @property
    def sentence(self) -> str:
        """What is in conflict, in one line."""
        return f"After {_last(self.before[-1])} stories go on differently, though all before it is the same."

    def explained(self) -> list[str]:
        """Return lines that say which stories want what, what was before, and what helps."""
        lines: list[str] = []
        for action in self.actions:
            ways = [way for way in self.ways if way.action == action]
            lines += [str(way) for way in ways[:SHOWN]]
            if len(ways) > SHOWN:
                more = len(ways) - SHOWN
                lines.append(f"... and in {more} more way{'s' if more > 1 else ''} through the stories")
        lines.append(f"before: {self._before()}{_slots(self.before[-1])}")
        lines.append(self._advice())
        return lines

    def _before(self) -> str:
        first = self.before[0]
        said = [label for label in map(_label, self.before) if label]
        if first.intent and said[0] != first.intent:
            said.insert(0, first.intent)  # the history begins in the middle of a turn
        return " > ".join([*(["..."] if len(said) > RECENT else []), *said[-RECENT:]])

    def _advice(self) -> str:
        if self.turns is not None:
            return f"help: {self.turns} turns of history tell them apart (`max_history: {self.turns}` of a policy)."
        return "help: give both the same next step, or let a slot, an entity or an intent of its own tell them apart."


def find_conflicts(paths: Iterable[Path], domain: Domain, max_history: int | None = None) -> list[Conflict]:
    """Return where stories want different actions after the same last `max_history` turns (all, without it).

    Rules and the first action of a conversation are left out, as in Rasa. Takes time in proportion to all turns
    of all ways through the stories.
    """
    told = [(path.name, turns_of(path, domain)) for path in paths if not path.is_rule]
    digests: dict[View, bytes] = {}
    rows = [[_digest(turn.view, digests) for turn in turns] for _, turns in told]
    places: dict[str, list[tuple[int, int]]] = {}
    for number, (_, turns) in enumerate(told):
        for at, turn in enumerate(turns):
            if _has_past(turn.view):
                places.setdefault(_key(rows[number], at, max_history), []).append((number, at))
    found: list[Conflict] = []
    for spots in places.values():
        actions = {told[number][1][at].action for number, at in spots}
        if len(actions) < 2 and UNLIKELY not in actions:
            continue
        number, at = spots[0]
        begin = max(0, at + 1 - max_history) if max_history else 0
        before = tuple(turn.view for turn in told[number][1][begin : at + 1])
        ways = dict.fromkeys(Way(told[n][1][a].action, told[n][0], told[n][1][a].place) for n, a in spots)
        longer = _told_apart(spots, told, rows, max_history) if max_history else None
        found.append(Conflict(before, tuple(ways), longer))
    return found


def turns_of(path: Path, domain: Domain) -> list[Turn]:
    """Return every action of a way through the stories, oldest first, with what policies see before it."""
    found: list[tuple[View, str, Place | None]] = []
    heard: Place | None = None
    for state, _, event in path.tracker.prior():
        if event is None:
            continue
        # Waiting for the user is not written down: it stands at what the user says then, or else at what was before.
        found.append(
            (
                spoken(view(state, domain)),
                event.name or event.action_text or "",
                event.metadata.get(PLACE) or heard,
            )
        )
        message = state.latest_message if state.latest_action == LISTEN else None
        heard = message.metadata.get(PLACE) if message else None
    turns: list[Turn] = []
    for seen, action, place in reversed(found):
        before = turns[-1].place if turns else path.places[0]
        turns.append(Turn(seen, action, place or before))
    return turns


def _told_apart(
    spots: Sequence[tuple[int, int]],
    told: Sequence[tuple[str, list[Turn]]],
    rows: Sequence[Sequence[bytes]],
    max_history: int,
) -> int | None:
    """Return the shortest history after which the same action follows everywhere."""
    for turns in range(max_history + 1, max(at for _, at in spots) + 2):
        actions: dict[str, str] = {}
        for number, at in spots:
            action = told[number][1][at].action
            if actions.setdefault(_key(rows[number], at, turns), action) != action:
                break
        else:
            return turns
    return None


def _digest(seen: View, digests: dict[View, bytes]) -> bytes:
    if seen not in digests:
        digests[seen] = view_digest(seen)
    return digests[seen]


def _key(row: Sequence[bytes], at: int, max_history: int | None) -> str:
    return history_digest(row[max(0, at + 1 - max_history) : at + 1] if max_history else row[: at + 1])


def _has_past(seen: View) -> bool:
    return _label(seen) != ""


def _label(seen: View) -> str:
    """Return the last thing that happened: an action, or what the user said."""
    if seen.action and seen.action != LISTEN:
        return seen.action
    if seen.action_text:
        return f"'{seen.action_text}'"
    return seen.intent or (f"'{seen.text}'" if seen.text else "")


def _last(seen: View) -> str:
    if seen.action and seen.action != LISTEN:
        return f"the action '{seen.action}'"
    if seen.action_text:
        return f"the assistant's words '{seen.action_text}'"
    return f"the intent '{seen.intent}'" if seen.intent else f"the user's words '{seen.text}'"


def _slots(seen: View) -> str:
    names = [name for name, _ in seen.slots]
    parts = [f"slots {', '.join(names)}"] if names else []
    parts += [f"form {seen.loop}"] if seen.loop else []
    return f"  ({'; '.join(parts)})" if parts else ""


def _said(action: str) -> str:
    return "waiting for the user" if action == LISTEN else f"'{action}'"
