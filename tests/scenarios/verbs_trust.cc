// Risk signals and cases, samples and what was found, collections. What signals go by is folded anew from the whole journal each time.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fenfen/v1/correction.pb.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/core/errors.h"
#include "ledger/points/drop.h"
#include "ledger/points/enrolment.h"
#include "ledger/points/trust/cases.h"
#include "ledger/points/trust/collections.h"
#include "ledger/points/trust/reinspection.h"
#include "ledger/points/trust/risk_queue.h"
#include "ledger/points/trust/risk_rules.h"
#include "ledger/points/trust/sentences.h"
#include "ledger/points/trust/station_sums.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {
namespace {

Actor StaffOf(const Step& step) { return {ActorKind::kStaff, CatalogueIdOf(step.After("by")).value(), 0}; }

int ReasonOf(const Step& step) {
  v1::CorrectionReason reason = v1::CORRECTION_REASON_UNSPECIFIED;
  v1::CorrectionReason_Parse(absl::StrCat("CORRECTION_REASON_", step.After("for")), &reason);
  return reason;
}

template <typename Projection>
void Fold(World& world, Projection& projection) {
  for (const CommittedTransaction& committed : world.history()) projection.Apply(committed);
}

v1::RiskRules RulesNow(World& world) {
  RiskRulesStore store;
  Fold(world, store);
  return *store.Snapshot();
}

// given risk-rules FILE: thresholds of a JSON file, in place of the defaults.
absl::Status GivenRiskRules(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("given risk-rules FILE");
  std::ifstream file(world.PathOf(step.words[2]));
  if (!file) return Mismatch(absl::StrCat("there is no ", step.words[2]));
  std::stringstream text;
  text << file.rdbuf();
  v1::RiskRules rules;
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &rules); !parsed.ok()) {
    return Mismatch(absl::StrCat(step.words[2], ": ", parsed.ToString()));
  }
  const DecisionContext context = world.Context();
  return world.Submit(kCataloguePartition, RiskRulesReads(), context,
                      [rules, context](const View& view) { return DecideRiskRules(view, rules, context); });
}

