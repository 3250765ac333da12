"""What the tracker store does within Redis: each script is one step that happens whole or not at all.

Of each conversation: `events:ID`, a list that only grows; `state:ID`, a hash of where its latest session begins
(`start`), whether its last event opens one (`opens`), the `fence`, and how often its reminders changed (`changes`);
`open:ID`, its messages without an answer, by time; `reminders:ID`, the ids of its reminders. Of each message:
`message:KEY`, a hash that goes some days after the answer. Of all: `open`, `newest` (conversations by when they went
on), `reminder` (by id), `due` and `free` (when it is due, and when it can be leased), `counters`, `outbox` (a stream of
what an event broker is still to be told), `leader` (who tells it, and until when). Rasa's own store keeps a string `ID`
for each conversation.
"""

_COMMON = """
local prefix = ARGV[1]
local function key(kind, name) return prefix .. kind .. ':' .. name end
"""

LOAD = (
    _COMMON
    + """
-- ARGV: prefix, conversation, whole, where the session begins that was read before (-1: none), its last event.
-- Returns where the session begins, where its events do that follow (the last one that was read comes again), and what
-- Rasa kept where there are none.
local events = key('events', ARGV[2])
local start = 0
if ARGV[3] == '0' then start = tonumber(redis.call('HGET', key('state', ARGV[2]), 'start') or 0) end
local first = start == tonumber(ARGV[4]) and tonumber(ARGV[5]) or start
local found = redis.call('LRANGE', events, first, -1)
local before = false
if #found == 0 and redis.call('TYPE', prefix .. ARGV[2]).ok == 'string' then
  before = redis.call('GET', prefix .. ARGV[2])
end
return {start, first, found, before}
"""
)

SAVE = (
    _COMMON
    + """
-- ARGV: prefix, conversation, expected, fence, opens before (1: the session starts with the first of these), start in
-- these (-1: none), opens after, time, delivery ('': none), replies, days to keep it in seconds, seconds to keep the
-- conversation (0: for ever), changes of reminders (-1: none), whether it is announced, then three lists, each with its
-- length before it: events, reminders that go, and reminders that come (id, due, data).
-- Returns 'ok', or what is in the way: 'lost' and the fence, 'stale' and the number, 'answered', 'again'.
local id, expected, fence = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local events, state = key('events', id), key('state', id)
local known = redis.call('HMGET', state, 'fence', 'opens', 'changes')
if fence > 0 and fence < tonumber(known[1] or 0) then return {'lost', known[1]} end
local length = redis.call('LLEN', events)
if length ~= expected then return {'stale', tostring(length)} end
local delivery = ARGV[9]
local message = key('message', delivery)
if delivery ~= '' and redis.call('HEXISTS', message, 'finished') == 1 then return {'answered'} end
if ARGV[13] ~= '-1' and ARGV[13] ~= (known[3] or '0') then return {'again'} end

local at = 15
local function list(width)
  local found, count = {}, tonumber(ARGV[at])
  for n = at + 1, at + count * width do found[#found + 1] = ARGV[n] end
  at = at + count * width + 1
  return found
end
local new, gone, come = list(1), list(1), list(3)

if #new > 0 then
  for n = 1, #new do redis.call('RPUSH', events, new[n]) end
  local start = tonumber(ARGV[6])
  if start == 0 and ARGV[5] == '1' and known[2] == '1' then start = -2 end
  if start == -2 then redis.call('HSET', state, 'start', length - 1)
  elseif start >= 0 then redis.call('HSET', state, 'start', length + start) end
  redis.call('HSET', state, 'opens', ARGV[7])
  local number = redis.call('HINCRBY', prefix .. 'counters', 'saved', 1)
  redis.call('ZADD', prefix .. 'newest', number, id)
  if ARGV[14] == '1' then
    redis.call('XADD', prefix .. 'outbox', '*', 'sender', id, 'events', '[' .. table.concat(new, ',') .. ']')
  end
end
if fence > 0 then redis.call('HSET', state, 'fence', ARGV[4]) end

if delivery ~= '' then
  redis.call('HSETNX', message, 'begun', ARGV[8])
  redis.call('HSET', message, 'finished', ARGV[8], 'replies', ARGV[10])
  redis.call('EXPIRE', message, ARGV[11])
  redis.call('ZREM', prefix .. 'open', delivery)
  redis.call('ZREM', key('open', id), delivery)
end

for n = 1, #gone do
  redis.call('HDEL', prefix .. 'reminder', gone[n])
  redis.call('ZREM', prefix .. 'due', gone[n])
  redis.call('ZREM', prefix .. 'free', gone[n])
  redis.call('SREM', key('reminders', id), gone[n])
end
for n = 1, #come, 3 do
  redis.call('HSET', prefix .. 'reminder', come[n], come[n + 2])
  redis.call('ZADD', prefix .. 'due', come[n + 1], come[n])
  redis.call('ZADD', prefix .. 'free', come[n + 1], come[n])
  redis.call('SADD', key('reminders', id), come[n])
end
if #gone + #come > 0 then redis.call('HINCRBY', state, 'changes', 1) end

if ARGV[12] ~= '0' then
  redis.call('EXPIRE', events, ARGV[12])
  redis.call('EXPIRE', state, ARGV[12])
end
return {'ok'}
"""
)

