// Random re-inspection: a sample of a day's drops that follows from a recorded seed, so that anybody can draw it again and see that nobody
// chose (docs/formats/reinspection.md), and what was found when somebody looked. One draw a region and day: nobody draws until it suits
// them. Neither a draw nor a result posts anything; a wrong record is put right by a correction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/decision.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/trust/sightings.h"
#include "ledger/state/state.h"

namespace fenfen {

inline constexpr int kSampleMax = 500;
inline constexpr size_t kSeedBytesMax = 64;
// How many days back a day can be drawn.
inline constexpr int kDrawDaysBack = 7;
// Regions that a draw's region may have, itself and those below.
inline constexpr size_t kDrawRegionsMax = 4000;
// Results that a household's record keeps.
inline constexpr int kResultsKept = 64;

// A region's partition, and where its draw of a day lies.
PartitionId PartitionOfRegion(CatalogueId region);
RecordKey DrawKey(const v1::Region& region, int32_t day);
// OK with an empty message where there is none; DATA_LOSS.
absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> ReadDraw(const View& view, const v1::Region& region, int32_t day);

// A drop as a sample names it.
struct Candidate {
  HouseholdId household;
  PartitionSeq entry;

  friend constexpr auto operator<=>(const Candidate&, const Candidate&) = default;
};
// The `size` first in the order that the seed gives them; all where there are fewer. `population` is in its own order.
std::vector<Candidate> DrawSample(absl::string_view seed, const std::vector<Candidate>& population, size_t size);
// SHA-256 over all of them.
std::string PopulationDigest(const std::vector<Candidate>& population);

struct DrawTerms {
  const v1::Region* region = nullptr;  // outlives the decision
  int32_t day = 0;
  std::string seed;                   // 1 to kSeedBytesMax
  bool seed_drawn = false;            // by the server
  size_t size = 0;                    // 1 to kSampleMax
  std::vector<Candidate> population;  // ascending
  std::vector<uint64_t> last_sequences;
  std::vector<uint64_t> regions;  // ascending
  int32_t first_day = 0;          // that can be drawn; what was recorded of earlier ones is not all at hand
};
ReadSet DrawReads(const v1::Region& region, int32_t day);
// The first day that can be drawn now, by what is at hand.
int32_t FirstDrawDay(const Sightings::Reading& reading, absl::Time now, absl::TimeZone zone);
// Checks in this order: REINSPECTION_DAY, REINSPECTION_DRAWN, REINSPECTION_EMPTY. No household's entry.
absl::StatusOr<Transaction> DecideDraw(const View& view, const DrawTerms& terms, const DecisionContext& context);

struct ResultTerms {
  HouseholdId household;
  PartitionSeq entry;
  RecordKey draw_key;
  const ledger::v1::ReinspectionDraw* draw = nullptr;  // as stored; outlives the decision
  Actor recorder;                                      // who caused the entry
  bool correct = false;
  int reason = 0;  // why not
};
ReadSet ResultReads(HouseholdId household);
// Checks in this order: CORRECTION_REASON_UNKNOWN, REINSPECTION_NOT_IN_SAMPLE, CHECKER_IS_MAKER (nobody re-inspects what they recorded),
// HOUSEHOLD_UNKNOWN, REINSPECTION_DONE.
absl::StatusOr<Transaction> DecideResult(const View& view, const ResultTerms& terms, const Catalogue& catalogue,
                                         const DecisionContext& context);

}  // namespace fenfen
