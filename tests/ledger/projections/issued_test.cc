// What towns issued by day: late drops, what was taken back, the memo, and days long past.
#include "ledger/projections/issued.h"

#include <gtest/gtest.h>

#include "ledger/core/clock.h"

namespace fenfen {
namespace {

constexpr CatalogueId kTown(77);
constexpr PartitionId kPartition(3);

absl::TimeZone Shanghai() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone));
  return zone;
}
int32_t Day(int day) { return DayNumber(absl::CivilDay(2026, 6, day)); }

CommittedTransaction Gives(uint64_t seq, int day, int64_t amount, TransactionKind kind = TransactionKind::kDrop,
                           PartitionId in = kPartition) {
  CommittedTransaction committed{in, PartitionSeq(seq), absl::UnixEpoch(), {}};
  committed.transaction.kind = kind;
  committed.transaction.event_time = absl::FromCivil(absl::CivilSecond(2026, 6, day, 23, 59, 59), Shanghai());
  committed.transaction.postings = {{{AccountKind::kProgramme, Asset::kReward, kTown.value()}, Points(-amount)},
                                    {{AccountKind::kHousehold, Asset::kReward, 9}, Points(amount)},
                                    {{AccountKind::kProgramme, Asset::kCivic, kTown.value()}, Points(-100)},
                                    {{AccountKind::kHousehold, Asset::kCivic, 9}, Points(100)}};
  return committed;
}

TEST(Issued, ByTheDayOnWhichItHappenedLessWhatWasTakenBack) {
  Issued issued(Shanghai());
  issued.Apply(Gives(1, 10, 150));
  issued.Apply(Gives(2, 11, 200));
  issued.Apply(Gives(3, 10, 50));  // late
  issued.Apply(Gives(4, 11, -120, TransactionKind::kReversal));
  issued.Apply(Gives(5, 11, 999, TransactionKind::kTransferIn));  // no town's
  EXPECT_EQ(issued.OfDays(kTown, Day(10), Day(10)), 200);
  EXPECT_EQ(issued.OfDays(kTown, Day(1), Day(30)), 280);
  EXPECT_EQ(issued.OfDays(CatalogueId(1), Day(1), Day(30)), 0);
}

TEST(Issued, AMemoThatIsAheadCountsNothingTwice) {
  Issued issued(Shanghai());
  issued.Apply(Gives(1, 10, 150));
  issued.Apply(Gives(2, 10, 100));
  issued.Apply(Gives(1, 10, 70, TransactionKind::kDrop, PartitionId(4)));
  Issued again(Shanghai());
  ASSERT_TRUE(again.LoadMemo(issued.SaveMemo(), InTurn).ok());
  again.Apply(Gives(2, 10, 100));  // comes again
  again.Apply(Gives(3, 12, 5));
  EXPECT_EQ(again.OfDays(kTown, Day(1), Day(30)), 325);
  issued.Apply(Gives(3, 12, 5));
  EXPECT_EQ(again.SaveMemo(), issued.SaveMemo());
  EXPECT_FALSE(again.LoadMemo("x", InTurn).ok());
}

TEST(Issued, DaysLongPastAreLetGoInWhateverOrderTheyCame) {
  const auto of_day = [](uint64_t seq, int32_t day) {
    CommittedTransaction committed = Gives(seq, 1, 10);
    committed.transaction.event_time = absl::FromCivil(absl::CivilDay(2026, 6, 1) + day, Shanghai());
    return committed;
  };
  Issued one(Shanghai()), other(Shanghai());
  one.Apply(of_day(1, 0));
  one.Apply(of_day(2, Issued::kDaysKept + 5));
  CommittedTransaction old = of_day(1, 0);
  old.partition = PartitionId(5);
  CommittedTransaction fresh = of_day(1, Issued::kDaysKept + 5);
  fresh.partition = PartitionId(6);
  other.Apply(fresh);
  other.Apply(old);
  EXPECT_EQ(one.OfDays(kTown, Day(1) - 1, Day(1) + 10), 0);
  EXPECT_EQ(other.OfDays(kTown, Day(1) - 1, Day(1) + 10), 0);
  EXPECT_EQ(one.OfDays(kTown, Day(1), Day(1) + 1000), other.OfDays(kTown, Day(1), Day(1) + 1000));
}

}  // namespace
}  // namespace fenfen
