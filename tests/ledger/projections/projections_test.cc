// The directory and the merchants' captures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "ledger/core/bytes.h"
#include "ledger/core/clock.h"
#include "ledger/projections/captures.h"
#include "ledger/projections/directory.h"
#include "ledger/projections/open_transfers.h"

namespace fenfen {
namespace {

// A household's record in these tests: its card, door and one subject after a card holder; any form will do, the directory does not know
// it.
std::string Household(uint64_t card, uint64_t door, uint64_t subject) {
  std::string record;
  ByteWriter w(record);
  w.U64(card);
  w.U64(door);
  w.U64(subject);
  return record;
}
std::optional<Directory::Enrolled> EnrolledIn(absl::string_view record) {
  ByteReader in(record);
  Directory::Enrolled enrolled;
  enrolled.card_hash = in.U64();
  enrolled.door_hash = in.U64();
  enrolled.members = {0, in.U64()};
  return in.Finished() ? std::optional(enrolled) : std::nullopt;
}

CommittedTransaction Enrol(uint64_t household, const std::string& record) {
  CommittedTransaction committed;
  committed.transaction.kind = TransactionKind::kEnrolment;
  committed.transaction.changes = {{{RecordKind::kHousehold, household}, PartitionSeq(0), record}};
  return committed;
}

// A voucher's record in these tests: the merchant, the time and the price; none of it while it is open.
std::string Voucher(uint64_t merchant, int64_t amount, absl::Time when) {
  std::string record;
  ByteWriter w(record);
  w.U64(merchant);
  w.Zigzag(absl::ToUnixMicros(when));
  w.Zigzag(amount);
  return record;
}
std::optional<Captures::Captured> CapturedIn(absl::string_view record) {
  ByteReader in(record);
  const CatalogueId merchant(in.U64());
  const absl::Time when = absl::FromUnixMicros(in.Zigzag());
  const Points amount(in.Zigzag());
  return in.Finished() ? std::optional(Captures::Captured{merchant, when, amount}) : std::nullopt;
}

CommittedTransaction Capture(uint64_t seq, const std::string& record) {
  CommittedTransaction committed{PartitionId(1), PartitionSeq(seq), absl::Now(), {}};
  committed.transaction.kind = TransactionKind::kCapture;
  committed.transaction.changes = {{{RecordKind::kVoucher, seq}, PartitionSeq(1), record}};
  return committed;
}

TEST(Directory, FindsByCardDoorAndSubject) {
  Directory directory(&EnrolledIn);
  directory.Apply(Enrol(1, Household(101, 201, 77)));
  directory.Apply(Enrol(2, Household(102, 202, 77)));
  EXPECT_EQ(directory.ByCard(101), HouseholdId(1));
  EXPECT_EQ(directory.ByDoor(202), HouseholdId(2));
  EXPECT_EQ(directory.ByCard(999), std::nullopt);
  EXPECT_THAT(directory.BySubject(77), testing::ElementsAre(std::make_pair(HouseholdId(1), 2u), std::make_pair(HouseholdId(2), 2u)));
  EXPECT_TRUE(directory.BySubject(0).empty()) << "card holders are nobody's subject";
  directory.Apply(Enrol(3, Household(103, 203, 78)));
  EXPECT_TRUE(directory.MayBeSeveral(77));
  EXPECT_FALSE(directory.MayBeSeveral(78));
  EXPECT_FALSE(directory.MayBeSeveral(79));
}

TEST(Directory, ListsAllHouseholdsWithNamesOrWithout) {
  Directory directory(&EnrolledIn);
  for (uint64_t n = 1; n <= 1500; ++n) directory.Apply(Enrol(n, n % 3 == 0 ? Household(0, 0, 0) : Household(n, 0, 0)));
  std::vector<HouseholdId> all;
  for (size_t first = 0;; first += 400) {
    const std::vector<HouseholdId> some = directory.Households(first, 400);
    all.insert(all.end(), some.begin(), some.end());
    if (some.size() < 400) break;
  }
  ASSERT_EQ(all.size(), 1500u);
  for (uint64_t n = 1; n <= 1500; ++n) EXPECT_EQ(all[n - 1], HouseholdId(n));
}

TEST(Directory, IsTheSameWhateverComesFirstAndFromRecordsToo) {
  const std::vector<std::string> records = {Household(101, 201, 77), Household(101, 202, 77), Household(102, 201, 78)};
  Directory forwards(&EnrolledIn), backwards(&EnrolledIn), restored(&EnrolledIn);
  for (uint64_t i = 1; i <= 3; ++i) {
    forwards.Apply(Enrol(i, records[i - 1]));
    backwards.Apply(Enrol(4 - i, records[3 - i]));
    PartitionContents contents;
    contents.records = {{{RecordKind::kHousehold, 4 - i}, PartitionSeq(1), records[3 - i]},
                        {{RecordKind::kVoucher, 9}, PartitionSeq(2), "v"}};
    restored.Restore(contents);
  }
  for (const Directory* directory : {&forwards, &backwards, &restored}) {
    EXPECT_EQ(directory->ByCard(101), HouseholdId(1)) << "two claim it";
    EXPECT_EQ(directory->ByDoor(201), HouseholdId(1));
    EXPECT_EQ(directory->ByCard(102), HouseholdId(3));
    EXPECT_THAT(directory->BySubject(77), testing::ElementsAre(std::make_pair(HouseholdId(1), 2u), std::make_pair(HouseholdId(2), 2u)));
    EXPECT_THAT(directory->BySubject(78), testing::ElementsAre(std::make_pair(HouseholdId(3), 2u)));
  }
}

// A change of names in these tests: the former record stands in the why.
CommittedTransaction Rename(uint64_t household, const std::string& before, const std::string& after) {
  CommittedTransaction committed = Enrol(household, after);
  committed.transaction.kind = TransactionKind::kMembership;
  committed.transaction.why = before;
  return committed;
}
std::optional<Directory::Enrolled> FormerIn(const Transaction& transaction) {
  return transaction.kind == TransactionKind::kMembership ? EnrolledIn(transaction.why) : std::nullopt;
}

TEST(Directory, OldNamesGoAndNewOnesCome) {
  Directory directory(&EnrolledIn, &FormerIn);
  directory.Apply(Enrol(1, Household(101, 201, 77)));
  directory.Apply(Rename(1, Household(101, 201, 77), Household(111, 201, 0)));
  EXPECT_EQ(directory.ByCard(101), std::nullopt);
  EXPECT_EQ(directory.ByCard(111), HouseholdId(1));
  EXPECT_EQ(directory.ByDoor(201), HouseholdId(1)) << "what stays is untouched";
  EXPECT_TRUE(directory.BySubject(77).empty());
  directory.Apply(Enrol(2, Household(101, 202, 77)));
  EXPECT_EQ(directory.ByCard(101), HouseholdId(2)) << "a card given up is another's";
  EXPECT_THAT(directory.BySubject(77), testing::ElementsAre(std::make_pair(HouseholdId(2), 2u)));
  directory.Apply(Rename(2, Household(101, 202, 77), Household(0, 0, 0)));
  directory.Apply(Rename(2, Household(0, 0, 0), Household(103, 0, 77)));
  EXPECT_EQ(directory.ByCard(103), HouseholdId(2));
  EXPECT_EQ(directory.ByDoor(202), std::nullopt);
  EXPECT_THAT(directory.BySubject(77), testing::ElementsAre(std::make_pair(HouseholdId(2), 2u)));
}

// In a record of this test who has no subject is gone.
std::optional<Directory::Enrolled> WithLeftIn(absl::string_view record) {
  std::optional<Directory::Enrolled> enrolled = EnrolledIn(record);
  if (enrolled && enrolled->members[1] == 0) enrolled->left = {2};
  return enrolled;
}

TEST(Directory, WhoLeftIsKnownUntilTheyComeBack) {
  Directory directory(&WithLeftIn, &FormerIn);
  directory.Apply(Enrol(1, Household(101, 201, 77)));
  directory.Apply(Enrol(2, Household(102, 202, 78)));
  EXPECT_FALSE(directory.HasLeft(HouseholdId(1), 2));
  directory.Apply(Rename(1, Household(101, 201, 77), Household(101, 201, 0)));
  EXPECT_TRUE(directory.HasLeft(HouseholdId(1), 2));
  EXPECT_FALSE(directory.HasLeft(HouseholdId(1), 1)) << "a card holder has no subject either";
  EXPECT_FALSE(directory.HasLeft(HouseholdId(2), 2));
  Directory restored(&WithLeftIn, &FormerIn);
  const std::string left = Household(101, 201, 0), stayed = Household(102, 202, 78);
  PartitionContents contents;
  contents.records = {{{RecordKind::kHousehold, 1}, PartitionSeq(2), left}, {{RecordKind::kHousehold, 2}, PartitionSeq(1), stayed}};
  restored.Restore(contents);
  EXPECT_TRUE(restored.HasLeft(HouseholdId(1), 2));
  EXPECT_FALSE(restored.HasLeft(HouseholdId(2), 2));
  directory.Apply(Rename(1, Household(101, 201, 0), Household(101, 201, 77)));
  EXPECT_FALSE(directory.HasLeft(HouseholdId(1), 2)) << "a merge that was undone";
}

TEST(Directory, ACardThatTwoClaimGoesToTheOtherWhenGivenUp) {
  for (const bool loser_first : {true, false}) {
    Directory directory(&EnrolledIn, &FormerIn);
    directory.Apply(Enrol(loser_first ? 2 : 1, Household(101, 201, 77)));
    directory.Apply(Enrol(loser_first ? 1 : 2, Household(101, 201, 77)));
    directory.Apply(Enrol(3, Household(101, 201, 77)));
    directory.Apply(Rename(1, Household(101, 201, 77), Household(111, 0, 0)));
    EXPECT_EQ(directory.ByCard(101), HouseholdId(2));
    EXPECT_EQ(directory.ByDoor(201), HouseholdId(2));
    EXPECT_THAT(directory.BySubject(77), testing::ElementsAre(std::make_pair(HouseholdId(2), 2u), std::make_pair(HouseholdId(3), 2u)));
    directory.Apply(Rename(2, Household(101, 201, 77), Household(112, 0, 0)));
    directory.Apply(Rename(3, Household(101, 201, 77), Household(0, 0, 0)));
    EXPECT_EQ(directory.ByCard(101), std::nullopt);
    EXPECT_EQ(directory.ByDoor(201), std::nullopt);
    EXPECT_TRUE(directory.BySubject(77).empty());
    EXPECT_EQ(directory.ByCard(112), HouseholdId(2));
  }
}

// Six households of as many partitions pass cards, doors and people around; each one's changes stay in their order, the partitions come in
// many.
TEST(Directory, ChangesOfNamesInAnyOrderOfPartitions) {
  constexpr uint64_t kHouseholds = 6;
  uint64_t seed = 1;
  const auto random = [&seed](uint64_t below) { return (seed = MixBits(seed)) % below; };
  std::vector<std::vector<std::string>> records(kHouseholds + 1);
  for (uint64_t h = 1; h <= kHouseholds; ++h) {
    for (int i = 0; i < 8; ++i) records[h].push_back(Household(random(4) + 100, random(4) + 200, random(4)));
  }
  const auto told = [](const Directory& directory) {
    std::vector<std::string> all;
    for (uint64_t hash = 1; hash < 210; ++hash) {
      const std::optional<HouseholdId> card = directory.ByCard(hash), door = directory.ByDoor(hash);
      std::string line = std::to_string(card ? card->value() : 0) + "/" + std::to_string(door ? door->value() : 0);
      for (const auto& [household, member] : directory.BySubject(hash)) line += "," + std::to_string(household.value());
      all.push_back(line);
    }
    return all;
  };
  Directory restored(&EnrolledIn, &FormerIn);
  for (uint64_t h = 1; h <= kHouseholds; ++h) {
    PartitionContents contents;
    contents.records = {{{RecordKind::kHousehold, h}, PartitionSeq(1), records[h].back()}};
    restored.Restore(contents);
  }
  for (int round = 0; round < 20; ++round) {
    Directory directory(&EnrolledIn, &FormerIn);
    std::vector<size_t> next(kHouseholds + 1, 0);
    for (size_t left = kHouseholds * 8; left > 0;) {
      const uint64_t h = random(kHouseholds) + 1;
      const size_t i = next[h];
      if (i == records[h].size()) continue;
      directory.Apply(i == 0 ? Enrol(h, records[h][0]) : Rename(h, records[h][i - 1], records[h][i]));
      ++next[h];
      --left;
    }
    EXPECT_EQ(told(directory), told(restored)) << "round " << round;
  }
}

// A transfer's record in these tests: its number and its stage.
std::string TransferRecord(uint64_t number, OpenTransfers::Stage stage) {
  std::string record;
  ByteWriter w(record);
  w.U64(number);
  w.U8(static_cast<uint8_t>(stage));
  return record;
}
std::optional<OpenTransfers::Step> StepIn(absl::string_view record) {
  ByteReader in(record);
  const uint64_t number = in.U64();
  return OpenTransfers::Step{number, static_cast<OpenTransfers::Stage>(in.U8())};
}

TEST(OpenTransfers, AreThoseThatNeitherArrivedNorCameBackWhicheverHalfComesFirst) {
  using Stage = OpenTransfers::Stage;
  const auto make = [](TransactionKind kind, uint64_t number, Stage stage) {
    CommittedTransaction committed;
    committed.transaction.kind = kind;
    committed.transaction.changes = {{{RecordKind::kTransfer, number}, PartitionSeq(0), TransferRecord(number, stage)}};
    return committed;
  };
  OpenTransfers open(&StepIn);
  for (uint64_t number = 1; number <= 3; ++number) open.Apply(make(TransactionKind::kTransferOut, number, Stage::kSent));
  open.Apply(make(TransactionKind::kTransferIn, 1, Stage::kArrived));
  open.Apply(make(TransactionKind::kTransferBack, 2, Stage::kReturned));
  open.Apply(make(TransactionKind::kTransferIn, 4, Stage::kArrived));
  EXPECT_THAT(open.List(10), testing::ElementsAre(3));
  open.Apply(make(TransactionKind::kTransferOut, 4, Stage::kSent));
  EXPECT_EQ(open.size(), 1u);

  OpenTransfers restored(&StepIn);
  PartitionContents contents;
  const std::string sent = TransferRecord(3, Stage::kSent), returned = TransferRecord(2, Stage::kReturned);
  contents.records = {{{RecordKind::kTransfer, 3}, PartitionSeq(1), sent}, {{RecordKind::kTransfer, 2}, PartitionSeq(1), returned}};
  restored.Restore(contents);
  EXPECT_THAT(restored.List(10), testing::ElementsAre(3));
}

class CapturesTest : public testing::Test {
 protected:
  CapturesTest() {
    EXPECT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone));
    noon = absl::FromCivil(absl::CivilSecond(2026, 6, 15, 12, 0, 0), zone);
    today = DayNumberOf(noon, zone);
  }
  absl::TimeZone zone;
  absl::Time noon;
  int32_t today = 0;
};

