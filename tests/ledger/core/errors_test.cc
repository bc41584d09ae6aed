// Refusals: each carries its row of the error table.
#include "ledger/core/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/match.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(ErrorsTest, ARefusalCarriesTheTablesRow) {
  const absl::Status status = Refuse(Reason::REASON_WEIGHT_TOO_LARGE, {{"value", "90000"}, {"limit", "50000"}}, "weight_grams");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "90000 g exceeds the limit of 50000 g; please check");
  const Refusal refusal = RefusalOf(status);
  EXPECT_EQ(refusal.reason, Reason::REASON_WEIGHT_TOO_LARGE);
  EXPECT_EQ(refusal.zh, "重量 90000 克超出上限 50000 克，请核对");
  EXPECT_EQ(refusal.en, status.message());
  EXPECT_EQ(refusal.field, "weight_grams");
  EXPECT_THAT(refusal.facts, ElementsAre(Pair("value", "90000"), Pair("limit", "50000")));
  EXPECT_EQ(refusal.retry_delay, std::nullopt);
}

TEST(ErrorsTest, ARetryableOneTellsWhen) {
  const Refusal refusal = RefusalOf(RefuseUntil(Reason::REASON_OVERLOADED, absl::Milliseconds(1500)));
  EXPECT_EQ(refusal.retry_delay, absl::Milliseconds(1500));
  EXPECT_TRUE(RowOf(refusal.reason).retryable());
}

TEST(ErrorsTest, AStatusOfOurOwnBugShowsNoDetails) {
  const Refusal refusal = RefusalOf(absl::InternalError("secret details"));
  EXPECT_EQ(refusal.reason, Reason::REASON_UNSPECIFIED);
  EXPECT_FALSE(absl::StrContains(refusal.en, "secret"));
  EXPECT_FALSE(absl::StrContains(refusal.zh, "secret"));
}

TEST(ErrorsTest, EveryReasonHasAWholeRow) {
  const auto* reasons = v1::Reason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const auto reason = static_cast<Reason>(reasons->value(i)->number());
    const v1::ErrorRow& row = RowOf(reason);
    EXPECT_FALSE(row.zh().empty()) << NameOf(reason);
    EXPECT_FALSE(row.en().empty()) << NameOf(reason);
    EXPECT_GT(row.code(), 0) << NameOf(reason);
    EXPECT_LE(row.code(), 16) << NameOf(reason);
    EXPECT_GE(row.http(), 400) << NameOf(reason);
    EXPECT_LT(row.http(), 600) << NameOf(reason);
  }
  EXPECT_EQ(NameOf(Reason::REASON_STATION_CODE_EXPIRED), "STATION_CODE_EXPIRED");
}

TEST(ErrorsTest, NoPlaceholderIsLeftWhereTheFactsAreGiven) {
  const absl::Status status = Refuse(Reason::REASON_ROW_INVALID, {{"row", "3"}, {"detail", "no such estate"}}, "estate");
  EXPECT_EQ(status.message(), "Row 3, estate: no such estate");
  EXPECT_EQ(RefusalOf(status).zh, "第 3 行“estate”：no such estate");
}

}  // namespace
}  // namespace fenfen
