#include "ledger/journal/batch_reader.h"

#include <utility>

namespace fenfen {

BatchReader::BatchReader(JournalReader& reader, const SequenceVector& after, size_t ahead) : reader_(reader), after_(after), ahead_(ahead) {
  if (ahead_ > 0) thread_ = std::thread([this] { Loop(); });
}

BatchReader::~BatchReader() {
  {
    absl::MutexLock held(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void BatchReader::Loop() {
  while (true) {
    Batch batch = Read();
    const bool last = !batch.ok() || *batch == nullptr;
    absl::MutexLock held(&mutex_);
    while (ready_.size() >= ahead_ && !stopping_) changed_.Wait(&mutex_);
    if (stopping_) return;
    ready_.push_back(std::move(batch));
    changed_.SignalAll();
    if (last) return;
  }
}

BatchReader::Batch BatchReader::Next() {
  if (ahead_ == 0) return Read();
  absl::MutexLock held(&mutex_);
  while (ready_.empty()) changed_.Wait(&mutex_);
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.SignalAll();
  return batch;
}

BatchReader::Batch BatchReader::Read() {
  auto batch = std::make_shared<JournalBatch>();
  batch->bytes.reserve(kBatchBytes + kBatchBytes / 4);
  while (batch->bytes.size() < kBatchBytes) {
    const absl::StatusOr<const Group*> group = reader_.Next();
    if (!group.ok()) return group.status();
    if (*group == nullptr) break;
    for (const segment::Record& record : (*group)->records) {
      if (record.seq <= after_[record.partition.value()]) continue;
      batch->entries.push_back({record.partition, record.seq, record.record_time, record.bytes});
      batch->bytes.append(record.bytes.data(), record.bytes.size());
    }
  }
  if (batch->entries.empty()) return std::shared_ptr<const JournalBatch>();
  // Only now the bytes lie where they stay.
  const char* at = batch->bytes.data();
  for (JournalEntryView& entry : batch->entries) {
    entry.bytes = absl::string_view(at, entry.bytes.size());
    at += entry.bytes.size();
  }
  return std::shared_ptr<const JournalBatch>(std::move(batch));
}

}  // namespace fenfen
