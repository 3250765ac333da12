"""Erasing a conversation, while its assistant runs."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.core.events import UserUttered
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.errors import ConfigError
from frontdesk.runtime.erasure import erase
from frontdesk.stores.locks import MemoryLockStore
from frontdesk.stores.redis_queue import RedisQueue
from frontdesk.stores.sql import SqlTrackerStore
from frontdesk.testing import servers
from tests.engine.runtime.conftest import Desk


async def erased_beside(desk: Desk) -> None:
    if isinstance(desk.store, SqlTrackerStore):
        beside = SqlTrackerStore(desk.store.options)  # of a command
        assert await erase("ann", beside, MemoryLockStore()) is True
        await beside.close()
    else:
        assert await erase("ann", desk.store, MemoryLockStore()) is True


async def test_no_action_runs_on_what_was_erased(desk: Desk) -> None:
    for number in range(2):
        await desk.agent.receive(UserMessage("count", "ann", "rest", f"m{number}"))
    await erased_beside(desk)
    replies = await desk.agent.receive(UserMessage("count", "ann", "rest", "m9"))
    assert [reply["text"] for reply in replies] == ["Number 1"]
    assert [call.message_id for call in desk.server.calls] == ["m0", "m1", "m9"]


async def test_what_a_server_has_at_hand_does_not_come_back(desk: Desk) -> None:
    for number in range(3):
        await desk.agent.receive(UserMessage("hello secret", "ann", "rest", f"m{number}"))
    await erased_beside(desk)
    replies = await desk.agent.receive(UserMessage("hello again", "ann", "rest", "m9"))
    assert [reply["text"] for reply in replies] == ["Hello!"]
    for tracker in (await desk.agent.latest("ann"), await desk.agent.tracker("ann")):
        heard = [event.text for event in tracker.events() if isinstance(event, UserUttered)]
        assert heard == ["hello again"]


async def test_dead_letters_name_nobody_any_more(desk: Desk, redis: servers.Server) -> None:
    where = redis.new_database()
    servers.run_redis(where, "FLUSHDB")
    queue = RedisQueue({"url": where})
    for sender in ("ann", "bob", "ann"):
        await queue.bury(Delivery("rest", sender, "m1"))
    assert await erase("ann", desk.store, MemoryLockStore(), queue) is True
    assert [letter.delivery.sender_id for letter in await queue.dead()] == ["bob"]
    await queue.close()


async def test_a_store_that_cannot_erase_is_named() -> None:
    class Old:
        local = True

    store: Any = Old()
    with pytest.raises(ConfigError, match="Old cannot erase"):
        await erase("ann", store, MemoryLockStore())
