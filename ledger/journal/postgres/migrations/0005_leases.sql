-- Leases: which of several servers does a piece of work (ledger/journal/postgres/leases.cc). Times are this database's clock; `fence`
-- counts the holders.

CREATE TABLE fenfen.leases (
  name text PRIMARY KEY CHECK (octet_length(name) BETWEEN 1 AND 64),
  holder text NOT NULL,  -- the session that writes, as pg_stat_activity calls it
  fence bigint NOT NULL CHECK (fence > 0),
  until timestamptz NOT NULL,
  done timestamptz  -- when what the lease is for was last done
);
