"""Where the counters of rate limits are: in Redis where servers share one, else in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limits.aio.storage import RedisStorage

from frontdesk.errors import ConfigError
from frontdesk.stores.redis_options import KNOWN, RedisOptions, connect, read_redis_options

MEMORY = ("in_memory", "memory")
PREFIX = "limits"


class RedisCounters(RedisStorage):
    """Counts in Redis, by the connections of a pool."""

    def __init__(self, found: RedisOptions) -> None:
        self._client = connect(found, "Rate limits in Redis")
        pool: Any = self._client.connection_pool
        # The address is only looked at for its form: the pool knows the server.
        super().__init__(
            "async+redis://redis:6379",
            implementation="redispy",
            key_prefix=found.prefix,
            connection_pool=pool,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def shared_counters(options: Mapping[str, Any], lock_store: Mapping[str, Any] | None) -> RedisCounters | None:
    """Return where several servers count together; None where each counts by itself.

    `options` are those of `rate_limits` that say where: `type: redis` with the options of the lock store. Where they
    say nothing, it is the Redis of `lock_store`. Raises ConfigError, MissingExtra.
    """
    kind = str(options.get("type") or "").lower()
    section = "rate_limits"
    if not kind and lock_store is not None and str(lock_store.get("type")).lower() == "redis":
        kind, section = "redis", "lock_store"
        options = {name: value for name, value in lock_store.items() if name in KNOWN}
    if kind in ("", *MEMORY):
        return None
    if kind != "redis":
        hint = "Write 'redis' or 'in_memory'."
        raise ConfigError(
            f"'type' of 'rate_limits' is '{kind}'.", where="endpoints.yml: rate_limits", hint=hint
        )
    found = read_redis_options(options, section, PREFIX, database=1)
    return RedisCounters(found)
