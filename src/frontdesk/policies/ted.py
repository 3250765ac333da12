"""TEDPolicy by name: the next action, learnt from stories, also where a conversation went as no story does."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted
from frontdesk.core.options import DIALOGUE, NEURAL, left_over
from frontdesk.core.ports import Progress
from frontdesk.core.prediction import Basis, Prediction
from frontdesk.core.states import RuleOnly, Seen, View, newest_seen
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.core.training import TrainingSet
from frontdesk.errors import PackageError
from frontdesk.policies import options as read
from frontdesk.policies.memoization import UNLIKELY
from frontdesk.policies.paths import Path, unroll
from frontdesk.policies.rule_training import rule_only
from frontdesk.policies.ted_features import describe, words
from frontdesk.policies.ted_model import ActionModel, Lesson, learn

NAME = "TEDPolicy"
FILE, ARRAYS = "ted.json", "ted.npz"
VERSION = 1
LOOK_BACK = 10
"""So many moments are looked at where `max_history` says nothing."""
SUREST = 0.9999
"""What is learnt is never as sure as what is demanded."""
JOINED = 4
"""So often each story is also learnt as it goes on from another one, chosen at random."""
MOST = 40_000
"""So many moments are learnt from; of more, those of joined stories are left out."""


class TEDPolicy:
    """Predicts the action that is likeliest after the last `max_history` moments, and how likely it is.

    >>> policy = TEDPolicy({"max_history": 5, "epochs": 100})
    >>> policy.priority
    1

    In place of the neural network, a multinomial logistic regression learns from the stories: intents, entities, slots,
    forms, and what was done, now and in the turns before. Turns that a rule hid, and slots and forms that occur in
    rules only, do not count. It is never entirely sure, so that rules and remembered stories win. After an intent that
    no story has, it says nothing. The options of the network are taken and change nothing.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = dict(options or {})
        read.check_names(NAME, self.options, NEURAL | DIALOGUE)
        self.priority = int(read.number(NAME, self.options, "priority", 1))
        self.max_history = read.whole(NAME, self.options, "max_history", None)
        self.rule_only = RuleOnly()
        self.intents: frozenset[str] = frozenset()
        self.words: frozenset[str] = frozenset()
        self.model: ActionModel | None = None

    @property
    def depth(self) -> int:
        """How many moments are looked at."""
        return self.max_history or LOOK_BACK

    def train(self, training: TrainingSet, domain: Domain, progress: Progress) -> None:
        """Learn from the stories; without any, nothing is predicted."""
        paths = unroll(training, domain)
        stories = [path for path in paths if not path.is_rule]
        self.rule_only = rule_only(paths, domain)
        lessons = self._lessons(stories, domain)
        if not lessons:
            progress(f"{NAME}: there are no stories to learn from.")
            return
        self.model = learn(lessons, seed=int(self.options.get("random_seed") or 0))
        progress(
            f"{NAME}: trained a logistic regression ({len(self.model.actions)} actions after {len(lessons)} different "
            f"moments of {len(stories)} stories) in place of the neural network."
        )
        spoken = left_over(NAME, self.options)
        if spoken:
            progress(spoken)

    def _lessons(self, stories: Sequence[Path], domain: Domain) -> list[Lesson]:
        found: dict[tuple[tuple[str, ...], str], Lesson] = {}
        intents: set[str] = set()
        known: set[str] = set()
        names = {name: number for number, name in enumerate(dict.fromkeys(path.names[0] for path in stories))}
        for path, number_of_new in self._walked(stories, domain):
            moments = path.moments(domain)
            views = [moment.view for moment in moments]
            for at in range(max(0, len(moments) - number_of_new), len(moments)):
                moment = moments[at]
                if moment.action is None or not moment.predictable:
                    continue
                intents.update(filter(None, [moment.view.intent]))
                if moment.view.text and not moment.view.intent:
                    known.update(words(moment.view.text))
                newest = views[max(0, at + 1 - self.depth) : at + 1][::-1]
                # Each moment is also learnt without what was before the turn: it may follow anything.
                for seen in (newest, newest[: _turn(newest)]):
                    features = tuple(describe(seen))
                    lesson = Lesson(features, moment.action, names[path.names[-1]])
                    found.setdefault((features, moment.action), lesson)
            if len(found) >= MOST:
                break
        self.intents, self.words = frozenset(intents), frozenset(known)
        return list(found.values())

    def _walked(self, stories: Sequence[Path], domain: Domain) -> Iterator[tuple[Path, int]]:
        """Yield the stories, then stories that go on from others, each with the number of its own moments."""
        for path in stories:
            yield replace(path, names=path.names[:1]), len(path.tracker)
        chance = random.Random(0)  # noqa: S311 - the same stories give the same model
        for _ in range(JOINED):
            for path in stories:
                other = chance.choice(stories)
                events = path.tracker.applied_events()
                if events and isinstance(events[0], ActionExecuted) and events[0].name == LISTEN:
                    events = events[1:]
                own = sum(isinstance(event, ActionExecuted) for event in events) + 1
                joined = Tracker.start("", domain.initial_slots, other.tracker.applied_events()).extend(
                    events
                )
                yield Path(path.names[:1], path.places[:1], joined, first=path.first), own

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        """Return the likeliest action, or None where nothing was learnt about what the user said."""
        newest = newest_seen(tracker, domain, self.rule_only)
        if self.model is None or newest is None:
            return None
        views = list(islice(_likely(newest), self.depth))
        now = views[0] if views else View()
        by_words = self._by_words(views)
        if now.action == LISTEN and now.intent not in self.intents:
            by_intent: tuple[str, float] | None = None
        else:
            by_intent = self.model.best(describe([_understood(view) for view in views]))
        end_to_end = by_words is not None and (by_intent is None or by_words[1] > by_intent[1])
        chosen = by_words if end_to_end else by_intent
        if chosen is None:
            return None
        return Prediction(
            chosen[0],
            min(chosen[1], SUREST),
            policy=NAME,
            priority=self.priority,
            is_end_to_end=end_to_end,
            reason="learnt from stories",
            basis=Basis("learnt"),
        )

    def _by_words(self, views: Sequence[View]) -> tuple[str, float] | None:
        """Return what follows from the user's very words, if stories have such words."""
        if self.model is None or not self.words or not views or views[0].action != LISTEN:
            return None
        said = words(views[0].text or "")
        if sum(word in self.words for word in said) * 2 <= len(said):
            return None
        now = replace(views[0], intent=None, entities=())
        return self.model.best(describe([now, *(_understood(view) for view in views[1:])]))

    def save(self, folder: FilePath) -> None:
        """Write what was learnt as JSON and numbers."""
        only = {"slots": sorted(self.rule_only.slots), "loops": sorted(self.rule_only.loops)}
        wire: dict[str, Any] = {"version": VERSION, "rule_only": only}
        if self.model is not None:
            wire |= {"intents": sorted(self.intents), "words": sorted(self.words), **self.model.to_json()}
            np.savez_compressed(folder / ARRAYS, weights=self.model.weights, bias=self.model.bias)
        (folder / FILE).write_text(json.dumps(wire, ensure_ascii=False, indent=0, sort_keys=True), "utf-8")

    def load(self, folder: FilePath, domain: Domain) -> None:
        """Read back what was learnt. Raises PackageError where a file is missing or damaged."""
        hint = "Train again: frontdesk train."
        try:
            wire = json.loads((folder / FILE).read_text("utf-8"))
            if wire["version"] != VERSION:
                raise PackageError(
                    f"This model is of version {wire['version']}.", where=str(folder), hint=hint
                )
            only = wire["rule_only"]
            self.rule_only = RuleOnly(frozenset(only["slots"]), frozenset(only["loops"]))
            if "actions" in wire:
                self.intents, self.words = frozenset(wire["intents"]), frozenset(wire["words"])
                with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
                    self.model = ActionModel.stored(wire, arrays)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise PackageError(
                f"What {NAME} learnt cannot be read ({error!r}).", where=str(folder), hint=hint
            ) from error


def _turn(views: Sequence[View]) -> int:
    """Return how many of the moments (newest first) are since the user spoke."""
    return next((number for number, view in enumerate(views, 1) if view.action == LISTEN), len(views))


def _likely(newest: Seen) -> Iterator[View]:
    node: Seen | None = newest
    while node is not None:
        if node.view.action != UNLIKELY:
            yield node.view
        node = node.previous


def _understood(view: View) -> View:
    return replace(view, text=None) if view.intent and view.text else view
