"""A conversation as a table."""

from __future__ import annotations

from frontdesk.cli.chat_table import conversation_table
from frontdesk.core import events as ev
from frontdesk.core.message import Entity

HEARD = ev.UserUttered(
    "to Rome", {"intent": {"name": "fly", "confidence": 0.876}}, (Entity("city", "Rome", 3, 7),)
)


def test_who_said_and_did_what() -> None:
    buttons = {"buttons": [{"title": "Yes", "payload": "/affirm"}], "image": "a.png"}
    table = conversation_table(
        [
            ev.ActionExecuted("action_session_start", confidence=1.0),
            ev.ActionExecuted("action_listen"),
            HEARD,
            ev.SlotSet("city", "Rome"),
            ev.SlotSet("day", None),
            ev.ActionExecuted("trip_form", confidence=0.5),
            ev.ActiveLoop("trip_form"),
            ev.BotUttered("Do you really want to go to Rome?", buttons),
            ev.ActionExecuted("action_listen"),
            ev.UserUttered("/affirm", {"intent": {"name": "affirm", "confidence": 1.0}}),
            ev.ActionExecutionRejected("trip_form"),
            ev.ActionExecuted(action_text="Fine"),
            ev.ActiveLoop(None),
        ],
        60,
    )
    assert (
        table
        == """\
  #  Assistant                   You
------------------------------------------------------------
  1                              to [Rome](city)
                                 intent: fly 0.88
  2  slots: city = "Rome"; day =
       null
     trip_form 0.50
     form trip_form
     "Do you really want to go
       to Rome?"
     [Yes] /affirm
     image: a.png
  3                              /affirm
                                 intent: affirm 1.00
  4  trip_form refused to run
     Fine
     form ends"""
    )


def test_wide_characters_take_two_columns() -> None:
    lines = conversation_table([ev.BotUttered("你好" * 20)], 60).splitlines()[2:]
    assert len(lines) > 1
    assert all(2 * sum(ord(c) > 256 for c in line) <= 28 for line in lines)


def test_of_a_long_conversation_the_end_is_shown() -> None:
    lines = conversation_table([HEARD] * 40).splitlines()
    assert lines[2] == "     ... 10 more before"
    assert lines[3].startswith(" 11 ")
    assert lines[-2].startswith(" 40 ")


def test_an_empty_conversation_has_no_rows() -> None:
    assert len(conversation_table([]).splitlines()) == 2
