// Pending drops (待核验): drops that are recorded and not credited at once, because the day's rules say so, because they came too late to
// be credited by themselves, or because they are in a tagged bag. Such a drop earns nothing yet and keeps its day open in the day log; its
// record holds all that it is judged by, so that its release (release.h) credits it to its own day as if it had been then. Pure.
//
//   ReadSet reads = DropReads(facts, catalogue, context);       // names the record where the drop may have to wait
//   … DecideDrop(view, facts, catalogue, context)               // a kPendingDrop where it does
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "fenfen/ledger/v1/verification.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/drop.h"
#include "ledger/points/earning/earn.h"

namespace fenfen {

// Drops of a household that may wait at a time; one more is recorded without credit.
inline constexpr uint32_t kPendingMax = 128;
// How long a drop in a tagged bag waits to be inspected, where no policy of the rules says it.
inline constexpr absl::Duration kBagWait = absl::Hours(7 * 24);

// The number of the pending drop that a request key makes: the household's partition in the top 8 bits, then 56 bits of the key's hash.
uint64_t PendingDropIdFor(HouseholdId household, const RequestKey& key);
constexpr RecordKey PendingDropKey(uint64_t id) { return {RecordKind::kPendingDrop, id}; }
constexpr RecordKey BagKey(uint64_t bag) { return {RecordKind::kBag, bag}; }

// Whether a drop has to be looked at more closely: its day's rules have policies, it is late, or it is in a bag.
bool MayWait(const DropFacts& facts, const Catalogue& catalogue, const DecisionContext& context);
// Adds what a pending drop writes besides the household.
void AddWaitingReads(const DropFacts& facts, const DecisionContext& context, ReadSet& reads);

// Why a drop waits, and until when.
struct Waiting {
  ledger::v1::PendingDrop::Cause cause = ledger::v1::PendingDrop::CAUSE_UNSPECIFIED;
  const PolicyTerms* policy = nullptr;      // under CAUSE_POLICY, and of a bag where one says how long
  absl::Time due = absl::InfiniteFuture();  // when it is decided by itself; never where a person must
  bool due_release = false;
};
// nullopt where it is credited at once. Of a drop that MayWait.
std::optional<Waiting> WhyItWaits(const DropFacts& facts, const HouseholdRecord& household, const Catalogue& catalogue,
                                  const DecisionContext& context);

// Drops of the household that wait.
uint32_t PendingOf(const HouseholdRecord& household);

// Records the drop. `household`: as read, its code used; `judged`: the drop's. BAG_UNKNOWN, BAG_OTHER_HOUSEHOLD, BAG_REVOKED, BAG_USED.
absl::StatusOr<Transaction> DecidePending(const View& view, const DropFacts& facts, const Waiting& waiting,
                                          Versioned<HouseholdRecord>& household, const Judgement& judged, const DecisionContext& context);

// What was recorded, as a drop to be judged; with what an inspector found in place of it, where one looked.
DropFacts FactsOf(const ledger::v1::PendingDrop& drop);
// The stored form of what a drop is judged by.
ledger::v1::DropSeen SeenOf(const DropFacts& facts);

// Which event of its day's log a transaction put there: a drop's or a release's; nullopt for any other.
std::optional<uint32_t> CreditedEvent(const Transaction& transaction);

}  // namespace fenfen
