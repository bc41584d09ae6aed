// Collections: what was collected from a station on a day, weighed, as an entry of the station's partition. Weighings are added; a mistaken
// one is taken back by one below zero. Against it stands what the station's drops claim (station_sums.h).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fenfen/v1/catalogue.pb.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

inline constexpr int kWeighingsMax = 100;                   // a station and day
inline constexpr int64_t kCollectedGramsMax = 100'000'000;  // of one weighing
inline constexpr int kCollectionDaysBack = 30;

PartitionId PartitionOfStation(CatalogueId station);
RecordKey CollectionKey(const v1::Station& station, int32_t day);

struct CollectionTerms {
  const v1::Station* station = nullptr;  // outlives the decision
  int32_t day = 0;
  std::vector<std::pair<int, int64_t>> weights;  // categories as in the request, grams
};
ReadSet CollectionReads(const CollectionTerms& terms);

// Checks in this order: COLLECTION_DAY, COLLECTION_WEIGHT where there is none, CATEGORY_UNKNOWN, COLLECTION_WEIGHT, COLLECTION_TOO_MANY,
// COLLECTION_BELOW_ZERO. No household's entry; posts nothing.
absl::StatusOr<Transaction> DecideCollection(const View& view, const CollectionTerms& terms, const DecisionContext& context);

}  // namespace fenfen
