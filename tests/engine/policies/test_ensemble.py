"""The winner is the one that Rasa's ensemble takes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core import events as ev
from frontdesk.core.domain import Domain
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import Tracker
from frontdesk.policies.ensemble import choose, explain, just_rejected, proposals
from frontdesk.policies.memoization import AugmentedMemoizationPolicy, MemoizationPolicy
from tests.engine.policies.build import DOMAIN, LISTEN, said

ASKED = Tracker.start("ann", DOMAIN.initial_slots, [LISTEN, said("ask")])
ACTED = ASKED.append(ev.ActionExecuted("utter_more"))


def made(action: str | None, confidence: float = 1.0, priority: int = 1, **more: Any) -> Prediction:
    return Prediction(action, confidence, policy=f"{action}Policy", priority=priority, **more)


class Saying:
    """A policy that always says the same."""

    def __init__(self, said: Prediction | None, priority: int = 1) -> None:
        self.options: Mapping[str, Any] = {}
        self.said, self.priority = said, priority
        self.asked = 0

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        self.asked += 1
        return self.said

    def train(self, *_: object) -> None: ...
    def save(self, *_: object) -> None: ...
    def load(self, *_: object) -> None: ...


class Yielding(Saying):
    """One that yields."""

    yields = True


def test_one_that_yields_is_not_asked_where_another_is_sure() -> None:
    story = Yielding(made("utter_bye", 1.0, 3), 3)
    rule = Saying(made("utter_more", 1.0, 4), 4)
    assert proposals([story, rule], ASKED, DOMAIN) == [rule.said]
    assert (story.asked, rule.asked) == (0, 1)


class Noting(MemoizationPolicy):
    """A project's own policy: MemoizationPolicy with an event of its own."""

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        return made("utter_bye", 1.0, 3, events=(ev.SlotSet("kind", "noted"),))


def test_that_a_subclass_of_one_that_yields_is_always_asked() -> None:
    rule = Saying(made("utter_more", 1.0, 4), 4)
    found = proposals([Noting(), rule], ASKED, DOMAIN)
    assert ev.SlotSet("kind", "noted") in choose(found, ASKED, DOMAIN).events
    for kind in (MemoizationPolicy, AugmentedMemoizationPolicy):
        assert proposals([kind(), rule], ASKED, DOMAIN) == [rule.said]


@pytest.mark.parametrize(
    ("rule", "tracker"),
    [
        (made("utter_more", 0.9, 4), ASKED),
        (made("utter_more", 1.0, 4), ACTED.append(ev.ActionExecutionRejected("utter_more"))),
        (None, ASKED),
    ],
    ids=["unsure", "just refused", "nothing to say"],
)
def test_one_that_yields_is_asked_otherwise(rule: Prediction | None, tracker: Tracker) -> None:
    story = Yielding(made("utter_bye", 1.0, 3), 3)
    found = proposals([Saying(rule, 4), story], tracker, DOMAIN)
    assert choose(found, tracker, DOMAIN).action == "utter_bye"
    assert story.asked == 1


predictions = st.builds(
    made,
    st.sampled_from(["utter_more", "utter_bye", None]),
    st.sampled_from([0.0, 0.4, 1.0]),
    no_user_prediction=st.booleans(),
    is_end_to_end=st.booleans(),
    events=st.sampled_from([(), (ev.SlotSet("kind", "new"),)]),
)
plain_predictions = st.builds(
    made, st.sampled_from(["utter_more", "utter_bye", None]), st.sampled_from([0.0, 0.4, 1.0])
)
policies = st.tuples(st.booleans(), predictions, plain_predictions, st.integers(1, 4), st.booleans())


@given(st.lists(policies, max_size=4), st.booleans())
def test_who_is_left_out_changes_nothing(given: list[Any], refused: bool) -> None:
    tracker = ACTED.append(ev.ActionExecutionRejected("utter_more")) if refused else ASKED
    asked = []
    for yields, full, simple, priority, silent in given:
        words = None if silent else replace(simple if yields else full, priority=priority)
        asked.append((Yielding if yields else Saying)(words, priority))
    always = {
        Saying: Saying,
        Yielding: type("Yielding", (Saying,), {}),
    }  # whoever is silent is told of by name
    eager = [always[type(policy)](policy.said, policy.priority) for policy in asked]
    assert choose(proposals(asked, tracker, DOMAIN), tracker, DOMAIN) == choose(
        proposals(eager, tracker, DOMAIN), tracker, DOMAIN
    )


def test_the_highest_confidence_wins_whatever_the_priority() -> None:
    assert (
        choose([made("utter_more", 0.5, 9), made("utter_bye", 0.6, 1)], ASKED, DOMAIN).action == "utter_bye"
    )


def test_among_equals_the_priority_decides_and_then_the_order() -> None:
    one, two, three = made("utter_more", 1.0, 3), made("utter_bye", 1.0, 4), made("utter_done", 1.0, 4)
    assert choose([one, two, three], ASKED, DOMAIN).action == "utter_bye"
    assert choose([three, two], ASKED, DOMAIN).action == "utter_done"


