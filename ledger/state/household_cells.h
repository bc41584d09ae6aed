// HouseholdCells: what a MemoryState keeps of each household of one partition, in as few bytes as it can: its two balances, its record's
// version and where its record's bytes lie, side by side in 32 bytes, found by one look-up of about five.
//
// Not thread-safe: the partition's lock guards it. A Cell's address is good until the cells are destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ledger/core/account.h"
#include "ledger/core/compact_table.h"
#include "ledger/core/ids.h"
#include "ledger/state/byte_arena.h"

namespace fenfen {

// A record's place. A partition's sequence numbers stay below 2^32 (MemoryState::Commit).
struct StoredRecord {
  uint32_t version = 0;  // the sequence number that last wrote it; 0 where there is none yet
  ByteArena::Handle bytes = 0;
};

// One household.
class Cell {
 public:
  uint64_t id() const { return id_; }
  StoredRecord& record() { return record_; }
  const StoredRecord& record() const { return record_; }

  // True for the accounts that lie in their owner's cell.
  static bool Holds(const AccountId& account) { return account.kind == AccountKind::kHousehold; }
  // The balance of an account that Holds.
  Points& Balance(Asset asset) { return balances_[static_cast<size_t>(asset) - 1]; }
  Points Balance(Asset asset) const { return balances_[static_cast<size_t>(asset) - 1]; }

 private:
  friend class HouseholdCells;
  uint64_t id_ = 0;
  StoredRecord record_;
  Points balances_[2];
};
static_assert(sizeof(Cell) == 32);

class HouseholdCells {
 public:
  HouseholdCells() = default;
  HouseholdCells(const HouseholdCells&) = delete;
  HouseholdCells& operator=(const HouseholdCells&) = delete;

  // The cell, or nullptr.
  const Cell* Find(uint64_t id) const;
  // Looking for several at once takes hardly longer than for one, where the memory of all is asked for before the first is looked at: first
  // where their cells are named, then the cells.
  void PrefetchSlot(uint64_t id) const { index_.Prefetch(HashOf(id)); }
  void PrefetchCell(uint64_t id) const;
  // The cell, made empty where there is none.
  Cell& At(uint64_t id);
  // Makes room for so many in all.
  void Reserve(size_t count);
  // All of them, copied.
  std::vector<Cell> Copy() const;

 private:
  static constexpr uint32_t kChunk = 256;          // cells allocated at a time
  static constexpr uint32_t kCellsMax = 0xffffff;  // what 24 bits can number
  // A cell's number and eight bits of its hash, so that hardly ever another cell than the one looked for is touched.
  struct Slot {
    uint32_t bits = 0;
    bool empty() const { return bits == 0; }
    uint32_t cell() const { return (bits >> 8) - 1; }
  };
  // All ids of a partition have the same lowest eight bits here.
  static uint64_t HashOf(uint64_t id) { return MixBits(id); }
  static uint32_t TagOf(uint64_t hash) { return (hash >> 8) & 0xff; }

  Cell& CellAt(uint32_t i) const { return chunks_[i / kChunk][i % kChunk]; }
  Cell* FindAt(uint64_t id, uint64_t hash) const;

  std::vector<std::unique_ptr<Cell[]>> chunks_;
  Cell* last_ = nullptr;  // that At gave: a commit asks for the same one several times
  uint32_t count_ = 0;
  CompactTable<Slot> index_;
};

}  // namespace fenfen
