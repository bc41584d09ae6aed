// The stored forms: golden bytes, and every way of cutting them short.
#include "ledger/points/records.h"

#include "absl/strings/escaping.h"
#include "ledger/core/clock.h"
#include "ledger/points/earning/day_log.h"
#include "ledger/points/lots.h"
#include "ledger/points/why.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

HouseholdRecord FullHousehold() {
  HouseholdRecord record;
  record.region = CatalogueId(0x0102030405060708);
  record.card_hash = 0x1111111111111111;
  record.create_time = absl::FromUnixMicros(1'000'000);
  record.members = {{0, MemberRole::kAssisted}, {0x2222222222222222, MemberRole::kHead}};
  record.last_voucher = VoucherId(0x3333333333333333);
  record.lots = {{20000, Points(150)}, {20365, Points(1)}};
  record.debt = Points(50);
  const DayEvent food{0x44332211, -90, 1, 0, 0, 0, 0, 0, 0, 160, 100};
  const DayEvent paper{0x88776655, 60, 2, 1, 5, 1, 2, 0x0706050403020100, 1500, 300, 0};
  record.days = ReplaceDays("", 0, 0, {{20001, 300, 100, 0, 1, {food}}, {20002, -1, 0, 1, 2, {paper}}}, [](int32_t) { return false; });
  record.codes = {{CatalogueId(5), 58203344}};
  record.uses = {{CatalogueId(6), 20001, 2}};
  return record;
}

VoucherRecord FullVoucher() {
  VoucherRecord record;
  record.household = HouseholdId(10000001);
  record.offer = CatalogueId(1);
  record.merchant = CatalogueId(2);
  record.price = Points(5000);
  record.quantity = 2;
  record.price_version = 3;
  record.state = VoucherState::kRefunded;
  record.reserve_time = absl::FromUnixMicros(1);
  record.expire_time = absl::FromUnixMicros(2);
  record.capture_time = absl::FromUnixMicros(3);
  record.close_time = absl::FromUnixMicros(4);
  record.operator_id = CatalogueId(4);
  record.hold = 0x5555555555555555;
  record.captured_in = PartitionSeq(300);
  record.refund_days = 7;
  record.lots = {{20000, Points(5000)}};
  record.title_zh = "油";
  record.title_en = "Oil";
  return record;
}

TEST(Records, NamesAreThoseOfTheWholeRecord) {
  const std::string bytes = EncodeHousehold(FullHousehold());
  const absl::StatusOr<HouseholdNames> names = DecodeNames(bytes);
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(names->card_hash, FullHousehold().card_hash);
  EXPECT_EQ(names->door_hash, FullHousehold().door_hash);
  EXPECT_EQ(names->members, (std::vector<uint64_t>{0, 0x2222222222222222}));
  for (size_t size = 0; size < 40; ++size) EXPECT_FALSE(DecodeNames(bytes.substr(0, size)).ok()) << size;
}

TEST(Records, HouseholdGoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeHousehold(FullHousehold())),
            "04"                // format
            "0807060504030201"  // region
            "7d"                // all parts but a door, and not merged
            "1111111111111111"  // card
            "80897a"            // created after a million microseconds
            "02"
            "000000000000000003"
            "222222222222222201"  // members
            "3333333333333333"    // last voucher
            "02"
            "c0b802"
            "9601"
            "9abe02"
            "01"      // lots
            "32"      // debt
            "36"      // days: 54 bytes
            "c2b802"  // 20001
            "12"      // 18 bytes
            "00"      // nothing waits
            "01"      // version 1
            "01"
            "d804"
            "c801"  // a drop, credited 3 and 1
            "01"
            "11223344"
            "b301"
            "00"
            "a001"
            "64"      // food, id, minute, rule, 1.6, 1
            "c4b802"  // 20002
            "1c"
            "01"  // one waits
            "02"  // version 2
            "01"
            "01"
            "00"  // a drop, credited -0.01 since a reversal
            "fa"
            "55667788"
            "78"
            "01"
            "ac02"
            "00"  // recyclable, everything beside
            "02"
            "0001020304050607"
            "dc0b"
            "05"
            "01"
            "01"
            "0500000000000000"
            "d0b9e01b"  // codes
            "01"
            "0600000000000000"
            "c2b802"
            "02");  // uses
}

