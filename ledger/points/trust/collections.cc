#include "ledger/points/trust/collections.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

using ledger::v1::StationCollections;

absl::Status CheckWeights(const CollectionTerms& terms) {
  const auto bad_weight = [] { return Refuse(Reason::REASON_COLLECTION_WEIGHT, {{"limit", absl::StrCat(kCollectedGramsMax)}}, "weights"); };
  if (terms.weights.empty()) return bad_weight();
  for (const auto& [category, grams] : terms.weights) {
    if (category == v1::CATEGORY_UNSPECIFIED || !v1::Category_IsValid(category)) {
      return Refuse(Reason::REASON_CATEGORY_UNKNOWN, {}, "weights");
    }
    if (grams == 0 || grams > kCollectedGramsMax || grams < -kCollectedGramsMax) return bad_weight();
  }
  return absl::OkStatus();
}

}  // namespace

PartitionId PartitionOfStation(CatalogueId station) {
  return PartitionId(static_cast<uint16_t>(MixBits(station.value()) % kHouseholdPartitions));
}

RecordKey CollectionKey(const v1::Station& station, int32_t day) {
  constexpr uint64_t kLow56 = (uint64_t{1} << 56) - 1;
  const uint64_t hash = StableHash(absl::StrCat(station.name(), "/collections/", DayText(day)));
  return {RecordKind::kCollection, uint64_t{PartitionOfStation(CatalogueIdOf(station.name())).value()} << 56 | (hash & kLow56)};
}

ReadSet CollectionReads(const CollectionTerms& terms) { return {{CollectionKey(*terms.station, terms.day)}, {}}; }

absl::StatusOr<Transaction> DecideCollection(const View& view, const CollectionTerms& terms, const DecisionContext& context) {
  const int32_t today = DayNumberOf(context.now, context.zone);
  if (terms.day > today || terms.day < today - kCollectionDaysBack) {
    return Refuse(Reason::REASON_COLLECTION_DAY, {{"first", DayText(today - kCollectionDaysBack)}, {"last", DayText(today)}}, "day");
  }
  if (absl::Status status = CheckWeights(terms); !status.ok()) return status;
  const RecordKey key = CollectionKey(*terms.station, terms.day);
  absl::StatusOr<StoredMessage<StationCollections>> stored = ReadMessage<StationCollections>(view, key);
  if (!stored.ok()) return stored.status();
  StationCollections& day = stored->message;
  if (day.weighings_size() + static_cast<int>(terms.weights.size()) > kWeighingsMax) {
    return Refuse(Reason::REASON_COLLECTION_TOO_MANY, {{"limit", absl::StrCat(kWeighingsMax)}}, "weights");
  }
  std::map<int, int64_t> sums;
  for (const StationCollections::Weighing& weighing : day.weighings()) sums[weighing.category()] += weighing.grams();
  StationCollections added;
  added.set_station(CatalogueIdOf(terms.station->name()).value());
  added.set_day(terms.day);
  for (const auto& [category, grams] : terms.weights) {
    if (sums[category] + grams < 0) {
      return Refuse(Reason::REASON_COLLECTION_BELOW_ZERO, {{"grams", absl::StrCat(sums[category])}}, "weights");
    }
    sums[category] += grams;
    StationCollections::Weighing& weighing = *added.add_weighings();
    weighing.set_category(category);
    weighing.set_grams(grams);
    weighing.set_micros(absl::ToUnixMicros(context.now));
    weighing.set_recorder(context.actor.id);
  }
  day.set_station(added.station());
  day.set_day(added.day());
  day.mutable_weighings()->MergeFrom(added.weighings());
  Transaction transaction = BeginTransaction(TransactionKind::kCollection, context, context.now);
  FactsWhy why;
  *why.facts.mutable_trust()->mutable_collection() = added;
  transaction.changes.push_back({key, stored->version, SerialiseMessage(day)});
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace fenfen
