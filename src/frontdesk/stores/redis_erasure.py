"""Take away all that a tracker store in Redis keeps of a conversation."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial

from frontdesk.stores import rows
from frontdesk.stores.recent import RecentSessions
from frontdesk.stores.redis_outbox import RedisPart

PAGE = 500

ERASE = """
-- ARGV: prefix, conversation, how many deliveries, these, then what waits in the outbox. Returns how much there was.
local prefix, id, deliveries = ARGV[1], ARGV[2], tonumber(ARGV[3])
local function key(kind, name) return prefix .. kind .. ':' .. name end
local gone = 0
for n = 4, 3 + deliveries do
  gone = gone + redis.call('DEL', key('message', ARGV[n]))
  redis.call('ZREM', prefix .. 'open', ARGV[n])
end
for n = 4 + deliveries, #ARGV do gone = gone + redis.call('XDEL', prefix .. 'outbox', ARGV[n]) end
for _, name in ipairs(redis.call('SMEMBERS', key('reminders', id))) do
  gone = gone + redis.call('HDEL', prefix .. 'reminder', name)
  redis.call('ZREM', prefix .. 'due', name)
  redis.call('ZREM', prefix .. 'free', name)
end
for _, kind in ipairs({'events', 'state', 'open', 'reminders'}) do gone = gone + redis.call('DEL', key(kind, id)) end
redis.call('ZREM', prefix .. 'newest', id)
if redis.call('TYPE', prefix .. id).ok == 'string' then gone = gone + redis.call('DEL', prefix .. id) end
return gone
"""


class RedisErasure(RedisPart):
    """The part of a tracker store in Redis that forgets a conversation."""

    _recent: RecentSessions

    async def erase(self, sender_id: str) -> bool:
        """Take away all that is kept of a conversation, also what Rasa kept of it; False where there was nothing.

        All messages of all conversations, and all that waits for an event broker, are looked through for its own.
        """
        rows.check_sender(sender_id)
        client = self._opened()
        deliveries = [name async for name in self._messages() if _sender(name) == sender_id]
        waiting = await self._patiently(lambda: client.xrange(f"{self._at.prefix}outbox"))
        outgoing = [number for number, row in waiting if row["sender"] == sender_id]
        gone = await self._run(ERASE, sender_id, len(deliveries), *deliveries, *outgoing)
        self._recent.drop(sender_id)
        return bool(gone)

    async def _messages(self) -> AsyncIterator[str]:
        """Yield the names of all messages."""
        client, start = self._opened(), f"{self._at.prefix}message:"
        pattern = "".join(f"[{c}]" if c in "*?[" else c for c in start) + "*"
        cursor = 0
        while True:
            cursor, keys = await self._patiently(partial(client.scan, cursor, pattern, PAGE))
            for key in keys:
                yield key.removeprefix(start)
            if not int(cursor):
                return


def _sender(name: str) -> object:
    """Return whose message has a name; None for what is no message: ids of Rasa's conversations may look alike."""
    try:
        _, sender_id, _ = json.loads(name)
    except (ValueError, TypeError):
        return None
    return sender_id
