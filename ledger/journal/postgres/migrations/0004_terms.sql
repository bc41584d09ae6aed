-- Several servers over one State: which of them may still be right about a partition.

-- The partition's present term. Whoever opens the partition in another Redis, or in one that came back, begins a new term (Claim); what was
-- committed under an older one is not written any more unless it is there already. A State that lives in a server's memory has no terms,
-- and its entries are those of term 0; there the writer's lock keeps others out (writer_lock.h).
ALTER TABLE fenfen.heads ADD COLUMN term bigint NOT NULL DEFAULT 0 CHECK (term >= 0);
