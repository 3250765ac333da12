from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.cli.conversations import open_store
from frontdesk.errors import ConfigError


async def test_the_store_that_is_named(with_conversations: Path) -> None:
    store = open_store(with_conversations, None)
    assert [sender async for sender in store.senders()] == ["ann", "bob"]
    await store.close()


@pytest.mark.parametrize("text", ["", "tracker_store: {type: memory}"])
def test_a_store_that_keeps_nothing(text: str, project: Path) -> None:
    (project / "endpoints.yml").write_text(text)
    with pytest.raises(ConfigError, match="No tracker store"):
        open_store(project, None)
