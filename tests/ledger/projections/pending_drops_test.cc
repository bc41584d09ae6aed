// Drops that wait, as the projection finds them: the oldest first, of all or of one household, and by their time; until they are decided.
#include "ledger/projections/pending_drops.h"

#include <gmock/gmock.h>

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A record of the test's own: "household create due", or empty for one that was decided.
std::optional<PendingDrops::Waiting> WaitingIn(absl::string_view record) {
  const std::vector<std::string> parts = absl::StrSplit(std::string(record), ' ');
  if (parts.size() != 3) return std::nullopt;
  PendingDrops::Waiting waiting;
  uint64_t household = 0;
  EXPECT_TRUE(absl::SimpleAtoi(parts[0], &household) && absl::SimpleAtoi(parts[1], &waiting.create_micros) &&
              absl::SimpleAtoi(parts[2], &waiting.due_micros));
  waiting.household = HouseholdId(household);
  return waiting;
}

class PendingDropsTest : public testing::Test {
 protected:
  void Write(uint64_t id, const std::string& record, TransactionKind kind = TransactionKind::kPendingDrop) {
    CommittedTransaction committed;
    committed.transaction.kind = kind;
    committed.transaction.changes.push_back({{RecordKind::kPendingDrop, id}, PartitionSeq(0), record});
    drops_.Apply(committed);
  }
  static std::vector<uint64_t> Ids(const std::vector<PendingDrops::Found>& found) {
    std::vector<uint64_t> ids;
    for (const PendingDrops::Found& one : found) ids.push_back(one.place.second);
    return ids;
  }
  std::vector<uint64_t> All(PendingDrops::Place after = {}, size_t limit = 10) {
    return Ids(drops_.Find([](const PendingDrops::Waiting&) { return true; }, after, limit));
  }
  std::vector<uint64_t> Due(int64_t micros) { return Ids(drops_.Due(absl::FromUnixMicros(micros), 10)); }

  PendingDrops drops_{WaitingIn};
};

TEST_F(PendingDropsTest, TheOldestFirstAndFromAnyPlaceOn) {
  Write(7, "1 200 0");
  Write(9, "2 100 0");
  Write(5, "1 200 0");
  EXPECT_THAT(All(), ElementsAre(9, 5, 7));
  EXPECT_THAT(All({}, 2), ElementsAre(9, 5));
  EXPECT_THAT(All({200, 5}), ElementsAre(7));
  Write(5, "", TransactionKind::kRelease);
  EXPECT_THAT(All({200, 5}), ElementsAre(7)) << "its place is still one to go on from";
  EXPECT_THAT(Ids(drops_.Find([](const PendingDrops::Waiting& waiting) { return waiting.household == HouseholdId(2); }, {}, 10)),
              ElementsAre(9));
}

TEST_F(PendingDropsTest, OfOneHousehold) {
  Write(7, "1 200 0");
  Write(9, "2 100 0");
  Write(5, "1 100 0");
  EXPECT_THAT(Ids(drops_.FindOf(HouseholdId(1), {}, 10)), ElementsAre(5, 7));
  EXPECT_THAT(Ids(drops_.FindOf(HouseholdId(1), {100, 5}, 10)), ElementsAre(7));
  EXPECT_THAT(Ids(drops_.FindOf(HouseholdId(1), {}, 1)), ElementsAre(5));
  EXPECT_THAT(Ids(drops_.FindOf(HouseholdId(3), {}, 10)), IsEmpty());
  Write(7, "", TransactionKind::kRejection);
  EXPECT_THAT(Ids(drops_.FindOf(HouseholdId(1), {}, 10)), ElementsAre(5));
}

TEST_F(PendingDropsTest, ByTheirTimeAndGoneOnceDecided) {
  Write(7, "1 100 500");
  Write(9, "2 100 400");
  Write(5, "1 100 0");
  EXPECT_THAT(Due(399), IsEmpty());
  EXPECT_THAT(Due(400), ElementsAre(9));
  EXPECT_THAT(Due(1000), ElementsAre(9, 7)) << "one without a time waits for a person";
  Write(9, "", TransactionKind::kRejection);
  EXPECT_THAT(Due(1000), ElementsAre(7));
  EXPECT_EQ(drops_.size(), 2u);
}

TEST_F(PendingDropsTest, IsFoundAgainInASnapshot) {
  PartitionContents contents;
  contents.records.push_back({{RecordKind::kPendingDrop, 7}, PartitionSeq(1), "1 100 500"});
  contents.records.push_back({{RecordKind::kPendingDrop, 9}, PartitionSeq(1), ""});
  drops_.Restore(contents);
  EXPECT_THAT(All(), ElementsAre(7));
}

}  // namespace
}  // namespace fenfen
