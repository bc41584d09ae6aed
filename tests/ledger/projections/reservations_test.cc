// Reservations and captures from records: the same whether transactions come one by one or a start begins from what partitions held.
#include "ledger/projections/reservations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/projections/captures.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr uint64_t kHold = 77;

absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(seconds); }

// The test's own forms: "o 100" open till 100, "e 100 77" ended with its hold; "h 50" held till 50, "t" taken, "g" given.
std::optional<Reservations::Voucher> VoucherIn(absl::string_view bytes) {
  const std::vector<std::string> words = absl::StrSplit(bytes, ' ');
  int64_t time = 0, hold = 0;
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &time)) return std::nullopt;
  if (words.size() > 2 && !absl::SimpleAtoi(words[2], &hold)) return std::nullopt;
  return Reservations::Voucher{words[0] == "o", words[0] == "e", At(time), static_cast<uint64_t>(hold)};
}
std::optional<Reservations::Hold> HoldIn(absl::string_view bytes) {
  const std::vector<std::string> words = absl::StrSplit(bytes, ' ');
  int64_t time = 0;
  if (words.size() > 1 && !absl::SimpleAtoi(words[1], &time)) return std::nullopt;
  return Reservations::Hold{words[0] == "h", words[0] == "g", At(time)};
}

class ReservationsTest : public testing::Test {
 protected:
  void Write(RecordKind kind, uint64_t id, const std::string& bytes) {
    CommittedTransaction committed;
    committed.transaction.changes.push_back({{kind, id}, PartitionSeq(0), bytes});
    reservations.Apply(committed);
  }
  void Voucher(uint64_t id, const std::string& bytes) { Write(RecordKind::kVoucher, id, bytes); }
  void Hold(const std::string& bytes) { Write(RecordKind::kStockHold, kHold, bytes); }
  static PartitionContents Contents(RecordKind kind, uint64_t id, absl::string_view bytes) {
    PartitionContents contents;
    contents.records.push_back({{kind, id}, PartitionSeq(1), bytes});
    return contents;
  }

  Reservations reservations{VoucherIn, HoldIn};
};

TEST_F(ReservationsTest, OpenVouchersComeByTheirDate) {
  Voucher(1, "o 300");
  Voucher(2, "o 100");
  Voucher(3, "o 200");
  EXPECT_THAT(reservations.VouchersDue(At(99), 10), IsEmpty());
  const auto due = reservations.VouchersDue(At(300), 2);
  EXPECT_THAT(due, ElementsAre(Reservations::Due(At(100), 2), Reservations::Due(At(200), 3)));
  EXPECT_THAT(reservations.VouchersDue(At(300), 2, due.back()), ElementsAre(Reservations::Due(At(300), 1)));
  Voucher(2, "c 100");
  EXPECT_EQ(reservations.open_vouchers(), 2u);
  EXPECT_THAT(reservations.VouchersDue(At(150), 10), IsEmpty());
}

TEST_F(ReservationsTest, HoldsWaitForTheirReservationAndForTheirReturn) {
  Hold("h 50");
  EXPECT_THAT(reservations.HoldsDue(At(49)), IsEmpty());
  EXPECT_THAT(reservations.HoldsDue(At(50)), ElementsAre(kHold));
  Hold("t");
  EXPECT_THAT(reservations.HoldsDue(At(50)), IsEmpty());
  Voucher(1, absl::StrCat("o 100 ", kHold));
  EXPECT_THAT(reservations.HoldsDue(At(50)), IsEmpty());
  Voucher(1, absl::StrCat("e 100 ", kHold));
  EXPECT_THAT(reservations.HoldsDue(At(50)), ElementsAre(kHold));
  Hold("g");
  EXPECT_THAT(reservations.HoldsDue(At(50)), IsEmpty());
}

TEST_F(ReservationsTest, AStartFromWhatPartitionsHeldIsTheSameInAnyOrder) {
  const std::string ended = absl::StrCat("e 100 ", kHold);
  reservations.Restore(Contents(RecordKind::kStockHold, kHold, "g"));
  EXPECT_THAT(reservations.HoldsDue(At(50)), IsEmpty());
  reservations.Restore(Contents(RecordKind::kVoucher, 1, ended));
  EXPECT_THAT(reservations.HoldsDue(At(50)), IsEmpty());
  Reservations other(VoucherIn, HoldIn);
  other.Restore(Contents(RecordKind::kVoucher, 1, ended));
  other.Restore(Contents(RecordKind::kStockHold, kHold, "t"));
  EXPECT_THAT(other.HoldsDue(At(50)), UnorderedElementsAre(kHold));
}

// "c AMOUNT" captured, "r AMOUNT SEQ" refunded.
std::optional<Captures::Captured> CapturedIn(absl::string_view bytes) {
  const std::vector<std::string> words = absl::StrSplit(bytes, ' ');
  int64_t amount = 0, seq = 0;
  if (!absl::SimpleAtoi(words[1], &amount)) return std::nullopt;
  if (words.size() > 2 && !absl::SimpleAtoi(words[2], &seq)) return std::nullopt;
  return Captures::Captured{CatalogueId(5), At(1000), Points(amount), words[0] == "r", PartitionSeq(static_cast<uint64_t>(seq))};
}

TEST(CapturesTest, ARefundedCaptureStaysAndIsOwedNothing) {
  Captures live(absl::UTCTimeZone(), CapturedIn), restored(absl::UTCTimeZone(), CapturedIn);
  CommittedTransaction capture;
  capture.partition = PartitionId(3);
  capture.seq = PartitionSeq(9);
  capture.transaction.changes.push_back({{RecordKind::kVoucher, 1}, PartitionSeq(2), "c 150"});
  live.Apply(capture);
  EXPECT_EQ(live.OfDay(CatalogueId(5), 0, 0, 10).day_amount, Points(150));
  CommittedTransaction refund = capture;
  refund.seq = PartitionSeq(12);
  refund.transaction.changes[0].bytes = "r 150 9";
  live.Apply(refund);
  PartitionContents contents = PartitionContents();
  contents.partition = PartitionId(3);
  contents.records.push_back({{RecordKind::kVoucher, 1}, PartitionSeq(12), "r 150 9"});
  restored.Restore(contents);
  for (const Captures* captures : {&live, &restored}) {
    const Captures::Page page = captures->OfDay(CatalogueId(5), 0, 0, 10);
    EXPECT_THAT(page.captures, ElementsAre(Captures::Capture{PartitionId(3), PartitionSeq(9), Points(150), true}));
    EXPECT_EQ(page.day_count, 1u);
    EXPECT_EQ(page.day_amount, Points(0));
    EXPECT_EQ(captures->FirstDay(CatalogueId(5)), 0);
    EXPECT_EQ(captures->OfDays(CatalogueId(5), 0, 0).size(), 1u);
  }
}

}  // namespace
}  // namespace fenfen
