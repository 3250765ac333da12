"""MemoizationPolicy: do again what the stories did after exactly the same; and its forgetful sibling."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActiveLoop, Event, FollowupAction, UserUttered
from frontdesk.core.ports import Progress
from frontdesk.core.prediction import Basis, Prediction
from frontdesk.core.states import RuleOnly, Seen, View, newest_seen, seen
from frontdesk.core.tracker import LISTEN, State, Tracker, apply
from frontdesk.core.training import TrainingSet
from frontdesk.errors import PackageError
from frontdesk.policies import options as read
from frontdesk.policies.paths import Path, unroll
from frontdesk.policies.rule_training import rule_only
from frontdesk.policies.view_json import asked, history_digest, spoken, view_digest

FILE = "turns.json"
VERSION = 1
UNLIKELY = "action_unlikely_intent"
OPTION_NAMES = ("max_history", "use_nlu_confidence_as_score")

Done = tuple[str | None, str | None]
"""An action: its name, or its text."""


class MemoizationPolicy:
    """Predicts the action that a story has after the same last `max_history` turns, with confidence 1.

    >>> policy = MemoizationPolicy({"max_history": 5})
    >>> policy.priority
    3

    Without `max_history` the whole conversation must be the same. Turns that a rule hid, and slots and loops that
    occur in rules only, do not count. Where stories disagree after the same turns, nothing is predicted.
    """

    name = "MemoizationPolicy"
    yields = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options: Mapping[str, Any] = dict(options or {})
        read.check_names(self.name, self.options, OPTION_NAMES)
        self.priority = int(read.number(self.name, self.options, "priority", 3))
        self.max_history = read.whole(self.name, self.options, "max_history", None)
        self.uses_nlu_confidence = read.switch(self.name, self.options, "use_nlu_confidence_as_score", False)
        self.turns: dict[str, tuple[str, str]] = {}
        self.courses: frozenset[str] = frozenset()
        self.longest = 0
        self.rule_only = RuleOnly()

    def train(self, training: TrainingSet, domain: Domain, progress: Progress) -> None:
        """Remember every turn of every story. Raises TrainingError where there are too many ways through them."""
        paths = unroll(training, domain, progress)
        self.rule_only = rule_only(paths, domain)
        self.turns, self.longest = {}, 0
        ambiguous: set[str] = set()
        courses: set[str] = set()
        digests: dict[View, bytes] = {}
        for path in paths:
            if not path.is_rule:
                self._remember(path, domain, digests, ambiguous, courses)
        self.courses = frozenset(courses)
        progress(f"{self.name}: {len(self.turns)} turns of {sum(not p.is_rule for p in paths)} stories")

    def _remember(
        self,
        path: Path,
        domain: Domain,
        digests: dict[View, bytes],
        ambiguous: set[str],
        courses: set[str],
    ) -> None:
        moments = path.moments(domain)
        for moment in moments:
            if moment.view not in digests:
                digests[moment.view] = view_digest(moment.view)
        history = [digests[moment.view] for moment in moments]
        for at, moment in enumerate(moments):
            if moment.action is None or not moment.predictable:
                continue
            start = max(0, at + 1 - self.max_history) if self.max_history else 0
            key = history_digest(history[start : at + 1])
            self.longest = max(self.longest, at + 1 - start)
            if key in ambiguous:
                continue
            if self.turns.setdefault(key, (moment.action, path.name))[0] != moment.action:
                ambiguous.add(key)
                del self.turns[key]
            else:
                courses.add(course([(m.view.action, m.view.action_text) for m in moments[start : at + 1]]))

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        """Return what a story did here, or None."""
        newest = newest_seen(tracker, domain, self.rule_only)
        found = self.recall(newest, tracker, domain) if newest is not None and self.turns else None
        if found is None:
            return None
        action, story = found
        confidence = self._confidence(tracker)
        return Prediction(
            action,
            confidence,
            policy=self.name,
            priority=self.priority,
            reason=story,
            basis=Basis("story", (story,)),
        )

    def _confidence(self, tracker: Tracker) -> float:
        if not self.uses_nlu_confidence or tracker.latest_message is None:
            return 1.0
        intent = tracker.latest_message.parse_data.get("intent") or {}
        return float(intent.get("confidence", 1.0))

    def recall(self, newest: Seen, tracker: Tracker, domain: Domain) -> tuple[str, str] | None:
        """Return the action and the story that are remembered, or None."""
        key = self.key(newest)
        return self.turns.get(key) if key else None

    def key(self, newest: Seen) -> str | None:
        """Return the digest of the newest turns; None where there are more than any story has."""
        limit = self.max_history or self.longest
        digests: list[bytes] = []
        for node in _likely(newest):
            if len(digests) == limit:
                if self.max_history is None:
                    return None
                break
            if node.note is None:
                node.note = view_digest(spoken(node.view))
            digests.append(node.note if digests else _newest_digest(node))
        return history_digest(digests[::-1])

    def save(self, folder: FilePath) -> None:
        """Write what is remembered as JSON."""
        wire = {
            "version": VERSION,
            "longest": self.longest,
            "rule_only": {"slots": sorted(self.rule_only.slots), "loops": sorted(self.rule_only.loops)},
            "courses": sorted(self.courses),
            "turns": self.turns,
        }
        (folder / FILE).write_text(json.dumps(wire, ensure_ascii=False, indent=1, sort_keys=True), "utf-8")

    def load(self, folder: FilePath, domain: Domain) -> None:
        """Read back what is remembered. Raises PackageError where the file is missing or damaged."""
        file = folder / FILE
        try:
            wire = json.loads(file.read_text("utf-8"))
            if wire["version"] != VERSION:
                hint = "Train again with this version: frontdesk train."
                raise PackageError(
                    f"The remembered turns are of version {wire['version']}.", where=str(file), hint=hint
                )
            self.longest = int(wire["longest"])
            only = wire["rule_only"]
            self.rule_only = RuleOnly(frozenset(only["slots"]), frozenset(only["loops"]))
            self.courses = frozenset(wire["courses"])
            self.turns = {key: (str(action), str(story)) for key, (action, story) in wire["turns"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            hint = "Train again: frontdesk train."
            raise PackageError(
                f"The remembered turns cannot be read ({error}).", where=str(file), hint=hint
            ) from error


class AugmentedMemoizationPolicy(MemoizationPolicy):
    """Remembers stories like MemoizationPolicy, and forgets what happened long ago if that helps.

    >>> policy = AugmentedMemoizationPolicy({"max_history": 5})
    >>> policy.max_history
    5

    Where the last turns do not match, the oldest of them are dropped one after the other, and with them the slots and
    forms that they set, until a story matches or nothing is left.
    """

    name = "AugmentedMemoizationPolicy"
    yields = True

    def recall(self, newest: Seen, tracker: Tracker, domain: Domain) -> tuple[str, str] | None:
        """Return the action and the story that are remembered, with less and less of the past, or None."""
        found = super().recall(newest, tracker, domain)
        if found is not None:
            return found
        events = self._recent(tracker)
        steps = _steps(events)
        for number, step in enumerate(steps[:-1]):
            if not self._could_match(steps, number):
                continue
            node = seen(_replay(events[step.at :], tracker), domain, self.rule_only)
            key = self.key(node) if node is not None else None
            found = self.turns.get(key) if key else None
            if found is not None:
                return found
        return None

    def _could_match(self, steps: Sequence[_Step], start: int) -> bool:
        """Tell whether some story does the same actions as are seen if nothing before a step is known."""
        done = _seen_actions(steps, start)
        if self.max_history is None and len(done) > self.longest:
            return False
        return course(done[-self.max_history :] if self.max_history else done) in self.courses

    def _recent(self, tracker: Tracker) -> list[Event]:
        """Return the applied events that can matter, oldest first.

        With `max_history`, from the last `action_listen` before so many actions. Without it a longer stretch than
        the longest story cannot match; turns that are hidden make it twice as long at most.
        """
        events: list[Event] = []
        actions = 0
        for cell in tracker.applied.back() if tracker.applied else ():
            events.append(cell.event)
            if isinstance(cell.event, ActionExecuted):
                actions += 1
                if self.max_history is None and actions >= 2 * self.longest:
                    break
                if self.max_history is not None and actions > self.max_history and cell.event.name == LISTEN:
                    break
        return events[::-1]


class _Step(NamedTuple):
    """What decides whether a moment is hidden: all but the views. `at` and `since` are positions of events."""

    at: int
    after: Done
    hide: bool
    ordered: bool
    loop: str | None
    since: int


def _steps(events: Sequence[Event]) -> list[_Step]:
    """Return the moments before each action, and the last one."""
    found: list[_Step] = []
    after: Done = (None, None)
    ordered, loop, since = True, None, -1
    for at, event in enumerate(events):
        if isinstance(event, ActionExecuted):
            found.append(_Step(at, after, event.hide_rule_turn, ordered, loop, since))
            after, ordered = (event.name, None if event.name else event.action_text), False
        elif isinstance(event, UserUttered):
            ordered = False
        elif isinstance(event, FollowupAction):
            ordered = bool(event.name)
        elif isinstance(event, ActiveLoop):
            loop, since = event.name, at
    return [*found, _Step(len(events), after, False, ordered, loop, since)]


def _seen_actions(steps: Sequence[_Step], start: int) -> list[Done]:
    """Return the action before each moment that is seen if nothing before a step is known.

    This follows `core.states.seen`, without the views.
    """
    found: list[Done] = [(None, None)]
    hidden = False
    last: Done = (None, None)
    for step in steps[start + 1 :]:
        last = last if hidden else step.after
        loop = step.loop if step.since >= steps[start].at else None
        if not step.ordered and (step.after[0] or step.after[1]) != loop:
            hidden = step.hide
        if hidden:
            continue
        shown = last if last != (None, None) else step.after
        if shown[0] != UNLIKELY:
            found.append(shown)
    return found


def course(done: Iterable[Done]) -> str:
    """Return a digest of actions in a row."""
    return hashlib.blake2b(repr(list(done)).encode("utf-8"), digest_size=12).hexdigest()


def _replay(events: list[Event], tracker: Tracker) -> Iterator[tuple[State, bool]]:
    """Yield the moments of a conversation that consists of these events only."""
    state = State(slots=tracker.initial)
    for event in events:
        if isinstance(event, ActionExecuted):
            yield state, event.hide_rule_turn
        state = apply(state, event, tracker.initial)
    yield state, False


def _likely(newest: Seen) -> Iterator[Seen]:
    """Yield what was seen, newest first, without what followed a remark that the intent was unlikely."""
    node: Seen | None = newest
    while node is not None:
        if node.view.action != UNLIKELY:
            yield node
        node = node.previous


def _newest_digest(node: Seen) -> bytes:
    view = node.view
    if view.action == LISTEN and view.text and not view.intent:
        return view_digest(asked(view))
    digest: bytes = node.note
    return digest
