// HouseholdCells: what a MemoryState keeps of each household of one partition, in as few bytes as it can: its record, the record's version
// and its three balances side by side, found by one look-up. 48 bytes a household, about 10 of index, and the record's bytes.
//
// Not thread-safe: the partition's lock guards it. A Cell's address is good until the cells are destroyed; its bytes until they are set
// anew.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "ledger/core/account.h"
#include "ledger/core/ids.h"

namespace fenfen {

// One household.
class Cell {
 public:
  uint64_t id() const { return id_; }
  // The sequence number that last wrote the record; 0 where there is none yet.
  PartitionSeq version() const { return version_; }
  absl::string_view bytes() const;
  void Set(PartitionSeq version, absl::string_view bytes);

  // The balance of an account that Holds.
  Points& Balance(const AccountId& account) { return balances_[SlotOf(account)]; }
  const Points& Balance(const AccountId& account) const { return balances_[SlotOf(account)]; }
  // True for the accounts that lie in their owner's cell.
  static bool Holds(const AccountId& account) { return account.kind == AccountKind::kHousehold || IsHeld(account); }
  // Calls visit(account, balance) for each of the three.
  template <typename Visitor>
  void VisitAccounts(Visitor visit) const {
    visit(AccountId{AccountKind::kHousehold, Asset::kReward, id_}, balances_[0]);
    visit(AccountId{AccountKind::kHousehold, Asset::kCivic, id_}, balances_[1]);
    visit(AccountId{AccountKind::kVoucherHeld, Asset::kReward, id_}, balances_[2]);
  }

 private:
  friend class HouseholdCells;
  static bool IsHeld(const AccountId& account) { return account.kind == AccountKind::kVoucherHeld && account.asset == Asset::kReward; }
  static int SlotOf(const AccountId& account) { return IsHeld(account) ? 2 : static_cast<int>(account.asset) - 1; }

  uint64_t id_ = 0;
  PartitionSeq version_;
  Points balances_[3];
  std::unique_ptr<char[]> block_;  // the length as u32, then the record's bytes
};

class HouseholdCells {
 public:
  HouseholdCells() : index_(0, Hash{&chunks_}, Equal{&chunks_}) {}
  HouseholdCells(const HouseholdCells&) = delete;
  HouseholdCells& operator=(const HouseholdCells&) = delete;

  // The cell, or nullptr.
  const Cell* Find(uint64_t id) const;
  // The cell, made empty where there is none.
  Cell& At(uint64_t id);
  template <typename Visitor>
  void Visit(Visitor visit) const {
    for (uint32_t i = 0; i < count_; ++i) visit(CellAt(chunks_, i));
  }

 private:
  static constexpr uint32_t kChunk = 256;  // cells allocated at a time
  using Chunks = std::vector<std::unique_ptr<Cell[]>>;
  static Cell& CellAt(const Chunks& chunks, uint32_t i) { return chunks[i / kChunk][i % kChunk]; }

  // The index holds cell numbers alone; ids are looked at in the cells.
  struct Hash {
    using is_transparent = void;
    const Chunks* chunks;
    size_t operator()(uint32_t i) const { return MixBits(CellAt(*chunks, i).id_); }
    size_t operator()(uint64_t id) const { return MixBits(id); }
  };
  struct Equal {
    using is_transparent = void;
    const Chunks* chunks;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t i, uint64_t id) const { return CellAt(*chunks, i).id_ == id; }
    bool operator()(uint64_t id, uint32_t i) const { return CellAt(*chunks, i).id_ == id; }
  };

  Chunks chunks_;
  uint32_t count_ = 0;
  absl::flat_hash_set<uint32_t, Hash, Equal> index_;
};

}  // namespace fenfen
