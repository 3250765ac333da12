"""An assistant that waits for its model."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.errors import PackageError
from frontdesk.runtime.assembly import reload
from frontdesk.runtime.idle import assemble_without_model
from frontdesk.settings import Settings
from tests.conftest import PATIENCE


async def test_it_refuses_messages_until_a_model_is_loaded(copy_of_starter: Path) -> None:
    agent = assemble_without_model(copy_of_starter, Settings())
    try:
        await agent.start()
        waiting = Delivery("rest", "bob", "m1")  # since before the server was started
        await agent.store.begin(waiting, UserMessage("hello", "bob", "rest", "m1"))
        with pytest.raises(PackageError):
            await agent.receive(UserMessage("hello", "ann"))
        assert await reload(agent, copy_of_starter) == agent.model_id != ""
        [first, *_] = await agent.receive(UserMessage("hello", "ann"))
        assert "automated assistant" in first["text"]
        async with asyncio.timeout(PATIENCE):
            while await agent.store.unfinished(0):
                await asyncio.sleep(0.02)
    finally:
        await agent.close()
