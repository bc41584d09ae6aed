// Entries: a stored transaction as people see it. Everything is made from what the journal holds, so the sentence of an old entry does not
// change when the rules do.
#pragma once

#include "absl/status/statusor.h"
#include "fenfen/v1/entry.pb.h"
#include "fenfen/v1/household.pb.h"
#include "fenfen/v1/voucher.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"

namespace fenfen {

// The entry of a household's transaction. DATA_LOSS where its why cannot be read or it is not a household's.
absl::StatusOr<v1::Entry> RenderEntry(const CommittedTransaction& committed, const Catalogue& catalogue);

// The household whose entry it is. DATA_LOSS as above.
absl::StatusOr<HouseholdId> HouseholdOf(const Transaction& transaction);

// The version of the household's record before this transaction: the sequence number of its entry before, 0 for none.
PartitionSeq PreviousEntryOf(const Transaction& transaction, HouseholdId household);

// The entry with its postings, actor, key and facts; the journal's place is the caller's to add.
absl::StatusOr<v1::EntryTrace> RenderTrace(const CommittedTransaction& committed, const Catalogue& catalogue);

// A household, without its number hidden in it.
v1::Household RenderHousehold(HouseholdId id, const HouseholdRecord& record, const Catalogue& catalogue);

// What it has on `today`; lots past their day are left out.
v1::Balance RenderBalance(const View& view, HouseholdId id, const HouseholdRecord& record, int32_t today);

// A voucher as of `now`, with days in `zone`. The codes are the caller's to add, where `voucher.state` is STATE_RESERVED.
v1::Voucher RenderVoucher(VoucherId id, const VoucherRecord& record, const Catalogue& catalogue, absl::Time now, absl::TimeZone zone);

// Resource names.
std::string HouseholdName(HouseholdId id);                     // "households/10000001"
std::string VoucherName(HouseholdId household, VoucherId id);  // "households/10000001/vouchers/1a2b…", sixteen hexadecimal digits
// The names' parts; nullopt for another form.
std::optional<HouseholdId> ParseHouseholdName(absl::string_view name);
std::optional<std::pair<HouseholdId, uint32_t>> ParseMemberName(absl::string_view name);
std::optional<std::pair<HouseholdId, PartitionSeq>> ParseEntryName(absl::string_view name);
std::optional<std::pair<HouseholdId, VoucherId>> ParseVoucherName(absl::string_view name);

}  // namespace fenfen