// given households N-M [person P]: enrolled in regions/e, each with two members; the first is the person of that number, where it is given.
absl::Status GivenHouseholds(World& world, const Step& step) {
  const std::vector<std::string> range = absl::StrSplit(step.words.size() > 2 ? step.words[2] : "", '-');
  uint64_t first = 0;
  uint64_t last = 0;
  if (range.size() != 2 || !absl::SimpleAtoi(range[0], &first) || !absl::SimpleAtoi(range[1], &last))
    return Mismatch("given households N-M");
  uint64_t person = 0;
  if (step.Has("person") && !absl::SimpleAtoi(step.After("person"), &person)) return Mismatch("person: a number");
  for (uint64_t household = first; household <= last; ++household) {
    EnrolmentFacts facts;
    facts.household = HouseholdId(household);
    facts.region = CatalogueIdOf("regions/e");
    facts.members = {person, 0};
    const DecisionContext context = world.Context();
    const absl::Status status =
        world.Submit(facts.household, EnrolmentReads(facts.household), context,
                     [&world, facts, context](const View& view) { return DecideEnrolment(view, facts, *world.catalogue(), context); });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// drops N[-M] CATEGORY [WEIGHT] [station S] [member M] [by STAFF] [code STEP] [times K] [every SECONDS]: K drops of each household; the
// clock goes on by that many seconds after each.
absl::Status Drops(World& world, const Step& step) {
  if (step.words.size() < 3) return Mismatch("drops N[-M] CATEGORY …");
  const std::vector<std::string> range = absl::StrSplit(step.words[1], '-');
  uint64_t first = 0;
  uint64_t last = 0;
  if (!absl::SimpleAtoi(range.front(), &first) || !absl::SimpleAtoi(range.back(), &last)) return Mismatch("households: N or N-M");
  const absl::StatusOr<int> category = ReadCategoryWord(step.words[2]);
  if (!category.ok()) return category.status();
  DropFacts facts;
  facts.category = *category;
  if (step.words.size() > 3 && absl::EndsWith(step.words[3], "g")) {
    const absl::StatusOr<int64_t> grams = ReadGramsWord(step.words[3]);
    if (!grams.ok()) return grams.status();
    facts.grams = *grams;
  }
  facts.station = CatalogueIdOf(step.Has("station") ? step.After("station") : "stations/s1");
  if (step.Has("member") && !absl::SimpleAtoi(step.After("member"), &facts.member)) return Mismatch("member: a number");
  uint64_t code = 0;
  if (step.Has("code") && !absl::SimpleAtoi(step.After("code"), &code)) return Mismatch("code: a number");
  int times = 1;
  int every = 1;
  if (step.Has("times") && !absl::SimpleAtoi(step.After("times"), &times)) return Mismatch("times: a number");
  if (step.Has("every") && !absl::SimpleAtoi(step.After("every"), &every)) return Mismatch("every: seconds");
  if (code != 0) facts.code_step = code;
  for (uint64_t household = first; household <= last; ++household) {
    for (int i = 0; i < times; ++i) {
      facts.household = HouseholdId(household);
      facts.event_time = world.clock.Now();
      const DecisionContext context = world.Context(step.Has("by") ? StaffOf(step) : Actor{ActorKind::kMember, household, facts.member});
      const absl::Status status = world.Submit(facts.household, DropReads(facts), context, [&world, facts, context](const View& view) {
        return DecideDrop(view, facts, *world.catalogue(), context);
      });
      if (!status.ok()) return status;
      world.clock.Advance(absl::Seconds(every));
    }
  }
  return absl::OkStatus();
}

size_t HouseholdsOfPerson(World& world, uint64_t subject) {
  std::set<uint64_t> households;
  for (const CommittedTransaction& committed : world.history()) {
    for (const RecordChange& change : committed.transaction.changes) {
      if (change.key.kind != RecordKind::kHousehold) continue;
      const absl::StatusOr<HouseholdNames> names = DecodeNames(change.bytes);
      if (names.ok() && std::count(names->members.begin(), names->members.end(), subject) > 0) households.insert(change.key.id);
    }
  }
  return households.size();
}

// watch: what the job does: looks for signals and opens a case for each that is new. No balance changes by it.
absl::Status Watch(World& world, const Step& /*step*/) {
  Sightings sightings;
  Fold(world, sightings);
  const auto rules = std::make_shared<const v1::RiskRules>(RulesNow(world));
  const int64_t begin_ms = WindowBeginMs(*rules, world.clock.Now(), world.zone);
  const Sightings::Reading reading = sightings.Read([&](const Sighting& seen) { return seen.time_ms >= begin_ms; });
  const std::vector<Signal> signals =
      FindSignals(reading, *rules, *world.catalogue(), world.zone, [&](uint64_t subject) { return HouseholdsOfPerson(world, subject); });
  for (const Signal& signal : signals) {
    DecisionContext context = world.Context();
    context.key = HoldKey(signal, DayNumberOf(context.now, world.zone), world.zone);
    context.fingerprint = 0;
    const absl::Status status = world.Submit(signal.household, CaseReads(signal.household), context,
                                             [=](const View& view) { return DecideHold(view, signal, *rules, context); });
    if (!status.ok() && RefusalOf(status).reason != Reason::REASON_RISK_CASE_KNOWN) return status;
    if (status.ok() && !world.last()->transaction.postings.empty()) return Mismatch("a signal posted something");
  }
  return absl::OkStatus();
}

ledger::v1::HouseholdRisk RiskOf(World& world, HouseholdId household) {
  ledger::v1::HouseholdRisk risk;
  world.Read(PartitionOf(household), [&](const View& view) {
    if (auto stored = ReadRisk(view, household); stored.ok()) risk = stored->message.household();
  });
  return risk;
}

// then cases: rows of HOUSEHOLD SIGNAL open|cleared|confirmed [held-until DAY], in the order of the queue; no rows for none.
absl::Status ThenCases(World& world, const Step& step) {
  RiskQueue queue;
  Fold(world, queue);
  std::vector<std::string> actual;
  for (const RiskQueue::Case& one : queue.Find([](const auto&) { return true; }, nullptr, 1000)) {
    const ledger::v1::HouseholdRisk risk = RiskOf(world, one.household);
    for (const ledger::v1::RiskCase& stored : risk.cases()) {
      if (stored.number() != one.number) continue;
      const std::string signal = v1::RiskSignal_Name(static_cast<v1::RiskSignal>(stored.evidence().signal()));
      const char* state = stored.decide_micros() == 0 ? "open" : stored.confirmed() ? "confirmed" : "cleared";
      actual.push_back(absl::StrCat(one.household.value(), " ", signal.substr(std::string("RISK_SIGNAL_").size()), " ", state));
      if (stored.hold_last_day() != 0) absl::StrAppend(&actual.back(), " held-until ", DayText(stored.hold_last_day()));
    }
  }
  std::vector<std::string> expected;
  for (const std::vector<std::string>& row : step.rows) expected.push_back(absl::StrJoin(row, " "));
  return ExpectSame("the queue", absl::StrJoin(expected, "; "), absl::StrJoin(actual, "; "));
}

absl::StatusOr<std::pair<HouseholdId, uint32_t>> CaseNamed(const Step& step, size_t at) {
  const std::vector<std::string> parts = absl::StrSplit(step.words.size() > at ? step.words[at] : "", '#');
  uint32_t number = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &number)) return Mismatch("a case is HOUSEHOLD#NUMBER");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(parts[0]);
  if (!household.ok()) return household.status();
  return std::make_pair(*household, number);
}

