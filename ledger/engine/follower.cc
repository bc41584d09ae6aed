#include "ledger/engine/follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

// Entries of one read, and of one partition in it.
constexpr uint64_t kEntriesMax = 4096;
constexpr uint64_t kEntriesOfPartitionMax = 512;
// The catalogue's can be large.
constexpr uint64_t kEntriesOfCatalogueMax = 4;
// How soon what is wanted and was not there is looked for again: twice as long each time, from the first to the second.
constexpr absl::Duration kAgainMin = absl::Milliseconds(2);
constexpr absl::Duration kAgainMax = absl::Milliseconds(50);
constexpr absl::Duration kAfterError = absl::Milliseconds(200);

absl::Status Unknown() { return RefuseUntil(Reason::REASON_OUTCOME_UNKNOWN, limits::kRetryDelayWhenBusy); }

}  // namespace

Follower::Follower(Journal& journal, const std::vector<Projection*>& projections, Durability& durability, const SequenceVector& shown,
                   FollowerOptions options)
    : journal_(journal),
      projections_(projections),
      durability_(durability),
      options_(std::move(options)),
      heads_(shown),
      targets_(shown),
      caught_up_(absl::Now()) {
  for (size_t p = 0; p < kPartitions; ++p) {
    absl::MutexLock lock(&partitions_[p].mutex);
    partitions_[p].shown = shown[p].value();
  }
  thread_ = std::thread([this] { Loop(); });
}

// --- What the engine says.

void Follower::NoteAppended(PartitionId partition, PartitionSeq last) {
  std::atomic<uint64_t>& appended = partitions_[partition.value()].appended;
  uint64_t known = appended.load(std::memory_order_relaxed);
  while (known < last.value() && !appended.compare_exchange_weak(known, last.value())) {
  }
}

void Follower::Show(PartitionId partition, Own own, Done done) {
  FENFEN_CHECK(!own.empty());
  Partition& of = partitions_[partition.value()];
  std::vector<Done> dones;
  uint64_t shown = 0;
  bool waits = false;
  {
    absl::MutexLock lock(&of.mutex);
    const uint64_t first = own.front()->seq.value();
    of.waiting.emplace(first, Waiting{std::move(own), 0, std::move(done), absl::Now() + options_.patience});
    dones = Advance(of);
    shown = of.shown;
    waits = !of.waiting.empty();
  }
  Tell(partition, shown, std::move(dones));
  if (waits) Nudge();
}

void Follower::Want(PartitionId partition, PartitionSeq seq) {
  if (partitions_[partition.value()].appended.load(std::memory_order_relaxed) < seq.value()) Fetch(partition, seq);
}

void Follower::Fetch(PartitionId partition, PartitionSeq seq) {
  Partition& of = partitions_[partition.value()];
  {
    absl::MutexLock lock(&of.mutex);
    of.wanted = std::max(of.wanted, seq.value());
    of.want_until = absl::Now() + options_.patience;
  }
  Nudge();
}

// Where the thread has ended nobody would look: whoever waits is told so.
void Follower::Nudge() {
  bool stopped = false;
  {
    absl::MutexLock lock(&mutex_);
    nudged_ = true;
    stopped = stopping_;
  }
  if (stopped) EndOverdue(absl::InfiniteFuture());
}

void Follower::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
  EndOverdue(absl::InfiniteFuture());
}

Follower::Figures Follower::figures() const {
  absl::MutexLock lock(&mutex_);
  return {followed_.load(), behind_.load(), std::max(absl::ZeroDuration(), absl::Now() - caught_up_)};
}

// --- Showing.

void Follower::Apply(Partition& of, const CommittedTransaction& transaction) {
  FENFEN_CHECK(transaction.seq.value() == of.shown + 1);
  for (Projection* projection : projections_) projection->Apply(transaction);
  of.shown = transaction.seq.value();
}

// Shows the own transactions that are next in line, and gives those to tell that are shown whole. What was read from the journal in
// between is left out.
std::vector<Follower::Done> Follower::Advance(Partition& of) {
  std::vector<Done> dones;
  while (!of.waiting.empty() && of.waiting.begin()->first <= of.shown + 1) {
    auto node = of.waiting.extract(of.waiting.begin());
    Waiting& waiting = node.mapped();
    for (; waiting.next < waiting.own.size(); ++waiting.next) {
      const CommittedTransaction& transaction = *waiting.own[waiting.next];
      if (transaction.seq.value() > of.shown + 1) break;
      if (transaction.seq.value() == of.shown + 1) Apply(of, transaction);
    }
    if (waiting.next == waiting.own.size()) {
      dones.push_back(std::move(waiting.done));
      continue;
    }
    node.key() = waiting.own[waiting.next]->seq.value();
    of.waiting.insert(std::move(node));
  }
  return dones;
}

void Follower::Tell(PartitionId partition, uint64_t shown, std::vector<Done> dones) {
  durability_.Mark(partition, PartitionSeq(shown));
  for (Done& done : dones) std::move(done)(absl::OkStatus());
}