TEST(Records, HouseholdGoldenBytesOfLittle) {
  HouseholdRecord record;
  record.region = CatalogueId(0x0102030405060708);
  record.door_hash = 0x4444444444444444;
  record.create_time = absl::FromUnixMicros(1'000'000);
  record.members = {{0x2222222222222222, MemberRole::kAdult}};
  EXPECT_EQ(absl::BytesToHexString(EncodeHousehold(record)),
            "04"
            "0807060504030201"
            "02"  // a door
            "4444444444444444"
            "80897a"
            "01"
            "2222222222222222"
            "0000");  // no lots, no days
  EXPECT_EQ(*DecodeHousehold(EncodeHousehold(record)), record);
  record.merged_into = HouseholdId(300);
  EXPECT_EQ(*DecodeHousehold(EncodeHousehold(record)), record);
}

// A part that is said to be there and is empty would make two forms of one record.
TEST(Records, RefuseAPartThatIsNotThere) {
  HouseholdRecord record;
  const std::string bytes = EncodeHousehold(record);
  const size_t parts = 9;
  const size_t create_time = 10;
  ASSERT_EQ(bytes.size(), create_time + 4);  // created, members, lots, days
  struct Row {
    uint8_t part;
    size_t at;
    size_t zeros;
  };
  for (const Row& row : {Row{0x01, create_time, 8}, Row{0x02, create_time, 8}, Row{0x04, 12, 0}, Row{0x08, 12, 8}, Row{0x10, 13, 1},
                         Row{0x20, 14, 1}, Row{0x40, 14, 1}, Row{0x80, 14, 1}}) {
    std::string with = bytes;
    with[parts] = static_cast<char>(row.part);
    with.insert(row.at, std::string(row.zeros, '\0'));
    EXPECT_FALSE(DecodeHousehold(with).ok()) << int{row.part};
    // The same with something there is whole, but for roles, which members alone can have.
    if (row.zeros == 0) continue;
    with[row.at] = 1;
    if (row.part == 0x20) with.append(std::string(9, '\0'));
    if (row.part == 0x40) with.append(std::string(10, '\0'));
    EXPECT_TRUE(DecodeHousehold(with).ok()) << int{row.part};
  }
}

TEST(Records, VoucherGoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeVoucher(FullVoucher())),
            "02"        // format
            "81ade204"  // household
            "0100000000000000"
            "0200000000000000"  // offer, merchant
            "8827"
            "02"
            "03"                // price, quantity, the price's version
            "05"                // refunded
            "02040608"          // reserved, expires, captured, closed
            "0400000000000000"  // operator
            "0000000000000000"  // the voucher before
            "5555555555555555"  // the stock's hold
            "ac02"              // captured in
            "07"                // days for a refund
            "01c0b8028827"      // lots
            "03e6b2b9"
            "034f696c");  // titles
}

TEST(Records, ComeBackAsTheyWent) {
  EXPECT_EQ(*DecodeHousehold(EncodeHousehold(FullHousehold())), FullHousehold());
  EXPECT_EQ(*DecodeVoucher(EncodeVoucher(FullVoucher())), FullVoucher());
}