def test_what_answers_no_user_goes_before_everything() -> None:
    form = made("form", 0.5, no_user_prediction=True)
    words = made("utter_bye", 1.0, is_end_to_end=True)
    assert choose([words, made("utter_more"), form], ASKED, DOMAIN).action == "form"


def test_the_very_words_go_before_the_intent() -> None:
    words = made("utter_bye", 0.2, is_end_to_end=True)
    best = choose([made("utter_more", 1.0), words], ASKED, DOMAIN)
    assert best.action == "utter_bye"
    assert best.events == (ev.UserFeaturized(True),)


def test_events_of_all_and_the_winners_optional_ones() -> None:
    lost = made(
        "utter_more", 0.1, events=(ev.LoopInterrupted(True),), optional_events=(ev.SlotSet("size", "S"),)
    )
    won = made(
        "utter_bye", 0.9, events=(ev.SlotSet("kind", "new"),), optional_events=(ev.SlotSet("size", "L"),)
    )
    best = choose([lost, won], ASKED, DOMAIN)
    assert best.events == (
        ev.LoopInterrupted(True), ev.SlotSet("kind", "new"), ev.SlotSet("size", "L"), ev.UserFeaturized(False),
    )  # fmt: skip
    assert best.optional_events == ()


def test_only_right_after_the_user_is_it_noted_what_counted() -> None:
    assert choose([made("utter_bye")], ACTED, DOMAIN).events == ()


def test_an_action_that_just_refused_is_not_taken_again() -> None:
    tracker = ASKED.append(ev.ActionExecutionRejected("form"))
    assert just_rejected(tracker) == "form"
    assert choose([made("form"), made("utter_more", 0.2)], tracker, DOMAIN).action == "utter_more"
    assert choose([made("form")], tracker, DOMAIN).action == "action_listen"
    later = tracker.append(ev.ActionExecuted("utter_more"))
    assert just_rejected(later) is None
    assert choose([made("form")], later, DOMAIN).action == "form"


def test_what_was_ordered_is_done() -> None:
    tracker = ACTED.append(ev.FollowupAction("utter_bye"))
    best = choose([made("utter_more")], tracker, DOMAIN)
    assert (best.action, best.confidence, best.policy, best.events) == (
        "utter_bye",
        1.0,
        "followup_action",
        (),
    )


def test_what_was_ordered_and_refused_is_not_done_again() -> None:
    tracker = ACTED.extend([ev.FollowupAction("form"), ev.ActionExecutionRejected("form")])
    assert choose([made("utter_more")], tracker, DOMAIN).action == "utter_more"


def test_an_order_for_an_unknown_action_is_logged_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    tracker = ACTED.append(ev.FollowupAction("utter_nothing"))
    with caplog.at_level(logging.ERROR):
        assert choose([made("utter_more")], tracker, DOMAIN).action == "utter_more"
    assert "utter_nothing" in caplog.text


def test_a_new_conversation_listens_first() -> None:
    assert (
        choose([made("utter_more")], Tracker.start("ann", DOMAIN.initial_slots), DOMAIN).action
        == "action_listen"
    )


@pytest.mark.parametrize("predictions", [[], [Prediction(None, 0.0, events=(ev.LoopInterrupted(True),))]])
def test_where_nobody_knows_the_assistant_listens(predictions: list[Prediction]) -> None:
    best = choose(predictions, ASKED, DOMAIN)
    assert (best.action, best.confidence) == ("action_listen", 0.0)
    assert best.events == (*(e for p in predictions for e in p.events), ev.UserFeaturized(False))


def why(*predictions: Prediction, tracker: Tracker = ASKED) -> str:
    return explain(predictions, choose(predictions, tracker, DOMAIN), tracker)


@pytest.mark.parametrize(
    ("predictions", "told"),
    [
        ([made("utter_bye")], "Only utter_byePolicy had something to say."),
        ([made("utter_more", 0.5), made("utter_bye", 0.6)], "utter_byePolicy was surest (0.60; the next, utter_morePolicy, 0.50)."),
        ([made("utter_more", 1.0, 3), made("utter_bye", 1.0, 4)], "has the higher priority (4 against 3)."),
        ([made("utter_bye"), made("utter_more")], "utter_byePolicy stands first in config.yml."),
        ([made("form", 0.5, no_user_prediction=True), made("utter_bye")], "A form is under way"),
        ([made("utter_bye", 0.5, is_end_to_end=True), made("utter_more")], "by the user's very words"),
        ([], "No policy had anything to say"),
    ],
)  # fmt: skip
def test_why_the_winner_won(predictions: list[Prediction], told: str) -> None:
    assert told in why(*predictions)


def test_why_a_refused_or_an_ordered_action() -> None:
    refused = ASKED.append(ev.ActionExecutionRejected("form"))
    assert "utter_morePolicy was surest (0.30; the next, formPolicy, 0.00)" in why(
        made("form"), made("utter_more", 0.3), tracker=refused
    )
    ordered = ACTED.append(ev.FollowupAction("utter_bye"))
    assert "ordered" in why(made("utter_more"), tracker=ordered)
