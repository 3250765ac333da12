"""Read credentials.yml: which channels are open, with their secrets and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from frontdesk.core.training import Place
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.yaml import Block, plain


@dataclass(frozen=True, slots=True)
class ChannelCredentials:
    """A channel that is open; `options` are its keys as written (none for `rest:`)."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    place: Place | None = field(default=None, compare=False)

    @property
    def trusted(self) -> bool:
        """Tell whether the channel's callers are trusted to say whose conversation it is."""
        return self.options.get("trusted") is True


@dataclass(frozen=True, slots=True)
class Credentials:
    """The open channels by name. Names are checked when they are looked up in the registry.

    `notices` say what has no effect here, and where it stands.
    """

    channels: Mapping[str, ChannelCredentials] = field(default_factory=dict)
    notices: Sequence[str] = ()


RASA_X = "rasa"
"""The channel of Rasa X, which `rasa init` writes into every project."""


def read(root: Block, complaints: Complaints) -> Credentials:
    """Read the content of credentials.yml; `rest:` with nothing after it opens a channel without options."""
    channels: dict[str, ChannelCredentials] = {}
    notices: list[str] = []
    for name, value in root.items():
        if name == "version":
            continue
        if name == RASA_X:
            notices.append(f"{root.at(name)}: 'rasa' is the channel of Rasa X. It has no effect here.")
            continue
        block = complaints.block(value, root.at(name), f"The channel '{name}'")
        if "trusted" in block:
            # A text such as "false" would be true to a careless reader.
            complaints.flag(block, "trusted", False)
        channels[name] = ChannelCredentials(name, plain(block), root.at(name))
    return Credentials(channels, tuple(notices))
