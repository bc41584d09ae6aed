-- Months that are moved to files (ledger/journal/postgres/archive.cc). fenfen.months names the file; entry_index keeps every entry's numbers,
-- key and month for ever, so what is archived still cannot be written a second time.

-- What an archived month's postings came to, so that balances stay what they are.
CREATE TABLE fenfen.carried_balances (
  owner bigint NOT NULL,
  amount bigint NOT NULL,
  month date NOT NULL REFERENCES fenfen.months,
  account_kind smallint NOT NULL,
  asset smallint NOT NULL,
  PRIMARY KEY (account_kind, owner, asset, month)
);

CREATE OR REPLACE VIEW fenfen.balances AS
SELECT account_kind, fenfen.account_name(account_kind) AS account, asset, fenfen.asset_name(asset) AS asset_name, owner,
       sum(amount) AS balance
FROM (SELECT account_kind, asset, owner, amount FROM fenfen.postings
      UNION ALL
      SELECT account_kind, asset, owner, amount FROM fenfen.carried_balances) AS posted
GROUP BY account_kind, asset, owner;

-- As before, with what the household had from archived months in the balances after.
CREATE OR REPLACE VIEW fenfen.statement AS
SELECT entry.household, entry.sequence, entry.event_time, entry.record_time, entry.kind, entry.request_key, changed.reward, changed.civic,
       carried.reward + sum(changed.reward) OVER so_far AS reward_after, carried.civic + sum(changed.civic) OVER so_far AS civic_after,
       entry.partition
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
CROSS JOIN LATERAL (
  SELECT coalesce(sum(c.amount) FILTER (WHERE c.asset = 1), 0) AS reward, coalesce(sum(c.amount) FILTER (WHERE c.asset = 2), 0) AS civic
  FROM fenfen.carried_balances AS c
  WHERE c.account_kind = 2 AND c.owner = entry.household AND c.month < entry.month) AS carried
WINDOW so_far AS (PARTITION BY entry.household ORDER BY entry.sequence)
ORDER BY entry.household, entry.sequence DESC;

-- Drops a month's table partitions, after their rows were counted once more: nobody can have written to them since.
CREATE FUNCTION fenfen.drop_month(wanted date, file text, sha256 bytea, entry_rows bigint, posting_rows bigint, change_rows bigint)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf CONSTANT text := to_char(wanted, '_YYYY_MM');
  counted bigint[];
BEGIN
  EXECUTE format('LOCK TABLE fenfen.%I, fenfen.%I, fenfen.%I IN SHARE MODE', 'entries' || leaf, 'postings' || leaf, 'record_changes' || leaf);
  EXECUTE format('SELECT ARRAY[(SELECT count(*) FROM fenfen.%I), (SELECT count(*) FROM fenfen.%I), (SELECT count(*) FROM fenfen.%I)]',
                 'entries' || leaf, 'postings' || leaf, 'record_changes' || leaf) INTO counted;
  IF counted <> ARRAY[entry_rows, posting_rows, change_rows] THEN
    RAISE EXCEPTION 'the month has % rows, the file has %', counted, ARRAY[entry_rows, posting_rows, change_rows]
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  EXECUTE format('INSERT INTO fenfen.carried_balances (owner, amount, month, account_kind, asset)
                  SELECT owner, sum(amount), %L, account_kind, asset FROM fenfen.%I GROUP BY account_kind, asset, owner',
                 wanted, 'postings' || leaf);
  UPDATE fenfen.months SET archive = file, archive_sha256 = sha256 WHERE month = wanted AND archive IS NULL;
  EXECUTE format('DROP TABLE fenfen.%I', 'entries' || leaf);
  EXECUTE format('DROP TABLE fenfen.%I', 'postings' || leaf);
  EXECUTE format('DROP TABLE fenfen.%I', 'record_changes' || leaf);
END $$;

-- Makes an archived month's table partitions again, empty, for its rows to be copied back within the same transaction.
CREATE FUNCTION fenfen.take_back_month(wanted date) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM fenfen.carried_balances WHERE month = wanted;
  UPDATE fenfen.months SET archive = NULL, archive_sha256 = NULL WHERE month = wanted;
  PERFORM fenfen.make_leaf(parent, wanted) FROM unnest(ARRAY['entries', 'postings', 'record_changes']) AS parent;
END $$;
REVOKE EXECUTE ON FUNCTION fenfen.drop_month, fenfen.take_back_month FROM PUBLIC;
