// A journal written by hand, one transaction at a time, so that a test can spoil any of them.
//
//   Book book;
//   book.Write(book.Enrol(kHousehold));
//   Transaction drop = book.Drop(kHousehold, 150);
//   drop.postings[0].amount = Points(-149);
//   book.Write(drop);
//   EXPECT_THAT(book.Findings(), ElementsAre(HasSubstr("sum to 1")));
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/ctl/verify/verify_journal.h"
#include "ledger/points/records.h"
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen::ctl {

inline constexpr HouseholdId kHousehold{10'000'001};
inline constexpr uint64_t kTown = 5;
inline constexpr uint64_t kMerchant = 77;
inline constexpr AccountId kIssuedReward{AccountKind::kProgramme, Asset::kReward, kTown};
inline constexpr AccountId kIssuedCivic{AccountKind::kProgramme, Asset::kCivic, kTown};

inline VoucherId VoucherOf(HouseholdId household, uint64_t number) {
  return VoucherId(uint64_t{PartitionOf(household).value()} << 56 | number);
}

class Book {
 public:
  explicit Book(FileJournalOptions options = SmallOptions()) : journal_(MustOpen(disk_, std::move(options))) {}

  // The next transactions as the engine would write them. Nothing is remembered until Write.
  Transaction Enrol(HouseholdId household) {
    Transaction t = Begin(TransactionKind::kEnrolment);
    PutHousehold(t, household, households_[household]);
    return t;
  }
  Transaction Drop(HouseholdId household, int64_t reward) {
    Transaction t = Begin(TransactionKind::kDrop);
    t.postings = {{kIssuedReward, Points(-reward)},
                  {RewardAccount(household), Points(reward)},
                  {kIssuedCivic, Points(-1)},
                  {CivicAccount(household), Points(1)}};
    HouseholdRecord record = households_[household];
    record.lots.push_back({record.lots.empty() ? 20'000 : record.lots.back().expires_day + 1, Points(reward)});
    PutHousehold(t, household, record);
    return t;
  }
  // Takes the household's first lot as a whole.
  Transaction Reserve(HouseholdId household, VoucherId voucher) {
    Transaction t = Begin(TransactionKind::kReservation);
    HouseholdRecord record = households_[household];
    VoucherRecord of;
    of.household = household;
    of.offer = CatalogueId(66);
    of.merchant = CatalogueId(kMerchant);
    of.price = record.lots[0].amount;
    of.lots = {record.lots[0]};
    of.previous = record.last_voucher;
    record.lots.erase(record.lots.begin());
    record.last_voucher = voucher;
    t.postings = {{RewardAccount(household), -of.price}, {HeldAccount(household), of.price}};
    PutHousehold(t, household, record);
    PutVoucher(t, voucher, of);
    return t;
  }
  Transaction Capture(VoucherId voucher) {
    Transaction t = Begin(TransactionKind::kCapture);
    VoucherRecord of = vouchers_[voucher];
    of.state = VoucherState::kCaptured;
    t.postings = {{HeldAccount(of.household), -of.price}, {{AccountKind::kMerchant, Asset::kReward, kMerchant}, of.price}};
    PutHousehold(t, of.household, households_[of.household]);
    PutVoucher(t, voucher, of);
    return t;
  }

  // Journals it in the household's partition, or another, and believes it.
  void Write(const Transaction& t, PartitionId partition = PartitionOf(kHousehold)) {
    const PartitionSeq seq(journal_->LastDurable(partition).value() + 1);
    journal_->Append({partition, seq, t.event_time, EncodeTransaction(t)},
                     [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    EXPECT_TRUE(journal_->Flush().ok());
    for (const RecordChange& change : t.changes) {
      versions_[change.key] = seq;
      if (change.key.kind == RecordKind::kHousehold) {
        if (const auto record = DecodeHousehold(change.bytes); record.ok()) households_[HouseholdId(change.key.id)] = *record;
      }
      if (change.key.kind == RecordKind::kVoucher) {
        if (const auto record = DecodeVoucher(change.bytes); record.ok()) vouchers_[VoucherId(change.key.id)] = *record;
      }
    }
  }
  void WriteAll(const std::vector<Transaction>& transactions) {
    for (const Transaction& t : transactions) Write(t);
  }

  void PutHousehold(Transaction& t, HouseholdId household, const HouseholdRecord& record) {
    t.changes.push_back({KeyOf(household), versions_[KeyOf(household)], EncodeHousehold(record)});
  }
  void PutVoucher(Transaction& t, VoucherId voucher, const VoucherRecord& record) {
    t.changes.push_back({KeyOf(voucher), versions_[KeyOf(voucher)], EncodeVoucher(record)});
  }

  VerifyReport Verify(const VerifyOptions& options = {}) {
    const absl::StatusOr<VerifyReport> report = VerifyJournal(disk_, kDirectory, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : VerifyReport();
  }
  // What is found, as sentences.
  std::vector<std::string> Findings() {
    std::vector<std::string> sentences;
    for (const Finding& finding : Verify().findings) sentences.push_back(finding.what);
    return sentences;
  }

  MemoryFileSystem& disk() { return disk_; }
  FileJournal& journal() { return *journal_; }

 private:
  Transaction Begin(TransactionKind kind) {
    Transaction t;
    t.kind = kind;
    t.key = {0x018f3c1e7b2a7000u, 0x8000000000000000u | ++keys_};
    t.event_time = absl::FromUnixSeconds(1'700'000'000);
    return t;
  }

  MemoryFileSystem disk_;
  std::unique_ptr<FileJournal> journal_;
  uint64_t keys_ = 0;
  std::map<HouseholdId, HouseholdRecord> households_;
  std::map<VoucherId, VoucherRecord> vouchers_;
  std::map<RecordKey, PartitionSeq> versions_;
};

}  // namespace fenfen::ctl
