// The independent checker: it passes what is right and names each kind of wrong.
#include <functional>

#include "absl/strings/escaping.h"
#include "clients/ctl/verify/partition_fold.h"
#include "fenfen/ledger/v1/spending.pb.h"
#include "ledger/journal/sealing.h"
#include "ledger/state/memory_state.h"
#include "tests/clients/ctl/verify/book.h"

namespace fenfen::ctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

const VoucherId kVoucher = VoucherOf(kHousehold, 1);

// A household of another partition.
HouseholdId Elsewhere() {
  HouseholdId other(kHousehold.value() + 1);
  while (PartitionOf(other) == PartitionOf(kHousehold)) other = HouseholdId(other.value() + 1);
  return other;
}

void WriteAGoodLife(Book& book) {
  book.Write(book.Enrol(kHousehold));
  book.Write(book.Drop(kHousehold, 150));
  book.Write(book.Drop(kHousehold, 200));
  book.Write(book.Reserve(kHousehold, kVoucher));
  book.Write(book.Capture(kVoucher));
  book.Write(book.Reserve(kHousehold, VoucherOf(kHousehold, 2)));
  book.Write(book.Drop(kHousehold, 30));
}

TEST(VerifyTest, WhatIsRightPassesAndIsCounted) {
  Book book;
  WriteAGoodLife(book);
  const VerifyReport report = book.Verify({.balances = true});
  EXPECT_EQ(report.findings_total, 0u) << report.findings[0].what;
  EXPECT_EQ(report.transactions, 7u);
  EXPECT_EQ(report.postings, 3 * 4 + 3 * 2u);
  EXPECT_EQ(report.households, 1u);
  EXPECT_EQ(report.vouchers_captured, 1u);
  EXPECT_EQ(report.vouchers_reserved, 1u);
  EXPECT_EQ(report.reward.programme, -380);
  EXPECT_EQ(report.reward.household, 30);
  EXPECT_EQ(report.reward.held, 200);
  EXPECT_EQ(report.reward.merchant, 150);
  EXPECT_EQ(report.civic.household, 3);
  EXPECT_EQ(report.last[PartitionOf(kHousehold).value()], PartitionSeq(7));
  ASSERT_EQ(report.balances.size(), 1u);
  EXPECT_EQ(report.balances[0].household, kHousehold);
  EXPECT_EQ(report.balances[0].reward, 30);
  EXPECT_EQ(report.balances[0].held, 200);
  EXPECT_EQ(report.balances[0].civic, 3);
}

// A good life, then one transaction spoiled by the test. Exactly that is found, in its place.
struct Wrong {
  const char* name;
  std::function<Transaction(Book&)> make;
  const char* finding;
};

class VerifyWrongTest : public testing::TestWithParam<Wrong> {};

TEST_P(VerifyWrongTest, IsFound) {
  Book book;
  WriteAGoodLife(book);
  book.Write(GetParam().make(book));
  const VerifyReport report = book.Verify();
  ASSERT_THAT(book.Findings(), Contains(HasSubstr(GetParam().finding)));
  EXPECT_EQ(report.findings[0].partition, PartitionOf(kHousehold));
  EXPECT_EQ(report.findings[0].seq, PartitionSeq(8));
  const absl::StatusOr<JournalPlace> place = book.journal().Locate(PartitionOf(kHousehold), PartitionSeq(8));
  EXPECT_EQ(report.findings[0].file, std::string(kDirectory) + "/" + place->segment);
  EXPECT_EQ(report.findings[0].offset, place->offset);
}

// A household's record made anew, with one thing changed.
Transaction DropWith(Book& book, const std::function<void(HouseholdRecord&)>& change) {
  Transaction t = book.Drop(kHousehold, 10);
  HouseholdRecord record = *DecodeHousehold(t.changes[0].bytes);
  change(record);
  t.changes[0].bytes = EncodeHousehold(record);
  return t;
}

Transaction CaptureWith(Book& book, VoucherId voucher, const std::function<void(VoucherRecord&)>& change) {
  Transaction t = book.Capture(voucher);
  VoucherRecord record = *DecodeVoucher(t.changes[1].bytes);
  change(record);
  t.changes[1].bytes = EncodeVoucher(record);
  return t;
}

// A piece set aside, and what the offer's stock says of it.
Transaction TakeStock(Book& book, int64_t held) {
  Transaction t = book.Drop(kHousehold, 10);
  ledger::v1::StockHold hold;
  hold.set_offer(66);
  hold.set_quantity(1);
  hold.set_state(ledger::v1::StockHold::STATE_HELD);
  ledger::v1::OfferStock stock;
  stock.set_held(held);
  t.changes.push_back({{RecordKind::kStockHold, VoucherOf(kHousehold, 1).value()}, PartitionSeq(0), hold.SerializeAsString()});
  t.changes.push_back({{RecordKind::kOfferStock, 66}, PartitionSeq(0), stock.SerializeAsString()});
  return t;
}

