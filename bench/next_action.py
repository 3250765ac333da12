"""Measure next-action prediction on stories that were not learnt: memoization and rules alone, and with TEDPolicy.

    python -m bench.next_action PROJECT...

Of each project the stories are dealt into five groups; each group is held out once, while the policies learn from the
other stories and from all rules. Along each held-out path every action is predicted from what really happened before
it; a form that would refuse the user's answer lets others decide, as in `rasa test`. A step is *unseen* where
MemoizationPolicy (max_history 5) has never met what came before. The table gives the share of right actions at unseen
steps and at all steps, and of held-out paths that are right from end to end.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActionExecutionRejected
from frontdesk.core.ports import Policy
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.core.training import TrainingSet
from frontdesk.errors import FrontdeskError
from frontdesk.formats.project import read_project
from frontdesk.policies.ensemble import choose
from frontdesk.policies.paths import Path, unroll
from frontdesk.registry import resolve

FOLDS = 5
HISTORY = 5
SETS = {
    "memoization": ("MemoizationPolicy",),
    "augmented": ("AugmentedMemoizationPolicy",),
    "with TED": ("MemoizationPolicy", "TEDPolicy"),
    "augmented, TED": ("AugmentedMemoizationPolicy", "TEDPolicy"),
}


@dataclass
class Score:
    """Right predictions out of all, by set of policies."""

    steps: int = 0
    unseen: int = 0
    paths: int = 0
    listens: int = 0
    right: Counter[tuple[str, str]] = field(default_factory=Counter)

    def row(self, name: str) -> list[str]:
        cells = [name, f"{self.paths}", f"{self.steps}", f"{self.unseen}"]
        for kind, total in (("unseen", self.unseen), ("steps", self.steps), ("paths", self.paths)):
            cells += [f"{100 * self.right[kind, which] / max(total, 1):.1f}" for which in SETS]
        return cells


def measure(training: TrainingSet, domain: Domain, score: Score, most: int) -> None:
    """Hold out each group of stories once and predict it."""
    names = sorted({story.name for story in training.stories})
    random.Random(1).shuffle(names)
    whole = [path for path in unroll(training, domain) if not path.is_rule]
    for fold in range(FOLDS):
        held = set(names[fold::FOLDS])
        kept = tuple(story for story in training.stories if story.name not in held)
        policies = _trained(replace(training, stories=kept), domain)
        for path in _held_out(whole, held, most):
            _follow(path, domain, policies, score)


def _held_out(paths: Sequence[Path], held: set[str], most: int) -> Iterator[Path]:
    """Yield for each held-out story the first ways that go through it."""
    taken: Counter[str] = Counter()
    for path in paths:
        own = [name for name in path.names if name in held]
        if own and taken[own[0]] < most:
            taken[own[0]] += 1
            yield path


def _trained(training: TrainingSet, domain: Domain) -> dict[str, Policy]:
    options = {"max_history": HISTORY}
    made: dict[str, Policy] = {
        "RulePolicy": resolve("policy", "RulePolicy")({"check_for_contradictions": False})
    }
    for name in sorted({name for names in SETS.values() for name in names}):
        made[name] = resolve("policy", name)(options)
    for policy in made.values():
        policy.train(training, domain, lambda _: None)
    return made


def _follow(path: Path, domain: Domain, policies: dict[str, Policy], score: Score) -> None:
    """Predict each action of one path from what came before it."""
    tracker = Tracker.start("", domain.initial_slots)
    wrong: set[str] = set()
    for event in path.tracker.applied_events():
        if isinstance(event, ActionExecuted) and event is not path.first and len(tracker):
            expected = event.name or event.action_text
            said = _votes(policies, tracker, domain)
            unseen = said["MemoizationPolicy"] is None
            score.steps += 1
            score.unseen += unseen
            rejected: dict[str, Prediction | None] | None = None
            for which, names in SETS.items():
                chosen = _chosen(said, names, tracker, domain)
                loop = tracker.active_loop_name
                if chosen != expected and chosen == loop and tracker.latest_action == LISTEN:
                    # as in `rasa test`: the form would refuse what it did not ask for, and somebody else decides
                    after = tracker.append(ActionExecutionRejected(loop))
                    rejected = rejected or _votes(policies, after, domain)
                    chosen = _chosen(rejected, names, after, domain)
                if chosen == expected:
                    score.right["steps", which] += 1
                    score.right["unseen", which] += unseen
                else:
                    wrong.add(which)
        tracker = tracker.append(event)
    score.paths += 1
    score.right.update(("paths", which) for which in SETS if which not in wrong)


def _votes(policies: dict[str, Policy], tracker: Tracker, domain: Domain) -> dict[str, Prediction | None]:
    return {name: policy.predict(tracker, domain) for name, policy in policies.items()}


def _chosen(
    said: dict[str, Prediction | None], names: Sequence[str], tracker: Tracker, domain: Domain
) -> str | None:
    votes = [vote for name in ("RulePolicy", *names) if (vote := said[name]) is not None]
    return choose(votes, tracker, domain).action


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", nargs="+", type=FilePath)
    parser.add_argument("--paths", type=int, default=1, help="ways through each held-out story (1)")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    heads = [f"{kind}: {which}" for kind in ("unseen %", "all %", "paths %") for which in SETS]
    print("| " + " | ".join(["project", "paths", "steps", "unseen", *heads]) + " |")
    print("|---" * (4 + len(heads)) + "|")
    total = Score()
    for folder in given.project:
        try:
            project = read_project(folder, strict=False, settings=False)
            score = Score()
            measure(project.training, project.domain, score, given.paths)
        except FrontdeskError as error:
            print(f"{folder.name}: {error.sentence[:300]}", file=sys.stderr)
            continue
        print("| " + " | ".join(score.row(folder.resolve().name)) + " |", flush=True)
        for name in ("steps", "unseen", "paths"):
            setattr(total, name, getattr(total, name) + getattr(score, name))
        total.right += score.right
    print("| " + " | ".join(total.row("all")) + " |")


if __name__ == "__main__":
    main()
