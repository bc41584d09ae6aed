// The writing half of PostgresJournal: from a group to who is told what became of it. On the writer's thread.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "ledger/core/errors.h"
#include "ledger/journal/postgres/postgres_journal.h"

namespace fenfen {
namespace {

absl::Status Failed(const std::string& why) { return Refuse(Reason::REASON_JOURNAL_FAILED, {{"detail", why}}); }

absl::Status OutcomeOf(const EntryFate& fate) {
  switch (fate.kind) {
    case EntryFate::Kind::kStored:
      return fate.earlier ? absl::AlreadyExistsError("another server journaled it first") : absl::OkStatus();
    case EntryFate::Kind::kStale:
      return RefuseUntil(Reason::REASON_OUTCOME_UNKNOWN, limits::kRetryDelayWhenBusy);
    case EntryFate::Kind::kWaits:
    case EntryFate::Kind::kRefused:
      break;
  }
  return Failed(fate.why);
}

}  // namespace

// Each partition's entries in sequence order, in which they need not have been appended: another server's may have been swept meanwhile.
std::vector<PostgresJournal::Member> PostgresJournal::Members() const {
  std::vector<Member> members;
  std::array<uint64_t, kPartitions> last{};
  bool in_order = true;
  for (const Pending& pending : group_) {
    for (const JournalEntry& entry : pending.entries) {
      members.push_back({&entry, &pending});
      uint64_t& before = last[entry.partition.value()];
      in_order = in_order && before <= entry.seq.value();
      before = entry.seq.value();
    }
  }
  if (!in_order) {
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
      return std::pair(a.entry->partition, a.entry->seq) < std::pair(b.entry->partition, b.entry->seq);
    });
  }
  return members;
}

void PostgresJournal::WriteGroup() {
  const std::vector<Member> members = Members();
  std::vector<const JournalEntry*> entries;
  size_t bytes = 0;
  for (const Member& member : members) {
    entries.push_back(member.entry);
    bytes += member.entry->bytes.size() + sizeof(JournalEntry);
  }
  const absl::StatusOr<std::vector<EntryFate>> fates = group_writer_->Write(entries);
  if (!fates.ok()) {
    LoseSession(fates.status());
    if (absl::IsAlreadyExists(fates.status())) StopReusedKeys();
    return;
  }
  {
    absl::MutexLock held(&mutex_);
    ++metrics_.groups;
    metrics_.entries += entries.size();
    metrics_.bytes += bytes;
  }
  EndTrouble();
  NoteFates(*fates, members);
  Settle(*fates, members);
}

// Who is to know of what became of the entries, besides those who appended them.
void PostgresJournal::NoteFates(const std::vector<EntryFate>& fates, const std::vector<Member>& members) {
  std::map<uint16_t, Gap> gaps;
  std::map<uint16_t, const EntryFate*> stale;
  uint64_t stale_entries = 0, new_gaps = 0;
  for (size_t n = 0; n < fates.size(); ++n) {
    const JournalEntry& entry = *members[n].entry;
    const uint16_t partition = entry.partition.value();
    switch (fates[n].kind) {
      case EntryFate::Kind::kStored:
        LearnHead(partition, entry.seq.value());
        break;
      case EntryFate::Kind::kWaits:
        gaps.emplace(partition, Gap{entry.seq.value(), absl::Now()});
        break;
      case EntryFate::Kind::kStale:
        ++stale_entries;
        if (const auto known = stale_terms_.emplace(partition, 0).first; stale.count(partition) == 0) {
          stale[partition] = &fates[n];
          if (std::exchange(known->second, entry.term + 1) != entry.term + 1) options_.report(absl::AbortedError(fates[n].why));
        }
        break;
      case EntryFate::Kind::kRefused:
        StopPartition(entry, fates[n].why);
        break;
    }
  }
  for (auto& [partition, gap] : gaps) {
    if (const auto known = gaps_.find(partition); known != gaps_.end() && known->second.first == gap.first) gap = known->second;
    if (gap.told || absl::Now() - gap.since < options_.gap_grace) continue;
    gap.told = true;
    ++new_gaps;
    options_.on_gap(PartitionId(partition));
  }
  for (const auto& [partition, fate] : stale) options_.on_gap(PartitionId(partition));
  gaps_ = std::move(gaps);
  absl::MutexLock held(&mutex_);
  metrics_.stale += stale_entries;
  metrics_.gaps += new_gaps;
}

