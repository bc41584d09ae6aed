// Golden bytes of the stored transaction (docs/formats/transaction.md, "Example"), and what is refused.
#include "ledger/core/transaction.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

constexpr AccountId kIssued{AccountKind::kProgramme, Asset::kReward, 5};
constexpr AccountId kReward{AccountKind::kHousehold, Asset::kReward, 10'000'001};
constexpr AccountId kCivic{AccountKind::kHousehold, Asset::kCivic, 10'000'001};

Transaction Example() {
  Transaction t;
  t.kind = TransactionKind::kDrop;
  t.key = {0x018f3c1e7b2a7c3d, 0x9e4f0123456789ab};
  t.fingerprint = 0x1122334455667788;
  t.actor = {ActorKind::kMember, 10'000'001, 2};
  t.event_time = absl::FromUnixMicros(1'715'000'000'000'001);
  t.postings = {{kIssued, Points(-150)}, {kReward, Points(150)}};
  t.changes = {{{RecordKind::kHousehold, 10'000'001}, PartitionSeq(300), "record"}};
  t.why = "why";
  return t;
}

TEST(TransactionTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeTransaction(Example())),
            "0103"
            "3d7c2a7b1e3c8f01ab89674523014f9e"
            "8877665544332211"
            "0181ade20402"
            "82c0d1dc91f28b06"
            "02"
            "010105ab02"
            "020181ade204ac02"
            "01"
            "018196980000000000"
            "ac02"
            "067265636f7264"
            "03776879");
}

TEST(TransactionTest, ReadsWhatItWrites) {
  const absl::StatusOr<Transaction> read = DecodeTransaction(EncodeTransaction(Example()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Example());
  Transaction empty;
  empty.event_time = absl::FromUnixMicros(-1);
  EXPECT_EQ(*DecodeTransaction(EncodeTransaction(empty)), empty);
}

TEST(TransactionTest, AnythingElseIsDataLoss) {
  const std::string bytes = EncodeTransaction(Example());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeTransaction(bytes.substr(0, size)).status())) << "cut at " << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(DecodeTransaction(bytes + '\0').status()));
  std::string newer = bytes;
  newer[0] = 2;
  EXPECT_TRUE(absl::IsDataLoss(DecodeTransaction(newer).status()));
  // Whatever byte is changed: refused, or another transaction with its own bytes; never two forms of one.
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      const absl::StatusOr<Transaction> read = DecodeTransaction(changed);
      if (read.ok()) {
        EXPECT_EQ(EncodeTransaction(*read), changed) << "byte " << at;
      }
    }
  }
}

TEST(TransactionTest, PostingsSumToZeroForEachAsset) {
  Transaction t = Example();
  EXPECT_TRUE(CheckTransaction(t).ok());
  t.postings = {{kIssued, Points(-150)}, {kCivic, Points(150)}};
  EXPECT_FALSE(CheckTransaction(t).ok());
  t.postings = {{kIssued, Points(-150)}, {kReward, Points(149)}};
  EXPECT_FALSE(CheckTransaction(t).ok());
  t.postings = {{kIssued, Points(0)}};
  EXPECT_FALSE(CheckTransaction(t).ok());
  t.postings = {};
  EXPECT_TRUE(CheckTransaction(t).ok());
}

TEST(TransactionTest, Limits) {
  Transaction t = Example();
  t.postings.clear();
  for (size_t n = 0; n < limits::kPostingsMax / 2; ++n) {
    t.postings.push_back({kIssued, Points(-1)});
    t.postings.push_back({kReward, Points(1)});
  }
  EXPECT_TRUE(CheckTransaction(t).ok());
  t.postings.push_back({kIssued, Points(-1)});
  t.postings.push_back({kReward, Points(1)});
  EXPECT_FALSE(CheckTransaction(t).ok());

  t = Example();
  t.changes[0].bytes.assign(limits::kRecordBytesMax, 'x');
  EXPECT_TRUE(CheckTransaction(t).ok());
  t.changes[0].bytes.push_back('x');
  EXPECT_FALSE(CheckTransaction(t).ok());

  t = Example();
  t.why.assign(limits::kWhyBytesMax + 1, 'x');
  EXPECT_FALSE(CheckTransaction(t).ok());
}

TEST(TransactionTest, NumbersOnDisk) {
  EXPECT_EQ(static_cast<int>(TransactionKind::kCatalogueUpdate), 1);
  EXPECT_EQ(static_cast<int>(TransactionKind::kEnrolment), 2);
  EXPECT_EQ(static_cast<int>(TransactionKind::kDrop), 3);
  EXPECT_EQ(static_cast<int>(TransactionKind::kReservation), 4);
  EXPECT_EQ(static_cast<int>(TransactionKind::kCapture), 5);
  EXPECT_EQ(static_cast<int>(ActorKind::kSystem), 0);
  EXPECT_EQ(static_cast<int>(ActorKind::kMember), 1);
  EXPECT_EQ(static_cast<int>(ActorKind::kStaff), 2);
  EXPECT_EQ(static_cast<int>(ActorKind::kDevice), 3);
  EXPECT_EQ(static_cast<int>(ActorKind::kMerchantOperator), 4);
  EXPECT_EQ(static_cast<int>(ActorKind::kOperator), 5);
  EXPECT_EQ(static_cast<int>(RecordKind::kHousehold), 1);
  EXPECT_EQ(static_cast<int>(RecordKind::kVoucher), 2);
  EXPECT_EQ(static_cast<int>(RecordKind::kRegion), 16);
  EXPECT_EQ(static_cast<int>(RecordKind::kStaff), 22);
}

}  // namespace
}  // namespace fenfen
