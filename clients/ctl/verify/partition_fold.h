// PartitionFold: the checker's own ledger of one partition. It takes the transactions in order, keeps balances, versions, lots and vouchers
// in its own way, and tells every rule that a transaction breaks. It never stops at one: a broken transaction is applied as it stands.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "clients/ctl/verify/award_fold.h"
#include "clients/ctl/verify/correction_fold.h"
#include "clients/ctl/verify/openings.h"
#include "clients/ctl/verify/risk_fold.h"
#include "clients/ctl/verify/spending_fold.h"
#include "clients/ctl/verify/stored_records.h"
#include "clients/ctl/verify/verification_fold.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

class PartitionFold {
 public:
  // Takes a sentence about what is wrong.
  using Report = absl::FunctionRef<void(std::string)>;

  // `keep_bytes`: whether Digest will be asked for; it needs the records themselves.
  PartitionFold(PartitionId partition, bool keep_bytes) : partition_(partition), keep_bytes_(keep_bytes) {}

  // Begins not from nothing but from this. Before anything else.
  void Begin(const PartitionOpening& opening, Report report);

  void Apply(PartitionSeq seq, const Transaction& transaction, Report report);
  // Lets what Apply will look at come near.
  void Prefetch(const Transaction& transaction) const;

  // The digest of the state as it is now (docs/formats/state_digest.md): SHA-256, 32 bytes.
  std::string Digest() const;
  // Digest will not be asked for again.
  void DropBytes();

  PartitionSeq last() const { return last_; }
  const absl::flat_hash_map<AccountId, int64_t>& balances() const { return balances_; }
  const absl::flat_hash_map<RecordKey, uint64_t>& versions() const { return versions_; }

  // Vouchers by where they stand.
  uint64_t reserved() const { return CountVouchers(StoredVoucherState::kReserved); }
  uint64_t captured() const { return CountVouchers(StoredVoucherState::kCaptured); }

 private:
  struct Household {
    bool known = false;
    int64_t lots_sum = 0;
    int64_t debt = 0;
    bool unknown_vouchers = false;
    int64_t reserved_sum = 0;  // the prices of its vouchers that are reserved
  };
  struct Voucher {
    uint64_t household = 0;
    uint64_t offer = 0;
    uint64_t merchant = 0;
    int64_t price = 0;
    // Nothing where the journal begins after the voucher did, and tells only by its next step where it stood.
    std::optional<StoredVoucherState> state;
  };

  bool IsCatalogue() const { return partition_ == kCataloguePartition; }
  void ApplyPostings(const Transaction& transaction, Report report);
  void ApplyChanges(PartitionSeq seq, const Transaction& transaction, Report report);
  void CheckPlace(const RecordKey& key, Report report) const;
  void BeginRecord(const RecordKey& key, const PartitionOpening::Record& record, Report report);
  void ApplyHousehold(const RecordChange& change, Report report);
  void ApplyVoucher(const RecordChange& change, const Transaction& transaction, Report report);
  // That a voucher begins, and goes on from where it stood, as there is a way, with the postings of that step.
  void CheckNew(const RecordKey& key, const Voucher& voucher, StoredVoucherState to, Report report);
  void CheckStep(const RecordKey& key, const Voucher& voucher, StoredVoucherState to, const Transaction& transaction, Report report);
  uint64_t CountVouchers(StoredVoucherState state) const;
  void CheckHouseholds(Report report);
  int64_t Balance(AccountKind kind, Asset asset, uint64_t owner) const;
  // Notes a household that the transaction touched.
  void Touch(uint64_t household);

  const PartitionId partition_;
  bool keep_bytes_;
  PartitionSeq last_;
  absl::flat_hash_set<RequestKey> keys_;
  absl::flat_hash_map<AccountId, int64_t> balances_;
  absl::flat_hash_map<RecordKey, uint64_t> versions_;
  absl::flat_hash_map<RecordKey, std::string> bytes_;  // only with keep_bytes_
  absl::flat_hash_map<uint64_t, Household> households_;
  absl::flat_hash_map<uint64_t, Voucher> vouchers_;
  SpendingFold spending_;
  CorrectionFold corrections_;
  AwardFold awards_;
  VerificationFold verification_;
  RiskFold risk_;
  std::vector<uint64_t> touched_;
};

}  // namespace fenfen::ctl
