// The vocabulary of the snapshots' tests: a small ledger on a MemoryFileSystem, with one projection that is made of everything a projection
// can be made of.
//
//   Ledger ledger(disk);  ledger.Pay(7, 100);  ledger.Snapshot();  …  Ledger again(disk);  EXPECT_EQ(again.Everything(),
//   ledger.Everything());
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/snapshotter.h"
#include "ledger/state/memory_state.h"
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {

inline constexpr char kSnapshots[] = "snapshots";

// What was last written of each household, from transactions and from records; and, as its memo, every request key that there was.
class Tally final : public Projection {
 public:
  void Apply(const CommittedTransaction& committed) override {
    absl::MutexLock lock(&mutex_);
    for (const RecordChange& change : committed.transaction.changes) bytes_[change.key.id] = change.bytes;
    keys_.insert(absl::StrCat(committed.transaction.key.high, "-", committed.transaction.key.low));
    ++applied_;
  }
  void Restore(const PartitionContents& contents) override {
    absl::MutexLock lock(&mutex_);
    for (const PartitionContents::Record& record : contents.records) bytes_[record.key.id] = std::string(record.bytes);
  }
  absl::string_view MemoName() const override { return "tally"; }
  std::string SaveMemo() const override {
    absl::MutexLock lock(&mutex_);
    return absl::StrJoin(keys_, " ");
  }
  absl::Status LoadMemo(absl::string_view memo, InParallel) override {
    absl::MutexLock lock(&mutex_);
    for (const absl::string_view key : absl::StrSplit(memo, ' ', absl::SkipEmpty())) keys_.emplace(key);
    return absl::OkStatus();
  }
  std::string Everything() const {
    absl::MutexLock lock(&mutex_);
    std::string all = absl::StrJoin(keys_, " ");
    for (const auto& [id, bytes] : bytes_) absl::StrAppend(&all, " ", id, "=", bytes);
    return all;
  }
  uint64_t applied() const {
    absl::MutexLock lock(&mutex_);
    return applied_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<uint64_t, std::string> bytes_;
  std::set<std::string> keys_;
  uint64_t applied_ = 0;
};

// Opens the journal, starts from the newest snapshot, and serves.
class Ledger {
 public:
  explicit Ledger(MemoryFileSystem& disk, bool with_snapshots = true, int threads = 2) : folder_(disk, kSnapshots) {
    journal = MustOpen(disk, Options());
    engine = std::make_unique<Engine>(state, *journal, clock, std::vector<Projection*>{&tally});
    started = engine->Start(with_snapshots ? RecoveryOptions{&folder_, &state, threads} : RecoveryOptions{nullptr, nullptr, threads});
    EXPECT_TRUE(folder_.Open().ok());
    SnapshotterOptions options;
    options.transactions_min = 1;
    options.free_bytes_min = 0;
    options.interval = absl::Milliseconds(1);
    options.report = [this](const absl::Status& status) { reported = status; };
    snapshotter = std::make_unique<Snapshotter>(state, *journal, std::vector<Projection*>{&tally}, folder_, clock, options,
                                                Snapshotter::Start{report().snapshot, report().snapshot_sequences});
  }

  // A payment of `amount` to a household under a key of its own; and the outcome of one under a key that may have been used.
  void Pay(uint64_t household, int64_t amount) { EXPECT_TRUE(PayAs(NextKey(), household, amount).ok()); }
  absl::StatusOr<Outcome> PayAs(RequestKey key, uint64_t household, int64_t amount) {
    return engine->SubmitAndWait(Payment(key, household, amount));
  }
  // Clients' and devices' keys by turns.
  RequestKey NextKey() {
    const uint64_t n = ++next_key;
    return n % 2 == 0 ? DeviceEventKey(CatalogueId(5), n) : KeyAt(n);
  }
  static RequestKey KeyAt(uint64_t n) {
    const auto millis = static_cast<uint64_t>(absl::ToUnixMillis(absl::FromUnixSeconds(1'800'000'000)));
    return {millis << 16 | 0x7000, uint64_t{2} << 62 | n};
  }
  static Command Payment(RequestKey key, uint64_t household, int64_t amount) {
    Command command;
    const AccountId bank{AccountKind::kProgramme, Asset::kReward, 1};
    const AccountId home{AccountKind::kHousehold, Asset::kReward, household};
    const RecordKey record{household % 3 == 0 ? RecordKind::kVoucher : RecordKind::kHousehold, household};
    command.partition = PartitionOf(HouseholdId(household));
    command.key = key;
    command.fingerprint = static_cast<uint64_t>(amount);
    command.reads = {{record}, {bank, home}};
    command.decide = [=](const View& view) -> absl::StatusOr<Transaction> {
      const std::optional<RecordView> present = view.Record(record);
      Transaction t;
      t.key = key;
      t.fingerprint = static_cast<uint64_t>(amount);
      t.event_time = absl::FromUnixSeconds(5);
      t.postings = {{bank, Points(-amount)}, {home, Points(amount)}};
      t.changes = {{record, present ? present->version : PartitionSeq(0), absl::StrCat(household, " got ", amount)}};
      return t;
    };
    return command;
  }

  void Snapshot() {
    const absl::Status taken = snapshotter->Take();
    EXPECT_TRUE(taken.ok()) << taken;
  }
  // The digests of all partitions, and what the projection tells.
  std::string Everything() const {
    std::string all;
    for (uint16_t p = 0; p < kPartitions; ++p) {
      absl::StrAppend(&all, absl::BytesToHexString(engine->DigestOf(PartitionId(p))->sha256), "\n");
    }
    return absl::StrCat(all, tally.Everything());
  }
  const RecoveryReport& report() const { return engine->recovery(); }

  MemoryState state;
  ManualClock clock{absl::FromUnixSeconds(1'800'000'000)};
  Tally tally;
  std::unique_ptr<FileJournal> journal;
  std::unique_ptr<Engine> engine;
  absl::Status started;
  absl::Status reported;
  uint64_t next_key = 0;

 private:
  static FileJournalOptions Options() {
    FileJournalOptions options = SmallOptions();
    options.segment_bytes = 64u << 10;
    return options;
  }
  SnapshotFolder folder_;

 public:
  std::unique_ptr<Snapshotter> snapshotter;
};

inline std::string SnapshotPath(int number) { return absl::StrCat(kSnapshots, "/0000000", number, ".snap"); }

}  // namespace fenfen