// clear HOUSEHOLD#NUMBER by STAFF for REASON; confirm …
absl::Status Decide(World& world, const Step& step) {
  const auto named = CaseNamed(step, 1);
  if (!named.ok()) return named.status();
  const CaseDecision decision{named->first, named->second, step.words[0] == "confirm", {ReasonOf(step), {}}};
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(named->first, CaseReads(named->first), context,
                      [&world, decision, context](const View& view) { return DecideHoldEnd(view, decision, *world.catalogue(), context); });
}

// then evidence HOUSEHOLD#NUMBER zh|en = TEXT
absl::Status ThenEvidence(World& world, const Step& step) {
  const auto named = CaseNamed(step, 2);
  if (!named.ok()) return named.status();
  if (step.words.size() != 6) return Mismatch("then evidence HOUSEHOLD#NUMBER zh|en = TEXT");
  const ledger::v1::HouseholdRisk risk = RiskOf(world, named->first);
  for (const ledger::v1::RiskCase& one : risk.cases()) {
    if (one.number() != named->second) continue;
    const Sentence sentence = EvidenceSentence(one.evidence(), *world.catalogue());
    return ExpectSame("the evidence", step.words[5], step.words[3] == "zh" ? sentence.zh : sentence.en);
  }
  return Mismatch("there is no such case");
}

struct DayWord {
  const v1::Region* region = nullptr;
  int32_t day = 0;
};
absl::StatusOr<DayWord> ReadRegionAndDay(World& world, const Step& step, size_t at) {
  absl::CivilDay day;
  if (step.words.size() < at + 2 || !absl::ParseCivilTime(step.words[at + 1], &day)) return Mismatch("REGION DAY");
  const v1::Region* region = world.catalogue()->Find<v1::Region>(step.words[at]);
  if (region == nullptr) return Mismatch(absl::StrCat("there is no ", step.words[at]));
  return DayWord{region, DayNumber(day)};
}

