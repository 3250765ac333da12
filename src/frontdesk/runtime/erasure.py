"""Take away all that an installation keeps of a conversation."""

from __future__ import annotations

from frontdesk.core.ports import Erasing, LockStore, TrackerStore
from frontdesk.errors import ConfigError
from frontdesk.stores.redis_queue import RedisQueue


async def erase(
    sender_id: str, store: TrackerStore, locks: LockStore, queue: RedisQueue | None = None
) -> bool:
    """Erase a conversation in its turn, between two messages; False where nothing was kept of it.

    What waits in a queue is only named there, and is taken out by the worker that no longer finds it in the inbox.
    Raises ConfigError where the store cannot erase.
    """
    if not isinstance(store, Erasing):
        what = f"{type(store).__name__} cannot erase conversations."
        raise ConfigError(
            what, where="endpoints.yml: tracker_store", hint="Give it a method `erase(sender_id)`."
        )
    async with locks.lock(sender_id):
        gone = await store.erase(sender_id)
    if queue is None:
        return gone
    for letter in await queue.dead():
        if letter.delivery.sender_id == sender_id:
            await queue.forget(letter)
            gone = True
    return gone