TEST_F(CapturesTest, ListsADayNewestFirst) {
  Captures captures(zone, &CapturedIn);
  for (uint64_t i = 1; i <= 3; ++i) captures.Apply(Capture(i, Voucher(5, 100, noon)));
  captures.Apply(Capture(4, Voucher(5, 100, noon + absl::Hours(12))));
  captures.Apply(Capture(5, Voucher(6, 100, noon)));
  const Captures::Page page = captures.OfDay(CatalogueId(5), today, 1, 1);
  EXPECT_EQ(page.day_count, 3u);
  EXPECT_EQ(page.day_amount, Points(300));
  ASSERT_EQ(page.captures.size(), 1u);
  EXPECT_EQ(page.captures[0].seq, PartitionSeq(2));
  EXPECT_EQ(captures.OfDay(CatalogueId(5), today + 1, 0, 10).day_count, 1u);
  EXPECT_EQ(captures.OfDay(CatalogueId(7), today, 0, 10).day_count, 0u);
}

TEST_F(CapturesTest, AreTheSameWhateverComesFirstAndFromRecordsToo) {
  std::vector<std::string> records;
  for (int i = 0; i < 6; ++i) records.push_back(Voucher(5, 100 + i, noon + absl::Minutes(i / 2)));
  Captures forwards(zone, &CapturedIn), backwards(zone, &CapturedIn), restored(zone, &CapturedIn);
  PartitionContents contents;
  contents.partition = PartitionId(1);
  for (uint64_t i = 1; i <= 6; ++i) {
    forwards.Apply(Capture(i, records[i - 1]));
    backwards.Apply(Capture(7 - i, records[6 - i]));
    contents.records.push_back({{RecordKind::kVoucher, 70 - i}, PartitionSeq(i), records[i - 1]});
  }
  contents.records.push_back({{RecordKind::kVoucher, 71}, PartitionSeq(9), "open"});
  restored.Restore(contents);
  for (const Captures* captures : {&forwards, &backwards, &restored}) {
    const Captures::Page page = captures->OfDay(CatalogueId(5), today, 0, 10);
    EXPECT_EQ(page.day_amount, Points(615));
    std::vector<uint64_t> order;
    for (const Captures::Capture& capture : page.captures) order.push_back(capture.seq.value());
    EXPECT_THAT(order, testing::ElementsAre(6, 5, 4, 3, 2, 1));
  }
}

}  // namespace
}  // namespace fenfen
