"""Markers apply as Rasa's do, and the CSV files are Rasa's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frontdesk.core import events as ev
from frontdesk.errors import ConfigError
from frontdesk.evaluation.markers import Statistics, apply, check_targets, choose, write_hits
from frontdesk.formats.markers import Marker


def said(intent: str, **more: Any) -> ev.UserUttered:
    return ev.UserUttered("x", {"intent": {"name": intent, **more}})


def did(name: str) -> ev.ActionExecuted:
    return ev.ActionExecuted(name)


def intent(name: str, negated: bool = False) -> Marker:
    return Marker("intent", negated, name)


def action(name: str, negated: bool = False) -> Marker:
    return Marker("action", negated, name)


EVENTS = [
    did("action_session_start"),  # 0
    said("greet"),  # 1
    did("utter_greet"),  # 2
    ev.SlotSet("name", "Ann"),  # 3
    said("ask"),  # 4
    did("utter_greet"),  # 5
    ev.SlotSet("name", None),  # 6
    said("greet"),  # 7
]


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        (intent("greet"), [1, 7]),
        (intent("greet", True), [0, 2, 3, 4, 5, 6]),
        (action("utter_greet"), [2, 5]),
        (action("utter_greet", True), [0, 1, 3, 4, 6, 7]),
        (Marker("slot_was_set", text="name"), [3, 4, 5]),
        (Marker("slot_was_set", True, "name"), [0, 1, 2, 6, 7]),
        (Marker("or", parts=(intent("greet"), intent("ask"))), [1, 4, 7]),
        (Marker("and", parts=(intent("ask"), Marker("slot_was_set", text="name"))), [4]),
        (Marker("and", True, parts=(intent("greet", True), action("utter_greet", True))), [1, 2, 5, 7]),
        (Marker("not", parts=(intent("greet"),)), [0, 2, 3, 4, 5, 6]),
        (Marker("at_least_once", parts=(action("utter_greet"),)), [2]),
        (Marker("at_least_once", True, parts=(action("utter_greet"),)), [0]),
        (Marker("at_least_once", True, parts=(action("action_session_start"),)), []),
        (Marker("seq", parts=(intent("greet"), action("utter_greet"))), [2]),
        (Marker("seq", parts=(action("utter_greet"), action("utter_greet"))), [5]),
        (Marker("seq", parts=(intent("greet"), intent("greet"))), [7]),
        (Marker("and", parts=(Marker("at_least_once", parts=(intent("ask"),)), intent("greet"))), [7]),
    ],
)
def test_where_a_marker_applies(marker: Marker, expected: list[int]) -> None:
    [session] = apply([marker], "ann", EVENTS)
    assert [hit.event for hit in session.hits[""]] == expected


def test_messages_before_are_counted() -> None:
    [session] = apply([action("utter_greet")], "ann", EVENTS)
    assert [hit.turns for hit in session.hits[""]] == [1, 2]


def test_each_session_starts_afresh() -> None:
    half = Marker("seq", parts=(intent("greet"), intent("ask")))
    events = [did("x"), did("action_session_start"), said("greet"), did("action_session_start"), said("ask")]
    sessions = apply([half, action("x")], "ann", events)
    assert [(s.number, dict(s.hits)) for s in sessions] == [(0, {"": ()}), (1, {"": ()})]
    [first, second] = apply([intent("ask")], "ann", events)
    assert not first.hits[""]
    assert [(hit.event, hit.turns) for hit in second.hits[""]] == [(4, 0)]


def test_a_conversation_without_sessions_is_one() -> None:
    assert len(apply([intent("x")], "ann", [said("x")])) == 1
    assert len(apply([intent("x")], "ann", [])) == 1


def test_a_retrieval_intent_by_its_full_name() -> None:
    event = said("faq", full_retrieval_intent_name="faq/one")
    for name in ("faq", "faq/one"):
        assert apply([intent(name)], "ann", [event])[0].hits[""]


def test_which_conversations() -> None:
    senders = [str(n) for n in range(20)]
    assert choose(senders, "all", None, None) == senders
    assert choose(senders, "first_n", 3, None) == ["0", "1", "2"]
    assert choose(senders, "first_n", 99, None) == senders
    drawn = choose(senders, "sample_n", 5, 1)
    assert drawn == choose(senders, "sample_n", 5, 1)
    assert len(set(drawn)) == 5
    assert len(choose(senders, "sample_n", 99, 1)) == 20
    with pytest.raises(ConfigError):
        choose(senders, "first_n", 0, None)


def test_the_files(tmp_path: Path) -> None:
    markers = [Marker("intent", text="greet", name="greeted"), Marker("intent", text="none", name="absent")]
    sessions = [*apply(markers, "ann", EVENTS), *apply(markers, "bob", [said("ask")])]
    write_hits(tmp_path / "hits.csv", sessions)
    assert (tmp_path / "hits.csv").read_text().splitlines() == [
        "sender_id,session_idx,marker,event_idx,num_preceding_user_turns",
        "ann,0,greeted,1,0",
        "ann,0,greeted,7,2",
    ]
    Statistics(sessions).write_overall(tmp_path / "all.csv")
    rows = (tmp_path / "all.csv").read_text().splitlines()
    assert rows[0] == "sender_id,session_idx,marker,statistic,value"
    assert rows[1] == "all,nan,-,total_number_of_sessions,2"
    for row in (
        "all,nan,greeted,number_of_sessions_where_marker_applied_at_least_once,1",
        "all,nan,greeted,percentage_of_sessions_where_marker_applied_at_least_once,50.0",
        "all,nan,greeted,count(number of preceding user turns),2",
        "all,nan,greeted,mean(number of preceding user turns),1.0",
        "all,nan,greeted,max(number of preceding user turns),2",
        "all,nan,absent,median(number of preceding user turns),nan",
    ):
        assert row in rows
    Statistics(sessions).write_by_session(tmp_path / "each.csv")
    each = (tmp_path / "each.csv").read_text().splitlines()
    assert len(each) == 1 + 2 * 5 * 2
    assert "ann,0,greeted,median(number of preceding user turns),1.0" in each
    assert "bob,0,greeted,min(number of preceding user turns),nan" in each


def test_no_conversations_at_all(tmp_path: Path) -> None:
    Statistics([]).write_overall(tmp_path / "all.csv")
    Statistics([]).write_by_session(tmp_path / "each.csv")
    assert (tmp_path / "all.csv").read_text().splitlines()[1:] == ["all,nan,-,total_number_of_sessions,0"]


def test_targets_are_checked_first(tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("")
    check_targets([tmp_path / "new.csv"])
    for path in (tmp_path / "there.csv", tmp_path / "none" / "new.csv"):
        with pytest.raises(ConfigError):
            check_targets([path])