// A unique constraint refused the group: asks which of its request keys are taken, over a session of its own.
void PostgresJournal::StopReusedKeys() {
  Connect();
  if (session_ == nullptr) return;  // it will be refused and asked again
  std::vector<const JournalEntry*> entries;
  for (const Pending& pending : group_) {
    for (const JournalEntry& entry : pending.entries) entries.push_back(&entry);
  }
  const absl::StatusOr<std::map<size_t, std::string>> reused = group_writer_->FindReusedKeys(entries);
  if (!reused.ok()) return LoseSession(reused.status());
  for (const auto& [place, why] : *reused) StopPartition(*entries[place], why);
}

void PostgresJournal::StopPartition(const JournalEntry& entry, const std::string& why) {
  const auto [stopped, first] = stopped_.emplace(entry.partition.value(), Stopped{entry.seq.value(), why});
  stopped->second.from = std::min(stopped->second.from, entry.seq.value());
  if (!first) return;
  {
    absl::MutexLock held(&mutex_);
    ++metrics_.partitions_stopped;
  }
  options_.report(absl::DataLossError(why));
}

// Tells those that are done for, whatever the server would say.
void PostgresJournal::RefuseStopped() {
  if (stopped_.empty()) return;
  std::vector<Pending> told;
  std::vector<absl::Status> outcomes;
  std::deque<Pending> kept;
  for (Pending& pending : group_) {
    const std::string* why = nullptr;
    for (const JournalEntry& entry : pending.entries) {
      const auto stopped = stopped_.find(entry.partition.value());
      if (stopped != stopped_.end() && entry.seq.value() >= stopped->second.from) why = &stopped->second.why;
    }
    if (why == nullptr) {
      kept.push_back(std::move(pending));
      continue;
    }
    outcomes.push_back(Failed(*why));
    told.push_back(std::move(pending));
  }
  group_ = std::move(kept);
  Tell(std::move(told), std::move(outcomes));
}

// Tells the calls whose entries are all stored, or one of which never will be; the others stay in the group.
void PostgresJournal::Settle(const std::vector<EntryFate>& fates, const std::vector<Member>& members) {
  std::map<const Pending*, const EntryFate*> worst;
  for (size_t n = 0; n < fates.size(); ++n) {
    const EntryFate*& of = worst[members[n].whose];
    if (of == nullptr || std::pair(of->kind, of->earlier) < std::pair(fates[n].kind, fates[n].earlier)) of = &fates[n];
  }
  std::vector<Pending> told;
  std::vector<absl::Status> outcomes;
  std::deque<Pending> kept;
  for (Pending& pending : group_) {
    const EntryFate& fate = *worst[&pending];
    if (fate.kind == EntryFate::Kind::kWaits) {
      if (!pending.held()) pending.give_up = absl::Now() + options_.gap_patience;
      if (absl::Now() < pending.give_up) {
        kept.push_back(std::move(pending));
        continue;
      }
      options_.report(absl::AbortedError(fate.why));
    }
    outcomes.push_back(OutcomeOf(fate));
    told.push_back(std::move(pending));
  }
  group_ = std::move(kept);
  Tell(std::move(told), std::move(outcomes));
}

// The journal is closing and the server did not come back.
void PostgresJournal::FailAll() {
  std::vector<Pending> told(std::make_move_iterator(group_.begin()), std::make_move_iterator(group_.end()));
  group_.clear();
  std::vector<absl::Status> outcomes(told.size(), Failed("the journal was closed while PostgreSQL could not be reached"));
  Tell(std::move(told), std::move(outcomes));
}

// Hands the calls to the teller, in runs of one outcome.
void PostgresJournal::Tell(std::vector<Pending> told, std::vector<absl::Status> outcomes) {
  for (size_t begin = 0; begin < told.size();) {
    std::vector<Done> dones;
    uint64_t entries = 0;
    size_t bytes = 0;
    size_t end = begin;
    for (; end < told.size() && outcomes[end] == outcomes[begin]; ++end) {
      entries += told[end].entries.size();
      bytes += told[end].bytes;
      dones.push_back(std::move(told[end].done));
    }
    {
      absl::MutexLock held(&mutex_);
      queued_bytes_ -= bytes;
      if (!outcomes[begin].ok() && RefusalOf(outcomes[begin]).reason == Reason::REASON_JOURNAL_FAILED) any_failed_ = true;
    }
    // A lone answer is told by this thread, which saves waking the teller's.
    const bool alone = told.size() == 1 && group_.empty();
    teller_.Tell(std::move(dones), outcomes[begin], entries, alone);
    absl::MutexLock held(&mutex_);
    handed_entries_ += entries;
    begin = end;
  }
  absl::MutexLock held(&mutex_);
  oldest_untold_ = !group_.empty() ? group_.front().number : queue_.empty() ? calls_ + 1 : queue_.front().number;
  moved_.SignalAll();
}

}  // namespace fenfen
