"""What RulePolicy learns: which action follows from which stretch of conversation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from frontdesk.core import events as ev
from frontdesk.core.domain import Domain
from frontdesk.core.slots import Slot
from frontdesk.core.states import UNSET, RuleOnly, View
from frontdesk.core.tracker import LISTEN
from frontdesk.errors import TrainingError
from frontdesk.policies.paths import Moment, Path
from frontdesk.policies.pieces import ELLIPSIS
from frontdesk.policies.rule_book import Entry
from frontdesk.policies.view_json import is_start

INTERRUPTED = "loop_was_interrupted"
"""The loop comes back after a question: it must not read the last message as an answer."""
NOT_THE_LOOP = "do_not_predict_loop_action"
"""Something else than the loop follows here."""
SHOWN = 20


@dataclass(frozen=True)
class Lessons:
    """Rules, and what stories and rules say about leaving a loop and coming back."""

    rules: tuple[Entry, ...]
    loops: tuple[Entry, ...]
    rule_only: RuleOnly


def learn(rules: Sequence[Path], stories: Sequence[Path], domain: Domain) -> Lessons:
    """Return what follows from rules and stories.

    Two rules that want different actions after exactly the same cancel each other (the check for contradictions
    reports that).
    """
    rule_moments = [path.moments(domain, omit_unset_slots=True) for path in rules]
    story_moments = [path.moments(domain) for path in stories]
    return Lessons(
        rules=_rules(rules, rule_moments),
        loops=_loops([*rule_moments, *story_moments]),
        rule_only=_only_in_rules(rule_moments, story_moments),
    )


def rule_only(paths: Iterable[Path], domain: Domain) -> RuleOnly:
    """Return the slots and loops that occur in rules but in no story."""
    rules: list[list[Moment]] = []
    stories: list[list[Moment]] = []
    for path in paths:
        (rules if path.is_rule else stories).append(path.moments(domain, omit_unset_slots=path.is_rule))
    return _only_in_rules(rules, stories)


def after_ellipsis(views: Sequence[View]) -> tuple[View, ...]:
    """Return the views since the last `...`: what came before it may have been anything."""
    for at in range(len(views) - 1, -1, -1):
        if views[at].action == ELLIPSIS:
            return tuple(views[at + 1 :])
    return tuple(views)


def _rules(paths: Sequence[Path], all_moments: Sequence[list[Moment]]) -> tuple[Entry, ...]:
    found: dict[tuple[View, ...], tuple[str, list[str]]] = {}
    ambiguous: set[tuple[View, ...]] = set()
    for path, moments in zip(paths, all_moments, strict=True):
        views = [moment.view for moment in moments]
        for at, moment in enumerate(moments):
            key = after_ellipsis(views[: at + 1])
            if moment.action is None or not moment.predictable or not key or key in ambiguous:
                continue
            action, names = found.setdefault(key, (moment.action, []))
            if action != moment.action:
                ambiguous.add(key)
                del found[key]
            elif path.name not in names:
                names.append(path.name)
    return tuple(
        Entry.of(key, action, tuple(names)) for key, (action, names) in found.items() if action != ELLIPSIS
    )


def _loops(all_moments: Iterable[list[Moment]]) -> tuple[Entry, ...]:
    found: dict[tuple[View, ...], str] = {}
    for moments in all_moments:
        for at, moment in enumerate(moments):
            loop = moment.view.loop
            if moment.action is None or not moment.predictable or loop is None or loop == UNSET:
                continue
            key = after_ellipsis(_around(moments[at - 1].view if at else None, moment.view))
            listened = moment.view.action == LISTEN
            if not key:
                continue
            if listened and moment.action == loop:
                found[key] = INTERRUPTED
            elif not listened and moment.action != loop:
                found[key] = NOT_THE_LOOP
    return tuple(Entry.of(key, note) for key, note in found.items())


def _around(before: View | None, now: View) -> list[View]:
    """Return the newest view, and of the one before it the action only."""
    if before is None or is_start(before):
        return [now]
    return [View(action=before.action, action_text=before.action_text), now]


def _only_in_rules(rules: Iterable[list[Moment]], stories: Iterable[list[Moment]]) -> RuleOnly:
    in_rules, in_stories = _mentioned(rules), _mentioned(stories)
    return RuleOnly(in_rules.slots - in_stories.slots, in_rules.loops - in_stories.loops - {UNSET})


def _mentioned(all_moments: Iterable[list[Moment]]) -> RuleOnly:
    slots: set[str] = set()
    loops: set[str] = set()
    for moments in all_moments:
        for moment in moments[:-1]:
            slots.update(name for name, _ in moment.view.slots)
            if moment.view.loop:
                loops.add(moment.view.loop)
    return RuleOnly(frozenset(slots), frozenset(loops))


def check_one_user_turn(rules: Iterable[Path]) -> None:
    """Raise TrainingError where a rule has more than one user message."""
    long = [p for p in rules if sum(isinstance(e, ev.UserUttered) for e in p.tracker.newest_first()) > 1]
    if long:
        names = ", ".join(dict.fromkeys(path.label for path in long))
        raise TrainingError(
            f"More than one user message stands in {names}. A rule is a short stretch, not a plan of a conversation.",
            where=long[0].where,
            hint="Write a story, or set `restrict_rules: false` for RulePolicy in config.yml.",
        )


def check_complete(rules: Sequence[Path], domain: Domain) -> None:
    """Raise TrainingError where an action sets a slot or a loop in one rule, and in another rule does not.

    Such a rule would not be found again in a conversation, where the action sets them every time.
    """
    slots, loops = _effects(rules, domain)
    complaints: dict[str, str | None] = {}
    for path in rules:
        moments = path.moments(domain)
        for at, moment in enumerate(moments):
            action = moment.view.action
            following = moments[at + 1].view.action if at + 1 < len(moments) else LISTEN
            if not action or ELLIPSIS in (action, following):
                continue
            said = f"In {path.label} the action '{action}' has no"
            missing = sorted(slots.get(action, set()) - {name for name, _ in moment.view.slots})
            if missing:
                complaints[f"{said} `slot_was_set` of {', '.join(missing)} after it, as elsewhere."] = (
                    path.where
                )
            wanted = loops.get(action, set())
            if wanted and moment.view.loop not in wanted:
                named = sorted(
                    f"`active_loop: {'null' if name in (None, UNSET) else name}`" for name in wanted
                )
                complaints[f"{said} {' or '.join(named)} after it, as elsewhere."] = path.where
    if complaints:
        raise TrainingError(
            "There are incomplete rules." + listed(complaints),
            where=next(iter(complaints.values())),
            hint="Add the missing steps (null where it must be empty); "
            "for a last action, `wait_for_user_input: false` does as well.",
        )


def listed(complaints: Collection[str]) -> str:
    """Return complaints as the lines of a list; of very many only the first ones."""
    shown = list(complaints)[:SHOWN]
    more = [f"... and {len(complaints) - SHOWN} more"] if len(complaints) > SHOWN else []
    return "".join(f"\n- {line}" for line in [*shown, *more]) + "\n"


def _effects(rules: Iterable[Path], domain: Domain) -> tuple[dict[str, set[str]], dict[str, set[str | None]]]:
    """Return which slots, and which loops, each action sets in any rule."""
    slots: dict[str, set[str]] = {}
    loops: dict[str, set[str | None]] = {}
    for path in rules:
        action: str | None = None
        for event in path.tracker.events():
            if isinstance(event, ev.ActionExecuted):
                action = event.name or event.action_text
            elif isinstance(event, ev.UserUttered):
                action = None
            elif action and isinstance(event, ev.SlotSet) and has_features(domain.slots.get(event.name)):
                slots.setdefault(action, set()).add(event.name)
            elif action and isinstance(event, ev.ActiveLoop):
                loops.setdefault(action, set()).add(event.name)
    return slots, loops


def has_features(slot: Slot | None) -> bool:
    """Tell whether policies see a slot at all."""
    return slot is not None and slot.influence_conversation and slot.type != "any"
