"""An assistant that waits for its model."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.errors import PackageError
from frontdesk.runtime.assembly import reload
from frontdesk.runtime.idle import assemble_without_model
from frontdesk.settings import Settings


async def test_it_refuses_messages_until_a_model_is_loaded(copy_of_starter: Path) -> None:
    agent = assemble_without_model(copy_of_starter, Settings())
    try:
        await agent.start()
        with pytest.raises(PackageError):
            await agent.receive(UserMessage("hello", "ann"))
        assert await reload(agent, copy_of_starter) == agent.model_id != ""
        [first, *_] = await agent.receive(UserMessage("hello", "ann"))
        assert "automated assistant" in first["text"]
    finally:
        await agent.close()
