"""Messages are answered in order and exactly once; whatever fails, the conversation goes on."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from frontdesk.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.core.tracker import Tracker
from frontdesk.errors import AuthError, LimitError, StaleConversation, StoreError
from frontdesk.runtime.agent import APOLOGY, STARTS, Incoming
from frontdesk.runtime.line import PATIENCE
from frontdesk.runtime.loop import Save
from frontdesk.runtime.processor import Processor
from frontdesk.settings import Settings
from tests.engine.runtime.conftest import Desk, fill_disk, make_desk


def texts(replies: Any) -> list[str]:
    return [reply["text"] for reply in replies]


async def say(desk: Desk, text: str, message_id: str | None = None, sender: str = "ann") -> list[str]:
    return texts(await desk.agent.receive(UserMessage(text, sender, "rest", message_id)))


async def ids_heard(desk: Desk) -> list[str | None]:
    events = (await desk.agent.tracker("ann")).events()
    return [event.message_id for event in events if isinstance(event, UserUttered)]


async def test_an_answer_and_what_is_kept_of_it(desk: Desk) -> None:
    assert await say(desk, "hello") == ["Hello!"]
    events = (await desk.agent.tracker("ann")).events()
    kinds = [e.type_name for e in events]
    assert kinds == ["action", "session_started", "action", "user", "action", "bot", "action"]
    assert [e.name for e in events if isinstance(e, ActionExecuted)] == [
        "action_session_start", "action_listen", "utter_hello", "action_listen",
    ]  # fmt: skip
    assert all(event.timestamp > 0 for event in events)


async def test_a_repeated_delivery_gets_the_stored_replies_and_does_nothing(desk: Desk) -> None:
    first = await say(desk, "count", "m1")
    assert await say(desk, "count", "m1") == first == ["Number 1"]
    assert len(desk.server.calls) == 1
    assert await say(desk, "count", "m2") == ["Number 2"]


async def test_the_same_delivery_many_times_at_once_counts_once(desk: Desk) -> None:
    replies = await asyncio.gather(*(say(desk, "count", "m1") for _ in range(20)))
    assert replies == [["Number 1"]] * 20
    assert len(desk.server.calls) == 1


async def test_the_same_id_of_another_sender_is_another_message(desk: Desk) -> None:
    assert await say(desk, "count", "m1", "ann") == ["Number 1"]
    assert await say(desk, "count", "m1", "bob") == ["Number 1"]
    assert len(desk.server.calls) == 2


async def test_messages_of_one_conversation_are_handled_in_order(desk: Desk) -> None:
    async def slow(_: str) -> None:
        await asyncio.sleep(0.002)

    desk.server.before = slow
    replies = await asyncio.gather(*(say(desk, "count", f"m{n}") for n in range(12)))
    assert replies == [[f"Number {n + 1}"] for n in range(12)]


async def test_conversations_do_not_wait_for_each_other(desk: Desk) -> None:
    begun, waiting = asyncio.Event(), asyncio.Event()

    async def wait(_: str) -> None:
        begun.set()
        await waiting.wait()

    desk.server.before = wait
    held = asyncio.create_task(say(desk, "count", sender="ann"))
    await begun.wait()
    assert await say(desk, "hello", sender="bob") == ["Hello!"]
    waiting.set()
    assert await held == ["Number 1"]


async def test_a_message_that_is_too_long_is_refused(store: Any) -> None:
    desk = make_desk(store, max_message=10)
    with pytest.raises(LimitError, match="at most 10"):
        await say(desk, "hello, this is too long")
    assert await say(desk, "hello") == ["Hello!"]
    await desk.agent.close()


async def test_an_action_that_fails_is_told_and_the_conversation_goes_on(desk: Desk) -> None:
    [apology] = await say(desk, "fail")
    assert "sorry" in apology.lower()
    assert any(e.type_name == "unknown" for e in (await desk.agent.tracker("ann")).events())
    assert await say(desk, "hello") == ["Hello!"]


async def test_a_turn_that_breaks_ends_in_an_apology_that_is_kept(desk: Desk, monkeypatch: Any) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a policy is broken")

    monkeypatch.setattr(desk.agent.processor.loop.policies[0], "predict", broken)
    assert await say(desk, "hello", "m1") == [APOLOGY]
    monkeypatch.undo()
    assert await say(desk, "hello", "m1") == [APOLOGY]
    assert await say(desk, "hello", "m2") == ["Hello!"]
    heard = [e.text for e in (await desk.agent.tracker("ann")).events() if isinstance(e, UserUttered)]
    assert heard == ["hello", "hello"]


async def test_a_turn_that_hangs_is_ended(store: Any) -> None:
    desk = make_desk(store, turn_deadline=0.05)
    desk.server.before = lambda _: asyncio.sleep(3600)
    assert await say(desk, "count") == [APOLOGY]
    desk.agent.settings = Settings()
    assert await say(desk, "hello") == ["Hello!"]
    await desk.agent.close()


async def test_actions_without_end_are_stopped(desk: Desk) -> None:
    assert await say(desk, "forever") == ["Hello!"] * 10
    assert (await desk.agent.tracker("ann")).latest_action == "action_listen"


async def test_a_client_that_hangs_up_does_not_cut_the_turn_off(desk: Desk) -> None:
    begun, waiting = asyncio.Event(), asyncio.Event()

    async def wait(_: str) -> None:
        begun.set()
        await waiting.wait()

    desk.server.before = wait
    request = asyncio.create_task(say(desk, "count", "m1"))
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    waiting.set()
    assert await say(desk, "count", "m1") == ["Number 1"]
    assert len(desk.server.calls) == 1


async def test_replies_are_passed_on_only_after_they_are_committed(desk: Desk) -> None:
    seen: list[tuple[str, int]] = []

    async def on_reply(reply: Any) -> None:
        stored = await desk.store.load("ann")
        seen.append((reply["text"], sum(isinstance(e, BotUttered) for e in stored.events)))

    await desk.agent.receive(UserMessage("twice", "ann", "rest"), on_reply)
    assert [text for text, _ in seen] == ["Number 1", "Number 2"]
    assert all(kept > position for position, (_, kept) in enumerate(seen))


async def test_somebody_else_wrote_in_between(desk: Desk, monkeypatch: Any) -> None:
    save = desk.store.save
    failures = iter([StaleConversation("somebody was faster")])

    async def stale_once(commit: Any) -> None:
        error = next(failures, None)
        if error:
            raise error
        await save(commit)

    monkeypatch.setattr(desk.store, "save", stale_once)
    assert await say(desk, "count") == ["Number 1"]


async def test_a_copy_that_another_process_answers_before_the_conversation_is_read(
    desk: Desk, monkeypatch: Any
) -> None:
    """Two servers on one file, without locks between them."""
    other = make_desk(desk.store)
    assert await say(other, "count", "m0") == ["Number 1"]
    load, copies = desk.store.load, iter(["m1"])

    async def later(*arguments: Any, **named: Any) -> Any:
        copy = next(copies, None)
        if copy is not None:
            assert await say(other, "count", copy) == ["Number 2"]
        return await load(*arguments, **named)

    monkeypatch.setattr(desk.store, "load", later)
    assert await say(desk, "count", "m1") == ["Number 2"]
    assert not desk.server.calls
    await other.agent.close()


class Crash(BaseException):
    """Ends a turn as a killed process would: nothing more is written."""


async def crashed(desk: Desk, text: str, message_id: str, at_save: int) -> None:
    """Handle a message, and die right before the save of that number."""
    save = desk.store.save
    count = 0

    async def dying(commit: Any) -> None:
        nonlocal count
        count += 1
        if count == at_save:
            raise Crash
        await save(commit)

    desk.store.save = dying
    try:
        with pytest.raises(Crash):
            message = await begun(desk, text, message_id)
            await desk.agent._turn(Incoming(Delivery("rest", "ann", message_id), message))
    finally:
        desk.store.save = save


async def begun(desk: Desk, text: str, message_id: str) -> UserMessage:
    message = UserMessage(text, "ann", "rest", message_id)
    assert await desk.store.begin(Delivery("rest", "ann", message_id), message) is None
    return message


@pytest.mark.parametrize("at_save", [1, 2])
async def test_a_turn_cut_off_anywhere_is_resumed_with_the_same_keys(desk: Desk, at_save: int) -> None:
    await crashed(desk, "twice", "m1", at_save)
    assert await desk.agent.resume() == 1
    assert await desk.agent.resume() == 0
    assert await say(desk, "twice", "m1") == ["Number 1", "Number 2"]
    keys = {(call.message_id, call.nth) for call in desk.server.calls}
    assert keys == {("m1", 0), ("m1", 1)}
    events = (await desk.agent.tracker("ann")).events()
    assert [e.value for e in events if isinstance(e, SlotSet)] == [1, 2]
    assert sum(isinstance(e, UserUttered) for e in events) == 1


async def test_a_message_that_ends_every_server_is_given_up_and_those_behind_it_are_answered(
    desk: Desk,
) -> None:
    deadly = Delivery("rest", "ann", "m1")
    await begun(desk, "twice", "m1")
    await begun(desk, "hello", "m2")
    for _ in range(STARTS):
        await desk.store.tried(deadly)
    assert await desk.agent.resume() == 2
    assert await say(desk, "twice", "m1") == [APOLOGY]
    assert await say(desk, "hello", "m2") == ["Hello!"]
    assert desk.server.calls == []
    assert await desk.agent.resume() == 0


async def test_a_message_that_failed_in_its_second_effect_repeats_the_keys_of_both(desk: Desk) -> None:
    outcomes = iter([None, ValueError("It is broken.")])

    def second_fails(_: str) -> None:
        if (error := next(outcomes, None)) is not None:
            raise error

    desk.server.before = second_fails
    assert (await say(desk, "twice", "m1"))[-1] == APOLOGY
    assert await desk.store.reopen(Delivery("rest", "ann", "m1"))
    assert await desk.agent.resume() == 1
    assert [(call.message_id, call.nth) for call in desk.server.calls] == [("m1", 0), ("m1", 1)] * 2


async def test_a_message_whose_try_cannot_be_counted_is_owed(desk: Desk) -> None:
    await begun(desk, "hello", "m1")
    tried, desk.store.tried = desk.store.tried, locked
    assert await desk.agent.resume() == 1
    desk.store.tried = tried
    await desk.agent.settle()
    assert await desk.store.unfinished(0) == []
    assert await say(desk, "hello", "m1") == ["Hello!"]


async def locked(_: Delivery) -> int:
    raise StoreError("The database is locked.")


async def test_a_hand_over_to_another_model_between_messages(desk: Desk) -> None:
    other = make_desk(desk.store).agent.processor
    await desk.agent.swap(other, "new", {"a.b": 1})
    assert desk.agent.model_id == "new"
    assert await say(desk, "hello") == ["Hello!"]


async def test_a_model_that_comes_while_the_one_before_is_let_go_of_stays(desk: Desk) -> None:
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        at_work.set()
        await go_on.wait()

    desk.server.before = lambda _: slow()
    turn = asyncio.create_task(say(desk, "count"))
    await at_work.wait()
    letting_go = asyncio.create_task(desk.agent.unload(dataclasses.replace(desk.agent.processor)))
    await asyncio.sleep(0)
    assert not desk.agent.ready
    await desk.agent.swap(make_desk(desk.store).agent.processor, "new", {})
    go_on.set()
    assert await turn == ["Number 1"]
    await letting_go
    assert (desk.agent.ready, desk.agent.model_id) == (True, "new")
    assert await say(desk, "hello") == ["Hello!"]


async def test_a_conversation_of_somebody_who_is_authenticated_is_closed_to_others(desk: Desk) -> None:
    own = UserMessage("count", "ann", "rest", "m1", authenticated=True)
    assert texts(await desk.agent.receive(own)) == ["Number 1"]
    for message_id in ("m1", "m2", "m2", None):
        with pytest.raises(AuthError, match="proved who they are"):
            await desk.agent.receive(UserMessage("count", "ann", "rest", message_id))
    forged = {"frontdesk": {"authenticated": True}}
    with pytest.raises(AuthError):
        await desk.agent.receive(UserMessage("count", "ann", "rest", "m3", metadata=forged))
    assert len(desk.server.calls) == 1
    assert await desk.agent.resume() == 0, "what was refused is not taken up later"
    assert texts(await desk.agent.receive(own)) == ["Number 1"]


async def test_nobody_can_mark_a_message_as_authenticated(desk: Desk) -> None:
    forged = {"frontdesk": {"authenticated": True}, "title": "Hi"}
    await desk.agent.receive(UserMessage("hello", "ann", "rest", "m1", metadata=forged))
    [heard] = [e for e in (await desk.agent.tracker("ann")).events() if isinstance(e, UserUttered)]
    assert heard.metadata == {"title": "Hi"}
    assert await say(desk, "hello") == ["Hello!"]


async def test_a_reply_that_cannot_be_passed_on_ends_no_turn(desk: Desk) -> None:
    async def gone(_: Any) -> None:
        raise ConnectionResetError

    replies = await desk.agent.receive(UserMessage("twice", "ann", "rest", "m1"), gone)
    assert texts(replies) == ["Number 1", "Number 2"]


async def test_a_turn_that_cannot_be_stored_is_owed(desk: Desk, monkeypatch: Any) -> None:
    fill_disk(desk, monkeypatch, times=2)
    with pytest.raises(StoreError):
        await say(desk, "count", "m1")
    await desk.agent.settle()
    assert await say(desk, "count", "m2") == ["Number 2"], "what is owed comes first"
    assert await say(desk, "count", "m1") == ["Number 1"]
    assert {(call.message_id, call.nth) for call in desk.server.calls} == {("m1", 0), ("m2", 0)}
    assert await ids_heard(desk) == ["m1", "m2"]


async def test_what_is_owed_is_answered_in_order(desk: Desk, monkeypatch: Any) -> None:
    fill_disk(desk, monkeypatch, times=3)
    for message_id in ("m1", "m2"):  # before the second one, the first is tried again
        with pytest.raises(StoreError):
            await say(desk, "hello", message_id)
    await desk.agent.settle()
    assert await ids_heard(desk) == ["m1", "m2"]


async def test_a_store_that_is_back_a_moment_later_does_not_get_the_later_message_first(
    desk: Desk, monkeypatch: Any
) -> None:
    fill_disk(desk, monkeypatch, times=2)
    for message_id in ("m1", "m2"):  # the second commit that fails is of m1 again; that of m2 would not fail
        with pytest.raises(StoreError):
            await say(desk, "count", message_id)
    await desk.agent.settle()
    assert await ids_heard(desk) == ["m1", "m2"]
    assert await say(desk, "count", "m2") == ["Number 2"]


async def test_a_message_that_can_never_be_stored_does_not_hold_up_what_comes_later_for_ever(
    desk: Desk, monkeypatch: Any
) -> None:
    save = desk.store.save

    async def refuses_one(commit: Any) -> None:
        if commit.delivery is not None and commit.delivery.message_id == "m1":
            raise StoreError("It is too large.")
        await save(commit)

    monkeypatch.setattr(desk.store, "save", refuses_one)
    with pytest.raises(StoreError):
        await say(desk, "hello", "m1")
    for _ in range(PATIENCE):
        with pytest.raises(StoreError):
            await say(desk, "hello", "m2")
    assert await say(desk, "hello", "m2") == ["Hello!"]
    assert await ids_heard(desk) == ["m2"]
    assert [delivery.message_id for delivery, _ in await desk.store.unfinished(0)] == ["m1"]


async def test_only_the_latest_session_is_looked_at(desk: Desk) -> None:
    """As after a restart of the server, which loads no more than that."""
    for text in ("hello", "count", "restart", "count"):
        await desk.agent.receive(UserMessage(text, "ann"))
    seen: list[Tracker] = []

    async def look(processor: Processor, tracker: Tracker, save: Save) -> Tracker:
        seen.append(tracker)
        return tracker

    await desk.agent.change("ann", look)
    said = [event.text for event in seen[0].events() if isinstance(event, UserUttered)]
    assert said == ["count"]
    assert seen[0].slots["count"] == 1
    whole = await desk.agent.tracker("ann")
    assert [e.text for e in whole.events() if isinstance(e, UserUttered)] == [
        "hello",
        "count",
        "restart",
        "count",
    ]
