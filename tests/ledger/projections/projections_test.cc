// The directory and the merchants' captures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "ledger/core/bytes.h"
#include "ledger/core/clock.h"
#include "ledger/projections/captures.h"
#include "ledger/projections/directory.h"

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
