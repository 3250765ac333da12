"""What policies see of a conversation: one small hashable value for each moment at which an action is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, UserUttered
from frontdesk.core.tracker import LISTEN, UNSET, Applied, State, Tracker, loop_name

__all__ = [
    "UNSET", "RuleOnly", "Seen", "View", "newest_seen", "newest_views", "seen", "subset", "view", "views",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """The features of a state: `intent`, `text`, `entities` of the last message, filled `slots`, last action, loop."""

    intent: str | None = None
    text: str | None = None
    entities: tuple[str, ...] = ()
    slots: tuple[tuple[str, tuple[float, ...] | str], ...] = ()
    action: str | None = None
    action_text: str | None = None
    loop: str | None = None


def view(state: State, domain: Domain, *, omit_unset_slots: bool = False) -> View:
    """Return what policies see of a state.

    `omit_unset_slots` leaves out slots that still have their initial value (rules are read that way).
    """
    message = state.latest_message
    return View(
        intent=message.intent if message and not message.use_text_for_featurization else None,
        text=_text(message),
        entities=_entities(message, domain),
        slots=tuple(sorted(_slots(state, domain, omit_unset_slots))),
        action=state.latest_action if not state.latest_action_text else None,
        action_text=state.latest_action_text,
        loop=state.active_loop.name if state.active_loop else None,
    )


def _text(message: UserUttered | None) -> str | None:
    if message is None or message.use_text_for_featurization is False:
        return None
    return message.text or None


def _entities(message: UserUttered | None, domain: Domain) -> tuple[str, ...]:
    if message is None or message.use_text_for_featurization:
        return ()
    named: set[str] = set()
    for entity in message.entities:
        named.add(entity.entity)
        if entity.role:
            named.add(f"{entity.entity}#{entity.role}")
        if entity.group:
            named.add(f"{entity.entity}#{entity.group}")
    return tuple(sorted(n for n in named if _counts(n, message.intent, domain)))


def _counts(name: str, intent_name: str | None, domain: Domain) -> bool:
    base, _, label = name.partition("#")
    kind = domain.entities.get(base)
    if kind is None or not kind.influence_conversation:
        return False
    if label and label not in kind.roles and label not in kind.groups:
        return False
    intent = domain.intents.get(intent_name or "")
    if intent is None:
        return True
    if (
        intent.use_entities is not None
        and base not in intent.use_entities
        and name not in intent.use_entities
    ):
        return False
    return base not in intent.ignore_entities and name not in intent.ignore_entities


def _slots(state: State, domain: Domain, omit_unset: bool) -> Iterator[tuple[str, tuple[float, ...] | str]]:
    for slot in domain.featurized_slots:
        name = slot.name
        if name not in state.slots or (omit_unset and name not in state.filled):
            continue
        value = state.slots[name]
        if value is None and slot.own is None:  # a type of the project's own may say something of emptiness
            continue
        if value == UNSET:
            yield name, UNSET
            continue
        features = slot.features(value)
        if features and any(features):
            yield name, features


def views(tracker: Tracker, domain: Domain, limit: int | None = None) -> list[View]:
    """Return the views at the last `limit` moments (all where None), oldest first; the last one is now."""
    found: list[View] = []
    for seen, _ in newest_views(tracker, domain):
        found.append(seen)
        if limit is not None and len(found) == limit:
            break
    return found[::-1]


def newest_views(tracker: Tracker, domain: Domain) -> Iterator[tuple[View, ActionExecuted | None]]:
    """Yield (view, the action that was then chosen) from now (with None) backwards.

    Each view is computed once and kept with its cell of the applied history.
    """
    for state, cell, action in tracker.prior():
        yield _kept_view(state, cell, domain), action


def _kept_view(state: State, cell: Applied | None, domain: Domain) -> View:
    if cell is None:
        return view(state, domain)
    if cell.cache is None or cell.cache[0] is not domain:
        cell.cache = (domain, view(state, domain))
    found: View = cell.cache[1]
    return found


@dataclass(frozen=True, slots=True)
class RuleOnly:
    """Slots and loops that occur in rules but in no story: what learns from stories must not look at them."""

    slots: frozenset[str] = frozenset()
    loops: frozenset[str] = frozenset()


class Seen:
    """A view as policies that learn from stories see it, and the one before it.

    `note` is room for one value that a policy derives from the view.
    """

    __slots__ = ("note", "previous", "view")

    def __init__(self, view: View, previous: Seen | None) -> None:
        self.view = view
        self.previous = previous
        self.note: Any = None


@dataclass(frozen=True, slots=True)
class _Thread:
    """What reading a conversation carries on: was the turn hidden, after which action, what was seen."""

    hidden: bool = False
    after: tuple[str | None, str | None] = (None, None)
    last: Seen | None = None

    def read(self, state: State, full: View, hide: bool, rule_only: RuleOnly) -> _Thread:
        after = self.after if self.hidden else (full.action, full.action_text)
        hidden = self.hidden
        # a follow-up, or a loop that goes on, belongs to the turn before it: hidden as that was
        if not state.followup_action and state.latest_action != loop_name(state):
            hidden = hide
        if hidden:
            return _Thread(True, after, self.last)
        return _Thread(False, after, Seen(self._story_view(full, after, rule_only), self.last))

    def _story_view(self, full: View, after: tuple[str | None, str | None], rule_only: RuleOnly) -> View:
        user: View = full
        if self.last is not None and full.action != LISTEN:
            user = self.last.view
        action, action_text = after if after != (None, None) else (full.action, full.action_text)
        return View(
            intent=user.intent,
            text=user.text,
            entities=user.entities,
            slots=tuple(pair for pair in full.slots if pair[0] not in rule_only.slots),
            action=action,
            action_text=action_text,
            loop=None if full.loop in rule_only.loops else full.loop,
        )


def newest_seen(tracker: Tracker, domain: Domain, rule_only: RuleOnly) -> Seen | None:
    """Return what policies that learn from stories see now; `previous` leads back in time.

    Turns that a rule hid are left out, and so are slots and loops that only rules know, as Rasa does it. What
    was seen before is kept with the cells of the applied history, so this costs the same in a long conversation.
    """
    waiting: list[tuple[State, Applied | None, bool]] = []
    thread = _Thread()
    for state, cell, action in tracker.prior():
        waiting.append((state, cell, action is not None and action.hide_rule_turn))
        kept = cell.story if cell is not None else None
        if kept is not None and kept[0] is domain and kept[1] == rule_only:
            thread = kept[2]
            break
    for state, cell, hide in reversed(waiting):
        if cell is not None:
            cell.story = (domain, rule_only, thread)
        thread = thread.read(state, _kept_view(state, cell, domain), hide, rule_only)
    return thread.last


def seen(moments: Iterable[tuple[State, bool]], domain: Domain, rule_only: RuleOnly) -> Seen | None:
    """Return what is seen at the last of some moments (state, is its action hidden), oldest first."""
    thread = _Thread()
    for state, hide in moments:
        thread = thread.read(state, view(state, domain), hide, rule_only)
    return thread.last


def subset(part: Iterable[tuple[str, object]], whole: Iterable[tuple[str, object]]) -> bool:
    """Tell whether every pair of `part` is in `whole`."""
    found = dict(whole)
    return all(key in found and found[key] == value for key, value in part)
