
-- The fence, and the register of all functions: the library's second part, which follows on fenfen.lua (the program loads both as one text).
-- What the terms are for: docs/formats/redis.md, "Terms, joining, sweeping".

-- While a partition is closed (no replid, or not the present one) only these and restore change it.

-- journal → sequence, settled, term, replid, opening and repairer of meta, the present replid; or nothing where the partition is not there as
-- a whole
local function look(args)
  local meta = enter_whole(args[1])
  if not meta then return {} end
  return {meta.seq, meta.settled, meta.term, meta.replid, meta.opening, meta.repairer, current_replid()}
end

-- journal, a repairer as look gave it, another: makes the other the one that repairs, where that one is. A courtesy among servers and no more.
local function intend(args)
  local meta = enter(args[1])
  if meta.repairer ~= args[2] then return 0 end
  write(KEYS[1], {'repairer', args[3]})
  return 1
end

-- journal, opening or '', first, count → sequence, settled, the transactions of the outbox from `first` on (first 0: none)
local function outbox(args)
  local meta = enter(args[1], args[2] ~= '' and args[2] or nil)
  local first, answer, bytes = tonumber(args[3]), {}, 0
  if first > 0 then
    local fields = sequences(first, math.min(first + tonumber(args[4]) - 1, meta.seq))
    local found = read(KEYS[5], fields)
    for i, field in ipairs(fields) do
      answer[i] = found[field]
      bytes = bytes + #(found[field] or '')
      if bytes > OUTBOX_BYTES then break end
    end
  end
  return {meta.seq, meta.settled, answer}
end

-- journal, from, to: closes the partition for whoever has claimed the terms after `from` up to `to` (both 0: the journal has one writer, and
-- no terms). Gives sequence and settled; or the term where that is none from `from` on and before `to`; or nothing where the partition is
-- not there as a whole.
local function claim(args)
  local meta = enter_whole(args[1])
  if not meta then return {} end
  local term, from, to = tonumber(meta.term), tonumber(args[2]), tonumber(args[3])
  if term < from or term > to or (term == to and to > 0) then return {meta.term} end
  write(KEYS[1], {'replid', '', 'term', args[3]})
  return {meta.seq, meta.settled}
end

-- journal, term: begins the partition anew, empty and closed. Every key is made to exist, so that a slot that moves is not asked for one in
-- vain.
local function reset(args)
  local meta = redis.call('HMGET', KEYS[1], 'journal', 'term')
  if meta[1] and meta[1] ~= args[1] then refuse('FOREIGN the partition is of journal ' .. meta[1]) end
  if tonumber(meta[2] or 0) > tonumber(args[2]) then refuse('FENCED the partition is claimed under term ' .. meta[2]) end
  redis.call('UNLINK', unpack(KEYS))
  for place = 2, #KEYS do redis.call('HSET', KEYS[place], place > BOOKS and 'day' or 'format', place > BOOKS and '' or '1') end
  write(KEYS[1], {'format', '1', 'journal', args[1], 'replid', '', 'term', args[2], 'opening', '', 'repairer', '', 'seq', '0', 'settled', '0',
    'day', ''})
  return redis.status_reply('OK')
end

-- journal, term, sequence, opening: opens the partition for commits in this Redis, where it is exactly there. Gives the replid.
local function open(args)
  local meta = enter_claimed(args[1], args[2])
  if meta.seq ~= tonumber(args[3]) then refuse('FENCED the partition is at ' .. integer(meta.seq)) end
  local replid = current_replid()
  write(KEYS[1], {'replid', replid, 'opening', args[4], 'repairer', '', 'settled', integer(settle(meta, meta.seq))})
  return replid
end

-- journal, opening, journaled: drops from the outbox what is journaled.
local function settle_outbox(args)
  local meta = enter(args[1], args[2])
  write(KEYS[1], {'settled', integer(settle(meta, tonumber(args[3])))})
  return redis.status_reply('OK')
end

local function version() return {'fenfen', VERSION} end

local function register(name, answer, ...)
  local callback = function(keys, args)
    KEYS = keys
    return answer(args)
  end
  redis.register_function{function_name = name, callback = callback, flags = {...}}
end

register('fenfen_version', version, 'no-writes', 'allow-stale')
register('fenfen_commit', commit)
register('fenfen_restore', restore)
register('fenfen_load', load_fields, 'no-writes')
register('fenfen_dump', dump, 'no-writes')
register('fenfen_look', look, 'no-writes')
register('fenfen_outbox', outbox, 'no-writes')
register('fenfen_intend', intend)
register('fenfen_claim', claim)
register('fenfen_reset', reset)
register('fenfen_open', open)
register('fenfen_settle', settle_outbox, 'allow-oom')
