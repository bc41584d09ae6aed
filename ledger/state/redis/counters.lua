#!lua name=fenfen_counters
-- Counters of what the journal holds, for other programs to read: leaderboards and roll-ups of each partition (docs/formats/redis.md). A
-- library of its own beside fenfen.lua: nothing of the ledger rests on it, and a newer one may replace it at any time.
--
-- KEYS[1] is the partition's `counted`: how far its counters are. They are added to in the journal's order, each transaction once; where
-- `counted` is not there, whatever else is there is forgotten first and counting begins with the journal.

local VERSION = 1

local function reply(code, seq) return {code, seq} end

-- journal → 'OK' and how far, 'CLEARING' where what was there is being forgotten, or 'NONE'
local function look(keys, args)
  local found = redis.call('HMGET', keys[1], 'journal', 'seq', 'clearing')
  if found[1] ~= args[1] then return reply('NONE', '0') end
  if found[3] then return reply('CLEARING', '0') end
  return reply('OK', found[2])
end

-- journal, token: begins anew. The one whose token is there forgets what was counted before.
local function begin(keys, args)
  redis.call('UNLINK', keys[1])
  redis.call('HSET', keys[1], 'format', '1', 'journal', args[1], 'seq', '0', 'clearing', args[2])
  return redis.status_reply('OK')
end

-- token: forgets the other keys, while it is still for this one to do. 0 where it is not.
local function forget(keys, args)
  if redis.call('HGET', keys[1], 'clearing') ~= args[1] then return 0 end
  for place = 2, #keys do redis.call('UNLINK', keys[place]) end
  return 1
end

-- token: all is forgotten. 0 where another has begun since.
local function ready(keys, args)
  if redis.call('HGET', keys[1], 'clearing') ~= args[1] then return 0 end
  redis.call('HDEL', keys[1], 'clearing')
  return 1
end

-- journal, first, last, then for each further key its last second of life, then for each change: the key's place, 'z' or 'h', member or
-- field, and what is added. Applies them where all before `first` is counted and nothing from it on.
local function count(keys, args)
  local at = look(keys, args)
  if at[1] ~= 'OK' then return at end
  if tonumber(at[2]) ~= tonumber(args[2]) - 1 then return reply('ELSEWHERE', at[2]) end
  local place = 3 + #keys
  while place < #args do
    local key = keys[tonumber(args[place])]
    if args[place + 1] == 'z' then
      redis.call('ZINCRBY', key, args[place + 3], args[place + 2])
    else
      redis.call('HINCRBY', key, args[place + 2], args[place + 3])
    end
    place = place + 4
  end
  for n = 2, #keys do redis.call('EXPIREAT', keys[n], args[2 + n]) end
  redis.call('HSET', keys[1], 'seq', args[3])
  return reply('OK', args[3])
end

local function register(name, callback, ...)
  redis.register_function{function_name = name, callback = callback, flags = {...}}
end

register('fenfen_counters_version', function() return {'fenfen_counters', VERSION} end, 'no-writes', 'allow-stale')
register('fenfen_counters_look', look, 'no-writes')
register('fenfen_counters_begin', begin)
register('fenfen_counters_forget', forget, 'allow-oom')
register('fenfen_counters_ready', ready)
register('fenfen_counters_count', count)
