// A partition in a snapshot: golden bytes, one form for one content, and what is refused; and a MemoryState's two ends of it.
#include "ledger/state/partition_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "ledger/core/errors.h"
#include "ledger/state/memory_state.h"

namespace fenfen {
namespace {

using testing::HasSubstr;

PartitionContents Small() {
  PartitionContents contents;
  contents.partition = PartitionId(3);
  contents.last = PartitionSeq(9);
  contents.records = {{{RecordKind::kHousehold, 5}, PartitionSeq(9), "home"}, {{RecordKind::kVoucher, 4}, PartitionSeq(2), ""}};
  contents.accounts = {{{AccountKind::kProgramme, Asset::kReward, 1}, Points(-150)},
                       {{AccountKind::kHousehold, Asset::kReward, 5}, Points(100)},
                       {{AccountKind::kVoucherHeld, Asset::kReward, 5}, Points(50)}};
  contents.keys = {{{0x7000, uint64_t{2} << 62}, {7, 1}}};
  contents.devices = {{CatalogueId(6), 10, {{11, {8, 2}}, {300, {9, 9}}}}};
  return contents;
}

TEST(PartitionForm, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodePartition(Small())),
            "010309"
            "02"
            "0105000000000000000904686f6d65"
            "0204000000000000000200"
            "03"
            "01010100000000000000ab02"
            "02010500000000000000c801"
            "0301050000000000000064"
            "01"
            "00700000000000000000000000000080"
            "0701"
            "01"
            "06000000000000000a"
            "02"
            "0b0802"
            "ac020909");
}

TEST(PartitionForm, OneFormForOneContent) {
  PartitionContents mixed = Small();
  std::swap(mixed.records[0], mixed.records[1]);
  std::swap(mixed.accounts[0], mixed.accounts[2]);
  SortContents(mixed);
  const std::string bytes = EncodePartition(mixed);
  EXPECT_EQ(bytes, EncodePartition(Small()));
  const auto decoded = DecodePartition(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(EncodePartition(*decoded), bytes);
  EXPECT_EQ(DigestOf(*decoded), DigestOf(Small()));
}

TEST(PartitionForm, RefusesWhatCannotBe) {
  const auto refusal = [](void (*spoil)(PartitionContents&)) {
    PartitionContents contents = Small();
    spoil(contents);
    const auto decoded = DecodePartition(EncodePartition(contents));
    EXPECT_TRUE(absl::IsDataLoss(decoded.status()));
    return std::string(decoded.status().message());
  };
  EXPECT_THAT(refusal([](PartitionContents& c) { c.partition = PartitionId(257); }), HasSubstr("no partition 257"));
  EXPECT_THAT(refusal([](PartitionContents& c) { c.accounts.pop_back(); }), HasSubstr("do not sum to zero"));
  constexpr char kForm[] = "partition 3: the stored bytes do not have its form";
  EXPECT_EQ(refusal([](PartitionContents& c) { std::swap(c.records[0], c.records[1]); }), kForm);
  EXPECT_EQ(refusal([](PartitionContents& c) { c.records[1] = c.records[0]; }), kForm) << "twice";
  EXPECT_EQ(refusal([](PartitionContents& c) { c.records[0].version = PartitionSeq(10); }), kForm) << "from the future";
  EXPECT_EQ(refusal([](PartitionContents& c) { c.records[0].version = PartitionSeq(0); }), kForm);
  EXPECT_EQ(refusal([](PartitionContents& c) { c.accounts[1].balance = Points(0); }), kForm);
  EXPECT_EQ(refusal([](PartitionContents& c) { c.accounts[1].balance = Points(-100); }), kForm) << "a household below zero";
  EXPECT_EQ(refusal([](PartitionContents& c) { c.accounts[1].id.kind = static_cast<AccountKind>(9); }), kForm);
  EXPECT_EQ(refusal([](PartitionContents& c) { c.keys[0].effect.seq = 0; }), kForm);
  EXPECT_EQ(refusal([](PartitionContents& c) { c.keys[0].key = DeviceEventKey(CatalogueId(1), 1); }), kForm);
  EXPECT_EQ(refusal([](PartitionContents& c) { c.devices[0].events.clear(); }), kForm);
  EXPECT_EQ(refusal([](PartitionContents& c) { c.devices[0].events[1].number = 11; }), kForm);
}

TEST(PartitionForm, EveryCutAndEveryAdditionIsRefused) {
  const std::string bytes = EncodePartition(Small());
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(DecodePartition(bytes.substr(0, size)).ok()) << size;
  EXPECT_FALSE(DecodePartition(bytes + '\0').ok());
}

TEST(MemoryStateSave, LoadsWhatWasSavedAndGoesOn) {
  MemoryState state;
  ASSERT_TRUE(state.Load(Small()).ok());
  const SavedPartition saved = state.Save(PartitionId(3));
  EXPECT_EQ(saved.seq, PartitionSeq(9));
  EXPECT_EQ(saved.bytes, EncodePartition(Small()));
  EXPECT_EQ(saved.sha256, state.DigestOf(PartitionId(3))->sha256);
  EXPECT_EQ(saved.sha256, DigestOf(Small()));
  EXPECT_TRUE(state
                  .Read(PartitionId(3),
                        [](const View& view, PartitionSeq last) {
                          EXPECT_EQ(last, PartitionSeq(9));
                          EXPECT_EQ(view.Record({RecordKind::kHousehold, 5})->bytes, "home");
                          EXPECT_EQ(view.Balance({AccountKind::kVoucherHeld, Asset::kReward, 5}), Points(50));
                        })
                  .ok());
  Transaction next;
  next.key = {0x7000, uint64_t{2} << 62 | 1};
  next.postings = {{{AccountKind::kVoucherHeld, Asset::kReward, 5}, Points(-50)},
                   {{AccountKind::kMerchant, Asset::kReward, 8}, Points(50)}};
  next.changes = {{{RecordKind::kVoucher, 4}, PartitionSeq(2), "captured"}};
  EXPECT_TRUE(state.Apply(PartitionId(3), PartitionSeq(10), next).ok());
  next.key = Small().keys[0].key;
  EXPECT_FALSE(state.Apply(PartitionId(3), PartitionSeq(11), next).ok()) << "the key had its effect before the snapshot";
  EXPECT_TRUE(absl::IsFailedPrecondition(state.Load(Small()))) << "not into what has begun";
}

}  // namespace
}  // namespace fenfen
