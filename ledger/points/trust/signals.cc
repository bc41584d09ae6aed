#include "ledger/points/trust/signals.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "ledger/core/clock.h"
#include "ledger/points/trust/risk_rules.h"
#include "ledger/points/trust/station_place.h"

namespace fenfen {
namespace {

using Drops = std::vector<const Sighting*>;
using PairKey = std::pair<uint64_t, HouseholdId>;  // who or what, and a household

// How many drops before one are looked at for the way to it.
constexpr size_t kWaysBack = 16;
// Median absolute deviations are not taken for less than this part of the median: equal weights must not make any other one an outlier.
constexpr int64_t kDeviationPart = 20;

int64_t SecondsBetween(const Sighting& before, const Sighting& after) { return (after.time_ms - before.time_ms) / 1000; }

class Finder {
 public:
  Finder(const Sightings::Reading& reading, const v1::RiskRules& rules, const Catalogue& catalogue, absl::TimeZone zone)
      : reading_(reading), rules_(rules), catalogue_(catalogue), zone_(zone) {}

  std::vector<Signal> Run(HouseholdsOf households_of) {
    const std::vector<Sighting>& drops = reading_.drops;
    for (size_t begin = 0; begin < drops.size();) {
      size_t end = begin;
      Drops own;
      for (; end < drops.size() && drops[end].household == drops[begin].household; ++end) own.push_back(&drops[end]);
      Velocity(own);
      Ways(own);
      ClosedStations(own);
      begin = end;
    }
    Weights();
    Pairs();
    SharedCodes();
    Identities(households_of);
    std::sort(found_.begin(), found_.end(), [](const Signal& a, const Signal& b) {
      return std::tie(a.signal, a.household, a.subject) < std::tie(b.signal, b.household, b.subject);
    });
    return std::move(found_);
  }

 private:
  const v1::RiskRule* Rule(v1::RiskSignal signal) const { return RuleFor(rules_, signal); }

  Signal& Add(v1::RiskSignal signal, HouseholdId household, v1::RiskSubjectKind kind, uint64_t subject, int64_t measured,
              int64_t threshold) {
    Signal& added = found_.emplace_back();
    added.signal = signal;
    added.household = household;
    added.subject_kind = kind;
    added.subject = subject;
    added.measured = measured;
    added.threshold = threshold;
    return added;
  }
  // What it rests on.
  void Rest(Signal& signal, const Drops& drops) const {
    for (const Sighting* drop : drops) {
      signal.entries.push_back(drop->entry);
      signal.day = std::max(signal.day, DayNumberOf(absl::FromUnixMillis(drop->time_ms), zone_));
    }
    std::sort(signal.entries.begin(), signal.entries.end());
  }

  void Velocity(const Drops& own) {
    const v1::RiskRule* rule = Rule(v1::RISK_SIGNAL_VELOCITY);
    if (rule == nullptr) return;
    size_t begin = 0;
    std::pair<size_t, size_t> most{0, 0};
    for (size_t end = 1; end <= own.size(); ++end) {
      while (SecondsBetween(*own[begin], *own[end - 1]) > rule->span_seconds()) ++begin;
      if (end - begin > most.second - most.first) most = {begin, end};
    }
    const auto count = static_cast<int64_t>(most.second - most.first);
    if (count <= rule->threshold()) return;
    const Drops seen(own.begin() + static_cast<std::ptrdiff_t>(most.first), own.begin() + static_cast<std::ptrdiff_t>(most.second));
    Signal& signal = Add(v1::RISK_SIGNAL_VELOCITY, seen[0]->household, v1::RISK_SUBJECT_KIND_HOUSEHOLD, seen[0]->household.value(), count,
                         rule->threshold());
    Rest(signal, seen);
  }

  // The least time between two stations, seconds: 0 where they are not known to be far apart.
  int64_t SecondsNeeded(const v1::Station& a, const v1::Station& b, const v1::RiskRule& rule) const {
    if (const std::optional<int64_t> metres = MetresBetween(a, b)) {
      return *metres < kNearMetres ? 0 : *metres * 36 / (rule.threshold() * 10);
    }
    const bool one_town = catalogue_.TownOf(CatalogueIdOf(a.region())) == catalogue_.TownOf(CatalogueIdOf(b.region()));
    return one_town ? 0 : rule.span_seconds();
  }

  // Neighbours within one estate are one place: somebody else of the household may stand there, or walk over.
  static bool IsOnePlace(const v1::Station& a, const v1::Station& b) {
    if (const std::optional<int64_t> metres = MetresBetween(a, b)) return *metres < kOnePlaceMetres;
    return a.region() == b.region();
  }

