"""Tries the rules on every story and rule, and finds where they want different things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActionExecutionRejected
from frontdesk.core.states import View, newest_views
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.errors import TrainingError
from frontdesk.policies.paths import Path
from frontdesk.policies.pieces import ELLIPSIS
from frontdesk.policies.rule_training import after_ellipsis, listed
from frontdesk.policies.view_json import asked, key_text, spoken

if TYPE_CHECKING:
    from frontdesk.policies.rule import Decision, RulePolicy

Source = str | tuple[View, ...]


@dataclass
class Usage:
    """Which rules were used where.

    `wanted` maps each source of a prediction to what the rules behind it want: (label, action). `used` are the
    sources that stories go through; `superseded` are rules that only wait where a longer rule goes on.
    """

    wanted: dict[Source, list[tuple[str, str | None]]] = field(default_factory=dict)
    used: set[Source] = field(default_factory=set)
    superseded: set[tuple[View, ...]] = field(default_factory=set)

    def hides(self, views: tuple[View, ...]) -> bool:
        """Tell whether turns by this rule are hidden from what learns from stories."""
        return views in self.wanted and views not in self.used


@dataclass(frozen=True, slots=True)
class _Try:
    """A prediction at a moment of a story or rule, and the action that really follows there."""

    action: str | None
    source: Source | None
    follows: str


def check(rules: Sequence[Path], stories: Sequence[Path], domain: Domain, policy: RulePolicy) -> Usage:
    """Return how the rules are used. Raises TrainingError that names what contradicts what, each with its place."""
    usage = Usage()
    for path in rules:
        for tried in _tries(path, domain, policy):
            if tried.source is not None:
                label, action = path.label, tried.follows
                if isinstance(tried.source, str):
                    label, action = _by_itself(tried.source), tried.action or action
                usage.wanted.setdefault(tried.source, []).append((label, action))
    complaints: dict[str, str | None] = {}
    for path in [*stories, *rules]:
        for tried in _tries(path, domain, policy):
            if not path.is_rule and tried.action == tried.follows and tried.source is not None:
                usage.used.add(tried.source)
            complaint = _complaint(path, tried, usage, policy)
            if complaint:
                complaints.setdefault(complaint, path.where)
    if complaints:
        raise TrainingError(
            "Rules and stories contradict each other." + listed(complaints),
            where=next(iter(complaints.values())),
            hint="Change them so that after the same stretch of conversation the same action follows.",
        )
    return usage


def _tries(path: Path, domain: Domain, policy: RulePolicy) -> Iterator[_Try]:
    running = Tracker.start(path.name, domain.initial_slots)
    free = True  # nobody can know the first action, nor what follows `...`
    for event in path.tracker.applied_events():
        if isinstance(event, ActionExecuted):
            if event.name == ELLIPSIS:
                free = True
            elif free or event is path.first:
                free = False
            else:
                follows = event.name or event.action_text or ""
                tried = _try(running, follows, path.is_rule, domain, policy)
                loop = running.active_loop_name
                if loop and tried.action == loop != follows:
                    # the story leaves the loop here, as if the loop had refused
                    running = running.append(ActionExecutionRejected(loop))
                    tried = _try(running, follows, path.is_rule, domain, policy)
                yield tried
        running = running.append(event)


def _try(tracker: Tracker, follows: str, is_rule: bool, domain: Domain, policy: RulePolicy) -> _Try:
    made = policy.decide(tracker, domain)
    action = made.action
    if action is None and is_rule:
        action = policy.fallback if policy.falls_back else LISTEN
    return _Try(action, _source(made, tracker, domain), follows)


def _source(made: Decision, tracker: Tracker, domain: Domain) -> Source | None:
    if made.source is not None:
        return made.source
    views = [view for view, _ in newest_views(tracker, domain)]
    return after_ellipsis([*(spoken(view) for view in reversed(views[1:])), asked(views[0])]) or None


def _complaint(path: Path, tried: _Try, usage: Usage, policy: RulePolicy) -> str | None:
    if not tried.action or tried.source is None or tried.action == tried.follows:
        return None
    if isinstance(tried.source, tuple) and _only_waits(path, tried, tried.source, policy):
        usage.superseded.add(tried.source)
        policy.forget(tried.source)
        return None
    # a rule that a story goes against counts as known from here on, and so as not in stories
    wanted = usage.wanted.setdefault(tried.source, [])
    others = [label for label, action in wanted if action != tried.follows]
    if not others:
        return None
    against = " and ".join(dict.fromkeys(others))
    predicted = "" if tried.action == policy.fallback else f", which wants '{tried.action}'"
    return f"'{tried.follows}' in {path.label} contradicts {against}{predicted}."


def _only_waits(path: Path, tried: _Try, source: tuple[View, ...], policy: RulePolicy) -> bool:
    """Tell whether the rule just waits for the user where a story, and a longer rule, go on."""
    if path.is_rule or tried.action != LISTEN:
        return False
    if sum(bool(view.action or view.action_text) for view in source) > 1:
        return False
    start = key_text(source)[:-2]
    return any(
        key_text(entry.views).startswith(start) and entry.views != source for entry in policy.rules.entries
    )


def _by_itself(source: str) -> str:
    kind, _, name = source.partition(" ")
    if kind == "default":
        return f"the default action of the intent '{name}'"
    return f"the form '{name}', which {'asks and waits' if kind == 'listen' else 'goes on by itself'}"
