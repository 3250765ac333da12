"""Test conversations are what a user has: every step is said, its actions run, and whatever does not hold is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.events import ActionExecuted, ActiveLoop, SlotSet
from frontdesk.core.training import Place
from frontdesk.evaluation.conversations import (
    ConversationResult,
    Run,
    StepResult,
    action_names,
    readable,
    texts_missing,
)
from frontdesk.evaluation.environment import PlainEnvironment
from frontdesk.formats.test_stories import Conversation, Expectation, Turn
from frontdesk.stores.memory import MemoryTrackerStore
from tests.engine.runtime.conftest import Desk, make_desk


class Rooms(PlainEnvironment):
    """Writes down what was prepared; knows the key `fine`."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.folders: list[Path] = []

    def begin(self, folder: Path) -> None:
        assert folder.is_dir()
        assert not list(folder.iterdir())
        self.folders.append(folder)
        self.log.append("begin")

    def check(self, key: str, expected: Any) -> list[str]:
        if key == "broken":
            raise KeyError("no such table")
        return [] if expected else [f"{key} does not hold"]

    def end(self) -> None:
        self.log.append("end")


@pytest.fixture
def desk() -> Desk:
    return make_desk(MemoryTrackerStore({}), max_message=100)


def says(*texts: str, kind: Any = "contains") -> tuple[Expectation, ...]:
    return tuple(Expectation(kind, text) for text in texts)


async def result_of(desk: Desk, *steps: Turn, channel: str = "chat") -> ConversationResult:
    conversation = Conversation("a talk", steps, channel, place=Place("test_x.yml", 3))
    return await Run(desk.agent, Rooms()).one(conversation)


async def test_a_conversation_that_holds(desk: Desk) -> None:
    result = await result_of(
        desk,
        Turn("hello", says("hello!"), "hello", actions=("utter_hello", "action_listen")),
        Turn(
            "count it",
            (*says("number 1"), *says("sorry", kind="lacks"), *says(r"Number \d$", kind="matches")),
            slots={"count": 1},
            events=({"event": "slot", "name": "count"}, {"event": "action", "name": "action_count"}),
            extra={"fine": True},
        ),
    )
    assert result.passed
    assert result.place == "test_x.yml:3"
    assert [(s.user, s.said, s.intent) for s in result.steps] == [
        ("hello", ("Hello!",), "hello"), ("count it", ("Number 1",), "count"),
    ]  # fmt: skip
    assert result.steps[1].actions == ("action_count", "action_listen")


@pytest.mark.parametrize(
    ("step", "failure"),
    [
        (Turn("hello", says("Goodbye")), "did not say 'Goodbye'"),
        (Turn("hello", says("hello", kind="lacks")), "should not have said 'hello'"),
        (Turn("hello", says("^hello", kind="matches")), "nothing said matches '^hello'"),
        (Turn("hello", intent="bye"), "understood 'hello', expected 'bye'"),
        (Turn("hello", slots={"count": 3}), "slot 'count' is None, expected 3"),
        (Turn("hello", events=({"event": "restart"},)), "no event {'event': 'restart'}"),
        (
            Turn("hello", actions=("utter_bye",)),
            "ran ['utter_hello', 'action_listen'], expected ['utter_bye']",
        ),
        (Turn("hello", extra={"shop": None}), "shop does not hold"),
    ],
)
async def test_what_does_not_hold(desk: Desk, step: Turn, failure: str) -> None:
    result = await result_of(desk, step, Turn("never said"))
    assert not result.passed
    [done] = result.steps
    assert done.failures == (failure,)


async def test_what_cannot_be_tested_ends_its_conversation_and_no_other(desk: Desk) -> None:
    rooms = Rooms()
    seen: list[str] = []
    conversations = [
        Conversation("too long", (Turn("x" * 101, place=Place("t.yml", 1)),)),
        Conversation(
            "broken check", (Turn("hello", extra={"broken": 1}, place=Place("t.yml", 2)), Turn("never said"))
        ),
        Conversation("fine", (Turn("hello", says("Hello!")),)),
    ]
    results = await Run(desk.agent, rooms, lambda result: seen.append(result.name)).all(conversations)
    assert [r.passed for r in results] == [False, False, True]
    assert "t.yml:1: " in (results[0].error or "")
    assert "at most 100" in (results[0].error or "")
    assert "no such table" in (results[1].error or "")
    assert seen == ["too long", "broken check", "fine"]
    assert rooms.log == ["begin"] * 3 + ["end"]
    assert not any(folder.exists() for folder in rooms.folders)
    assert len(set(rooms.folders)) == 3


async def test_conversations_do_not_know_each_other(desk: Desk) -> None:
    one = Conversation("one", (Turn("count", says("Number 1")),))
    assert all(r.passed for r in await Run(desk.agent, Rooms()).all([one, one]))


@pytest.mark.parametrize(("channel", "authenticated"), [("chat", True), ("cmdline", True), ("rest", False)])
async def test_who_is_authenticated_is_a_matter_of_the_channel(
    desk: Desk, channel: str, authenticated: bool
) -> None:
    await result_of(desk, Turn("count"), channel=channel)
    assert [(call.channel, call.authenticated) for call in desk.server.calls] == [(channel, authenticated)]


async def test_a_step_without_a_message_looks_at_what_is(desk: Desk) -> None:
    assert (await result_of(desk, Turn("count"), Turn(slots={"count": 1}, bot=()))).passed


def test_what_a_person_reads_of_a_reply() -> None:
    reply = {
        "recipient_id": "ann",
        "text": "Look:",
        "image": "https://x/y.png",
        "attachment": "https://x/z.pdf",
        "custom": {"a": 1},
        "buttons": [{"title": "Yes", "payload": "/affirm"}],
        "metadata": {"sources": [{"title": "Sizes", "url": "/sizes"}]},
    }
    assert readable(reply) == [
        "Look:",
        "https://x/y.png",
        "https://x/z.pdf",
        "{'a': 1}",
        "[Yes]",
        "see: Sizes",
    ]
    assert readable({"recipient_id": "ann"}) == []


def test_expectations_are_of_all_that_was_said_together() -> None:
    assert texts_missing(says("a", "B"), ["first A", "then b"]) == []


def test_the_actions_of_a_turn_leave_out_the_begin_of_a_session() -> None:
    begin = [ActionExecuted("action_session_start"), ActionExecuted("action_listen")]
    turn = [ActionExecuted("utter_a"), SlotSet("x", 1), ActiveLoop("f"), ActionExecuted("action_listen")]
    assert action_names([*begin, *turn]) == action_names(turn) == ["utter_a", "action_listen"]


def test_a_result() -> None:
    assert ConversationResult("a", "b").passed
    assert not ConversationResult("a", "b", error="x").passed
    assert not ConversationResult("a", "b", (StepResult("hi", (), ("wrong",)),)).passed