  // At once at two stations, or from one to the other faster than the way allows: by one person, or by a card.
  void Ways(const Drops& own) {
    const v1::RiskRule* at_once = Rule(v1::RISK_SIGNAL_TWO_PLACES);
    const v1::RiskRule* travel = Rule(v1::RISK_SIGNAL_TRAVEL);
    std::optional<Way> copied;
    std::optional<Way> fast;
    for (size_t i = 1; i < own.size(); ++i) {
      for (size_t j = i - std::min(i, kWaysBack); j < i; ++j) {
        const Sighting& before = *own[j];
        const Sighting& after = *own[i];
        const bool others = before.member != 0 && after.member != 0 && before.member != after.member;
        if (before.station == after.station || others) continue;
        const int64_t seconds = SecondsBetween(before, after);
        const v1::Station* a = catalogue_.Find<v1::Station>(before.station);
        const v1::Station* b = catalogue_.Find<v1::Station>(after.station);
        if (a == nullptr || b == nullptr) continue;
        if (at_once != nullptr && seconds < at_once->span_seconds() && !IsOnePlace(*a, *b)) {
          Keep(copied, {&before, &after, seconds, at_once->span_seconds()});
        } else if (travel != nullptr && seconds < SecondsNeeded(*a, *b, *travel)) {
          Keep(fast, {&before, &after, seconds, SecondsNeeded(*a, *b, *travel)});
        }
      }
    }
    if (copied) AddWay(v1::RISK_SIGNAL_TWO_PLACES, *copied);
    if (fast) AddWay(v1::RISK_SIGNAL_TRAVEL, *fast);
  }
  struct Way {
    const Sighting* before;
    const Sighting* after;
    int64_t seconds;
    int64_t needed;
  };
  // The one with the most missing.
  static void Keep(std::optional<Way>& kept, const Way& way) {
    if (!kept || way.needed - way.seconds > kept->needed - kept->seconds) kept = way;
  }
  void AddWay(v1::RiskSignal kind, const Way& way) {
    const HouseholdId household = way.after->household;
    Signal& signal = Add(kind, household, v1::RISK_SUBJECT_KIND_HOUSEHOLD, household.value(), way.seconds, way.needed);
    signal.stations = {way.before->station, way.after->station};
    Rest(signal, {way.before, way.after});
  }

  void ClosedStations(const Drops& own) {
    const v1::RiskRule* rule = Rule(v1::RISK_SIGNAL_CLOSED_STATION);
    if (rule == nullptr) return;
    std::map<CatalogueId, Drops> outside;
    for (const Sighting* drop : own) {
      const v1::Station* station = catalogue_.Find<v1::Station>(drop->station);
      if (station == nullptr || station->windows().empty()) continue;
      if (SecondsOutside(*station, absl::FromUnixMillis(drop->time_ms), zone_) > rule->span_seconds()) {
        outside[drop->station].push_back(drop);
      }
    }
    for (const auto& [station, drops] : outside) {
      const auto count = static_cast<int64_t>(drops.size());
      if (count <= rule->threshold()) continue;
      Signal& signal = Add(v1::RISK_SIGNAL_CLOSED_STATION, drops[0]->household, v1::RISK_SUBJECT_KIND_STATION, station.value(), count,
                           rule->threshold());
      signal.stations = {station};
      Rest(signal, drops);
    }
  }

  void Weights() {
    const v1::RiskRule* rule = Rule(v1::RISK_SIGNAL_WEIGHT);
    if (rule == nullptr) return;
    std::map<std::pair<uint8_t, CatalogueId>, Drops> peers;
    for (const Sighting& drop : reading_.drops) {
      if (drop.grams > 0) peers[{drop.category, drop.region}].push_back(&drop);
    }
    std::map<HouseholdId, std::pair<int64_t, Drops>> far;  // how far at most, and which
    for (const auto& [group, drops] : peers) {
      if (drops.size() < kWeightPeersMin) continue;
      std::vector<int64_t> grams;
      for (const Sighting* drop : drops) grams.push_back(drop->grams);
      const Spread spread = SpreadOf(std::move(grams));
      const int64_t deviation = std::max<int64_t>({spread.deviation, spread.median / kDeviationPart, 1});
      for (const Sighting* drop : drops) {
        const int64_t off = std::abs(drop->grams - spread.median) * 100 / deviation;
        if (off <= rule->threshold()) continue;
        auto& [most, own] = far[drop->household];
        most = std::max(most, off);
        own.push_back(drop);
      }
    }
    for (const auto& [household, seen] : far) {
      if (static_cast<int>(seen.second.size()) < rule->count_min()) continue;
      Signal& signal =
          Add(v1::RISK_SIGNAL_WEIGHT, household, v1::RISK_SUBJECT_KIND_HOUSEHOLD, household.value(), seen.first, rule->threshold());
      Rest(signal, seen.second);
    }
  }

