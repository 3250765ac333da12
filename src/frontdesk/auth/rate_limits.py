"""How often somebody may ask: limits by conversation, address, key and altogether, by the `limits` library."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol, cast

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from frontdesk.auth.addresses import Address, Proxies, name_of
from frontdesk.auth.counters import MemoryCounters
from frontdesk.errors import ConfigError, TooMany

log = logging.getLogger("frontdesk.auth")

OFF = ("off", "false", "none", "no", "0", "")
PATIENCE = 0.25  # seconds for a server that counts for several; who asks a question waits for it
REST = 5.0  # seconds that it is left alone once it did not answer

_WORDS = {
    "conversation": "messages in this conversation",
    "address": "requests from this address",
    "key": "requests with this key",
    "everyone": "requests to this server",
}


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How many requests are answered, such as 300 per minute; None for as many as come.

    `conversation` counts messages of one conversation, `address` requests from one address, `key` those with one API
    key or token, `everyone` all together. Addresses that only this machine or its network has are counted with
    `private_addresses` alone: most often a proxy is behind one, and so all customers at once.
    """

    conversation: RateLimitItem | None = field(default_factory=lambda: parse("300/minute"))
    address: RateLimitItem | None = field(default_factory=lambda: parse("1000/minute"))
    key: RateLimitItem | None = field(default_factory=lambda: parse("6000/minute"))
    everyone: RateLimitItem | None = None
    private_addresses: bool = False
    proxies: Proxies = field(default_factory=Proxies)

    @classmethod
    def read(cls, options: Mapping[str, Any], where: str | None = None) -> RateLimits:
        """Return what the section `rate_limits` says. Raises ConfigError."""
        found: dict[str, Any] = {
            name: _limit(options[name], name, where) for name in _WORDS if options.get(name) is not None
        }
        private = options.get("private_addresses", False)
        if not isinstance(private, bool):
            what = f"'private_addresses' of 'rate_limits' is '{private}'."
            raise ConfigError(what, where=where, hint="Write true or false.")
        listed = options.get("trusted_proxies") or ()
        listed = [listed] if isinstance(listed, str) else listed
        return cls(private_addresses=private, proxies=Proxies.read(listed, where), **found)

    @property
    def off(self) -> RateLimits:
        """The same without limits."""
        return replace(self, conversation=None, address=None, key=None, everyone=None)


OPTIONS = frozenset({f.name for f in fields(RateLimits)} - {"proxies"} | {"trusted_proxies"})
"""What may stand in the section, beside where to count."""


class SharedCounters(Protocol):
    """A storage of the library that has something to close."""

    async def close(self) -> None:
        """Let go of connections."""


class Limiter:
    """Counts, and refuses what is too much.

    Several servers share `storage`; while it does not answer, each counts by itself: a limit is worth less than an
    answer.
    """

    def __init__(self, limits: RateLimits, storage: SharedCounters | None = None) -> None:
        self.limits = limits
        self._own = SlidingWindowCounterRateLimiter(MemoryCounters())
        self._storage = storage
        self._shared = (
            SlidingWindowCounterRateLimiter(cast(Storage, storage)) if storage is not None else None
        )
        self._not_before = 0.0

    async def request(self, client: Address | None) -> None:
        """Count a request from an address, before anything of it is read. Raises TooMany."""
        if client is not None and self.limits.address and (self.limits.private_addresses or client.is_global):
            await self._count("address", self.limits.address, name_of(client))
        if self.limits.everyone:
            await self._count("everyone", self.limits.everyone, "")

    async def message(self, sender_id: str, *, authenticated: bool) -> None:
        """Count a message of a conversation. Raises TooMany.

        Apart for those who proved who they are: nobody else can use up what is theirs.
        """
        if self.limits.conversation:
            kind = "own" if authenticated else "any"
            await self._count("conversation", self.limits.conversation, kind, sender_id)

    async def caller(self, shown: str) -> None:
        """Count a request of somebody who shows a key or a token (a digest of it), good or not. Raises TooMany."""
        if self.limits.key:
            await self._count("key", self.limits.key, shown)

    async def close(self) -> None:
        """Let go of connections."""
        if self._storage is not None:
            await self._storage.close()

    async def _count(self, kind: str, limit: RateLimitItem, *who: str) -> None:
        strategy = self._own
        if self._shared is not None and time.monotonic() >= self._not_before:
            try:
                async with asyncio.timeout(PATIENCE):
                    wait = await _wait(self._shared, kind, limit, who)
            except Exception as error:  # whatever its client raises
                self._not_before = time.monotonic() + REST
                log.warning(
                    "Rate limits are counted by this server alone for now (%s).", type(error).__name__
                )
                wait = await _wait(strategy, kind, limit, who)
        else:
            wait = await _wait(strategy, kind, limit, who)
        if wait:
            raise TooMany(f"Too many {_WORDS[kind]}: more than {_told(limit)}.", wait)


async def _wait(
    strategy: SlidingWindowCounterRateLimiter, kind: str, limit: RateLimitItem, who: tuple[str, ...]
) -> int:
    """Count, or return for how many seconds there is no room."""
    if await strategy.hit(limit, kind, *who):
        return 0
    stats = await strategy.get_window_stats(limit, kind, *who)
    return max(1, min(math.ceil(stats.reset_time - time.time()), limit.get_expiry()))


def _told(limit: RateLimitItem) -> str:
    unit = limit.GRANULARITY.name
    return f"{limit.amount:,} per {unit if limit.multiples == 1 else f'{limit.multiples} {unit}s'}"


def _limit(value: object, name: str, where: str | None) -> RateLimitItem | None:
    text = str(value).strip().lower()
    if text in OFF:
        return None
    try:
        found = parse(text)
    except ValueError:
        found = None
    if found is None or found.amount < 1:
        what = f"'{name}' of 'rate_limits' is '{value}'."
        raise ConfigError(what, where=where, hint="Write it like '120/minute', '5000/hour', or 'off'.")
    return found
