"""Where the counters of rate limits are: in Redis where servers share one, else in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limits.aio.storage import RedisStorage, Storage

from frontdesk.errors import ConfigError
from frontdesk.stores.redis_options import KNOWN, connect, read_redis_options

MEMORY = ("in_memory", "memory")
PREFIX = "limits"


def shared_counters(options: Mapping[str, Any], lock_store: Mapping[str, Any] | None) -> Storage | None:
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
    pool: Any = connect(found, "Rate limits in Redis").connection_pool
    # The address is only looked at for its form: the pool knows the server.
    return RedisStorage(
        "async+redis://redis:6379", implementation="redispy", key_prefix=found.prefix, connection_pool=pool
    )
