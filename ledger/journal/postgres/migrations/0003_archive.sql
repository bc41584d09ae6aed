-- Months that are moved to files (ledger/journal/postgres/archive.cc). fenfen.months names the file; entry_index keeps every entry's numbers,
-- key and month for ever, so what is archived still cannot be written a second time.

-- What an archived month's postings came to, so that balances stay what they are.
CREATE TABLE fenfen.carried_balances (
  owner bigint NOT NULL,
  amount bigint NOT NULL,
  month date NOT NULL REFERENCES fenfen.months,
  account_kind smallint NOT NULL,
  asset smallint NOT NULL,
  PRIMARY KEY (month, account_kind, asset, owner)
);

CREATE OR REPLACE VIEW fenfen.balances AS
SELECT account_kind, fenfen.account_name(account_kind) AS account, asset, fenfen.asset_name(asset) AS asset_name, owner,
       sum(amount) AS balance
FROM (SELECT account_kind, asset, owner, amount FROM fenfen.postings
      UNION ALL
      SELECT account_kind, asset, owner, amount FROM fenfen.carried_balances) AS posted
GROUP BY account_kind, asset, owner;

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