TEST(Records, RefuseEveryShorterFormAndAnyTail) {
  const std::string household = EncodeHousehold(FullHousehold());
  const std::string voucher = EncodeVoucher(FullVoucher());
  for (size_t n = 0; n < household.size(); ++n) EXPECT_FALSE(DecodeHousehold(household.substr(0, n)).ok()) << n;
  for (size_t n = 0; n < voucher.size(); ++n) EXPECT_FALSE(DecodeVoucher(voucher.substr(0, n)).ok()) << n;
  EXPECT_FALSE(DecodeHousehold(household + "xx").ok());
  EXPECT_FALSE(DecodeVoucher(voucher + "x").ok());
}

TEST(Why, ComesBackForItsKindAlone) {
  const DropWhy drop{{HouseholdId(7), Points(160), Points(100)}, 1, 1, 800, 800, CatalogueId(9), 5, 1, "food", Cut::kDailyReward};
  const absl::StatusOr<Why> back = DecodeWhy(TransactionKind::kDrop, EncodeWhy(drop));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(std::get<DropWhy>(*back).rule, "food");
  EXPECT_EQ(std::get<DropWhy>(*back).after.reward, Points(160));
  EXPECT_FALSE(DecodeWhy(TransactionKind::kEnrolment, EncodeWhy(drop)).ok());
  const std::string bytes = EncodeWhy(drop);
  for (size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(DecodeWhy(TransactionKind::kDrop, bytes.substr(0, n)).ok()) << n;
}

TEST(Lots, ExpireAtTheEndOfTheGraceMonth) {
  const auto expiry = [](absl::CivilDay day, int grace) { return CivilDayOf(ExpiryDay(DayNumber(day), grace)); };
  EXPECT_EQ(expiry(absl::CivilDay(2026, 1, 1), 3), absl::CivilDay(2027, 3, 31));
  EXPECT_EQ(expiry(absl::CivilDay(2026, 12, 31), 3), absl::CivilDay(2027, 3, 31));
  EXPECT_EQ(expiry(absl::CivilDay(2026, 6, 1), 0), absl::CivilDay(2026, 12, 31));
  EXPECT_EQ(expiry(absl::CivilDay(2027, 6, 1), 2), absl::CivilDay(2028, 2, 29));
}

TEST(Lots, SpendTheEarliestFirst) {
  std::vector<Lot> lots;
  AddToLot(lots, 20, Points(100));
  AddToLot(lots, 10, Points(50));
  AddToLot(lots, 20, Points(5));
  const absl::StatusOr<std::vector<Lot>> taken = TakeFromLots(lots, Points(60), 10);
  ASSERT_TRUE(taken.ok());
  EXPECT_THAT(*taken, testing::ElementsAre(Lot{10, Points(50)}, Lot{20, Points(10)}));
  EXPECT_THAT(lots, testing::ElementsAre(Lot{20, Points(95)}));
  EXPECT_EQ(ReasonOf(TakeFromLots(lots, Points(96), 10)), Reason::REASON_POINTS_INSUFFICIENT);
  EXPECT_EQ(ReasonOf(TakeFromLots(lots, Points(1), 21)), Reason::REASON_POINTS_INSUFFICIENT);
}

TEST(Names, AreParsedInTheirShortestFormAlone) {
  EXPECT_EQ(ParseHouseholdName("households/10000001"), HouseholdId(10000001));
  for (const char* bad : {"households/", "households/0", "households/01", "households/-1", "households/1x", "households/9007199254740992",
                          "household/1", "households/1/x"}) {
    EXPECT_EQ(ParseHouseholdName(bad), std::nullopt) << bad;
  }
  const auto voucher = ParseVoucherName(VoucherName(HouseholdId(5), VoucherId(0xab)));
  ASSERT_TRUE(voucher.has_value());
  EXPECT_EQ(voucher->second, VoucherId(0xab));
  EXPECT_EQ(ParseVoucherName("households/5/vouchers/zz"), std::nullopt);
  EXPECT_EQ(ParseEntryName("households/5/entries/12")->second, PartitionSeq(12));
  EXPECT_EQ(ParseMemberName("households/5/members/21"), std::nullopt);
}

}  // namespace
}  // namespace fenfen
