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

TEST(BagTag, WorkedExample) {
  constexpr uint64_t kBag = 0x0a00000000000007;
  EXPECT_EQ(MakeBagTag(Key(), kBag), "18000-0000-000E-KM3C-R8VJ");
  EXPECT_EQ(ReadBagTag(Key(), "FB1.180000000000EKM3CR8VJ"), kBag);
  EXPECT_EQ(ReadBagTag(Key(), MakeInvitationCode(Key(), kBag)), std::nullopt);
  EXPECT_EQ(ReadVoucherCode(Key(), MakeBagTag(Key(), kBag)), std::nullopt);
}

TEST(InvitationCode, WorkedExample) {
  constexpr uint64_t kInvitation = 0x0a00000000000007;
  EXPECT_EQ(MakeInvitationCode(Key(), kInvitation), "18000-0000-000F-RVT5-24F4");
  EXPECT_EQ(ReadInvitationCode(Key(), "fi1.18000-0000-000f-rvt5-24f4"), kInvitation);
  EXPECT_EQ(ReadVoucherCode(Key(), "18000-0000-000F-RVT5-24F4"), std::nullopt) << "neither reads the other's";
  EXPECT_EQ(ReadInvitationCode(Key(), MakeVoucherCode(Key(), VoucherId(kInvitation))), std::nullopt);
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

TEST(ScreenCode, WorkedExample) {
  const VoucherId voucher(0x10200000007);
  EXPECT_EQ(MakeScreenCode(Key(), voucher, 58907520), "FW1.000020G00000E003GBDR0D69JH1QPCP7");
  const auto read = ReadScreenCode(Key(), "fw1.00002-0g000-00e0o3gbdr0d69jh1qpcp7");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->voucher, voucher);
  EXPECT_EQ(read->step, 58907520u);
}

TEST(ScreenCode, OnlyItsOwnTextIsRead) {
  const std::string code = MakeScreenCode(Key(), VoucherId(0x10200000007), 58907520);
  EXPECT_FALSE(ReadScreenCode(std::string(32, 'x'), code));
  EXPECT_FALSE(ReadVoucherCode(Key(), code)) << "it is no printed one";
  EXPECT_FALSE(ReadScreenCode(Key(), MakeVoucherCode(Key(), VoucherId(0x10200000007))));
  for (size_t i = 4; i < code.size(); ++i) {
    std::string other = code;
    other[i] = other[i] == '2' ? '3' : '2';
    EXPECT_FALSE(ReadScreenCode(Key(), other)) << i;
  }
}

TEST(ScreenCode, IsGoodForItsStepAndTheNext) {
  const absl::Time begin = ScreenStepBegin(1000);
  EXPECT_TRUE(CheckScreenStep(std::nullopt, begin).ok());
  EXPECT_TRUE(CheckScreenStep(1000, begin).ok());
  EXPECT_TRUE(CheckScreenStep(1000, begin + 2 * kScreenStep - absl::Seconds(1)).ok());
  EXPECT_FALSE(CheckScreenStep(1000, begin + 2 * kScreenStep).ok());
  EXPECT_TRUE(CheckScreenStep(1000, begin - kScreenStep).ok()) << "of a server whose clock is ahead";
  EXPECT_FALSE(CheckScreenStep(1000, begin - 2 * kScreenStep).ok());
}

}  // namespace
}  // namespace fenfen