  void Pairs() {
    const v1::RiskRule* rule = Rule(v1::RISK_SIGNAL_PAIR);
    if (rule == nullptr) return;
    std::map<PairKey, Drops> pairs;
    for (const Sighting& drop : reading_.drops) {
      if (drop.recorder != 0) pairs[{drop.recorder, drop.household}].push_back(&drop);
    }
    absl::flat_hash_map<CatalogueId, std::vector<int64_t>> peers;  // by town
    const auto town_of = [this](const Drops& drops) { return catalogue_.TownOf(drops.back()->region); };
    for (const auto& [pair, drops] : pairs) peers[town_of(drops)].push_back(static_cast<int64_t>(drops.size()));
    absl::flat_hash_map<CatalogueId, int64_t> usual;
    for (auto& [town, counts] : peers) {
      if (counts.size() >= kPairPeersMin) usual[town] = SpreadOf(std::move(counts)).median;
    }
    for (const auto& [pair, drops] : pairs) {
      const auto median = usual.find(town_of(drops));
      const auto count = static_cast<int64_t>(drops.size());
      if (median == usual.end() || count < rule->count_min()) continue;
      const int64_t percent = count * 100 / median->second;
      if (percent <= rule->threshold()) continue;
      Rest(Add(v1::RISK_SIGNAL_PAIR, pair.second, v1::RISK_SUBJECT_KIND_ATTENDANT, pair.first, percent, rule->threshold()), drops);
    }
  }

  void SharedCodes() {
    const v1::RiskRule* rule = Rule(v1::RISK_SIGNAL_SHARED_CODE);
    if (rule == nullptr) return;
    std::map<std::pair<CatalogueId, uint64_t>, std::map<HouseholdId, Drops>> codes;
    for (const Sighting& drop : reading_.drops) {
      if (drop.code_step != 0) codes[{drop.station, drop.code_step}][drop.household].push_back(&drop);
    }
    std::map<PairKey, std::pair<int64_t, Drops>> named;  // of a station's codes the most used one
    for (const auto& [code, households] : codes) {
      const auto count = static_cast<int64_t>(households.size());
      if (count <= rule->threshold()) continue;
      size_t left = kHouseholdsNamedMax;
      for (const auto& [household, drops] : households) {
        if (left-- == 0) break;
        auto& most = named[{code.first.value(), household}];
        if (count > most.first) most = {count, drops};
      }
    }
    for (const auto& [pair, most] : named) {
      Signal& signal =
          Add(v1::RISK_SIGNAL_SHARED_CODE, pair.second, v1::RISK_SUBJECT_KIND_STATION, pair.first, most.first, rule->threshold());
      signal.stations = {CatalogueId(pair.first)};
      Rest(signal, most.second);
    }
  }

  // Of people who joined a household lately, into all of whose households somebody should look.
  void Identities(HouseholdsOf households_of) {
    const v1::RiskRule* rule = Rule(v1::RISK_SIGNAL_IDENTITY);
    if (rule == nullptr) return;
    const std::vector<Joining>& joinings = reading_.joinings;
    for (size_t begin = 0, end = 0; begin < joinings.size(); begin = end) {
      const uint64_t subject = joinings[begin].subject;
      while (end < joinings.size() && joinings[end].subject == subject) ++end;
      const auto count = static_cast<int64_t>(households_of(subject));
      if (count <= rule->threshold()) continue;
      size_t left = kHouseholdsNamedMax;
      for (size_t at = begin; at < end && left-- > 0;) {
        const HouseholdId household = joinings[at].household;
        Signal& signal = Add(v1::RISK_SIGNAL_IDENTITY, household, v1::RISK_SUBJECT_KIND_IDENTITY, subject, count, rule->threshold());
        for (; at < end && joinings[at].household == household; ++at) {
          signal.entries.push_back(joinings[at].entry);
          signal.day = std::max(signal.day, DayNumberOf(absl::FromUnixMillis(joinings[at].time_ms), zone_));
        }
      }
    }
  }

  const Sightings::Reading& reading_;
  const v1::RiskRules& rules_;
  const Catalogue& catalogue_;
  const absl::TimeZone zone_;
  std::vector<Signal> found_;
};

}  // namespace

std::vector<Signal> FindSignals(const Sightings::Reading& reading, const v1::RiskRules& rules, const Catalogue& catalogue,
                                absl::TimeZone zone, HouseholdsOf households_of) {
  return Finder(reading, rules, catalogue, zone).Run(households_of);
}

int64_t WindowBeginMs(const v1::RiskRules& rules, absl::Time now, absl::TimeZone zone) {
  return absl::ToUnixMillis(absl::FromCivil(absl::ToCivilDay(now, zone) - (rules.window_days() - 1), zone));
}

Spread SpreadOf(std::vector<int64_t> values) {
  const auto median_of = [](std::vector<int64_t>& all) {
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>((all.size() - 1) / 2);
    std::nth_element(all.begin(), middle, all.end());
    return *middle;
  };
  Spread spread;
  spread.median = median_of(values);
  for (int64_t& value : values) value = std::abs(value - spread.median);
  spread.deviation = median_of(values);
  return spread;
}

}  // namespace fenfen