const Wrong kWrongs[] = {
    {"PostingsThatDoNotSumToZero",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.postings[0].amount = Points(-9);
       return t;
     },
     "postings in REWARD sum to 1"},
    {"PostingsOfTwoAssetsThatSumToZeroTogether",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.postings[0].account.asset = Asset::kCivic;
       return t;
     },
     "postings in CIVIC sum to -10"},
    {"APostingOfNothing",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.postings.push_back({kIssuedReward, Points(0)});
       return t;
     },
     "a posting of nothing"},
    {"ABoundCrossed",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.postings[0].amount = Points(1000);
       t.postings[1].amount = Points(-1000);
       return t;
     },
     "household 10000001 REWARD crosses its bound at -970"},
    {"AProgrammeAboveZero",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.postings = {{{AccountKind::kProgramme, Asset::kReward, 9}, Points(5)}, {kIssuedReward, Points(-5)}};
       return t;
     },
     "programme 9 REWARD crosses its bound at 5"},
    {"ABalanceOutOfRange",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, Points::kMax);
       return t;
     },
     "is out of range"},
    {"APostingToAnothersPartition",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.postings.push_back({kIssuedReward, Points(-1)});
       t.postings.push_back({RewardAccount(Elsewhere()), Points(1)});
       return t;
     },
     "belongs to partition"},
    {"AHouseholdInAnothersPartition", [](Book& book) { return book.Enrol(Elsewhere()); }, "belongs to partition"},
    {"AVoucherInAnothersPartition", [](Book& book) { return book.Reserve(kHousehold, VoucherOf(Elsewhere(), 3)); }, "belongs to partition"},
    {"ACatalogueRecordAmongHouseholds",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.changes.push_back({{RecordKind::kOffer, 3}, PartitionSeq(0), "offer"});
       return t;
     },
     "record 21/3 belongs to the catalogue's partition"},
    {"ARecordOfAnUnknownKind",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.changes.push_back({{static_cast<RecordKind>(99), 3}, PartitionSeq(0), "?"});
       return t;
     },
     "record 99/3 is of an unknown kind"},
    {"ARequestKeyUsedTwice",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.key.low = 0x8000000000000002u;
       return t;
     },
     "request key 018f3c1e-7b2a-7000-8000-000000000002 has a second effect"},
    {"ABrokenChainOfVersions",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.changes[0].previous = PartitionSeq(6);
       return t;
     },
     "household 10000001 replaces version 6, but the one before is 7"},
    {"ARecordWrittenTwice",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.changes.push_back(t.changes[0]);
       return t;
     },
     "is written twice"},
    {"LotsThatDoNotAddUp",
     [](Book& book) { return DropWith(book, [](HouseholdRecord& record) { record.lots.back().amount = Points(11); }); },
     "lots add up to 41, the balance is 40"},
    {"APostingWithoutItsLot",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.changes.clear();
       return t;
     },
     "lots add up to 30, the balance is 40"},
    {"LotsOutOfOrder",
     [](Book& book) { return DropWith(book, [](HouseholdRecord& record) { std::swap(record.lots[0], record.lots[1]); }); },
     "does not have a household's form"},
    {"AHouseholdWithoutRecord",
     [](Book& book) {
       HouseholdId other(kHousehold.value() + 1);
       while (PartitionOf(other) != PartitionOf(kHousehold)) other = HouseholdId(other.value() + 1);
       Transaction t = book.Drop(kHousehold, 10);
       t.postings = {{kIssuedReward, Points(-1)}, {RewardAccount(other), Points(1)}};
       t.changes.clear();
       return t;
     },
     "has no record"},
    {"ARecordWithTrailingBytes",
     [](Book& book) {
       Transaction t = book.Drop(kHousehold, 10);
       t.changes[0].bytes.push_back('\0');
       return t;
     },
     "does not have a household's form"},
    {"AVoucherCapturedTwice", [](Book& book) { return book.Capture(kVoucher); }, "is captured again"},
    {"AVoucherReservedAfterItsCapture",
     [](Book& book) { return CaptureWith(book, kVoucher, [](VoucherRecord& v) { v.state = VoucherState::kReserved; }); },
     "is reserved after it was captured"},
    {"AVoucherCapturedByAnotherMerchant",
     [](Book& book) { return CaptureWith(book, VoucherOf(kHousehold, 2), [](VoucherRecord& v) { v.merchant = CatalogueId(78); }); },
     "is no longer what was reserved"},
    {"ACaptureThatPaysSomeoneElse",
     [](Book& book) {
       Transaction t = book.Capture(VoucherOf(kHousehold, 2));
       t.postings[1].account.owner = 78;
       return t;
     },
     "its merchant is not credited"},
    {"ACaptureThatLeavesTheHold",
     [](Book& book) {
       Transaction t = book.Capture(VoucherOf(kHousehold, 2));
       t.postings[0].account = kIssuedReward;
       return t;
     },
     "open vouchers add up to 0, held is 200"},
    {"AVoucherRefundedBeforeItsCapture",
     [](Book& book) { return CaptureWith(book, VoucherOf(kHousehold, 2), [](VoucherRecord& v) { v.state = VoucherState::kRefunded; }); },
     "is refunded after it was reserved"},
    {"ACancelledVoucherThatPaysItsMerchant",
     [](Book& book) { return CaptureWith(book, VoucherOf(kHousehold, 2), [](VoucherRecord& v) { v.state = VoucherState::kCancelled; }); },
     "is cancelled, and its household is not credited"},
    {"AVoucherMadeVoidAfterItWasReserved",
     [](Book& book) { return CaptureWith(book, VoucherOf(kHousehold, 2), [](VoucherRecord& v) { v.state = VoucherState::kVoid; }); },
     "is void after it was reserved"},
    {"StockThatIsNotWhatItsHoldsAre", [](Book& book) { return TakeStock(book, 2); },
     "its holds come to 1 held and 0 taken, it says 2 and 0"},
    {"AVoucherPaidWithOtherLots",
     [](Book& book) { return CaptureWith(book, VoucherOf(kHousehold, 2), [](VoucherRecord& v) { v.lots[0].amount = Points(199); }); },
     "was paid with 199, not 200"},
};

