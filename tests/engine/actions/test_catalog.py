from __future__ import annotations

import pytest

from frontdesk.actions.catalog import SayText, Utter, UtterSelected, action_for, is_custom
from frontdesk.actions.custom import CustomAction
from frontdesk.actions.forms import FormAction
from frontdesk.actions.slots import ExtractSlots
from frontdesk.errors import UnknownName


def test_the_order(build) -> None:
    domain = build.domain(
        build.slot("a"),
        forms={"f": ["a"], "own_form": ["a"]},
        responses={"utter_hi": "Hi"},
        actions=["action_x", "own_form", "action_restart", "utter_listed"],
        e2e_action_texts=("Good day!",),
    )
    assert isinstance(action_for("f", domain), FormAction)
    assert isinstance(action_for("own_form", domain), CustomAction)  # listed: the server brings its own
    assert isinstance(action_for("action_restart", domain), CustomAction)
    assert isinstance(action_for("action_x", domain), CustomAction)
    assert isinstance(action_for("action_extract_slots", domain), ExtractSlots)
    assert isinstance(action_for("utter_hi", domain), Utter)
    assert isinstance(action_for("utter_listed", domain), Utter)
    assert isinstance(action_for("Good day!", domain), SayText)
    custom = {"action_x", "own_form", "action_restart", "f"}
    assert {name for name in (*domain.action_names, "Good day!") if is_custom(name, domain)} >= custom
    assert not is_custom("utter_hi", domain)
    assert not is_custom("action_listen", domain)


def test_an_unknown_name_has_a_suggestion(build) -> None:
    with pytest.raises(UnknownName, match="action_hello"):
        action_for("action_helo", build.domain(actions=["action_hello"]))


async def test_an_end_to_end_text_is_said_as_it_is(build) -> None:
    domain = build.domain(e2e_action_texts=("Keep {this}.",))
    (said,) = await action_for("Keep {this}.", domain).run(build.turn(build.tracker(domain), domain))
    assert said.text == "Keep {this}."


async def test_a_retrieval_action_says_what_the_selector_chose(build) -> None:
    domain = build.domain(responses={"utter_faq/hours": "9 to 5", "utter_faq/place": "Here"})
    action = action_for("utter_faq", domain)
    assert isinstance(action, UtterSelected)
    for key in ("faq", "default"):
        selected = {key: {"response": {"utter_action": "utter_faq/place"}}}
        tracker = build.said(build.tracker(domain), "x", "faq", response_selector=selected)
        (said,) = await action.run(build.turn(tracker, domain))
        assert said.text == "Here"
    assert await action.run(build.turn(build.said(build.tracker(domain)), domain)) == []


async def test_a_missing_response_is_logged_and_nothing_is_said(build, caplog) -> None:
    domain = build.domain(actions=["utter_gone"])
    assert await action_for("utter_gone", domain).run(build.turn(build.tracker(domain), domain)) == []
    assert "utter_gone" in caplog.text
