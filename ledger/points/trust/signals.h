// Risk signals: what the drops of the last days look like, against the thresholds (v1::RiskRules, proto/fenfen/v1/risk.proto says what each
// measures). Pure, integers alone, the same whatever order the drops came in. A signal says that a person should look; it changes nothing.
//
//   for (const Signal& signal : FindSignals(reading, *rules, *catalogue, zone, households_of)) …
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "fenfen/v1/risk.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/trust/sightings.h"

namespace fenfen {

// Something seen of one household.
struct Signal {
  v1::RiskSignal signal = v1::RISK_SIGNAL_UNSPECIFIED;
  HouseholdId household;
  v1::RiskSubjectKind subject_kind = v1::RISK_SUBJECT_KIND_HOUSEHOLD;
  uint64_t subject = 0;               // as RiskEvidence
  std::vector<CatalogueId> stations;  // concerned
  int64_t measured = 0;
  int64_t threshold = 0;
  int32_t day = 0;                    // the last one of what it rests on
  std::vector<PartitionSeq> entries;  // of the household, ascending

  friend bool operator==(const Signal&, const Signal&) = default;
};

// Peers that a comparison needs.
inline constexpr size_t kWeightPeersMin = 30;
inline constexpr size_t kPairPeersMin = 10;
// Households that one signal about a person or a code names.
inline constexpr size_t kHouseholdsNamedMax = 50;
// Ways below this are never too fast; and stations nearer than that are one place.
inline constexpr int64_t kNearMetres = 2000;
inline constexpr int64_t kOnePlaceMetres = 500;

// How many households a person is a member of. No rule asks to tell none from one.
using HouseholdsOf = absl::FunctionRef<size_t(uint64_t subject)>;

// By signal, household and subject; at most one of each. `reading` is sorted as Sightings::Read gives it.
std::vector<Signal> FindSignals(const Sightings::Reading& reading, const v1::RiskRules& rules, const Catalogue& catalogue,
                                absl::TimeZone zone, HouseholdsOf households_of);

// The first instant that a window of `rules` which ends with `now` looks at, milliseconds since 1970.
int64_t WindowBeginMs(const v1::RiskRules& rules, absl::Time now, absl::TimeZone zone);

// The median and the median absolute deviation from it: of an even number the lower of the two in the middle. `values` is not empty.
struct Spread {
  int64_t median = 0;
  int64_t deviation = 0;
};
Spread SpreadOf(std::vector<int64_t> values);

}  // namespace fenfen