ADMIT = (
    _COMMON
    + """
local state = key('state', ARGV[2])
if tonumber(ARGV[3]) > tonumber(redis.call('HGET', state, 'fence') or 0) then
  redis.call('HSET', state, 'fence', ARGV[3])
  if ARGV[4] ~= '0' then redis.call('EXPIRE', state, ARGV[4]) end
end
return 1
"""
)

BEGIN = (
    _COMMON
    + """
-- ARGV: prefix, conversation, delivery, message, time. Returns whether there are events, and the replies where it was
-- answered.
local message, known = key('message', ARGV[3]), redis.call('EXISTS', key('events', ARGV[2]))
if redis.call('EXISTS', message) == 1 then
  if redis.call('HEXISTS', message, 'finished') == 0 then return {known, false} end
  return {known, redis.call('HGET', message, 'replies')}
end
redis.call('HSET', message, 'message', ARGV[4], 'begun', ARGV[5])
redis.call('ZADD', prefix .. 'open', ARGV[5], ARGV[3])
redis.call('ZADD', key('open', ARGV[2]), ARGV[5], ARGV[3])
return {known, false}
"""
)

UNFINISHED = (
    _COMMON
    + """
-- ARGV: prefix, which ('open', or that of a conversation), until. Returns deliveries and their messages.
local found = redis.call('ZRANGEBYSCORE', prefix .. ARGV[2], '-inf', ARGV[3])
local pairs = {}
for n = 1, #found do
  pairs[#pairs + 1] = found[n]
  pairs[#pairs + 1] = redis.call('HGET', key('message', found[n]), 'message') or ''
end
return pairs
"""
)

TRIED = (
    _COMMON
    + """
local message = key('message', ARGV[2])
if redis.call('EXISTS', message) == 0 or redis.call('HEXISTS', message, 'finished') == 1 then return 0 end
return redis.call('HINCRBY', message, 'tries', 1)
"""
)

REOPEN = (
    _COMMON
    + """
-- ARGV: prefix, conversation, delivery
local message = key('message', ARGV[3])
local found = redis.call('HMGET', message, 'message', 'begun', 'finished')
if not found[1] or not found[2] or not found[3] then return 0 end
redis.call('HDEL', message, 'finished', 'replies', 'tries')
redis.call('PERSIST', message)
redis.call('ZADD', prefix .. 'open', found[2], ARGV[3])
redis.call('ZADD', key('open', ARGV[2]), found[2], ARGV[3])
return 1
"""
)

REMINDERS = (
    _COMMON
    + """
-- ARGV: prefix, conversation. Returns how often they changed, and the reminders.
local found = {}
for _, name in ipairs(redis.call('SMEMBERS', key('reminders', ARGV[2]))) do
  found[#found + 1] = redis.call('HGET', prefix .. 'reminder', name) or ''
end
return {redis.call('HGET', key('state', ARGV[2]), 'changes') or '0', found}
"""
)

LEASE = (
    _COMMON
    + """
-- ARGV: prefix, time, until, most, whether those count that somebody has a lease of.
local which = prefix .. (ARGV[5] == '1' and 'due' or 'free')
local found = redis.call('ZRANGEBYSCORE', which, '-inf', ARGV[2])
local due = {}
for n = 1, #found do due[found[n]] = tonumber(redis.call('ZSCORE', prefix .. 'due', found[n])) end
table.sort(found, function(a, b) return due[a] < due[b] or (due[a] == due[b] and a < b) end)
local data = {}
for n = 1, math.min(#found, tonumber(ARGV[4])) do
  redis.call('ZADD', prefix .. 'free', ARGV[3], found[n])
  data[n] = redis.call('HGET', prefix .. 'reminder', found[n]) or ''
end
return data
"""
)

KEEP = (
    _COMMON
    + """
if redis.call('HEXISTS', prefix .. 'reminder', ARGV[2]) == 0 then return 0 end
redis.call('ZADD', prefix .. 'free', ARGV[3], ARGV[2])
return 1
"""
)

LEAD = (
    _COMMON
    + """
-- ARGV: prefix, holder, time, until.
local leader = redis.call('HMGET', prefix .. 'leader', 'holder', 'until')
if leader[1] and leader[1] ~= ARGV[2] and tonumber(leader[2]) > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', prefix .. 'leader', 'holder', ARGV[2], 'until', ARGV[4])
return 1
"""
)
