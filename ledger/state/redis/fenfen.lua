#!lua name=fenfen
-- The one function library of a Redis State: it keeps the books of a partition and knows no rule of the ledger. What lies under the keys is
-- described in docs/formats/redis.md; who calls: ledger/state/redis/redis_functions.h. fence.lua is its end.
--
-- A function that fails half-way is not rolled back. So each one looks at everything first, and from its first write on nothing can fail.
-- The cost of a call is its redis.calls and its arguments: each key is read once and written once, however many commits a call brings, and
-- what the commits consist of comes packed into one argument (MessagePack), since Redis makes an object of each.
-- Numbers here are doubles. Sequence numbers stay below 2^32. Amounts stay within 2^53 - 1 on either side, where doubles are exact; a sum of
-- two of them may be rounded, but never back into that range, so the check of the range holds.
-- KEYS of every function: 1 meta, 2 records, 3 accounts, 4 devices, 5 outbox, and from 6 on the request-key days that it touches.

local VERSION = 3
local BOOKS = 5                -- of KEYS; the others are days
local AMOUNT_MAX = 9007199254740991
local DAYS_KEPT = 46           -- before the newest; the days lie in a ring one longer
local EVENTS_KEPT = 64         -- of a device
local EVENTS_FORGOTTEN = 16    -- at once, when there are more
local EVENT_BYTES = 16         -- number, fingerprint, sequence
local NUMBER_ZERO = '\192\0\0\0\0\0\0\0'  -- the event number 0, as a request key's second half holds it
local OUTBOX_BYTES = 4194304   -- of transactions, about, in one answer
local UNPACK_MAX = 4000        -- arguments of one redis.call; Lua's stack holds some 8,000

local KEYS  -- of the call that is being answered

-- Reading and writing many fields of a hash.

