#include "ledger/state/household_cells.h"

#include <algorithm>

#include "ledger/core/check.h"
#include "ledger/core/prefetch.h"

namespace fenfen {

Cell* HouseholdCells::FindAt(uint64_t id, uint64_t hash) const {
  const uint32_t tag = TagOf(hash);
  const Slot* slot = index_.Find(hash, [&](Slot s) { return (s.bits & 0xff) == tag && CellAt(s.cell()).id_ == id; });
  return slot == nullptr ? nullptr : &CellAt(slot->cell());
}

void HouseholdCells::PrefetchCell(uint64_t id) const {
  const uint64_t hash = HashOf(id);
  const uint32_t tag = TagOf(hash);
  const Slot* slot = index_.Find(hash, [tag](Slot s) { return (s.bits & 0xff) == tag; });
  if (slot != nullptr) PrefetchForRead(&CellAt(slot->cell()));
}

const Cell* HouseholdCells::Find(uint64_t id) const { return FindAt(id, HashOf(id)); }

Cell& HouseholdCells::At(uint64_t id) {
  if (last_ != nullptr && last_->id_ == id) return *last_;
  const uint64_t hash = HashOf(id);
  if (Cell* found = FindAt(id, hash); found != nullptr) return *(last_ = found);
  FENFEN_CHECK(count_ < kCellsMax);
  if (count_ % kChunk == 0) chunks_.emplace_back(new Cell[kChunk]);
  Cell& cell = CellAt(count_++);
  cell.id_ = id;
  index_.Add(Slot{count_ << 8 | TagOf(hash)}, [this](Slot slot) { return HashOf(CellAt(slot.cell()).id_); });
  return *(last_ = &cell);
}

void HouseholdCells::Reserve(size_t count) {
  index_.Reserve(count, [this](Slot slot) { return HashOf(CellAt(slot.cell()).id_); });
}

std::vector<Cell> HouseholdCells::Copy() const {
  std::vector<Cell> cells(count_);
  for (uint32_t at = 0; at < count_; at += kChunk) {
    const Cell* const chunk = chunks_[at / kChunk].get();
    std::copy(chunk, chunk + std::min(kChunk, count_ - at), cells.begin() + at);
  }
  return cells;
}

}  // namespace fenfen
