"""MemoizationPolicy: do again what the stories did after exactly the same; and its forgetful sibling."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, Event
from frontdesk.core.ports import Progress
from frontdesk.core.prediction import Prediction
from frontdesk.core.states import RuleOnly, Seen, View, newest_seen, seen
from frontdesk.core.tracker import LISTEN, State, Tracker, apply, loop_name
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

Ending = tuple[str | None, str | None, str | None]
"""The last action (name, text) and the last intent of a remembered stretch."""


class MemoizationPolicy:
    """Predicts the action that a story has after the same last `max_history` turns, with confidence 1.

    >>> policy = MemoizationPolicy({"max_history": 5})
    >>> policy.priority
    3

    Without `max_history` the whole conversation must be the same. Turns that a rule hid, and slots and loops that
    occur in rules only, do not count. Where stories disagree after the same turns, nothing is predicted.
    """

    name = "MemoizationPolicy"

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = dict(options or {})
        read.check_names(self.name, self.options, OPTION_NAMES)
        self.priority = int(read.number(self.name, self.options, "priority", 3))
        self.max_history = read.whole(self.name, self.options, "max_history", None)
        self.uses_nlu_confidence = read.switch(self.name, self.options, "use_nlu_confidence_as_score", False)
        self.turns: dict[str, tuple[str, str]] = {}
        self.endings: frozenset[Ending] = frozenset()
        self.longest = 0
        self.rule_only = RuleOnly()

    def train(self, training: TrainingSet, domain: Domain, progress: Progress) -> None:
        """Remember every turn of every story. Raises TrainingError where there are too many ways through them."""
        paths = unroll(training, domain, progress)
        self.rule_only = rule_only(paths, domain)
        self.turns, self.endings, self.longest = {}, frozenset(), 0
        ambiguous: set[str] = set()
        endings: set[Ending] = set()
        digests: dict[View, bytes] = {}
        for path in paths:
            if not path.is_rule:
                self._remember(path, domain, digests, ambiguous, endings)
        self.endings = frozenset(endings)
        progress(f"{self.name}: {len(self.turns)} turns of {sum(not p.is_rule for p in paths)} stories")

    def _remember(
        self,
        path: Path,
        domain: Domain,
        digests: dict[View, bytes],
        ambiguous: set[str],
        endings: set[Ending],
    ) -> None:
        moments = path.moments(domain)
        for moment in moments:
            if moment.view not in digests:
                digests[moment.view] = view_digest(moment.view)
        history = [digests[moment.view] for moment in moments]
        for at, moment in enumerate(moments):
            if moment.action is None or not moment.predictable:
                continue
            stretch = (
                history[max(0, at + 1 - self.max_history) : at + 1] if self.max_history else history[: at + 1]
            )
            key = history_digest(stretch)
            self.longest = max(self.longest, len(stretch))
            if key in ambiguous:
                continue
            if self.turns.setdefault(key, (moment.action, path.name))[0] != moment.action:
                ambiguous.add(key)
                del self.turns[key]
            else:
                endings.add((moment.view.action, moment.view.action_text, moment.view.intent))

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        """Return what a story did here, or None."""
        newest = newest_seen(tracker, domain, self.rule_only)
        found = self.recall(newest, tracker, domain) if newest is not None and self.turns else None
        if found is None:
            return None
        action, story = found
        confidence = self._confidence(tracker)
        return Prediction(action, confidence, policy=self.name, priority=self.priority, reason=story)

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
            "endings": sorted(map(list, self.endings), key=str),
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
            self.endings = frozenset((action, text, intent) for action, text, intent in wire["endings"])
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

    def recall(self, newest: Seen, tracker: Tracker, domain: Domain) -> tuple[str, str] | None:
        """Return the action and the story that are remembered, with less and less of the past, or None."""
        found = super().recall(newest, tracker, domain)
        if found is not None or not self._could_match(newest, tracker):
            return found
        events = self._recent(tracker)
        starts = [at for at, event in enumerate(events) if isinstance(event, ActionExecuted)]
        for start in starts:
            node = seen(_replay(events[start:], tracker), domain, self.rule_only)
            key = self.key(node) if node is not None else None
            found = self.turns.get(key) if key else None
            if found is not None:
                return found
        return None

    def _could_match(self, newest: Seen, tracker: Tracker) -> bool:
        """Tell whether any story goes on after this action and intent; forgetting can only lose the intent."""
        state = tracker.applied.state if tracker.applied else tracker.state
        if state.followup_action or state.latest_action == loop_name(state):
            # such a turn may be hidden as it stands, and seen where less of the past is known
            return True
        last = next(_likely(newest), newest).view
        actions = {(last.action, last.action_text)}
        actions.add((None if state.latest_action_text else state.latest_action, state.latest_action_text))
        intents = {last.intent, state.latest_message.intent if state.latest_message else None, None}
        return any((action, text, intent) in self.endings for action, text in actions for intent in intents)

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
