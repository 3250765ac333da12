"""Which of several predictions wins."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActionExecutionRejected, Event, UserFeaturized
from frontdesk.core.ports import Policy
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import LISTEN, Tracker

log = logging.getLogger("frontdesk.policies")

FOLLOWUP = "followup_action"
"""Named as the policy of an action that was ordered by the action before it."""
ORDERED = (FOLLOWUP, "FollowupAction")
"""What stands in place of a policy where none was asked."""


def proposals(policies: Sequence[Policy], tracker: Tracker, domain: Domain) -> list[Prediction]:
    """Ask the policies, and return their predictions in the policies' order.

    One that yields (`Policy`) is left out where it could not win any more: another of higher priority is sure already.
    """
    rejected = just_rejected(tracker)
    found: dict[int, Prediction] = {}
    sure = 0
    for number in sorted(range(len(policies)), key=lambda number: -_priority(policies[number])):
        policy = policies[number]
        if _yields(policy) and _priority(policy) < sure:
            continue
        prediction = found[number] = policy.predict(tracker, domain) or silent(policy)
        if (
            prediction.action is not None
            and prediction.confidence >= 1.0
            and not refused(prediction, rejected)
        ):
            sure = max(sure, prediction.priority)
    return [found[number] for number in sorted(found)]


def silent(policy: Policy) -> Prediction:
    """Return what a policy says that has nothing to say; where nobody has, the one of highest priority is named."""
    name = type(policy).__name__
    return Prediction(None, 0.0, policy=name, priority=_priority(policy), reason="no policy knows what to do")


def _yields(policy: Policy) -> bool:
    """Tell whether a policy says of itself that it yields: what a subclass of one predicts may carry more."""
    return bool(vars(type(policy)).get("yields"))


def _priority(policy: Policy) -> int:
    return int(getattr(policy, "priority", 1))


def choose(predictions: Sequence[Prediction], tracker: Tracker, domain: Domain) -> Prediction:
    """Return the prediction that wins, with the events that are to be logged before its action.

    The rules are Rasa's (3.6.21):

    1. An action that was ordered (`FollowupAction`, also the `action_listen` that begins a conversation) is taken
       whatever the policies say, unless it has just refused to run.
    2. An action that has just refused to run has confidence 0.
    3. Where a policy answers an action and not the user (`no_user_prediction`: a form that goes on), only such
       predictions count. Else, where a policy went by the user's very words (`is_end_to_end`), only such ones count.
    4. The highest confidence wins; among equals the highest priority (RulePolicy 4, the memoization policies 3,
       others 1, if not set otherwise in config.yml); among those the first one in config.yml.
    5. Where nobody has anything to say, the assistant listens.

    The winner carries the `events` of all predictions in their order, then its own `optional_events`; right after the
    user spoke also a `UserFeaturized` that says whether the words or the intent counted.
    """
    rejected = just_rejected(tracker)
    followup = tracker.state.followup_action
    if followup and followup != rejected:
        if followup in domain.action_names or followup in domain.e2e_action_texts:
            return Prediction(followup, 1.0, policy=FOLLOWUP, reason="ordered by the action before")
        log.error("The action '%s' was ordered next but is not in the domain; the policies decide.", followup)
    events: list[Event] = [event for prediction in predictions for event in prediction.events]
    best = _best([_unless_rejected(prediction, rejected) for prediction in predictions])
    events += best.optional_events
    if tracker.latest_action == LISTEN:
        events.append(UserFeaturized(best.is_end_to_end))
    return replace(best, action=best.action or LISTEN, events=tuple(events), optional_events=())


def explain(proposals: Sequence[Prediction], chosen: Prediction, tracker: Tracker) -> str:
    """Say in one sentence why `choose` took this one; for people, and never asked for while a message is answered."""
    if chosen.policy in ORDERED:
        return "The action before ordered this one, so no policy was asked."
    if not proposals:
        return "No policy had anything to say, so the assistant waits for the user."
    counted = [_unless_rejected(proposal, just_rejected(tracker)) for proposal in proposals]
    kept, limited = _kept(counted)
    best = _best(counted)
    others = [p for p in kept if p is not best]
    if not others:
        return limited or f"Only {best.policy} had something to say."
    rival = max(others, key=lambda p: (p.confidence, p.priority))
    if best.confidence > rival.confidence:
        why = f"{best.policy} was surest ({best.confidence:.2f}; the next, {rival.policy}, {rival.confidence:.2f})."
    elif best.priority > rival.priority:
        why = f"{best.policy} and {rival.policy} were equally sure; {best.policy} has the higher priority "
        why += f"({best.priority} against {rival.priority})."
    else:
        why = f"{best.policy} and {rival.policy} were equally sure; {best.policy} stands first in config.yml."
    return f"{limited} {why}".strip()


def _kept(predictions: Sequence[Prediction]) -> tuple[list[Prediction], str]:
    """Return the predictions that count, and why others do not."""
    no_user = [p for p in predictions if p.no_user_prediction]
    if no_user:
        return no_user, "A form is under way, so only what carries it on counts."
    by_words = [p for p in predictions if p.is_end_to_end]
    if by_words:
        return by_words, "A policy went by the user's very words, so only such proposals count."
    return list(predictions), ""


def _best(predictions: Sequence[Prediction]) -> Prediction:
    kept, _ = _kept(predictions)
    # max keeps the first of equals
    return max(
        kept,
        key=lambda p: (p.confidence, p.priority),
        default=Prediction(None, 0.0, reason="no policy knows what to do"),
    )


def _unless_rejected(prediction: Prediction, rejected: str | None) -> Prediction:
    if not refused(prediction, rejected):
        return prediction
    return replace(prediction, action=None, confidence=0.0, reason=f"'{rejected}' has just refused")


def refused(prediction: Prediction, rejected: str | None) -> bool:
    """Tell whether a prediction wants the action that has just refused to run."""
    return rejected is not None and prediction.action == rejected


def just_rejected(tracker: Tracker) -> str | None:
    """Return the name of the action that refused to run, if nothing ran since."""
    for event in tracker.newest_first():
        if isinstance(event, ActionExecutionRejected):
            return event.name
        if isinstance(event, ActionExecuted):
            return None
    return None
