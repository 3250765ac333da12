"""What a policy proposes to do next."""

from __future__ import annotations

from dataclasses import dataclass

from frontdesk.core.events import Event


@dataclass(frozen=True, slots=True)
class Basis:
    """What a prediction rests on.

    `kind` is `rule` or `story` (`names` are those that say so; a story that goes on in another one is joined by " > "),
    `form` or `intent` (with its name), `learnt`, or `fallback` where nothing applied.
    """

    kind: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """An action, how sure the policy is, and why.

    `events` are logged with the action; `optional_events` only if this prediction wins. `no_user_prediction` is True
    where the policy answers an action, not the user (a loop or rule that goes on by itself). `reason` names the rule or
    story that matched, for people; `basis` says the same to a program.
    """

    action: str | None
    confidence: float
    policy: str = ""
    priority: int = 1
    events: tuple[Event, ...] = ()
    optional_events: tuple[Event, ...] = ()
    no_user_prediction: bool = False
    is_end_to_end: bool = False
    hide_rule_turn: bool = False
    reason: str = ""
    basis: Basis | None = None