INSTANTIATE_TEST_SUITE_P(All, VerifyWrongTest, testing::ValuesIn(kWrongs), [](const auto& of) { return std::string(of.param.name); });

TEST(VerifyTest, BytesThatAreNoTransactionAreFound) {
  Book book;
  book.Write(book.Enrol(kHousehold));
  book.journal().Append({PartitionId(3), PartitionSeq(1), absl::Now(), "no transaction"}, [](const absl::Status&) {});
  ASSERT_TRUE(book.journal().Flush().ok());
  EXPECT_THAT(book.Findings(), ElementsAre(HasSubstr("format version")));
}

TEST(VerifyTest, HouseholdsInTheCataloguesPartitionAreFound) {
  Book book;
  book.Write(book.Enrol(kHousehold), kCataloguePartition);
  EXPECT_THAT(book.Findings(), Contains(HasSubstr("belongs to partition")));
}

TEST(VerifyTest, DamageIsAFindingWithItsFileAndByte) {
  Book book;
  WriteAGoodLife(book);
  const std::string whole = book.disk().Bytes(FirstSegment());
  const std::vector<GroupPlace> groups = GroupsOf(book.disk());
  size_t exact = 0;
  for (size_t at = 0; at < groups.back().end; ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 + at % 255));
    book.disk().Put(FirstSegment(), bytes);
    const VerifyReport report = book.Verify();
    ASSERT_EQ(report.findings_total, 1u) << at;
    EXPECT_EQ(report.findings[0].file, FirstSegment());
    EXPECT_LE(report.findings[0].offset, at);
    if (report.findings[0].damaged_byte) {
      EXPECT_EQ(*report.findings[0].damaged_byte, at);
      ++exact;
    }
  }
  // All but what no checksum covers: a trailer, and zeros between groups.
  EXPECT_GE(exact + groups.size() * 32, groups.back().end);
}

TEST(VerifyTest, ACompressedSegmentIsReadAndItsDamageFound) {
  Book book;
  WriteAGoodLife(book);
  const absl::StatusOr<SegmentIndex> index = IndexSegment(book.disk(), kDirectory, {});
  ASSERT_TRUE(index.ok()) << index.status();
  ASSERT_TRUE(CompressSegment(book.disk(), kDirectory, index->Head(), std::atomic<bool>(false)).ok());
  EXPECT_EQ(book.Verify().findings_total, 0u);
  EXPECT_EQ(book.Verify().transactions, 7u);
  const std::string path = SegmentPath(kDirectory, 1, segment::kCompressedEnding);
  const std::string whole = book.disk().Bytes(path);
  size_t exact = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 + at % 255));
    book.disk().Put(path, bytes);
    const VerifyReport report = book.Verify();
    ASSERT_EQ(report.findings_total, 1u) << at;
    EXPECT_EQ(report.findings[0].file, path);
    EXPECT_LE(report.findings[0].offset, at);
    if (report.findings[0].damaged_byte) {
      EXPECT_EQ(*report.findings[0].damaged_byte, at);
      ++exact;
    }
  }
  // All but the parts of the head without which its size is not known.
  EXPECT_GE(exact + 24, whole.size());
}

