"""What every tracker store does that notices, as it writes a message down, where no conversation is stored."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.core.ports import Commit, Noticing
from frontdesk.testing.contracts.conversations import said
from frontdesk.testing.contracts.erasure import received


class NoticingContract:
    """Whoever has a conversation at hand hears that it is not stored; the heir gives a fixture `store`."""

    pytestmark = pytest.mark.asyncio

    async def test_a_conversation_that_is_not_stored_is_named(self, store: Any) -> None:
        notices: bool = isinstance(store, Noticing)
        assert notices
        told: list[str] = []
        store.nothing_of = told.append
        first = await received(store, "ann", "m1")
        assert told == ["ann"], "it is new"
        await store.save(Commit("ann", [said("hi")], 0, first, [{"text": "Hello"}]))
        await store.save(Commit("bob", [said("hi")], 0))
        for message_id in ("m1", "m2", "m2"):  # answered, new, known
            await received(store, "ann", message_id)
        assert told == ["ann"]
        assert await store.erase("ann") is True
        await received(store, "ann", "m3")
        await received(store, "bob", "m1")
        assert told == ["ann", "ann"]
