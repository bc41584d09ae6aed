// Codes against the worked examples of docs/formats/station_code.md and voucher_code.md.
#include "ledger/points/codes.h"

#include <gtest/gtest.h>

#include <string>

#include "ledger/core/errors.h"

namespace fenfen {
namespace {

std::string Key() {
  std::string key;
  for (char c = 0; c < 32; ++c) key.push_back(c);
  return key;
}

TEST(StationCode, WorkedExample) {
  EXPECT_EQ(StationStepAt(absl::FromUnixSeconds(1767225600)), 58907520u);
  EXPECT_EQ(StationStepBegin(58907520), absl::FromUnixSeconds(1767225600));
  EXPECT_EQ(MakeStationCode(Key(), "s0001", 58907520), "FS1.s0001.58907520.zwn5pvck65ixwsic");
}

TEST(StationCode, OnlyItsOwnTextIsRead) {
  const std::string code = MakeStationCode(Key(), "s0001", 58907520);
  const auto read = ReadStationCode(Key(), code);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->station, "s0001");
  EXPECT_EQ(read->step, 58907520u);
  EXPECT_FALSE(ReadStationCode(std::string(32, 'x'), code));
  for (const char* text :
       {"", "FS1", "FS1...", "FS1.s0001.58907520.zwn5pvck65ixwsi", "FS1.s0001.58907520.zwn5pvck65ixwsicc",
        "FS1.s0001.58907521.zwn5pvck65ixwsic", "FS1.s0002.58907520.zwn5pvck65ixwsic", "FS2.s0001.58907520.zwn5pvck65ixwsic",
        "FS1.s0001.058907520.zwn5pvck65ixwsic", "FS1.s0001.+58907520.zwn5pvck65ixwsic", "FS1.s0001.58907520.ZWN5PVCK65IXWSIC",
        " FS1.s0001.58907520.zwn5pvck65ixwsic"}) {
    EXPECT_FALSE(ReadStationCode(Key(), text)) << text;
  }
  EXPECT_FALSE(ReadStationCode(Key(), std::string(100'000, '.')));
}

TEST(StationCode, GoodForItsStepAndOneOnEitherSide) {
  const absl::Time now = StationStepBegin(1000) + absl::Seconds(29);
  EXPECT_TRUE(CheckStationStep(std::nullopt, now).ok());
  for (const uint64_t step : {999u, 1000u, 1001u}) EXPECT_TRUE(CheckStationStep(step, now).ok()) << step;
  for (const uint64_t step : {0u, 998u, 1002u}) {
    EXPECT_EQ(RefusalOf(CheckStationStep(step, now)).reason, Reason::REASON_STATION_CODE_EXPIRED) << step;
  }
}

TEST(VoucherCode, WorkedExample) { EXPECT_EQ(MakeVoucherCode(Key(), VoucherId(1108101562375)), "00002-0G00-000E-KYNB-X3SY"); }

TEST(VoucherCode, IsReadAsPeopleTypeIt) {
  const VoucherId voucher(1108101562375);
  for (const char* text : {"00002-0G00-000E-KYNB-X3SY", "FV1.000020G00000EKYNBX3SY", "000020g00000ekynbx3sy", " OOOO2 OGOO OOOE KYNB X3SY ",
                           "fv1.00002-0g00-000e-kynb-x3sy", "ooOO2-0G00-000E-KYNB-X3SY"}) {
    EXPECT_EQ(ReadVoucherCode(Key(), text), voucher) << text;
  }
  // 1, I and L are one.
  const VoucherId ones(0x0842108421084210);
  std::string code = MakeVoucherCode(Key(), ones);
  ASSERT_NE(code.find('1'), std::string::npos);
  for (char& c : code) c = c == '1' ? 'l' : c;
  EXPECT_EQ(ReadVoucherCode(Key(), code), ones);
}

TEST(VoucherCode, AnythingElseIsNot) {
  for (const char* text : {"", "FV1.", "00002-0G00-000E-KYNB-X3S", "00002-0G00-000E-KYNB-X3SY0", "00002-0G00-000E-KYNB-X3SZ",
                           "00003-0G00-000E-KYNB-X3SY", "00002-0G00-000E-KYNB-X3S*", "00002-0G00-000E-KYNU-X3SY"}) {
    EXPECT_FALSE(ReadVoucherCode(Key(), text)) << text;
  }
  EXPECT_FALSE(ReadVoucherCode(std::string(32, 'x'), "00002-0G00-000E-KYNB-X3SY"));
  EXPECT_FALSE(ReadVoucherCode(Key(), std::string(100'000, '0')));
}

TEST(LookupHashes, DifferByKindKeyAndPlace) {
  EXPECT_NE(HashCard(Key(), "1"), HashSubject(Key(), "1"));
  EXPECT_NE(HashCard(Key(), "1"), HashCard(std::string(32, 'x'), "1"));
  EXPECT_NE(HashDoor(Key(), "a", "1-1"), HashDoor(Key(), "b", "1-1"));
  EXPECT_NE(HashDoor(Key(), "a", "b"), HashDoor(Key(), "", "ab"));
  EXPECT_EQ(HashCard(Key(), "1"), HashCard(Key(), "1"));
}

}  // namespace
}  // namespace fenfen
