"""One user message: sessions, understanding, slots, and turns that go on where they were cut off."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from frontdesk.core import events as ev
from frontdesk.core.domain import SESSION_START_METADATA, SessionConfig
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import ActionResult
from frontdesk.core.slots import Slot
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.runtime.processor import Processor, resumes
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.testing.fakes import FakeClock
from tests.engine.runtime.conftest import DOMAIN, Desk, make_desk


@pytest.fixture
def desk() -> Desk:
    return make_desk(MemoryTrackerStore({}))


async def save(tracker: Tracker) -> Tracker:
    return tracker


def empty(processor: Processor) -> Tracker:
    return Tracker.start("ann", processor.domain.initial_slots)


async def handle(
    processor: Processor, tracker: Tracker, text: str, message_id: str = "m1", **more: Any
) -> Tracker:
    return await processor.handle(tracker, UserMessage(text, "ann", "rest", message_id, **more), save)


def kinds(events: list[ev.Event]) -> list[str]:
    return [e.name or "" if isinstance(e, ev.ActionExecuted) else e.type_name for e in events]


def texts(tracker: Tracker) -> list[str | None]:
    return [e.text for e in tracker.events() if isinstance(e, ev.BotUttered)]


async def test_the_first_message(desk: Desk) -> None:
    processor = desk.agent.processor
    tracker = await handle(processor, empty(processor), "hello", metadata={"a": 1})
    heard = next(e for e in tracker.events() if isinstance(e, ev.UserUttered))
    assert (heard.text, heard.intent, heard.input_channel, heard.message_id) == (
        "hello",
        "hello",
        "rest",
        "m1",
    )
    assert heard.parse_data["message_id"] == "m1"
    assert heard.metadata["a"] == heard.parse_data["metadata"]["a"] == 1
    assert kinds(tracker.events()) == [
        "slot", SESSION_START, "session_started", "slot", LISTEN, "user", "utter_hello", "bot", LISTEN,
    ]  # fmt: skip


async def test_what_came_with_the_message_is_there_for_the_action_that_begins_the_session(desk: Desk) -> None:
    slots = {**DOMAIN.slots, SESSION_START_METADATA: Slot(SESSION_START_METADATA)}
    processor = dataclasses.replace(desk.agent.processor, domain=dataclasses.replace(DOMAIN, slots=slots))
    tracker = await handle(processor, empty(processor), "hello", metadata={"page": "/cart"})
    assert tracker.slots[SESSION_START_METADATA]["page"] == "/cart"
    bare = await handle(processor, empty(processor), "hello")
    assert bare.slots[SESSION_START_METADATA] is None


async def test_a_session_lapses_and_slots_are_carried_over_or_not(desk: Desk) -> None:
    clock = FakeClock()
    for carry in (True, False):
        domain = dataclasses.replace(DOMAIN, session=SessionConfig(60, carry))
        processor = dataclasses.replace(desk.agent.processor, domain=domain, clock=clock)
        tracker = await handle(processor, empty(processor), "hello")
        tracker = tracker.append(ev.SlotSet("count", 7, timestamp=clock()))
        clock.forward(59 * 60)
        tracker = await handle(processor, tracker, "hello", "m2")
        assert sum(isinstance(e, ev.SessionStarted) for e in tracker.events()) == 1
        clock.forward(61 * 60)
        tracker = await handle(processor, tracker, "hello", "m3")
        assert sum(isinstance(e, ev.SessionStarted) for e in tracker.events()) == 2
        assert tracker.slots["count"] == (7 if carry else None)


async def test_after_a_restart_that_nothing_followed_a_session_begins(desk: Desk) -> None:
    processor = desk.agent.processor
    cut = empty(processor).extend(
        [ev.ActionExecuted(LISTEN), ev.UserUttered("x"), ev.Restarted(timestamp=1.0)]
    )
    tracker = await handle(processor, cut, "hello")
    assert kinds(tracker.since(3)) == [
        SESSION_START,
        "session_started",
        LISTEN,
        "user",
        "utter_hello",
        "bot",
        LISTEN,
    ]


async def test_an_own_session_start_may_greet_and_need_not_listen(desk: Desk) -> None:
    domain = dataclasses.replace(DOMAIN, actions=(*DOMAIN.actions, SESSION_START))

    async def begin(*_: Any) -> ActionResult:
        return ActionResult([{"event": "session_started"}], [{"text": "Welcome!"}])

    desk.server.run = begin  # type: ignore[method-assign]
    processor = dataclasses.replace(desk.agent.processor, domain=domain)
    tracker = await handle(processor, empty(processor), "hello")
    assert kinds(tracker.events()) == [
        SESSION_START, "bot", "session_started", LISTEN, "user", "utter_hello", "bot", LISTEN,
    ]  # fmt: skip


async def test_an_own_session_start_that_fails_begins_it_all_the_same(desk: Desk) -> None:
    domain = dataclasses.replace(DOMAIN, actions=(*DOMAIN.actions, SESSION_START))

    async def fail(*_: Any) -> ActionResult:
        from frontdesk.errors import ActionError

        raise ActionError("It is broken.")

    desk.server.run = fail  # type: ignore[method-assign]
    processor = dataclasses.replace(desk.agent.processor, domain=domain)
    tracker = await handle(processor, empty(processor), "hello")
    assert texts(tracker) == ["Hello!"]
    assert tracker.applied_events()[-1] == ev.ActionExecuted(LISTEN)


async def test_a_paused_conversation_is_heard_and_not_answered(desk: Desk) -> None:
    processor = desk.agent.processor
    tracker = await handle(processor, empty(processor), "hello")
    tracker = await handle(processor, tracker.append(ev.ConversationPaused()), "hello", "m2")
    assert texts(tracker) == ["Hello!"]
    assert tracker.latest_message is not None
    assert tracker.latest_message.message_id == "m2"
    tracker = await handle(processor, tracker.append(ev.ConversationResumed()), "hello", "m3")
    assert texts(tracker) == ["Hello!", "Hello!"]


LISTENING, HEARD = ev.ActionExecuted(LISTEN), ev.UserUttered("count", message_id="m1")


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], False),
        ([LISTENING], False),
        ([LISTENING, HEARD], True),
        ([LISTENING, HEARD, ev.ActionExecuted("action_count"), ev.SlotSet("count", 1)], True),
        ([LISTENING, HEARD, ev.ActionExecuted("action_count"), LISTENING], False),  # it came to its end
        ([LISTENING, HEARD, LISTENING, ev.UserUttered("hi", message_id="m2")], False),
        ([LISTENING, HEARD, ev.UserUttered("hi", message_id="m2")], False),
        ([LISTENING, HEARD, ev.UserUtteranceReverted(), LISTENING, HEARD], True),  # said as if just now
    ],
)
def test_which_turns_go_on(history: list[ev.Event], expected: bool) -> None:
    assert resumes(Tracker.start("ann", {}, history), "m1") is expected
    assert resumes(Tracker.start("ann", {}, history), None) is False


async def test_a_turn_that_was_cut_off_is_not_heard_twice(desk: Desk) -> None:
    processor = desk.agent.processor
    heard = ev.UserUttered("twice", {"intent": {"name": "twice"}}, message_id="m1")
    done = [ev.ActionExecuted("action_count"), ev.SlotSet("count", 1), ev.BotUttered("Number 1")]
    cut = empty(processor).extend([LISTENING, heard, *done])
    tracker = await handle(processor, cut, "twice")
    assert [e.text for e in tracker.events() if isinstance(e, ev.UserUttered)] == ["twice"]
    assert texts(tracker) == ["Number 1", "Number 2"]
    assert [(call.message_id, call.nth) for call in desk.server.calls] == [("m1", 1)]


async def test_the_same_id_after_the_turn_came_to_its_end_is_another_message(desk: Desk) -> None:
    processor = desk.agent.processor
    tracker = await handle(processor, empty(processor), "hello")
    tracker = await handle(processor, tracker, "hello")
    assert texts(tracker) == ["Hello!", "Hello!"]
    assert sum(isinstance(e, ev.UserUttered) for e in tracker.events()) == 2
