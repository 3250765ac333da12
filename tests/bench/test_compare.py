"""What the comparison with Rasa takes for the same, and what not."""

from __future__ import annotations

from typing import Any

import pytest

from bench.parity import row
from bench.peers.cases import Case, exact_config
from bench.peers.compare import difference, normal
from bench.peers.walks import Walk, walks


def turn(*events: dict[str, Any], **state: Any) -> dict[str, Any]:
    return {"events": list(events), "replies": [], "state": {"slots": {}, **state}, "error": None}


def action(name: str, **more: Any) -> dict[str, Any]:
    return {
        "event": "action",
        "name": name,
        "policy": "RulePolicy",
        "confidence": 1.0,
        "timestamp": 3.0,
        **more,
    }


def slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value, "timestamp": 1.0}


def test_times_ids_and_the_place_of_a_policy_do_not_count() -> None:
    theirs = turn(
        action("utter_a", policy="policy_1_RulePolicy", metadata={"model_id": "x"}, action_text=None)
    )
    assert difference(theirs, turn(action("utter_a", timestamp=9.0))) is None


@pytest.mark.parametrize(
    "ours",
    [
        turn(action("utter_b")),
        turn(action("utter_a", policy="MemoizationPolicy")),
        turn(action("utter_a", confidence=0.5)),
        turn(action("utter_a"), action("action_listen")),
        turn(),
        turn(action("utter_a"), paused=True),
        turn(action("utter_a"), active_loop={"name": "a_form"}),
        turn(action("utter_a"), slots={"size": "XL"}),
        turn(action("utter_a"), followup_action="utter_b"),
        {**turn(action("utter_a")), "replies": [{"recipient_id": "ann", "text": "A"}]},
        {**turn(action("utter_a")), "error": "ValueError"},
    ],
)
def test_what_differs_is_told(ours: dict[str, Any]) -> None:
    told = difference(turn(action("utter_a")), ours)
    assert told is not None
    assert "Rasa" in told
    assert "Frontdesk" in told


def test_the_order_of_events_counts() -> None:
    assert difference(turn(slot("a", 1), slot("b", 2)), turn(slot("b", 2), slot("a", 1))) is not None


def test_slots_that_are_carried_over_count_once() -> None:
    begin = {"event": "session_started"}
    theirs = turn(begin, slot("a", 1), slot("b", 2), slot("a", 3), action("action_listen"), slot("a", 4))
    assert (
        difference(theirs, turn(begin, slot("b", 2), slot("a", 3), action("action_listen"), slot("a", 4)))
        is None
    )
    assert difference(theirs, turn(begin, slot("b", 2), slot("a", 1), action("action_listen"), slot("a", 4)))


def test_entities_count_with_role_and_group_but_not_who_found_them() -> None:
    def said(**entity: Any) -> dict[str, Any]:
        parsed = {"intent": {"name": "inform", "confidence": 1.0}, "entities": [{"entity": "city", **entity}]}
        return {"event": "user", "text": "Rome", "parse_data": parsed}

    assert normal(said(value="Rome", extractor="A")) == normal(said(value="Rome", extractor="B"))
    assert normal(said(value="Rome", role="from")) != normal(said(value="Rome", role="to"))


def test_figures_that_only_frontdesk_fills_are_any_text() -> None:
    theirs = turn({"event": "bot", "text": "Within {returns.window_days} days, {name}.", "data": {}})
    assert difference(theirs, turn({"event": "bot", "text": "Within 30 days, Ann.", "data": {}})) is None
    assert difference(theirs, turn({"event": "bot", "text": "In 30 days, Ann.", "data": {}})) is not None


def case(**differs: Any) -> Case:
    turns = [{"user": "/a"}, {"wait": 5}, {"user": "/b"}, {"user": "/c"}]
    return Case("own", None, [{"name": "one", "turns": turns, **differs}], None, {})


def log(*names: str) -> dict[str, Any]:
    return {"conversations": [[turn(action(name)) for name in names]]}


def test_a_row_counts_turns_and_names_the_first_difference() -> None:
    found = row(case(), log("x", "y", "z"), log("x", "other", "z"))
    assert (found["turns"], found["equal"]) == (3, 2)
    [difference] = found["differences"]
    assert (difference["conversation"], difference["turn"], difference["said"]) == ("one", 2, {"user": "/b"})


def test_a_difference_that_is_accounted_for_ends_its_conversation() -> None:
    foreseen = case(differs={"turn": 2, "because": "action limit"})
    found = row(foreseen, log("x", "y", "z"), log("x", "other", "another"))
    assert (found["turns"], found["equal"], found["differences"]) == (1, 1, [])
    assert found["accounted"][0]["because"] == "action limit"
    # one that is gone, and a reason that nobody knows, are told
    assert row(foreseen, log("x", "y", "z"), log("x", "y", "z"))["differences"]
    unknown = case(differs={"turn": 2, "because": "a whim"})
    assert row(unknown, log("x", "y", "z"), log("x", "other", "z"))["differences"]


def test_a_side_that_failed_is_no_agreement() -> None:
    found = row(case(), {"error": "no model"}, {"error": "no model"})
    assert (found["equal"], found["turns"]) == (0, 3)
    assert "Rasa: no model" in found["error"]


def test_walks_repeat_themselves_by_their_seed_only() -> None:
    domain = {
        "intents": ["a", {"b": {"use_entities": []}}],
        "entities": ["size"],
        "slots": {"size": {"values": ["S"]}},
    }
    one = walks(domain, Walk(seed=1, count=3, turns=4))
    assert one == walks(domain, Walk(seed=1, count=3, turns=4))
    assert one != walks(domain, Walk(seed=2, count=3, turns=4))
    assert [len(turns) for turns in one] == [4, 4, 4]
    assert {turn["user"].partition("{")[0] for turns in one for turn in turns} <= {"/a", "/b"}


def test_a_config_is_left_with_what_leaves_nothing_to_chance() -> None:
    config = {
        "pipeline": [{"name": "WhitespaceTokenizer"}, {"name": "DIETClassifier"}],
        "policies": [{"name": "TEDPolicy"}, {"name": "MemoizationPolicy", "max_history": 3}],
    }
    exact = exact_config(config)
    assert exact["pipeline"] == [{"name": "WhitespaceTokenizer"}]
    assert exact["policies"] == [{"name": "MemoizationPolicy", "max_history": 3}, {"name": "RulePolicy"}]
