"""Pushing on channels that can, and telling once of those that cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from frontdesk.runtime.outlets import Outlets


class Pushing:
    name = "pigeon"

    def __init__(self) -> None:
        self.sent: list[tuple[str, Mapping[str, Any]]] = []

    def mount(self, app: Any, gate: Any) -> None:
        """Have no routes."""

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        if reply["text"] == "stone":
            raise ConnectionError("too heavy")
        self.sent.append((sender_id, reply))


class Silent:
    name = "post"

    def mount(self, app: Any, gate: Any) -> None:
        """Have no routes."""


async def test_a_channel_that_can_push_gets_every_reply() -> None:
    channel = Pushing()
    await Outlets([Silent(), channel]).push("pigeon", "ann", [{"text": "a"}, {"text": "b"}])
    assert channel.sent == [("ann", {"text": "a"}), ("ann", {"text": "b"})]


async def test_one_that_cannot_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    outlets = Outlets([Silent()])
    await outlets.push("post", "ann", [])
    assert caplog.text == ""
    for _ in range(3):
        await outlets.push("post", "ann", [{"text": "a"}])
    assert caplog.text.count("'post' cannot send") == 1


async def test_a_channel_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    channel = Pushing()
    outlets = Outlets([channel])
    await outlets.push("pigeon", "ann", [{"text": "stone"}, {"text": "b"}])
    await outlets.push("pigeon", "bob", [{"text": "c"}])
    assert channel.sent == [("bob", {"text": "c"})]
    assert "could not be sent on the channel 'pigeon'" in caplog.text
