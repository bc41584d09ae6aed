#include "ledger/state/household_cells.h"

namespace fenfen {

absl::string_view Cell::bytes() const {
  if (block_ == nullptr) return {};
  uint32_t size;
  std::memcpy(&size, block_.get(), sizeof size);
  return {block_.get() + sizeof size, size};
}

void Cell::Set(PartitionSeq version, absl::string_view bytes) {
  const auto size = static_cast<uint32_t>(bytes.size());
  if (block_ == nullptr || this->bytes().size() != bytes.size()) block_.reset(new char[sizeof size + size]);
  std::memcpy(block_.get(), &size, sizeof size);
  std::memcpy(block_.get() + sizeof size, bytes.data(), size);
  version_ = version;
}

const Cell* HouseholdCells::Find(uint64_t id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &CellAt(chunks_, *found);
}

Cell& HouseholdCells::At(uint64_t id) {
  if (const auto found = index_.find(id); found != index_.end()) return CellAt(chunks_, *found);
  if (count_ % kChunk == 0) chunks_.emplace_back(new Cell[kChunk]);
  CellAt(chunks_, count_).id_ = id;
  index_.insert(count_);
  return CellAt(chunks_, count_++);
}

}  // namespace fenfen
