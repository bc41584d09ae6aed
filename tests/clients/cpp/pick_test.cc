// The choice of a server: what is equal among clients, what moves when a server goes, and whose turn it is.
#include "clients/cpp/pick.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "fenfen/v1/drop.pb.h"
#include "fenfen/v1/household.pb.h"
#include "fenfen/v1/station.pb.h"
#include "fenfen/v1/voucher.pb.h"
#include "ledger/core/ids.h"

namespace fenfen::client {
namespace {

std::vector<Standing> Three() {
  std::vector<Standing> servers;
  for (const char* target : {"10.0.0.1:7070", "10.0.0.2:7070", "10.0.0.3:7070"}) servers.push_back({AffinityOfText(target), 0});
  return servers;
}

TEST(Affinity, AHouseholdsKeyIsItsPartitionInTheLedger) {
  for (uint64_t number : {uint64_t{1}, uint64_t{2}, uint64_t{10'000'001}, (uint64_t{1} << 53) - 1}) {
    EXPECT_EQ(AffinityOfName("households/" + std::to_string(number)), PartitionOf(HouseholdId(number)).value()) << number;
  }
  for (uint64_t number = 3; number < 2'000; ++number) {
    ASSERT_EQ(AffinityOfName("households/" + std::to_string(number)), PartitionOf(HouseholdId(number)).value()) << number;
  }
  EXPECT_EQ(AffinityOfName("households/7/vouchers/9"), AffinityOfName("households/7"));
  for (const char* other : {"", "households", "households/", "households/x", "households/0", "households/-", "households/7x",
                            "households/9007199254740992", "merchants/7", "regions/households/7"}) {
    EXPECT_EQ(AffinityOfName(other), std::nullopt) << other;
  }
}

TEST(Affinity, AVouchersCodeBeginsWithItsPartition) {
  EXPECT_EQ(AffinityOfVoucherCode("000020G00000EKYNBX3SY"), PartitionOf(VoucherId(1108101562375)).value());
  EXPECT_EQ(AffinityOfVoucherCode("ZZ"), 255u);
  EXPECT_EQ(AffinityOfVoucherCode("fv1.z-z"), 255u);
  EXPECT_EQ(AffinityOfVoucherCode(" oL00"), AffinityOfVoucherCode("0100"));
  for (const char* none : {"", "Z", "FV1.", "FV1.-Z", "U0", "分分"}) EXPECT_EQ(AffinityOfVoucherCode(none), std::nullopt) << none;
}

TEST(Affinity, IsReadFromTheFieldThatNamesTheHousehold) {
  v1::RecordDropRequest drop;
  drop.set_household("households/7");
  EXPECT_EQ(AffinityOfRequest(drop), AffinityOfName("households/7"));
  v1::GetVoucherRequest voucher;
  voucher.set_name("households/7/vouchers/1");
  EXPECT_EQ(AffinityOfRequest(voucher), AffinityOfName("households/7"));
  v1::CaptureVoucherRequest capture;
  capture.set_merchant("merchants/m");
  EXPECT_EQ(AffinityOfRequest(capture), std::nullopt);
  capture.set_code("FV1.Z0002-0G00");
  EXPECT_EQ(AffinityOfRequest(capture), 248u);
  v1::GetStationCodeResponse another;
  another.set_code("Z0002");
  EXPECT_EQ(AffinityOfRequest(another), std::nullopt);
  // A field of that name that is no text.
  v1::GetHouseholdResponse whole;
  whole.mutable_household()->set_name("households/7");
  EXPECT_EQ(AffinityOfRequest(whole), std::nullopt);
}

TEST(Pick, EveryKeyHasItsServerAndTheyShareTheKeysFairly) {
  const std::vector<Standing> servers = Three();
  std::map<size_t, int> shares;
  for (uint64_t key = 0; key < 256; ++key) {
    const size_t picked = Pick(servers, key, 0, /*turn=*/0);
    EXPECT_EQ(Pick(servers, key, 0, /*turn=*/1), picked);
    ++shares[picked];
  }
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(shares[i], 85, 25) << i;
}

// Clients of different versions must agree, so these never change.
TEST(Pick, TheChoiceIsTheSameForEver) {
  std::string picked;
  for (uint64_t key = 0; key < 32; ++key) picked += std::to_string(Pick(Three(), key, 0, 0));
  EXPECT_EQ(picked, "02100022012122222221002121210021");
}

TEST(Pick, WhenAServerGoesOnlyItsOwnKeysMoveAndSpread) {
  const std::vector<Standing> all = Three();
  for (size_t gone = 0; gone < 3; ++gone) {
    std::vector<Standing> left = all;
    left[gone].rank = 2;
    std::map<size_t, int> moved;
    for (uint64_t key = 0; key < 256; ++key) {
      const size_t before = Pick(all, key, 0, 0), after = Pick(left, key, 0, 0);
      EXPECT_NE(after, gone);
      if (before == gone) {
        ++moved[after];
      } else {
        EXPECT_EQ(after, before) << "a key moved that had no reason to";
      }
    }
    EXPECT_EQ(moved.size(), 2u) << "the keys of one go to both others";
  }
}

TEST(Pick, HealthComesBeforeHavingTriedAndThatBeforeTheKey) {
  std::vector<Standing> servers = Three();
  const size_t first = Pick(servers, 5, 0, 0);
  const size_t second = Pick(servers, 5, Only(first), 0);
  EXPECT_NE(second, first);
  const size_t third = Pick(servers, 5, Only(first) | Only(second), 0);
  EXPECT_EQ(first + second + third, 3u);
  EXPECT_EQ(Pick(servers, 5, 0b111, 0), first) << "all tried is as none tried";
  servers[second].rank = servers[third].rank = 2;
  EXPECT_EQ(Pick(servers, 5, Only(first), 0), first) << "a healthy one again rather than one that is gone";
  servers[first].rank = 2;
  EXPECT_EQ(Pick(servers, 5, Only(first), 0), second);
}

TEST(Pick, WithoutAKeyEachHasItsTurnAmongTheHealthy) {
  std::vector<Standing> servers = Three();
  std::vector<size_t> picked;
  for (uint64_t turn = 0; turn < 6; ++turn) picked.push_back(Pick(servers, std::nullopt, 0, turn));
  EXPECT_EQ(picked, (std::vector<size_t>{0, 1, 2, 0, 1, 2}));
  servers[1].rank = 1;
  picked.clear();
  for (uint64_t turn = 0; turn < 4; ++turn) picked.push_back(Pick(servers, std::nullopt, 0, turn));
  EXPECT_EQ(picked, (std::vector<size_t>{0, 2, 0, 2}));
  EXPECT_EQ(Pick({servers.data(), 1}, std::nullopt, 1, 99), 0u);
}

}  // namespace
}  // namespace fenfen::client
