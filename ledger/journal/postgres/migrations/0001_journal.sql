-- The journal's tables. Described for auditors in docs/formats/postgres.md; written by ledger/journal/postgres/group_writer.cc alone.
--
-- Ids that are hashes are unsigned numbers of 64 bits, held bit for bit in a bigint; fenfen.hex shows them as the server does.
-- Amounts are hundredths of a point. Nothing is ever edited: see refuse_change.

-- Which journal this is. One row.
CREATE TABLE fenfen.journal (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  id bigint NOT NULL CHECK (id <> 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- How far each partition is. Whoever writes a partition's entries holds its row's lock until its commit, from before it looks at
-- `sequence`: so servers take turns, and sequence + 1 is the only number that can be written next.
CREATE TABLE fenfen.heads (
  partition smallint PRIMARY KEY CHECK (partition BETWEEN 0 AND 256),
  sequence bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0)
) WITH (fillfactor = 10);  -- room in the page for the next version of a row that each commit changes
INSERT INTO fenfen.heads (partition) SELECT generate_series(0, 256);

-- The months that there are, or were, table partitions for.
CREATE TABLE fenfen.months (
  month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
  archive text,  -- the file that its rows were moved to; null while they are here
  archive_sha256 bytea CHECK ((archive IS NULL) = (archive_sha256 IS NULL))
);

-- Every entry there ever was, narrow, never partitioned and never archived. A unique constraint of a partitioned table must contain the
-- partitioning column, so it holds within a month at most; what must be unique through all months is declared here. (No foreign keys: they
-- would be checked row by row, and the group's transaction holds the heads and has made the month before it writes a row.)
CREATE TABLE fenfen.entry_index (
  sequence bigint NOT NULL CHECK (sequence > 0),
  request_key uuid NOT NULL,
  month date NOT NULL,
  partition smallint NOT NULL,
  PRIMARY KEY (partition, sequence),
  UNIQUE (partition, request_key)
);

-- The order of the journal. Drawn under the partition's lock, so it rises with each partition's sequence numbers; with CACHE 1, or a
-- session could draw an old number late.
CREATE SEQUENCE fenfen.positions AS bigint CACHE 1;

CREATE TABLE fenfen.entries (
  position bigint NOT NULL DEFAULT nextval('fenfen.positions'),
  sequence bigint NOT NULL,
  record_time timestamptz NOT NULL,
  event_time timestamptz NOT NULL,
  request_key uuid NOT NULL,
  fingerprint bigint NOT NULL,
  actor_id bigint NOT NULL,
  actor_sub bigint NOT NULL,
  crc32c bigint NOT NULL CHECK (crc32c BETWEEN 0 AND 4294967295),
  month date NOT NULL,
  partition smallint NOT NULL,
  kind smallint NOT NULL,
  actor_kind smallint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (partition, sequence, month)
) PARTITION BY RANGE (month);
CREATE INDEX ON fenfen.entries (position);
-- They do not shrink, and trying costs time.
ALTER TABLE fenfen.entries ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE fenfen.postings (
  sequence bigint NOT NULL,
  owner bigint NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0 AND amount BETWEEN -9007199254740991 AND 9007199254740991),
  month date NOT NULL,
  number integer NOT NULL,
  partition smallint NOT NULL,
  account_kind smallint NOT NULL,
  asset smallint NOT NULL,
  PRIMARY KEY (partition, sequence, number, month)
) PARTITION BY RANGE (month);

-- The record itself lies in the entry's bytes, `bytes_size` of them from `bytes_offset` on.
CREATE TABLE fenfen.record_changes (
  sequence bigint NOT NULL,
  record_id bigint NOT NULL,
  previous bigint NOT NULL,
  month date NOT NULL,
  number integer NOT NULL,
  bytes_offset integer NOT NULL,
  bytes_size integer NOT NULL,
  partition smallint NOT NULL,
  record_kind smallint NOT NULL,
  PRIMARY KEY (partition, sequence, number, month)
) PARTITION BY RANGE (month);
CREATE INDEX ON fenfen.record_changes (record_kind, record_id, sequence);

CREATE FUNCTION fenfen.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the journal is append-only: % of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fenfen.entry_index EXECUTE FUNCTION fenfen.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fenfen.entries EXECUTE FUNCTION fenfen.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fenfen.postings EXECUTE FUNCTION fenfen.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fenfen.record_changes EXECUTE FUNCTION fenfen.refuse_change();

-- Makes the table partition of `parent` for a month: entries_2026_11. Made apart and attached, so that no writer waits for it.
CREATE FUNCTION fenfen.make_leaf(parent text, wanted date) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf CONSTANT text := parent || to_char(wanted, '_YYYY_MM');
BEGIN
  EXECUTE format('CREATE TABLE fenfen.%I (LIKE fenfen.%I INCLUDING ALL)', leaf, parent);
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fenfen.%I EXECUTE FUNCTION fenfen.refuse_change()',
                 leaf);
  EXECUTE format('ALTER TABLE fenfen.%I ATTACH PARTITION fenfen.%I FOR VALUES FROM (%L) TO (%L)', parent, leaf, wanted,
                 (wanted + interval '1 month')::date);
END $$;

-- Makes a month's table partitions, once, whoever asks at the same time. With the owner's rights, so that a server's role needs none but to
-- insert: see docs/formats/postgres.md, "Roles".
CREATE FUNCTION fenfen.make_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO fenfen.months (month) VALUES (wanted) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    PERFORM fenfen.make_leaf(parent, wanted) FROM unnest(ARRAY['entries', 'postings', 'record_changes']) AS parent;
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION fenfen.make_leaf, fenfen.make_month FROM PUBLIC;
