#include "ledger/projections/open_transfers.h"

namespace fenfen {

void OpenTransfers::Apply(const CommittedTransaction& committed) {
  switch (committed.transaction.kind) {
    case TransactionKind::kTransferOut:
    case TransactionKind::kTransferIn:
    case TransactionKind::kTransferBack:
      break;
    default:
      return;
  }
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind == RecordKind::kTransfer) Note(change.bytes);
  }
}

void OpenTransfers::Restore(const PartitionContents& contents) {
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind == RecordKind::kTransfer) Note(record.bytes);
  }
}

// A return is of the partition that sent, and takes the place of what was sent: it comes after it or alone.
void OpenTransfers::Note(absl::string_view record) {
  const std::optional<Step> step = extract_(record);
  if (!step) return;
  absl::MutexLock lock(&mutex_);
  if (step->stage == Stage::kReturned) {
    open_.erase(step->number);
    return;
  }
  const bool sent = step->stage == Stage::kSent;
  const auto [found, is_new] = open_.try_emplace(step->number, sent);
  if (!is_new && found->second != sent) open_.erase(found);
}

std::vector<uint64_t> OpenTransfers::List(size_t limit) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<uint64_t> numbers;
  for (const auto& [number, sent] : open_) {
    if (numbers.size() >= limit) break;
    if (sent) numbers.push_back(number);
  }
  return numbers;
}

size_t OpenTransfers::size() const {
  absl::ReaderMutexLock lock(&mutex_);
  size_t count = 0;
  for (const auto& [number, sent] : open_) count += sent ? 1 : 0;
  return count;
}

}  // namespace fenfen