-- field → value, false where there is none. `fields` may name one twice.
local function read(key, fields)
  local found = {}
  for from = 1, #fields, UNPACK_MAX do
    local to = math.min(from + UNPACK_MAX - 1, #fields)
    local values = redis.call('HMGET', key, unpack(fields, from, to))
    for i = from, to do found[fields[i]] = values[i - from + 1] end
  end
  return found
end

-- `pairs` holds field, value, field, value…
local function write(key, pairs)
  for from = 1, #pairs, UNPACK_MAX do
    redis.call('HSET', key, unpack(pairs, from, math.min(from + UNPACK_MAX - 1, #pairs)))
  end
end

local function integer(number) return string.format('%d', number) end

-- Meta, and the fence.

-- Ends the call with an error, before anything is written.
local function refuse(text) error({err = text}) end

-- What stands in meta, where the partition is `journal`'s and, if `opening` is given, open under it: in this life of this Redis, under this
-- term, and since it was last opened. What version 1 wrote has no term: that is term 0, and open to nobody.
local function enter(journal, opening)
  local meta = redis.call('HMGET', KEYS[1], 'journal', 'replid', 'seq', 'settled', 'day', 'term', 'opening', 'repairer')
  if not meta[1] then refuse('FENCED the partition is not here') end
  if meta[1] ~= journal then refuse('FOREIGN the partition is of journal ' .. meta[1]) end
  local term, nonce = meta[6] or '0', meta[7] or ''
  if opening and (meta[2] == '' or meta[2] .. '/' .. term .. '/' .. nonce ~= opening) then refuse('FENCED the partition is not open') end
  return {seq = tonumber(meta[3]), settled = tonumber(meta[4]), day = tonumber(meta[5]), replid = meta[2], term = term, opening = nonce,
    repairer = meta[8] or ''}
end

-- The same for whoever has claimed `term`, and repairs.
local function enter_claimed(journal, term)
  local meta = enter(journal)
  if meta.term ~= term then refuse('FENCED the partition is claimed under term ' .. meta.term) end
  return meta
end

-- The same, or nothing where a key is not there. KEYS are all keys of the partition.
local function enter_whole(journal)
  local there = redis.call('EXISTS', unpack(KEYS))
  if redis.call('EXISTS', KEYS[1]) == 0 then return nil end
  local meta = enter(journal)
  return there == #KEYS and meta or nil
end

-- The fields of one of KEYS, as read() gives them. Each key is there from the partition's beginning, so one that is not has been lost.
local function read_key(place, fields)
  local mark = place > BOOKS and 'day' or 'format'
  fields[#fields + 1] = mark
  local found = read(KEYS[place], fields)
  if not found[mark] then refuse('FENCED ' .. KEYS[place] .. ' is lost') end
  return found
end

local function current_replid()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- The fields of the outbox from one sequence number to another.
local function sequences(from, to)
  local fields = {}
  for seq = from, to do fields[#fields + 1] = integer(seq) end
  return fields
end

-- Drops from the outbox what is journaled. Gives the new `settled`.
local function settle(meta, journaled)
  local to = math.min(journaled, meta.seq)
  if to <= meta.settled then return meta.settled end
  local fields = sequences(meta.settled + 1, to)
  for from = 1, #fields, UNPACK_MAX do
    redis.call('HDEL', KEYS[5], unpack(fields, from, math.min(from + UNPACK_MAX - 1, #fields)))
  end
  return to
end

-- Request keys. A verdict is one letter: N new, S seen with this fingerprint, O seen with another, F too old to tell; with S the sequence.

local function compare(effect, fingerprint)
  if string.sub(effect, 1, 4) ~= fingerprint then return 'O' end
  return 'S', struct.unpack('>I4', effect, 5)
end

-- The index (from 0) of a device's first event whose number is not below `number`. The highest number is by far the most usual.
local function seek(window, number)
  local high, low = struct.unpack('>I4I4', number)
  local first, last = 0, (#window - 8) / EVENT_BYTES
  local middle = last - 1
  while first < last do
    local h, l = struct.unpack('>I4I4', window, 9 + EVENT_BYTES * middle)
    if h < high or (h == high and l < low) then first = middle + 1 else last = middle end
    middle = math.floor((first + last) / 2)
  end
  return first
end

local function at_most(number, other)
  local high, low = struct.unpack('>I4I4', number)
  local other_high, other_low = struct.unpack('>I4I4', other)
  return high < other_high or (high == other_high and low <= other_low)
end

local function find_event(window, number, fingerprint)
  if not window then return 'N' end
  local place = 9 + EVENT_BYTES * seek(window, number)
  if string.sub(window, place, place + 7) == number then return compare(string.sub(window, place + 8, place + 15), fingerprint) end
  if at_most(number, string.sub(window, 1, 8)) then return 'F' end
  return 'N'
end

-- The window with one more event.
local function add_event(window, number, effect)
  if not window then return NUMBER_ZERO .. number .. effect end
  local place = 9 + EVENT_BYTES * seek(window, number)
  if place > #window then
    window = window .. number .. effect
  else
    window = string.sub(window, 1, place - 1) .. number .. effect .. string.sub(window, place)
  end
  if (#window - 8) / EVENT_BYTES <= EVENTS_KEPT then return window end
  local kept = 9 + EVENT_BYTES * EVENTS_FORGOTTEN
  local forgotten = string.sub(window, kept - EVENT_BYTES, kept - EVENT_BYTES + 7)
  if at_most(forgotten, string.sub(window, 1, 8)) then forgotten = string.sub(window, 1, 8) end
  return forgotten .. string.sub(window, kept)
end

-- A day of the ring holds the keys of the latest of its days; the ones before are forgotten when it begins.
local function find_key(meta, ring, entry)
  if meta.day and entry.day < meta.day - DAYS_KEPT then return 'F' end
  if ring.day ~= entry.day then return 'N' end
  local effect = ring.found[entry.key]
  if not effect then return 'N' end
  return compare(effect, entry.fingerprint)
end

local function add_key(meta, ring, entry, effect)
  if ring.day ~= entry.day then
    ring.day, ring.found, ring.added, ring.begun = entry.day, {}, {'day', integer(entry.day)}, true
  end
  ring.found[entry.key] = effect
  ring.added[#ring.added + 1] = entry.key
  ring.added[#ring.added + 1] = effect
  meta.day = math.max(meta.day or entry.day, entry.day)
end

-- What is packed is one flat list of strings and numbers. Lists within it are their length and then their items. Entries are not copied out
-- of it: an entry knows where in `args` its parts begin.

local function unpacked(packed)
  local args = packed and cmsgpack.unpack(packed)
  if type(args) ~= 'table' then refuse('FOREIGN the call is for another version of the library') end
  return args
end

-- What names a request key, from `at` on: the key, its fingerprint, its day, or '' for a device's, and the day's place in KEYS.
local KEY_PARTS = 4
local function key_at(args, at)
  local key, day = args[at], args[at + 2]
  if day ~= '' then return {key = key, fingerprint = args[at + 1], day = day, ring = args[at + 3]} end
  return {key = key, fingerprint = args[at + 1], device = string.sub(key, 1, 8), number = string.sub(key, 9)}
end

-- What is known of the request keys of all entries: rings by place, windows by device.
local function read_keys(entries)
  local rings, devices = {}, {}
  for _, entry in ipairs(entries) do
    if entry.day then
      local fields = rings[entry.ring] or {}
      fields[#fields + 1] = entry.key
      rings[entry.ring] = fields
    elseif not devices[entry.device] then
      devices[entry.device] = true
      devices[#devices + 1] = entry.device
    end
  end
  for place, fields in pairs(rings) do
    local found = read_key(place, fields)
    rings[place] = {day = tonumber(found['day']), found = found, added = {}}
  end
  return rings, read_key(4, devices)
end

-- Verdicts as they are answered: the sequence number before the first that is 'C', their letters, and the sequence number of each 'S'.
local function verdicts_from(seq) return {first = seq, letters = {}, seen = {}} end

local function add_verdict(verdicts, letter, seq)
  verdicts.letters[#verdicts.letters + 1] = letter
  if seq then verdicts.seen[#verdicts.seen + 1] = seq end
end

local function answer_of(verdicts) return {verdicts.first, table.concat(verdicts.letters), unpack(verdicts.seen)} end

local function verdict_of(meta, rings, windows, entry)
  if entry.day then return find_key(meta, rings[entry.ring], entry) end
  return find_event(windows[entry.device], entry.number, entry.fingerprint)
end

-- Commit.

-- One entry: what it expects to find, and its effects, if it has any. An entry without is a refusal, which holds if what it looked at is
-- still so.
local function entry_at(args, at)
  local entry = key_at(args, at)
  at = at + KEY_PARTS
  entry.versions, at = at, at + 1 + 2 * args[at]    -- of records: field, version; 0 for none
  entry.balances, at = at, at + 1 + 2 * args[at]    -- field, balance
  entry.bytes, at = args[at], at + 1                -- the transaction's; '' for a refusal
  if entry.bytes == '' then return entry, at end
  entry.accounts, at = at, at + 1 + 3 * args[at]    -- field, amount, 1 or -1: the sign that the balance must have
  entry.records, at = at, at + 1 + 2 * args[at]     -- field, bytes
  return entry, at
end

-- A list of entries.
local function entries_in(args)
  local entries, at = {}, 2
  for i = 1, args[1] do entries[i], at = entry_at(args, at) end
  return entries
end

-- Adds the fields of a list whose items have `width` parts to `fields`, each field once.
local function add_fields(fields, args, at, width)
  for i = at + 1, at + width * args[at], width do
    local field = args[i]
    if not fields[field] then
      fields[field] = true
      fields[#fields + 1] = field
    end
  end
end

-- The tables that a batch looks at and changes: each as Redis has it and then as the entries before have left it. Versions and balances are
-- numbers.
local function load(args, entries)
  local records, accounts = {}, {}
  for _, entry in ipairs(entries) do
    add_fields(records, args, entry.versions, 2)
    add_fields(accounts, args, entry.balances, 2)
    if entry.accounts then add_fields(accounts, args, entry.accounts, 3) end
  end
  local versions, balances = read_key(2, records), read_key(3, accounts)
  for _, field in ipairs(records) do
    local record = versions[field]
    versions[field] = record and tonumber(string.match(record, '^%d+')) or 0
  end
  for _, field in ipairs(accounts) do balances[field] = tonumber(balances[field] or 0) end
  local rings, windows = read_keys(entries)
  return {versions = versions, balances = balances, records = {}, rings = rings, windows = windows}
end

-- Whether what the entry looked at is still so, and its effects would keep every account within its bound.
local function follows(args, tables, entry)
  local versions, balances, at = tables.versions, tables.balances, entry.versions
  for i = at + 1, at + 2 * args[at], 2 do
    if versions[args[i]] ~= args[i + 1] then return false end
  end
  at = entry.balances
  for i = at + 1, at + 2 * args[at], 2 do
    if balances[args[i]] ~= args[i + 1] then return false end
  end
  at = entry.accounts
  for i = at and at + 1 or 1, at and at + 3 * args[at] or 0, 3 do
    local balance = balances[args[i]] + args[i + 1]
    if balance > AMOUNT_MAX or balance < -AMOUNT_MAX or balance * args[i + 2] < 0 then return false end
  end
  return true
end

-- Makes the entry's effects in the tables, as the transaction `seq`.
local function apply(args, meta, tables, changed, entry, seq)
  local at = entry.accounts
  for i = at + 1, at + 3 * args[at], 3 do
    local field = args[i]
    tables.balances[field] = tables.balances[field] + args[i + 1]
    changed.accounts[field] = true
  end
  at = entry.records
  for i = at + 1, at + 2 * args[at], 2 do
    local field = args[i]
    tables.versions[field] = meta.seq
    tables.records[field] = seq .. ' ' .. args[i + 1]
  end
  local effect = entry.fingerprint .. struct.pack('>I4', meta.seq)
  if entry.day then
    add_key(meta, tables.rings[entry.ring], entry, effect)
  else
    tables.windows[entry.device] = add_event(tables.windows[entry.device], entry.number, effect)
    changed.windows[entry.device] = true
  end
end

-- Drops all request keys of a day. The key itself stays: in a slot that is moving to another node one that is not there is looked for
-- over there.
local function forget_day(key)
  local found, fields = redis.call('HGETALL', key), {}
  for i = 1, #found, 2 do
    if found[i] ~= 'day' then fields[#fields + 1] = found[i] end
  end
  for from = 1, #fields, UNPACK_MAX do
    redis.call('HDEL', key, unpack(fields, from, math.min(from + UNPACK_MAX - 1, #fields)))
  end
end

-- Makes the tables' changes in Redis.
local function store(meta, tables, changed)
  local records, accounts, windows = {}, {}, {}
  for field, record in pairs(tables.records) do
    records[#records + 1] = field
    records[#records + 1] = record
  end
  for field in pairs(changed.accounts) do
    accounts[#accounts + 1] = field
    accounts[#accounts + 1] = integer(tables.balances[field])
  end
  for device in pairs(changed.windows) do
    windows[#windows + 1] = device
    windows[#windows + 1] = tables.windows[device]
  end
  write(KEYS[2], records)
  write(KEYS[3], accounts)
  write(KEYS[4], windows)
  write(KEYS[5], changed.outbox)
  for place, ring in pairs(tables.rings) do
    if ring.begun then forget_day(KEYS[place]) end
    write(KEYS[place], ring.added)
  end
  write(KEYS[1], {'seq', integer(meta.seq), 'settled', integer(meta.settled), 'day', meta.day and integer(meta.day) or ''})
end

-- Tries the entries in their order and ends where one that was to have an effect has none: those after it were decided on its effect.
-- A verdict for each one tried: 'C' committed, 'R' the refusal holds, 'V' something it looked at has changed, or of the request key 'S', 'O',
-- 'F'.
local function try(args, meta, tables, entries, outbox)
  local changed = {accounts = {}, windows = {}, outbox = {}}
  local verdicts = verdicts_from(meta.seq)
  for _, entry in ipairs(entries) do
    local verdict, seen = verdict_of(meta, tables.rings, tables.windows, entry)
    local known = verdict ~= 'N'
    if not known then verdict = not follows(args, tables, entry) and 'V' or entry.bytes == '' and 'R' or 'C' end
    add_verdict(verdicts, verdict, seen)
    if verdict == 'C' then
      meta.seq = meta.seq + 1
      local seq = integer(meta.seq)
      apply(args, meta, tables, changed, entry, seq)
      if outbox then
        changed.outbox[#changed.outbox + 1] = seq
        changed.outbox[#changed.outbox + 1] = entry.bytes
      end
    end
    if verdict == 'V' or (known and entry.bytes ~= '') then break end
  end
  return verdicts, changed
end

-- journal, opening, lowest sequence the partition can be at, journaled, entries (packed) → verdicts
local function commit(args)
  local meta = enter(args[1], args[2])
  if meta.seq < tonumber(args[3]) then refuse('FENCED the partition has lost transactions') end
  local packed = unpacked(args[5])
  local entries = entries_in(packed)
  local tables = load(packed, entries)
  local verdicts, changed = try(packed, meta, tables, entries, true)
  meta.settled = settle(meta, tonumber(args[4]))
  store(meta, tables, changed)
  return answer_of(verdicts)
end

-- journal, term, last sequence before, entries (packed): transactions of the journal, redone while the partition is closed → verdicts
local function restore(args)
  local meta = enter_claimed(args[1], args[2])
  if meta.seq ~= tonumber(args[3]) then refuse('FENCED the partition is at ' .. integer(meta.seq)) end
  local packed = unpacked(args[4])
  local entries, before = entries_in(packed), meta.seq
  local tables = load(packed, entries)
  local verdicts, changed = try(packed, meta, tables, entries, false)
  -- What is restored is journaled.
  if meta.settled == before then meta.settled = meta.seq end
  store(meta, tables, changed)
  return answer_of(verdicts)
end

-- Looking.

-- journal, opening, lists of record fields, of account fields and of request keys (packed) → sequence, records, balances, verdicts
local function load_fields(args)
  local meta, packed = enter(args[1], args[2]), unpacked(args[3])
  local answer, at = {meta.seq, {}, {}}, 1
  for n = 2, 3 do
    local fields, count = {}, packed[at]
    for i = 1, count do fields[i] = packed[at + i] end
    at = at + 1 + count
    local found = read_key(n, fields)
    for i = 1, count do answer[n][i] = found[fields[i]] end
  end
  local entries, count = {}, packed[at]
  for i = 1, count do entries[i] = key_at(packed, at + 1 + KEY_PARTS * (i - 1)) end
  local rings, windows = read_keys(entries)
  local verdicts = verdicts_from(meta.seq)
  for _, entry in ipairs(entries) do add_verdict(verdicts, verdict_of(meta, rings, windows, entry)) end
  answer[4] = answer_of(verdicts)
  return answer
end

-- journal, opening → sequence, records, accounts: everything, as field, value, field, value…
local function dump(args)
  local meta = enter(args[1], args[2])
  if redis.call('EXISTS', KEYS[2], KEYS[3]) < 2 then refuse('FENCED a key is lost') end
  return {meta.seq, redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3])}
end
