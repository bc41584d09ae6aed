// The directory and the merchants' captures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/core/clock.h"
#include "ledger/projections/captures.h"
#include "ledger/projections/directory.h"

namespace fenfen {
namespace {

// An enrolment is told to the directory through the transaction's actor here: any form will do, the directory does not know it.
std::optional<Directory::Enrolled> FromActor(const CommittedTransaction& committed) {
  if (committed.transaction.kind != TransactionKind::kEnrolment) return std::nullopt;
  const uint64_t id = committed.transaction.actor.id;
  return Directory::Enrolled{HouseholdId(id), id + 100, id + 200, {0, committed.transaction.actor.sub}};
}

CommittedTransaction Enrol(uint64_t household, uint64_t subject) {
  CommittedTransaction committed;
  committed.transaction.kind = TransactionKind::kEnrolment;
  committed.transaction.actor = {ActorKind::kSystem, household, subject};
  return committed;
}

CommittedTransaction Capture(uint64_t seq, uint64_t merchant, int64_t amount, absl::Time when) {
  CommittedTransaction committed{PartitionId(1), PartitionSeq(seq), when, {}};
  committed.transaction.kind = TransactionKind::kCapture;
  committed.transaction.event_time = when;
  committed.transaction.postings = {{{AccountKind::kVoucherHeld, Asset::kReward, 1}, Points(-amount)},
                                    {{AccountKind::kMerchant, Asset::kReward, merchant}, Points(amount)}};
  return committed;
}

TEST(Directory, FindsByCardDoorAndSubject) {
  Directory directory(&FromActor);
  directory.Apply(Enrol(1, 77));
  directory.Apply(Enrol(2, 77));
  EXPECT_EQ(directory.ByCard(101), HouseholdId(1));
  EXPECT_EQ(directory.ByDoor(202), HouseholdId(2));
  EXPECT_EQ(directory.ByCard(999), std::nullopt);
  EXPECT_THAT(directory.BySubject(77), testing::ElementsAre(std::make_pair(HouseholdId(1), 2u), std::make_pair(HouseholdId(2), 2u)));
  EXPECT_TRUE(directory.BySubject(0).empty()) << "card holders are nobody's subject";
}

TEST(Captures, ListsADayNewestFirst) {
  absl::TimeZone zone;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone));
  Captures captures(zone);
  const absl::Time noon = absl::FromCivil(absl::CivilSecond(2026, 6, 15, 12, 0, 0), zone);
  for (uint64_t i = 1; i <= 3; ++i) captures.Apply(Capture(i, 5, 100, noon));
  captures.Apply(Capture(4, 5, 100, noon + absl::Hours(12)));
  captures.Apply(Capture(5, 6, 100, noon));
  const int32_t today = DayNumberOf(noon, zone);
  const Captures::Page page = captures.OfDay(CatalogueId(5), today, 1, 1);
  EXPECT_EQ(page.day_count, 3u);
  EXPECT_EQ(page.day_amount, Points(300));
  ASSERT_EQ(page.captures.size(), 1u);
  EXPECT_EQ(page.captures[0].seq, PartitionSeq(2));
  EXPECT_EQ(captures.OfDay(CatalogueId(5), today + 1, 0, 10).day_count, 1u);
  EXPECT_EQ(captures.OfDay(CatalogueId(7), today, 0, 10).day_count, 0u);
}

}  // namespace
}  // namespace fenfen
