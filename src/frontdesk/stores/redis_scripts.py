"""What the lock store does within Redis: each script is one step that nothing comes between.

For each conversation there are two keys: `queue:ID`, a sorted set of those who wait by their tickets, and `held:ID`, a
hash of who has the lock (`owner`), with which `fence`, and whether the one before came to an end (`clean`). Where it
did not, and nobody was found to have the lock next, that is kept for whoever comes (`unsure`). Who stands there is a
place, "PROCESS:NUMBER". `alive:PROCESS` is there as long as that process says so; a place of one that does not is
passed over. `wake:PROCESS` is the channel on which it hears of its locks.

Tickets and fences are microseconds of Redis's clock, or one more than the last: so they grow as well where a Redis
comes back with nothing in it.
"""

_COMMON = """
local prefix = ARGV[1]
local queue, held = KEYS[1], KEYS[2]
local hour = 3600000

local function written(number) return string.format('%.0f', number) end
local function process(place) return string.match(place, '^[^:]+') end
local function alive(place) return redis.call('EXISTS', prefix .. 'alive:' .. process(place)) == 1 end
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function tell(place, fence, clean)
  local id = string.sub(queue, #prefix + #'queue:' + 1)
  redis.call('PUBLISH', prefix .. 'wake:' .. process(place), place .. ' ' .. fence .. ' ' .. clean .. ' ' .. id)
end

-- Give the lock to the first who waits and lives; `clean` says that whoever had it came to an end.
local function hand_over(clean, me)
  while true do
    local first = redis.call('ZPOPMIN', queue)[1]
    if not first then
      redis.call('DEL', held)
      if clean == '0' then
        redis.call('HSET', held, 'unsure', '1')
        redis.call('PEXPIRE', held, hour)
      end
      return
    end
    if alive(first) then
      local known = redis.call('HMGET', held, 'fence', 'above')
      local fence = written(math.max(now(), tonumber(known[1] or 0) + 1, tonumber(known[2] or 0) + 1))
      redis.call('HSET', held, 'owner', first, 'fence', fence, 'clean', clean)
      redis.call('HDEL', held, 'unsure')
      redis.call('PEXPIRE', held, hour)
      if first ~= me then tell(first, fence, clean) end
      return
    end
  end
end
"""

ENTER = (
    _COMMON
    + """
-- ARGV: prefix, place, its ticket (0: none yet), above, seconds of caution after the start
-- Returns ticket, fence (0: wait), clean.
local me, ticket, above, caution = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = now()
local began = redis.call('GET', prefix .. 'began')
if not began then
  began = written(time)
  redis.call('SET', prefix .. 'began', began)
end
local function mine()
  local found = redis.call('HMGET', held, 'owner', 'fence', 'clean')
  if found[1] == me then return {written(ticket), found[2], found[3]} end
  return nil
end
local has = mine()
if has then return has end
if ticket == 0 then
  ticket = math.max(time, tonumber(redis.call('HGET', held, 'ticket') or 0) + 1)
  redis.call('HSET', held, 'ticket', written(ticket))
end
if above > 0 then redis.call('HSET', held, 'above', written(above)) end
redis.call('ZADD', queue, 'NX', written(ticket), me)
redis.call('PEXPIRE', queue, hour)
local owner = redis.call('HGET', held, 'owner')
if owner and alive(owner) then
  tell(owner, '0', '1')  -- in case that nobody there knows of it any more
  return {written(ticket), '0', '1'}
end
-- After a start with nothing in it, somebody may hold what is not known here.
local unsure = owner or redis.call('HGET', held, 'unsure') or time - tonumber(began) < caution * 1000000
hand_over(unsure and '0' or '1', me)
return mine() or {written(ticket), '0', '1'}
"""
)

LEAVE = (
    _COMMON
    + """
-- ARGV: prefix, place. Gives the place back, whether it waited or had the lock.
redis.call('ZREM', queue, ARGV[2])
if redis.call('HGET', held, 'owner') == ARGV[2] then hand_over('1', '') end
return 1
"""
)

BEAT = """
-- KEYS: alive:PROCESS, then held:ID of each lock that it has. ARGV: milliseconds to live, then place and fence of each.
-- Returns the numbers of those that somebody else has by now.
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then redis.call('SET', KEYS[1], 1, 'PX', ARGV[1]) end
local lost = {}
for n = 2, #KEYS do
  local place, fence = ARGV[2 * n - 2], ARGV[2 * n - 1]
  local owner = redis.call('HGET', KEYS[n], 'owner')
  if not owner then
    redis.call('HSET', KEYS[n], 'owner', place, 'fence', fence, 'clean', '1')
  elseif owner ~= place then
    lost[#lost + 1] = n - 2
  end
  if owner == place or not owner then redis.call('PEXPIRE', KEYS[n], 3600000) end
end
return lost
"""
