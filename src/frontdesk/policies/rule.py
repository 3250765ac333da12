"""RulePolicy: what the rules demand, loops that go on by themselves, and the fallback where nobody knows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path as FilePath
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.events import Event, LoopInterrupted
from frontdesk.core.ports import Progress
from frontdesk.core.prediction import Basis, Prediction
from frontdesk.core.states import UNSET, View, newest_views
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.core.training import TrainingSet
from frontdesk.errors import PackageError, UnknownName
from frontdesk.policies import options as read
from frontdesk.policies.contradictions import Usage, check
from frontdesk.policies.ensemble import just_rejected
from frontdesk.policies.paths import unroll
from frontdesk.policies.rule_book import Entry, Now, RuleBook
from frontdesk.policies.rule_training import (
    INTERRUPTED,
    NOT_THE_LOOP,
    check_complete,
    check_one_user_turn,
    learn,
)
from frontdesk.policies.view_json import spoken

NAME = "RulePolicy"
FILE = "rules.json"
VERSION = 1
DEFAULT_INTENT_ACTIONS: Mapping[str, str] = {
    "restart": "action_restart",
    "back": "action_back",
    "session_start": "action_session_start",
}
"""Intents that always lead to an action of the engine's own, whatever the rules say."""

OPTION_NAMES = (
    "core_fallback_threshold", "core_fallback_action_name", "enable_fallback_prediction", "restrict_rules",
    "check_for_contradictions", "use_nlu_confidence_as_score", "max_history",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say at one moment, before it becomes a prediction.

    `source` identifies what decided: a rule (its views), a default intent or a loop (a text), or None. `returning` is
    True where a loop comes back after a question.
    """

    action: str | None = None
    source: str | tuple[View, ...] | None = None
    reason: str = ""
    entry: Entry | None = None
    returning: bool = False
    end_to_end: bool = False
    no_user: bool = False
    basis: Basis | None = None


class RulePolicy:
    """Predicts what rules demand, exactly as Rasa's RulePolicy does.

    >>> policy = RulePolicy({"core_fallback_threshold": 0.4})
    >>> policy.priority
    4

    In this order: a rule on the user's very words; the default intents (restart, back, session_start); the active
    form, unless it just refused; a rule on what was understood; the fallback, with `core_fallback_threshold` as its
    confidence. A rule that no story goes through marks its turns as hidden, so that policies that learn from stories
    are not confused by them.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options: Mapping[str, Any] = dict(options or {})
        read.check_names(NAME, self.options, OPTION_NAMES)
        self.priority = int(read.number(NAME, self.options, "priority", 4))
        self.threshold = read.number(NAME, self.options, "core_fallback_threshold", 0.3)
        self.fallback: str | None = self.options.get("core_fallback_action_name", "action_default_fallback")
        self.falls_back = read.switch(NAME, self.options, "enable_fallback_prediction", True) and bool(
            self.fallback
        )
        self.restricts = read.switch(NAME, self.options, "restrict_rules", True)
        self.checks = read.switch(NAME, self.options, "check_for_contradictions", True)
        self.uses_nlu_confidence = read.switch(NAME, self.options, "use_nlu_confidence_as_score", False)
        self.rules = RuleBook(())
        self.loops = RuleBook(())
        self.hidden: frozenset[str] = frozenset()
        self.depth = 1

    def train(self, training: TrainingSet, domain: Domain, progress: Progress) -> None:
        """Learn the rules, and check them against each other and against the stories.

        Raises TrainingError where rules contradict each other or a story, are incomplete, or hold more than one user
        message; UnknownName where the fallback action is not in the domain.
        """
        known = {*domain.action_names, *domain.e2e_action_texts}
        if self.fallback and self.fallback not in known:
            raise UnknownName("action for `core_fallback_action_name`", self.fallback, known)
        paths = unroll(training, domain, progress)
        rules = [path for path in paths if path.is_rule]
        stories = [path for path in paths if not path.is_rule]
        if self.restricts:
            check_one_user_turn(rules)
        if self.checks:
            check_complete(rules, domain)
        lessons = learn(rules, stories, domain)
        self._use(lessons.rules, lessons.loops, frozenset())
        if self.checks:
            usage = check(rules, stories, domain, self)
            kept = tuple(
                replace(entry, hide=usage.hides(entry.views))
                for entry in lessons.rules
                if entry.views not in usage.superseded
            )
            self._use(kept, lessons.loops, self._hidden(usage, domain))
        progress(f"{NAME}: {len(self.rules.entries)} rules of {len(rules)} ways through the rules")

    def _hidden(self, usage: Usage, domain: Domain) -> frozenset[str]:
        sources = [f"default {intent}" for intent in DEFAULT_INTENT_ACTIONS]
        sources += [f"{kind} {form}" for form in domain.forms for kind in ("loop", "listen")]
        # a loop that is no form (the two-stage fallback) is known only where a rule goes through it
        sources += [source for source in usage.wanted if isinstance(source, str)]
        return frozenset(source for source in sources if source not in usage.used)

    def _use(self, rules: Sequence[Entry], loops: Sequence[Entry], hidden: frozenset[str]) -> None:
        self.rules, self.loops, self.hidden = RuleBook(rules), RuleBook(loops), hidden
        self.depth = max(self.rules.longest, self.loops.longest, 1)

    def forget(self, views: tuple[View, ...]) -> None:
        """Take out a rule while training."""
        self._use([e for e in self.rules.entries if e.views != views], self.loops.entries, self.hidden)

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        """Return what the rules say; the fallback where they say nothing; None where that is switched off."""
        made = self.decide(tracker, domain)
        events: tuple[Event, ...] = (LoopInterrupted(True),) if made.returning else ()
        hide = made.entry.hide if made.entry else made.source in self.hidden
        action, confidence, reason = made.action, self._confidence(tracker), made.reason
        basis = made.basis
        refused = action is not None and action == just_rejected(tracker)
        if action is None and not self.falls_back and not events:
            return None
        if action is None or refused:
            action, confidence = (self.fallback, self.threshold) if self.falls_back else (None, 0.0)
            reason = f"'{made.action}' has just refused" if refused else "no rule applies"
            basis = Basis("fallback")
        return Prediction(
            action,
            confidence,
            policy=NAME,
            priority=self.priority,
            events=events,
            no_user_prediction=made.no_user,
            is_end_to_end=made.end_to_end,
            hide_rule_turn=hide,
            reason=reason,
            basis=basis,
        )

    def _confidence(self, tracker: Tracker) -> float:
        if not self.uses_nlu_confidence or tracker.latest_message is None:
            return 1.0
        intent = tracker.latest_message.parse_data.get("intent") or {}
        return float(intent.get("confidence", 1.0))

    def decide(self, tracker: Tracker, domain: Domain) -> Decision:
        """Return what the rules say, with what it comes from."""
        views = [view for view, _ in islice(newest_views(tracker, domain), self.depth)]
        by_words = Decision()
        if tracker.latest_action == LISTEN and (self.rules.wordy or self.loops.wordy):
            text = views[0].text if views[0].action == LISTEN else spoken(views[0]).text
            by_words = self._from_rules(tracker, views, Now(None, text, ()))
        default = self._from_default_intent(tracker)
        if default.action and not by_words.action:
            return default
        loop = self._from_loop(tracker)
        if loop.action:
            return loop
        if by_words.action:
            return replace(by_words, end_to_end=True)
        newest = views[0]
        text = None if newest.action == LISTEN or newest.intent else newest.text
        by_intent = self._from_rules(tracker, views, Now(newest.intent, text, newest.entities))
        return replace(by_intent, returning=by_intent.returning or by_words.returning)

    def _from_default_intent(self, tracker: Tracker) -> Decision:
        message = tracker.latest_message
        if tracker.latest_action != LISTEN or message is None:
            return Decision()
        intent = message.intent
        action = DEFAULT_INTENT_ACTIONS.get(intent or "")
        if intent is None or action is None:
            return Decision()
        return Decision(
            action, f"default {intent}", f"the intent '{intent}'", basis=Basis("intent", (intent,))
        )

    def _from_loop(self, tracker: Tracker) -> Decision:
        loop, name = tracker.active_loop, tracker.active_loop_name
        if loop is None or name is None or loop.rejected or not tracker.latest_action:
            return Decision()
        basis = Basis("form", (name,))
        if tracker.latest_action == name and not tracker.state.latest_action_text:
            return Decision(LISTEN, f"listen {name}", f"'{name}' has asked", no_user=True, basis=basis)
        return Decision(name, f"loop {name}", f"'{name}' goes on", no_user=True, basis=basis)

    def _from_rules(self, tracker: Tracker, views: Sequence[View], now: Now) -> Decision:
        entry = self.rules.find(now, views)
        made = Decision()
        if entry is not None:
            basis = Basis("rule", entry.names)
            made = Decision(entry.outcome, entry.views, ", ".join(entry.names), entry, basis=basis)
        loop = tracker.active_loop_name
        if loop is None:
            return made
        notes = {found.outcome for found in self.loops.find_all(now, views)}
        if made.action == LISTEN and entry is not None and entry.views[-1].loop in (None, UNSET):
            # a rule that knows nothing of the loop would wait for the user; the loop asks again instead
            if NOT_THE_LOOP not in notes:
                return replace(made, action=loop)
            made = replace(made, action=None)
        return replace(made, returning=INTERRUPTED in notes)

    def save(self, folder: FilePath) -> None:
        """Write the rules as JSON."""
        wire = {
            "version": VERSION,
            "rules": [entry.to_json() for entry in self.rules.entries],
            "loops": [entry.to_json() for entry in self.loops.entries],
            "hidden": sorted(self.hidden),
        }
        (folder / FILE).write_text(json.dumps(wire, ensure_ascii=False, indent=1), "utf-8")

    def load(self, folder: FilePath, domain: Domain) -> None:
        """Read the rules back. Raises PackageError where the file is missing or damaged."""
        file = folder / FILE
        try:
            wire = json.loads(file.read_text("utf-8"))
            if wire["version"] != VERSION:
                hint = "Train again with this version: frontdesk train."
                raise PackageError(f"The rules are of version {wire['version']}.", where=str(file), hint=hint)
            rules, loops = ([Entry.from_json(item) for item in wire[key]] for key in ("rules", "loops"))
            self._use(rules, loops, frozenset(wire["hidden"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            hint = "Train again: frontdesk train."
            raise PackageError(f"The rules cannot be read ({error}).", where=str(file), hint=hint) from error
