"""Say a reply in a vendor's messages: texts within its limit, buttons as far as it has them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from frontdesk.channels.choices import Choice, choices, listed, stand_in
from frontdesk.channels.texts import Limit
from frontdesk.channels.vendor import Post


class Writer(ABC):
    """Turns replies, in the form of the REST channel, into what is posted; an heir knows the vendor's messages."""

    limit: ClassVar[Limit]
    most_choices: int = 0
    """Buttons under one message; more of them stand in the text, with numbers."""
    longest_payload: ClassVar[int] = 10_000
    """Bytes of what a button says."""

    @abstractmethod
    def text(self, text: str, place: str) -> Post:
        """Return a text, which is not too long, as a message."""

    @abstractmethod
    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return an object that is sent as it is. Raises ValueError where it cannot be."""

    def offer(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return a text with buttons, of which there are not too many."""
        raise NotImplementedError  # only called where there are `most_choices`

    def picture(self, address: str, place: str) -> Post:
        """Return a picture as a message."""
        return self.text(address, place)

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return an attachment, as an object, as a message. Raises ValueError where it cannot be one."""
        return self.text(str(attached.get("url") or attached.get("payload") or ""), place)

    def posts(self, reply: Mapping[str, Any], place: str) -> list[Post]:
        """Return a reply, in the form of the REST channel, as messages. Raises ValueError where it cannot be one."""
        custom = reply.get("custom")
        if custom:
            if not isinstance(custom, Mapping):
                raise ValueError("'custom' is not an object")
            return [self.custom(custom, place)]
        if reply.get("image"):
            return [self.picture(str(reply["image"]), place)]
        attached = reply.get("attachment")
        if isinstance(attached, Mapping):
            return [self.file(attached, place)]
        text, offered = str(attached or reply.get("text") or ""), choices(reply.get("buttons"))
        element = (reply.get("metadata") or {}).get("element")
        if isinstance(element, Mapping):
            return self.card(element, text, offered, place)
        return self.with_choices(text, offered, place)

    def card(
        self, element: Mapping[str, Any], text: str, offered: Sequence[Choice], place: str
    ) -> list[Post]:
        """Return a card, whose `text` is its title and subtitle, as messages."""
        pictured = element.get("image_url")
        first = [self.picture(pictured, place)] if isinstance(pictured, str) and pictured else []
        return first + self.with_choices(text, offered, place)

    def with_choices(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return a text as messages, with buttons where they fit, else with a list."""
        if not 0 < len(offered) <= self.most_choices:
            lines = self.limit.joined(listed(offered))
            whole = "\n".join([text, *lines]).strip()
            if self.limit.fits(whole):
                return [self.text(whole, place)] if whole else []
            return [self.text(part, place) for part in [*self.limit.split(text), *lines]]
        parts = self.limit.split(text) or ["…"]
        return [*(self.text(part, place) for part in parts[:-1]), *self.offer(parts[-1], offered, place)]

    def says(self, choice: Choice) -> str:
        """Return what a button says when it is pressed: its payload, or what stands for one that is too long."""
        long = len(choice.payload.encode(errors="replace")) > self.longest_payload
        return stand_in(choice.payload) if long else choice.payload
