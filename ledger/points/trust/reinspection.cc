#include "ledger/points/trust/reinspection.h"

#include <openssl/sha.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/correction.pb.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/entry.h"
#include "ledger/points/purse.h"
#include "ledger/points/trust/cases.h"

namespace fenfen {
namespace {

using ledger::v1::ReinspectionDraw;
using ledger::v1::ReinspectionResult;

std::string Sha256(absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string NameOf(const Candidate& candidate) {
  return absl::StrCat(HouseholdName(candidate.household), "/entries/", candidate.entry.value());
}

// What decides a candidate's place: docs/formats/reinspection.md.
std::string ScoreOf(absl::string_view seed, const Candidate& candidate) {
  constexpr absl::string_view kDomain("fenfen-reinspection-v1\0", 23);
  return Sha256(absl::StrCat(kDomain, std::string(1, static_cast<char>(seed.size())), seed, NameOf(candidate)));
}

}  // namespace

PartitionId PartitionOfRegion(CatalogueId region) {
  return PartitionId(static_cast<uint16_t>(MixBits(region.value()) % kHouseholdPartitions));
}

// Bit 55 tells it from a household's number, which has 53 bits.
RecordKey DrawKey(const v1::Region& region, int32_t day) {
  constexpr uint64_t kLow55 = (uint64_t{1} << 55) - 1;
  const uint64_t hash = StableHash(absl::StrCat(region.name(), "/reinspections/", DayText(day)));
  const uint64_t partition = PartitionOfRegion(CatalogueIdOf(region.name())).value();
  return {RecordKind::kRiskCase, partition << 56 | uint64_t{1} << 55 | (hash & kLow55)};
}

absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> ReadDraw(const View& view, const v1::Region& region, int32_t day) {
  return ReadMessage<ledger::v1::RiskRecord>(view, DrawKey(region, day));
}

std::vector<Candidate> DrawSample(absl::string_view seed, const std::vector<Candidate>& population, size_t size) {
  std::vector<std::pair<std::string, Candidate>> scored;
  scored.reserve(population.size());
  for (const Candidate& candidate : population) scored.emplace_back(ScoreOf(seed, candidate), candidate);
  const size_t taken = std::min(size, scored.size());
  std::partial_sort(scored.begin(), scored.begin() + static_cast<std::ptrdiff_t>(taken), scored.end());
  std::vector<Candidate> sample;
  for (size_t i = 0; i < taken; ++i) sample.push_back(scored[i].second);
  return sample;
}

std::string PopulationDigest(const std::vector<Candidate>& population) {
  std::string all;
  for (const Candidate& candidate : population) absl::StrAppend(&all, NameOf(candidate), "\n");
  return Sha256(all);
}

ReadSet DrawReads(const v1::Region& region, int32_t day) { return {{DrawKey(region, day)}, {}}; }

// A drop of a day may be recorded a little before it, by clocks that are ahead.
int32_t FirstDrawDay(const Sightings::Reading& reading, absl::Time now, absl::TimeZone zone) {
  const int32_t today = DayNumberOf(now, zone);
  if (reading.complete_from_ms == 0) return today - kDrawDaysBack;
  if (reading.complete_from_ms == std::numeric_limits<int64_t>::max()) return today;
  const int32_t cut = DayNumberOf(absl::FromUnixMillis(reading.complete_from_ms) + limits::kClockAheadMax, zone);
  return std::max(today - kDrawDaysBack, cut + 1);
}

absl::StatusOr<Transaction> DecideDraw(const View& view, const DrawTerms& terms, const DecisionContext& context) {
  const int32_t yesterday = DayNumberOf(context.now, context.zone) - 1;
  if (terms.day > yesterday || terms.day < terms.first_day) {
    return Refuse(Reason::REASON_REINSPECTION_DAY, {{"first", DayText(terms.first_day)}, {"last", DayText(yesterday)}}, "day");
  }
  const absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> drawn = ReadDraw(view, *terms.region, terms.day);
  if (!drawn.ok()) return drawn.status();
  if (drawn->found()) {
    const std::string time = MinuteText(drawn->message.draw().create_micros(), context.zone);
    return Refuse(Reason::REASON_REINSPECTION_DRAWN, {{"day", DayText(terms.day)}, {"time", time}}, "day");
  }
  if (terms.population.empty()) return Refuse(Reason::REASON_REINSPECTION_EMPTY, {}, "day");

  ledger::v1::RiskRecord record;
  ReinspectionDraw& draw = *record.mutable_draw();
  draw.set_region(CatalogueIdOf(terms.region->name()).value());
  draw.set_day(terms.day);
  draw.set_seed(terms.seed);
  draw.set_seed_drawn(terms.seed_drawn);
  for (const Candidate& taken : DrawSample(terms.seed, terms.population, terms.size)) {
    ledger::v1::SampledEntry& entry = *draw.add_sample();
    entry.set_household(taken.household.value());
    entry.set_entry(taken.entry.value());
  }
  draw.set_population(static_cast<uint32_t>(terms.population.size()));
  draw.set_population_sha256(PopulationDigest(terms.population));
  draw.set_create_micros(absl::ToUnixMicros(context.now));
  draw.set_drawer(context.actor.id);
  for (const uint64_t last : terms.last_sequences) draw.add_last_sequences(last);
  for (const uint64_t region : terms.regions) draw.add_regions(region);
  Transaction transaction = BeginTransaction(TransactionKind::kReinspection, context, context.now);
  FactsWhy why;
  *why.facts.mutable_trust()->mutable_draw() = draw;
  transaction.changes.push_back({DrawKey(*terms.region, terms.day), PartitionSeq(0), SerialiseMessage(record)});
  transaction.why = EncodeWhy(why);
  return transaction;
}

ReadSet ResultReads(HouseholdId household) { return CaseReads(household); }

absl::StatusOr<Transaction> DecideResult(const View& view, const ResultTerms& terms, const Catalogue& catalogue,
                                         const DecisionContext& context) {
  if (!terms.correct) {
    if (absl::Status status = CheckGrounds({terms.reason, {}}); !status.ok()) return status;
  }
  const auto& sample = terms.draw->sample();
  const bool sampled = std::any_of(sample.begin(), sample.end(), [&](const ledger::v1::SampledEntry& one) {
    return one.household() == terms.household.value() && one.entry() == terms.entry.value();
  });
  if (!sampled) return Refuse(Reason::REASON_REINSPECTION_NOT_IN_SAMPLE, {}, "entry");
  const bool own =
      terms.recorder.kind == ActorKind::kStaff && SamePerson(catalogue, CatalogueId(terms.recorder.id), CatalogueId(context.actor.id));
  if (context.actor.kind != ActorKind::kStaff || own) return Refuse(Reason::REASON_CHECKER_IS_MAKER);
  absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, terms.household);
  if (!household.ok()) return household.status();
  absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> risk = ReadRisk(view, terms.household);
  if (!risk.ok()) return risk.status();
  ledger::v1::HouseholdRisk& known = *risk->message.mutable_household();
  for (const ReinspectionResult& former : known.results()) {
    if (former.draw() != terms.draw_key.id || former.entry() != terms.entry.value()) continue;
    return Refuse(Reason::REASON_REINSPECTION_DONE, {{"time", MinuteText(former.micros(), context.zone)}}, "entry");
  }

  ReinspectionResult result;
  result.set_draw(terms.draw_key.id);
  result.set_entry(terms.entry.value());
  result.set_correct(terms.correct);
  result.set_reason(terms.correct ? 0 : terms.reason);
  result.set_micros(absl::ToUnixMicros(context.now));
  result.set_inspector(context.actor.id);
  known.set_household(terms.household.value());
  *known.add_results() = result;
  if (known.results_size() > kResultsKept) known.mutable_results()->DeleteSubrange(0, known.results_size() - kResultsKept);
  Transaction transaction = BeginTransaction(TransactionKind::kReinspection, context, context.now);
  FactsWhy why;
  why.after = Purse(view, terms.household, household->record, transaction).After();
  *why.facts.mutable_trust()->mutable_result() = result;
  transaction.changes.push_back({KeyOf(terms.household), household->version, EncodeHousehold(household->record)});
  transaction.changes.push_back({RiskKey(terms.household), risk->version, SerialiseMessage(risk->message)});
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace fenfen