absl::StatusOr<ledger::v1::ReinspectionDraw> DrawOf(World& world, const DayWord& of) {
  absl::StatusOr<ledger::v1::ReinspectionDraw> draw = Mismatch("there is no such sample");
  world.Read(PartitionOfRegion(CatalogueIdOf(of.region->name())), [&](const View& view) {
    const auto stored = ReadDraw(view, *of.region, of.day);
    if (stored.ok() && stored->found()) draw = stored->message.draw();
  });
  return draw;
}

// draw REGION DAY SIZE seed SEED by STAFF
absl::Status Draw(World& world, const Step& step) {
  const absl::StatusOr<DayWord> of = ReadRegionAndDay(world, step, 1);
  if (!of.ok()) return of.status();
  DrawTerms terms;
  if (step.words.size() < 4 || !absl::SimpleAtoi(step.words[3], &terms.size)) return Mismatch("draw REGION DAY SIZE seed SEED by STAFF");
  const std::shared_ptr<const Catalogue> catalogue = world.catalogue();
  for (const v1::Region* region : catalogue->All<v1::Region>()) {
    const CatalogueId id = CatalogueIdOf(region->name());
    if (catalogue->IsWithin(id, CatalogueIdOf(of->region->name()))) terms.regions.push_back(id.value());
  }
  std::sort(terms.regions.begin(), terms.regions.end());
  Sightings sightings;
  Fold(world, sightings);
  const Sightings::Reading reading = sightings.Read([&](const Sighting& seen) {
    return DayNumberOf(absl::FromUnixMillis(seen.time_ms), world.zone) == of->day &&
           std::binary_search(terms.regions.begin(), terms.regions.end(), seen.region.value());
  });
  for (const Sighting& seen : reading.drops) terms.population.push_back({seen.household, seen.entry});
  std::sort(terms.population.begin(), terms.population.end());
  terms.region = of->region;
  terms.day = of->day;
  terms.seed = step.After("seed");
  terms.last_sequences = reading.last_sequences;
  terms.first_day = FirstDrawDay(reading, world.clock.Now(), world.zone);
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(PartitionOfRegion(CatalogueIdOf(of->region->name())), DrawReads(*of->region, of->day), context,
                      [terms, context](const View& view) { return DecideDraw(view, terms, context); });
}

// reinspect REGION DAY PLACE right|wrong [for REASON] by STAFF: the drop at that place of the sample, from 1.
absl::Status Reinspect(World& world, const Step& step) {
  const absl::StatusOr<DayWord> of = ReadRegionAndDay(world, step, 1);
  if (!of.ok()) return of.status();
  const absl::StatusOr<ledger::v1::ReinspectionDraw> draw = DrawOf(world, *of);
  if (!draw.ok()) return draw.status();
  int place = 0;
  if (step.words.size() < 5 || !absl::SimpleAtoi(step.words[3], &place) || place < 1 || place > draw->sample_size()) {
    return Mismatch("reinspect REGION DAY PLACE right|wrong [for REASON] by STAFF");
  }
  const ledger::v1::SampledEntry& taken = draw->sample(place - 1);
  const ResultTerms terms{HouseholdId(taken.household()),
                          PartitionSeq(taken.entry()),
                          DrawKey(*of->region, of->day),
                          &*draw,
                          Actor{},
                          step.words[4] == "right",
                          ReasonOf(step)};
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(terms.household, ResultReads(terms.household), context,
                      [&](const View& view) { return DecideResult(view, terms, *world.catalogue(), context); });
}

