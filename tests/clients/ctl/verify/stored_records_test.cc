// The checker's reading of records against the engine's: written apart from one page, they must take the same bytes for the same thing.
#include "clients/ctl/verify/stored_records.h"

#include <gtest/gtest.h>

#include "ledger/points/earning/day_log.h"
#include "ledger/points/records.h"

namespace fenfen::ctl {
namespace {

HouseholdRecord RichHousehold() {
  HouseholdRecord record;
  record.region = CatalogueId(0x1112131415161718);
  record.card_hash = 0x2122232425262728;
  record.door_hash = 0x3132333435363738;
  record.create_time = absl::FromUnixMicros(1'715'000'000'000'001);
  record.members = {{1, MemberRole::kHead}, {0, MemberRole::kAssisted}, {3, MemberRole::kLeft}};
  record.last_voucher = VoucherId(0x4142434445464748);
  record.lots = {{20'000, Points(150)}, {20'300, Points(1)}, {20'301, Points(70'000)}};
  const DayEvent food{1, -5, 1, 0, 0, 0, 0, 0, 0, 30, 100};
  const DayEvent all{0x01020304, 600, 2, 1, 3, 1, 2, 77, 1500, 250, 0};
  record.days = ReplaceDays("", 0, 0, {{19'900, 280, 100, 0, 1, {food, all}}, {19'901, -1, 0, 1, 2, {}}}, [](int32_t) { return false; });
  record.uses = {{CatalogueId(6), 19'900, 2}};
  record.codes = {{CatalogueId(7), 57'000'000}, {CatalogueId(8), 57'000'001}};
  return record;
}

VoucherRecord RichVoucher() {
  VoucherRecord record;
  record.household = HouseholdId(10'000'001);
  record.offer = CatalogueId(0x1112131415161718);
  record.merchant = CatalogueId(0x2122232425262728);
  record.price = Points(300);
  record.quantity = 2;
  record.state = VoucherState::kRefunded;
  record.close_time = absl::FromUnixMicros(1'715'600'000'000'000);
  record.hold = 0x3132333435363738;
  record.captured_in = PartitionSeq(300);
  record.refund_days = 7;
  record.reserve_time = absl::FromUnixMicros(1'715'000'000'000'001);
  record.expire_time = absl::FromUnixMicros(1'716'000'000'000'000);
  record.capture_time = absl::FromUnixMicros(1'715'500'000'000'000);
  record.operator_id = CatalogueId(9);
  record.previous = VoucherId(5);
  record.lots = {{20'000, Points(100)}, {20'300, Points(200)}};
  record.title_zh = "洗衣液一瓶";
  record.title_en = "Laundry liquid";
  return record;
}

int64_t Sum(const std::vector<Lot>& lots) {
  int64_t sum = 0;
  for (const Lot& lot : lots) sum += lot.amount.hundredths();
  return sum;
}

// The bytes as they are, cut anywhere, and with any byte changed in any way.
template <typename Check>
void ForEachVariant(const std::string& bytes, const Check& check) {
  check(bytes);
  for (size_t size = 0; size < bytes.size(); ++size) check(bytes.substr(0, size));
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      check(changed);
    }
  }
}

TEST(StoredRecordsTest, HouseholdsAreReadAsTheEngineReadsThem) {
  size_t read = 0;
  ForEachVariant(EncodeHousehold(RichHousehold()), [&](const std::string& bytes) {
    const absl::StatusOr<HouseholdRecord> engine = DecodeHousehold(bytes);
    const std::optional<StoredHousehold> own = ParseHousehold(bytes);
    if (own) {
      ASSERT_TRUE(engine.ok()) << engine.status();
      EXPECT_EQ(own->lots_sum, Sum(engine->lots));
      EXPECT_EQ(own->last_voucher, engine->last_voucher.value());
      ++read;
    }
  });
  EXPECT_GT(read, 1000u);
}

TEST(StoredRecordsTest, VouchersAreReadAsTheEngineReadsThem) {
  size_t read = 0;
  ForEachVariant(EncodeVoucher(RichVoucher()), [&](const std::string& bytes) {
    const absl::StatusOr<VoucherRecord> engine = DecodeVoucher(bytes);
    const std::optional<StoredVoucher> own = ParseVoucher(bytes);
    if (own) {
      ASSERT_TRUE(engine.ok()) << engine.status();
      EXPECT_EQ(own->household, engine->household.value());
      EXPECT_EQ(own->offer, engine->offer.value());
      EXPECT_EQ(own->merchant, engine->merchant.value());
      EXPECT_EQ(own->price, engine->price.hundredths());
      EXPECT_EQ(own->lots_sum, Sum(engine->lots));
      EXPECT_EQ(static_cast<int>(own->state), static_cast<int>(engine->state));
      ++read;
    }
  });
  EXPECT_GT(read, 1000u);
}

TEST(StoredRecordsTest, LotsThatDoNotKeepTheirRulesAreRefused) {
  HouseholdRecord record = RichHousehold();
  EXPECT_TRUE(ParseHousehold(EncodeHousehold(record)).has_value());
  record.lots[1].expires_day = 20'000;  // two lots of one day
  EXPECT_FALSE(ParseHousehold(EncodeHousehold(record)).has_value());
  record = RichHousehold();
  record.lots[1].amount = Points(0);
  EXPECT_FALSE(ParseHousehold(EncodeHousehold(record)).has_value());
  record = RichHousehold();
  record.lots[1].amount = Points(Points::kMax);  // the sum is out of range
  EXPECT_FALSE(ParseHousehold(EncodeHousehold(record)).has_value());
}

}  // namespace
}  // namespace fenfen::ctl