TEST(VerifyTest, AnUnfinishedWriteIsNoFinding) {
  Book book;
  WriteAGoodLife(book);
  const std::vector<GroupPlace> groups = GroupsOf(book.disk());
  std::string bytes = book.disk().Bytes(FirstSegment());
  book.disk().Put(FirstSegment(), bytes.substr(0, groups.back().end - 20));
  const VerifyReport report = book.Verify();
  EXPECT_EQ(report.findings_total, 0u);
  EXPECT_TRUE(report.unfinished_tail);
  EXPECT_EQ(report.transactions, 6u);
}

TEST(VerifyTest, AFolderWithoutAJournalCannotBeRead) {
  MemoryFileSystem disk;
  EXPECT_TRUE(absl::IsNotFound(VerifyJournal(disk, kDirectory, {}).status()));
  const absl::Status nowhere = VerifyJournal("/proc/self/no-such-folder", {}).status();
  EXPECT_TRUE(absl::IsNotFound(nowhere)) << nowhere;
}

// --- Digests.

// The engine's state, from the same journal.
std::vector<ClaimedDigest> DigestsOfState(Book& book) {
  MemoryState state;
  const absl::Status status = book.journal().Replay(
      [&](const JournalEntry& entry) { return state.Apply(entry.partition, entry.seq, *DecodeTransaction(entry.bytes)); });
  EXPECT_TRUE(status.ok()) << status;
  std::vector<ClaimedDigest> digests;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<State::Digest> digest = state.DigestOf(PartitionId(p));
    EXPECT_TRUE(digest.ok());
    digests.push_back({PartitionId(p), digest->seq, digest->sha256});
  }
  return digests;
}

TEST(VerifyDigestTest, TheEnginesStateEqualsTheCheckersFold) {
  Book book;
  WriteAGoodLife(book);
  Transaction catalogue;
  catalogue.kind = TransactionKind::kCatalogueUpdate;
  catalogue.changes = {{{RecordKind::kStation, 9}, PartitionSeq(0), "a station"}, {{RecordKind::kOffer, 3}, PartitionSeq(0), "an offer"}};
  book.Write(catalogue, kCataloguePartition);
  const std::vector<ClaimedDigest> digests = DigestsOfState(book);
  const VerifyReport report = book.Verify({.digests = digests});
  EXPECT_EQ(report.findings_total, 0u);
  EXPECT_EQ(report.digests_equal, 257u);
  // The server's digests are of a moment; the journal goes on.
  book.Write(book.Drop(kHousehold, 10));
  EXPECT_EQ(book.Verify({.digests = digests}).digests_equal, 257u);
}

TEST(VerifyDigestTest, AnotherStateIsFound) {
  Book book;
  WriteAGoodLife(book);
  const PartitionId partition = PartitionOf(kHousehold);
  std::vector<ClaimedDigest> digests = DigestsOfState(book);
  digests[partition.value()].sha256[7] ^= 1;
  VerifyReport report = book.Verify({.digests = digests});
  ASSERT_EQ(report.findings_total, 1u);
  EXPECT_EQ(report.findings[0].partition, partition);
  EXPECT_THAT(report.findings[0].what, HasSubstr("the server's state is"));
  EXPECT_EQ(report.digests_equal, 256u);

  digests[partition.value()].seq = PartitionSeq(8);
  report = book.Verify({.digests = digests});
  ASSERT_EQ(report.findings_total, 1u);
  EXPECT_THAT(report.findings[0].what, HasSubstr("the server is at 8, the journal ends at 7"));
}

// docs/formats/state_digest.md, "Example".
TEST(VerifyDigestTest, Golden) {
  PartitionFold fold(PartitionId(7), true);
  const auto ignore = [](const std::string&) {};
  EXPECT_EQ(absl::BytesToHexString(fold.Digest()), "edd0f47af52f61c28e148e38c70fb06cb3f0a702fb049a0b188c474cf4a2298a");
  fold.Apply(PartitionSeq(1), Transaction(), ignore);
  Transaction t;
  t.postings = {{kIssuedReward, Points(-150)}, {RewardAccount(kHousehold), Points(150)}};
  t.changes = {{KeyOf(kHousehold), PartitionSeq(0), "record"}};
  fold.Apply(PartitionSeq(2), t, ignore);
  EXPECT_EQ(absl::BytesToHexString(fold.Digest()), "e694b5475ebc8fbb9577ec5be8bc845c8503d1c921fa7b7ffe0a3ac0c06f5abf");
}

}  // namespace
}  // namespace fenfen::ctl
