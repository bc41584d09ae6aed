// The independent checker over a journal whose oldest segments are archived: all of it with the archive, and what can be proved without.
#include <functional>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/engine/snapshot_file.h"
#include "ledger/state/memory_state.h"
#include "ledger/state/partition_form.h"
#include "tests/clients/ctl/verify/book.h"

namespace fenfen::ctl {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr absl::Duration kRetention = absl::Hours(24 * 400);
constexpr char kArchive[] = "archive";
constexpr char kSnapshots[] = "snapshots";
constexpr size_t kHouseholds = 6;

const ManualClock& LongAfter() {
  static const ManualClock clock(absl::FromUnixSeconds(1'700'000'000) + kRetention + absl::Hours(1));
  return clock;
}

FileJournalOptions ArchivingOptions() {
  FileJournalOptions options = SmallOptions();
  options.own_threads = false;
  options.uncompressed_segments = 1;
  options.archive_directory = kArchive;
  options.retention = kRetention;
  options.clock = &LongAfter();
  return options;
}

HouseholdId HouseholdAt(size_t n) { return HouseholdId(kHousehold.value() + n); }

class VerifyArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    for (size_t n = 0; n < kHouseholds; ++n) Write(book_.Enrol(HouseholdAt(n)), HouseholdAt(n));
    Live(8);
    const SnapshotCover first = TakeSnapshot(1);
    Live(3);
    TakeSnapshot(2);
    Live(2);
    whole_ = Verify({.balances = true});
    ASSERT_EQ(whole_.findings_total, 0u) << whole_.findings[0].what;
    book_.journal().Covered(first);
    book_.journal().RunOnce();
    first_segment_ = book_.journal().Metrics().first_segment;
    ASSERT_GT(first_segment_, 3u);
  }

  void Write(Transaction t, HouseholdId household) {
    t.why = std::string(600, 'w');
    const PartitionId partition = PartitionOf(household);
    book_.Write(t, partition);
    book_.journal().RunOnce();
    const absl::Status applied = state_.Apply(partition, book_.journal().LastDurable(partition), t);
    EXPECT_TRUE(applied.ok()) << applied;
  }
  // Some rounds of everything, so that some vouchers are open at any time.
  void Live(int rounds) {
    for (; rounds > 0; --rounds, ++round_) {
      for (size_t n = 0; n < kHouseholds; ++n) {
        Write(book_.Drop(HouseholdAt(n), 100 + static_cast<int64_t>(n)), HouseholdAt(n));
        Write(book_.Drop(HouseholdAt(n), 50), HouseholdAt(n));
        Write(book_.Reserve(HouseholdAt(n), VoucherOf(HouseholdAt(n), round_)), HouseholdAt(n));
        if (round_ > 3) Write(book_.Capture(VoucherOf(HouseholdAt(n), round_ - 3)), HouseholdAt(n));
      }
    }
  }

  static std::string SnapshotPath(uint64_t number) { return absl::StrCat(kSnapshots, "/0000000", number, ".snap"); }
  // Writes one as the server does; `change` spoils what is saved.
  SnapshotCover TakeSnapshot(uint64_t number, const std::function<void(PartitionContents&)>& change = nullptr) {
    book_.disk().Remove(SnapshotPath(number)).IgnoreError();
    SnapshotWriter writer(*book_.disk().Create(SnapshotPath(number)), {kJournalId, number, absl::FromUnixSeconds(1)});
    SnapshotCover cover;
    cover.number = number;
    for (uint16_t p = 0; p < kPartitions; ++p) {
      SavedPartition saved = state_.Save(PartitionId(p));
      if (change && PartitionId(p) == PartitionOf(kHousehold)) {
        const std::string bytes = saved.bytes;
        PartitionContents contents = *DecodePartition(bytes);
        change(contents);
        saved.bytes = EncodePartition(contents);
        saved.sha256 = DigestOf(contents);
      }
      cover.sequences[p] = saved.seq;
      cover.sha256[p] = saved.sha256;
      EXPECT_TRUE(writer.AddPartition(saved).ok());
    }
    EXPECT_TRUE(writer.AddMemos({}).ok() && writer.Finish().ok());
    return cover;
  }

  VerifyReport Verify(const VerifyOptions& options) {
    const absl::StatusOr<VerifyReport> report = VerifyJournal(book_.disk(), kDirectory, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : VerifyReport();
  }
  static std::vector<std::string> WhatOf(const VerifyReport& report) {
    std::vector<std::string> what;
    for (const Finding& finding : report.findings) what.push_back(finding.what);
    return what;
  }
  void FlipByte(const std::string& path, size_t byte) {
    std::string bytes = book_.disk().Bytes(path);
    bytes[byte] = static_cast<char>(bytes[byte] ^ 0x10);
    book_.disk().Put(path, bytes);
  }
  // Falsifies BEGINNING, so that its checksum holds.
  void Falsify(const std::function<void(JournalBeginning&)>& change) {
    JournalBeginning beginning = **ReadBeginning(book_.disk(), kDirectory);
    change(beginning);
    ASSERT_TRUE(WriteBeginning(book_.disk(), kDirectory, beginning).ok());
  }
  void ExpectSameBooks(const VerifyReport& report) const {
    EXPECT_EQ(report.findings_total, 0u) << report.findings[0].what;
    EXPECT_EQ(report.households, kHouseholds);
    EXPECT_EQ(report.vouchers_captured, whole_.vouchers_captured);
    EXPECT_EQ(report.vouchers_reserved, whole_.vouchers_reserved);
    EXPECT_EQ(report.reward.programme, whole_.reward.programme);
    EXPECT_EQ(report.reward.merchant, whole_.reward.merchant);
    EXPECT_EQ(report.last, whole_.last);
    ASSERT_EQ(report.balances.size(), whole_.balances.size());
    for (size_t n = 0; n < report.balances.size(); ++n) {
      EXPECT_EQ(report.balances[n].reward, whole_.balances[n].reward);
      EXPECT_EQ(report.balances[n].held, whole_.balances[n].held);
      EXPECT_EQ(report.balances[n].civic, whole_.balances[n].civic);
    }
    EXPECT_EQ(report.stored_digests_equal, kPartitions);
    EXPECT_EQ(report.first_segment, first_segment_);
  }

  Book book_{ArchivingOptions()};
  MemoryState state_;
  uint64_t round_ = 1;
  uint64_t first_segment_ = 1;
  VerifyReport whole_;  // before anything was archived
  const VerifyOptions with_archive_{.balances = true, .archive = kArchive};
  const VerifyOptions without_{.balances = true, .snapshots = kSnapshots};

  FileSystem& disk() { return book_.disk(); }
};

TEST_F(VerifyArchiveTest, WithTheArchiveAllIsProved) {
  const VerifyReport report = Verify(with_archive_);
  ExpectSameBooks(report);
  EXPECT_TRUE(report.whole);
  EXPECT_EQ(report.transactions, whole_.transactions);
  EXPECT_EQ(report.segments, whole_.segments);
  EXPECT_EQ(report.groups, whole_.groups);
}

TEST_F(VerifyArchiveTest, WithoutItFromASnapshotBackwards) {
  const VerifyReport report = Verify(without_);
  ExpectSameBooks(report);
  EXPECT_FALSE(report.whole);
  EXPECT_EQ(report.snapshot, 2u);
  EXPECT_LT(report.transactions, whole_.transactions);
  EXPECT_EQ(report.segments, whole_.segments + 1 - report.first_segment);
}

TEST_F(VerifyArchiveTest, ADamagedSnapshotIsPassedOver) {
  FlipByte(SnapshotPath(2), 60);
  const VerifyReport report = Verify(without_);
  ExpectSameBooks(report);
  EXPECT_EQ(report.snapshot, 1u);
  FlipByte(SnapshotPath(1), 20'000 % book_.disk().Bytes(SnapshotPath(1)).size());
  const absl::Status refused = VerifyJournal(disk(), kDirectory, without_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  for (const char* said : {"without the archive a snapshot is needed", "00000001.snap", "00000002.snap"}) {
    EXPECT_THAT(std::string(refused.message()), HasSubstr(said));
  }
  EXPECT_EQ(VerifyJournal(disk(), kDirectory, {.snapshots = "nowhere"}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(VerifyArchiveTest, WhatIsWrongInTheJournalIsFoundEitherWay) {
  Transaction t = book_.Drop(kHousehold, 10);
  t.postings[1].amount = Points(11);
  t.postings[0].amount = Points(-11);
  book_.Write(t);
  for (const VerifyOptions& options : {with_archive_, without_}) {
    const VerifyReport report = Verify(options);
    EXPECT_EQ(report.findings_total, 1u);
    EXPECT_THAT(WhatOf(report), Contains(HasSubstr("household 10000001: lots add up to")));
    EXPECT_EQ(report.findings[0].partition, PartitionOf(kHousehold));
  }
}

TEST_F(VerifyArchiveTest, ASnapshotThatTellsSomethingElseIsFound) {
  const auto found = [&](const std::function<void(PartitionContents&)>& change) {
    TakeSnapshot(2, change);
    return WhatOf(Verify(without_));
  };
  EXPECT_THAT(found([](PartitionContents& contents) {
                for (PartitionContents::Account& account : contents.accounts) {
                  if (account.id == RewardAccount(kHousehold)) account.balance = Points(account.balance.hundredths() + 5);
                  if (account.id == kIssuedReward) account.balance = Points(account.balance.hundredths() - 5);
                }
              }),
              Contains(HasSubstr("household 10000001: lots add up to")));
  EXPECT_THAT(found([](PartitionContents& contents) { contents.records.front().version = PartitionSeq(1); }),
              Contains(HasSubstr("the state in snapshot 2 is")));
  EXPECT_THAT(found([](PartitionContents& contents) { contents.records.pop_back(); }),
              Contains(HasSubstr("is in the journal and not in the snapshot")));
  EXPECT_THAT(found([](PartitionContents& contents) {
                contents.records.push_back({KeyOf(VoucherOf(kHousehold, 99)), contents.last, contents.records.back().bytes});
              }),
              Contains(HasSubstr("comes from no entry of the journal")));
}

TEST_F(VerifyArchiveTest, WhatBeginningSaysIsProved) {
  const JournalBeginning sound = **ReadBeginning(disk(), kDirectory);
  Falsify([](JournalBeginning& beginning) { ++beginning.start.groups; });
  EXPECT_THAT(WhatOf(Verify(with_archive_)), Contains(HasSubstr("BEGINNING says that")));
  const uint16_t p = PartitionOf(kHousehold).value();
  Falsify([&](JournalBeginning& beginning) {
    beginning = sound;
    beginning.start.last[p] = PartitionSeq(beginning.start.last[p].value() - 1);
  });
  const VerifyReport report = Verify(with_archive_);
  EXPECT_EQ(report.findings_total, 1u);
  EXPECT_THAT(WhatOf(report), Contains(HasSubstr("BEGINNING says that the archive ends with")));
  EXPECT_EQ(report.findings[0].file, "journal/BEGINNING");
  EXPECT_EQ(report.findings[0].partition, PartitionId(p));
  Falsify([&](JournalBeginning& beginning) {
    beginning = sound;
    beginning.cover.sha256[p][3] = '?';
  });
  EXPECT_THAT(WhatOf(Verify(with_archive_)), Contains(HasSubstr("the state in journal/BEGINNING is")));
}

TEST_F(VerifyArchiveTest, DamageIsNamedWhereItIs) {
  const std::string archived = absl::StrCat(kArchive, "/00000002.seg.zst");
  const std::string bytes = book_.disk().Bytes(archived);
  FlipByte(archived, 300);
  VerifyReport report = Verify(with_archive_);
  ASSERT_EQ(report.findings_total, 1u);
  EXPECT_EQ(report.findings[0].file, archived);
  EXPECT_EQ(report.findings[0].damaged_byte, 300u);
  ASSERT_TRUE(disk().Remove(archived).ok());
  report = Verify(with_archive_);
  ASSERT_GE(report.findings_total, 1u);
  EXPECT_THAT(WhatOf(report), Contains("the segment is missing"));
  ExpectSameBooks(Verify(without_));
  book_.disk().Put(archived, bytes);
  FlipByte("journal/BEGINNING", 4000);
  for (const VerifyOptions& options : {with_archive_, without_}) {
    report = Verify(options);
    ASSERT_EQ(report.findings_total, 1u);
    EXPECT_EQ(report.findings[0].file, "journal/BEGINNING");
    EXPECT_EQ(report.findings[0].damaged_byte, 4000u);
  }
}

}  // namespace
}  // namespace fenfen::ctl
