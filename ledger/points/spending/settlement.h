// Settlement: what a merchant is owed for a period's captures. The statement is a record of the catalogue's partition
// (fenfen.v1.Settlement): made by one person, approved by another, paid; then each partition with captures of it moves its part from the
// merchant's account to what is settled, once, by a record of its own (MerchantPeriod). The periods of a merchant follow one another
// without a gap, so a capture is in exactly one: a statement's name is its first day, which is the day after the one before, and a
// statement is only made after one that stands and only rejected while there is none after it; both are read in one transaction. Pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fenfen/v1/settlement.pb.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// A capture of the period.
struct PeriodCapture {
  PartitionId partition;
  PartitionSeq seq;
  Points amount;
  bool refunded = false;
};

// Not rejected: what it holds is settled by it.
inline bool Stands(const v1::Settlement& settlement) { return settlement.state() != v1::Settlement::STATE_REJECTED; }

// Sums, parts and digest of the captures, which come in the order of partitions and sequence numbers.
void SetCaptures(const std::vector<PeriodCapture>& captures, v1::Settlement& settlement);

// "merchants/m/settlements/20260601".
std::string SettlementName(absl::string_view merchant, int32_t first_day);
// The name of the statement that would follow.
std::string NextSettlementName(const v1::Settlement& settlement);
RecordKey SettlementKey(absl::string_view name);
// In a partition with captures of it.
RecordKey MerchantPeriodKey(absl::string_view name);

// `made`: all but the state, the maker and the time.
ReadSet SettlementReads(const v1::Settlement& made);
// SETTLEMENT_STATE where there is one of this name that stands, or the one before does not stand.
absl::StatusOr<Transaction> DecideSettlement(const View& view, const v1::Settlement& made, absl::string_view maker,
                                             const DecisionContext& context);

// What a person, or the job, does with a statement.
struct SettlementStepFacts {
  v1::Settlement::State to = v1::Settlement::STATE_UNSPECIFIED;
  std::string person;          // `staff/{staff}`; empty for the job
  std::string text;            // the reason of a rejection, the bank's reference of a payment
  std::string present_sha256;  // for an approval: what the captures come to now
};
// `known`: the statement as it was looked up; it names what is read.
ReadSet SettlementStepReads(const v1::Settlement& known);
// SETTLEMENT_UNKNOWN, SETTLEMENT_STATE, SETTLEMENT_SAME_PERSON, SETTLEMENT_CHANGED.
absl::StatusOr<Transaction> DecideSettlementStep(const View& view, const v1::Settlement& known, const SettlementStepFacts& facts,
                                                 const DecisionContext& context);

// Of one part of a paid statement. ALREADY_EXISTS, no refusal to be shown, where it is entered already; FAILED_PRECONDITION where the
// merchant's account does not hold the amount, which needs a person.
ReadSet SettlementPaymentReads(const v1::Settlement& paid);
absl::StatusOr<Transaction> DecideSettlementPayment(const View& view, const v1::Settlement& paid, const v1::SettlementPart& part,
                                                    const DecisionContext& context);

}  // namespace fenfen