// then sample REGION DAY = TAKEN of POPULATION [right RIGHT of LOOKED-AT]
absl::Status ThenSample(World& world, const Step& step) {
  const absl::StatusOr<DayWord> of = ReadRegionAndDay(world, step, 2);
  if (!of.ok()) return of.status();
  const absl::StatusOr<ledger::v1::ReinspectionDraw> draw = DrawOf(world, *of);
  if (!draw.ok()) return draw.status();
  int right = 0;
  int looked = 0;
  for (const ledger::v1::SampledEntry& taken : draw->sample()) {
    const ledger::v1::HouseholdRisk risk = RiskOf(world, HouseholdId(taken.household()));
    for (const auto& result : risk.results()) {
      if (result.draw() != DrawKey(*of->region, of->day).id || result.entry() != taken.entry()) continue;
      ++looked;
      right += result.correct() ? 1 : 0;
    }
  }
  std::string actual = absl::StrCat(draw->sample_size(), " of ", draw->population());
  if (step.Has("right")) absl::StrAppend(&actual, " right ", right, " of ", looked);
  const std::vector<std::string> expected(step.words.begin() + 5, step.words.end());
  return ExpectSame("the sample", absl::StrJoin(expected, " "), actual);
}

// collect STATION DAY CATEGORY WEIGHT [take-back] by STAFF
absl::Status Collect(World& world, const Step& step) {
  absl::CivilDay day;
  if (step.words.size() < 5 || !absl::ParseCivilTime(step.words[2], &day)) return Mismatch("collect STATION DAY CATEGORY WEIGHT by STAFF");
  const absl::StatusOr<int> category = ReadCategoryWord(step.words[3]);
  const absl::StatusOr<int64_t> grams = ReadGramsWord(step.words[4]);
  if (!category.ok()) return category.status();
  if (!grams.ok()) return grams.status();
  const std::shared_ptr<const Catalogue> catalogue = world.catalogue();
  CollectionTerms terms{
      catalogue->Find<v1::Station>(step.words[1]), DayNumber(day), {{*category, step.Has("take-back") ? -*grams : *grams}}};
  if (terms.station == nullptr) return Mismatch("there is no such station");
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(PartitionOfStation(CatalogueIdOf(step.words[1])), CollectionReads(terms), context,
                      [terms, context](const View& view) { return DecideCollection(view, terms, context); });
}

// then station STATION FIRST LAST = points AMOUNT claimed GRAMSg collected GRAMSg|no-data
absl::Status ThenStation(World& world, const Step& step) {
  absl::CivilDay first;
  absl::CivilDay last;
  if (step.words.size() < 12 || !absl::ParseCivilTime(step.words[3], &first) || !absl::ParseCivilTime(step.words[4], &last)) {
    return Mismatch("then station STATION FIRST LAST = points AMOUNT claimed GRAMSg collected GRAMSg|no-data");
  }
  StationSums sums(world.zone);
  Fold(world, sums);
  const StationSums::Report report = sums.Of(CatalogueIdOf(step.words[2]), DayNumber(first), DayNumber(last));
  StationSums::Sum all;
  for (const auto& [category, sum] : report.claimed) {
    all.reward += sum.reward;
    all.claimed_grams += sum.claimed_grams;
  }
  int64_t collected = 0;
  for (const auto& [category, grams] : report.collected) collected += grams;
  const std::string actual = absl::StrCat("points ", FormatPoints(Points(all.reward)), " claimed ", all.claimed_grams, "g collected ",
                                          report.collected.empty() ? "no-data" : absl::StrCat(collected, "g"));
  return ExpectSame("the station", absl::StrJoin(step.words.begin() + 6, step.words.end(), " "), actual);
}

}  // namespace

void AddTrustVerbs(Verbs& verbs) {
  verbs.Add("given risk-rules", GivenRiskRules);
  verbs.Add("given households", GivenHouseholds);
  verbs.Add("drops", Drops);
  verbs.Add("watch", Watch);
  verbs.Add("clear", Decide);
  verbs.Add("confirm", Decide);
  verbs.Add("draw", Draw);
  verbs.Add("reinspect", Reinspect);
  verbs.Add("collect", Collect);
  verbs.Add("then cases", ThenCases);
  verbs.Add("then evidence", ThenEvidence);
  verbs.Add("then sample", ThenSample);
  verbs.Add("then station", ThenStation);
}

}  // namespace fenfen::scenarios
