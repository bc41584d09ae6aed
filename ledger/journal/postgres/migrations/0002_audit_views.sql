-- What an auditor asks; with examples in docs/formats/postgres.md. Nothing of the server's reads these.

-- An id as the server shows it: sixteen hexadecimal digits.
CREATE FUNCTION fenfen.hex(id bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$SELECT lpad(to_hex(id), 16, '0')$$;

CREATE FUNCTION fenfen.kind_name(kind smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE kind WHEN 1 THEN 'catalogue update' WHEN 2 THEN 'enrolment' WHEN 3 THEN 'drop' WHEN 4 THEN 'reservation' WHEN 5 THEN 'capture'
       ELSE kind::text END$$;
CREATE FUNCTION fenfen.asset_name(asset smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE asset WHEN 1 THEN 'REWARD' WHEN 2 THEN 'CIVIC' ELSE asset::text END$$;
CREATE FUNCTION fenfen.account_name(account_kind smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE account_kind WHEN 1 THEN 'programme' WHEN 2 THEN 'household' WHEN 3 THEN 'voucher held' WHEN 4 THEN 'merchant'
       ELSE account_kind::text END$$;

-- What each account has.
CREATE VIEW fenfen.balances AS
SELECT account_kind, fenfen.account_name(account_kind) AS account, asset, fenfen.asset_name(asset) AS asset_name, owner,
       sum(amount) AS balance
FROM fenfen.postings
GROUP BY account_kind, asset, owner;

-- A household's entries, newest first, with what each changed and what it had afterwards. Ask with WHERE household = …
CREATE VIEW fenfen.statement AS
SELECT entry.household, entry.sequence, entry.event_time, entry.record_time, entry.kind, entry.request_key, changed.reward, changed.civic,
       sum(changed.reward) OVER so_far AS reward_after, sum(changed.civic) OVER so_far AS civic_after, entry.partition
FROM (SELECT DISTINCT change.record_id AS household, e.partition, e.sequence, e.month, e.event_time, e.record_time,
             fenfen.kind_name(e.kind) AS kind, e.request_key
      FROM fenfen.record_changes AS change
      JOIN fenfen.entries AS e ON e.partition = change.partition AND e.sequence = change.sequence AND e.month = change.month
      WHERE change.record_kind = 1) AS entry
CROSS JOIN LATERAL (
  SELECT coalesce(sum(p.amount) FILTER (WHERE p.asset = 1), 0) AS reward, coalesce(sum(p.amount) FILTER (WHERE p.asset = 2), 0) AS civic
  FROM fenfen.postings AS p
  WHERE p.partition = entry.partition AND p.sequence = entry.sequence AND p.month = entry.month AND p.account_kind = 2
    AND p.owner = entry.household) AS changed
WINDOW so_far AS (PARTITION BY entry.household ORDER BY entry.sequence)
ORDER BY entry.household, entry.sequence DESC;

-- What each town's programme issued and took back on each day, by the time of the event, in the programme's time zone.
CREATE VIEW fenfen.daily_totals AS
SELECT (e.event_time AT TIME ZONE 'Asia/Shanghai')::date AS day, fenfen.hex(p.owner) AS town, fenfen.asset_name(p.asset) AS asset,
       count(DISTINCT (e.partition, e.sequence)) AS entries, coalesce(-sum(p.amount) FILTER (WHERE p.amount < 0), 0) AS issued,
       coalesce(sum(p.amount) FILTER (WHERE p.amount > 0), 0) AS taken_back
FROM fenfen.postings AS p
JOIN fenfen.entries AS e ON e.partition = p.partition AND e.sequence = p.sequence AND e.month = p.month
WHERE p.account_kind = 1
GROUP BY 1, 2, 3;

-- Must be zero for each asset.
CREATE VIEW fenfen.asset_sums AS
SELECT fenfen.asset_name(asset) AS asset, sum(balance) AS sum FROM fenfen.balances GROUP BY asset;

-- Must all be empty: entries whose postings do not sum to zero; accounts beyond their bound; partitions whose numbers do not run from 1
-- to their head without a gap.
CREATE VIEW fenfen.unbalanced_entries AS
SELECT partition, sequence, fenfen.asset_name(asset) AS asset, sum(amount) AS sum
FROM fenfen.postings
GROUP BY partition, sequence, asset
HAVING sum(amount) <> 0;

CREATE VIEW fenfen.overdrawn_accounts AS
SELECT * FROM fenfen.balances WHERE CASE account_kind WHEN 1 THEN balance > 0 ELSE balance < 0 END;

CREATE VIEW fenfen.broken_partitions AS
SELECT h.partition, h.sequence AS head, count(i.sequence) AS entries, min(i.sequence) AS first, max(i.sequence) AS last
FROM fenfen.heads AS h
LEFT JOIN fenfen.entry_index AS i USING (partition)
GROUP BY h.partition, h.sequence
HAVING count(i.sequence) <> h.sequence OR coalesce(min(i.sequence), 1) <> 1 OR coalesce(max(i.sequence), 0) <> h.sequence;

-- Each version of each record, with its bytes (docs/formats/records.md).
CREATE VIEW fenfen.record_versions AS
SELECT c.record_kind, c.record_id, c.partition, c.sequence, c.previous, e.record_time,
       substring(e.bytes FROM c.bytes_offset + 1 FOR c.bytes_size) AS bytes
FROM fenfen.record_changes AS c
JOIN fenfen.entries AS e ON e.partition = c.partition AND e.sequence = c.sequence AND e.month = c.month;
