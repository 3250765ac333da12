"""Bring users what answers no message of theirs, on channels that can."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import AnsweringChannel, Channel, PushChannel
from frontdesk.runtime.saving import OnReply, Reply

log = logging.getLogger("frontdesk.agent")


class Outlets:
    """The channels that can push, by name.

    What cannot be pushed is in the conversation all the same; for each channel that is said once.
    """

    def __init__(self, channels: Iterable[Channel] = ()) -> None:
        channels = tuple(channels)
        self._channels = {c.name: c for c in channels if isinstance(c, PushChannel)}
        self._answering = {c.name: c for c in channels if isinstance(c, AnsweringChannel)}
        self._told: set[str] = set()

    def answering(self, message: UserMessage) -> OnReply | None:
        """Return what brings the replies to a message nobody waits for; None where the client asks again."""
        channel = self._answering.get(message.channel)
        return channel.answering(message) if channel is not None else None

    async def push(self, channel: str, sender_id: str, replies: Sequence[Reply]) -> None:
        """Send replies that are committed; a channel that fails ends nothing."""
        outlet = self._channels.get(channel)
        if outlet is None:
            if replies and channel not in self._told and len(self._told) < 1000:
                self._told.add(channel)
                log.warning(
                    "The channel '%s' cannot send anything by itself: what a reminder says there is only kept.",
                    channel,
                )
            return
        for reply in replies:
            try:
                await outlet.send(sender_id, reply)
            except Exception:  # whatever a channel's network does
                log.exception("Something could not be sent on the channel '%s'.", channel)
                return