absl::Status Follower::Take(const JournalEntry& entry) {
  Partition& of = partitions_[entry.partition.value()];
  absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
  if (!transaction.ok()) {
    return absl::DataLossError(
        absl::StrCat("partition ", entry.partition.value(), ", transaction ", entry.seq.value(), ": ", transaction.status().message()));
  }
  std::vector<Done> dones;
  uint64_t shown = 0;
  {
    absl::MutexLock lock(&of.mutex);
    // Its own server was told meanwhile, or one before it is not there: then it is read again.
    if (entry.seq.value() != of.shown + 1) return absl::OkStatus();
    Apply(of, {entry.partition, entry.seq, entry.record_time, *std::move(transaction)});
    dones = Advance(of);
    shown = of.shown;
  }
  followed_.fetch_add(1, std::memory_order_relaxed);
  Tell(entry.partition, shown, std::move(dones));
  return absl::OkStatus();
}

// --- The thread.

bool Follower::SleepUntil(absl::Time time, bool unless_nudged) {
  absl::MutexLock lock(&mutex_);
  const auto woken = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || (unless_nudged && nudged_); };
  mutex_.AwaitWithDeadline(absl::Condition(&woken), time);
  if (unless_nudged) nudged_ = false;
  return !stopping_;
}

void Follower::Loop() {
  absl::Time next_look = absl::Now() + options_.poll;
  absl::Duration again = absl::InfiniteDuration();
  absl::Duration pause;
  while (SleepUntil(std::min(next_look, absl::Now() + again), true)) {
    absl::Status status;
    const absl::Time now = absl::Now();
    if (now >= next_look) {
      status = Look(now);
      next_look = absl::Now() + options_.poll;
      EndOverdue(now);
    }
    const uint64_t before = followed_.load();
    const std::vector<Journal::Range> missing = Missing();
    if (status.ok() && !missing.empty()) {
      status = journal_.ReadRanges(missing, [this](const JournalEntry& entry) { return Take(entry); });
    }
    Note(status);
    if (missing.empty()) {
      again = absl::InfiniteDuration();
    } else if (status.ok() && followed_.load() != before) {
      again = absl::ZeroDuration();
    } else {
      pause = status.ok() ? std::clamp(2 * pause, kAgainMin, kAgainMax) : kAfterError;
      // Many who want it must not make it a rush.
      if (!SleepUntil(absl::Now() + pause, false)) return;
      again = absl::ZeroDuration();
      continue;
    }
    pause = absl::ZeroDuration();
  }
}

// Asks how far the journal is. What was there at the look before is to be read now; what came since is mostly this server's own, and on its
// way.
absl::Status Follower::Look(absl::Time now) {
  const absl::StatusOr<SequenceVector> heads = journal_.ReadHeads();
  if (!heads.ok()) return heads.status();
  targets_ = std::exchange(heads_, *heads);
  uint64_t behind = 0;
  for (size_t p = 0; p < kPartitions; ++p) {
    absl::MutexLock lock(&partitions_[p].mutex);
    if (targets_[p].value() > partitions_[p].shown) behind += targets_[p].value() - partitions_[p].shown;
  }
  behind_.store(behind);
  absl::MutexLock lock(&mutex_);
  if (behind == 0) caught_up_ = now;
  return absl::OkStatus();
}

std::vector<Journal::Range> Follower::Missing() {
  std::vector<Journal::Range> missing;
  uint64_t entries = 0;
  const size_t begin = first_++;
  for (size_t n = 0; n < kPartitions && entries < kEntriesMax; ++n) {
    const size_t p = (begin + n) % kPartitions;
    Partition& of = partitions_[p];
    absl::MutexLock lock(&of.mutex);
    uint64_t last = targets_[p].value();
    if (of.wanted > of.shown && absl::Now() < of.want_until) last = std::max(last, of.wanted);
    // What lies before an own one that waits is there; from that one on it is in memory.
    if (!of.waiting.empty()) last = of.waiting.begin()->first - 1;
    if (last <= of.shown) continue;
    const uint64_t most = p == kCataloguePartition.value() ? kEntriesOfCatalogueMax : kEntriesOfPartitionMax;
    last = std::min({last, of.shown + most, of.shown + kEntriesMax - entries});
    entries += last - of.shown;
    missing.push_back({PartitionId(static_cast<uint16_t>(p)), PartitionSeq(of.shown + 1), PartitionSeq(last)});
  }
  return missing;
}

void Follower::EndOverdue(absl::Time now) {
  for (Partition& of : partitions_) {
    std::vector<Done> dones;
    {
      absl::MutexLock lock(&of.mutex);
      for (auto waiting = of.waiting.begin(); waiting != of.waiting.end();) {
        if (waiting->second.give_up > now) {
          ++waiting;
          continue;
        }
        dones.push_back(std::move(waiting->second.done));
        waiting = of.waiting.erase(waiting);
      }
    }
    for (Done& done : dones) std::move(done)(Unknown());
  }
  durability_.EndOverdue(now, Unknown());
}

// Reports each reason once, until it is another or has passed.
void Follower::Note(const absl::Status& status) {
  if (std::exchange(reported_, status) != status) options_.report(status);
}

}  // namespace fenfen
