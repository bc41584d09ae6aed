-- Bases: snapshots of the State and of what is known beside it, from which a start goes on where the months before are archived
-- (ledger/journal/postgres/base.cc). They are no truth: a base can be made anew from the months and the base before it.

CREATE TABLE fenfen.bases (
  number bigint PRIMARY KEY CHECK (number > 0),
  made_at timestamptz NOT NULL DEFAULT now(),
  size bigint NOT NULL CHECK (size > 0),  -- of the file (docs/formats/snapshot.md), in bytes
  sequences bigint[] NOT NULL CHECK (array_length(sequences, 1) = 257)  -- how far each partition is in it, from partition 0 on
);

CREATE TABLE fenfen.base_pieces (
  bytes bytea NOT NULL,
  number bigint NOT NULL REFERENCES fenfen.bases ON DELETE CASCADE,
  piece integer NOT NULL,
  PRIMARY KEY (number, piece)
);
ALTER TABLE fenfen.base_pieces ALTER COLUMN bytes SET STORAGE EXTERNAL;
