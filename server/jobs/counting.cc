#include "server/jobs/counting.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "fenfen/v1/drop.pb.h"
#include "ledger/points/why.h"

namespace fenfen::server {
namespace {

// "2026-W25": the week of ISO 8601, whose year may be another than the day's.
std::string WeekOf(absl::CivilDay day) {
  const absl::CivilDay thursday =
      absl::NextWeekday(day - 1, absl::Weekday::monday) == day ? day + 3 : absl::PrevWeekday(day, absl::Weekday::monday) + 3;
  return absl::StrCat(thursday.year(), "-W", absl::Dec((absl::GetYearDay(thursday) - 1) / 7 + 1, absl::kZeroPad2));
}

class Counting {
 public:
  Counting(const CommittedTransaction& committed, const Catalogue& catalogue, absl::TimeZone zone)
      : transaction_(committed.transaction), catalogue_(catalogue), zone_(zone), day_(absl::ToCivilDay(transaction_.event_time, zone)) {}

  std::vector<CounterChange> Run() {
    if (transaction_.kind == TransactionKind::kDrop || transaction_.kind == TransactionKind::kRelease) CountDrop();
    for (const Posting& posting : transaction_.postings) CountPosting(posting);
    return std::move(changes_);
  }

 private:
  absl::Time ExpiryAfter(absl::CivilDay last, int days) const { return absl::FromCivil(last + days + 1, zone_); }

  // "regions/zc"; empty where the catalogue does not know it.
  std::string TownName(uint64_t town) const {
    const v1::Region* region = catalogue_.Find<v1::Region>(CatalogueId(town));
    return region == nullptr ? "" : region->name();
  }

  // Into the day's roll-up of the whole district, and of the town where that is known.
  void AddToDay(const std::string& town, std::string field, int64_t delta) {
    const std::string day = absl::FormatCivilTime(day_);
    const absl::Time expires = ExpiryAfter(day_, kMonthCountersKeptDays);
    changes_.push_back({CounterChange::Kind::kRollup, day, field, delta, expires});
    if (!town.empty()) changes_.push_back({CounterChange::Kind::kRollup, absl::StrCat(day, ":", town), std::move(field), delta, expires});
  }

  void AddToBoards(const std::string& town, uint64_t household, int64_t civic) {
    const absl::CivilMonth month(day_);
    const absl::CivilDay month_end = absl::CivilDay(month + 1) - 1;
    const std::pair<std::string, absl::Time> periods[] = {
        {absl::FormatCivilTime(day_), ExpiryAfter(day_, kDayCountersKeptDays)},
        {WeekOf(day_), ExpiryAfter(day_ + 6, kDayCountersKeptDays)},
        {absl::FormatCivilTime(month), ExpiryAfter(month_end, kMonthCountersKeptDays)},
    };
    for (const auto& [period, expires] : periods) {
      changes_.push_back({CounterChange::Kind::kBoard, absl::StrCat(period, ":", town), absl::StrCat(household), civic, expires});
    }
  }

  void CountDrop() {
    absl::StatusOr<Why> why = DecodeWhy(transaction_.kind, transaction_.why);
    // A drop that waited is counted as it was credited.
    if (const auto* facts = why.ok() ? std::get_if<FactsWhy>(&*why) : nullptr; facts != nullptr) {
      why = DecodeWhy(TransactionKind::kDrop, facts->facts.verification().pending().credit());
    }
    const auto* drop = why.ok() ? std::get_if<DropWhy>(&*why) : nullptr;
    if (drop == nullptr) return;
    const std::string town = TownOfStation(drop->station);
    absl::string_view category = v1::Category_Name(static_cast<v1::Category>(drop->category));
    absl::ConsumePrefix(&category, "CATEGORY_");
    AddToDay(town, absl::StrCat("drops/", category), 1);
    if (drop->grams != 0) AddToDay(town, absl::StrCat("grams/", category), drop->grams);
  }

  std::string TownOfStation(CatalogueId station) const {
    const v1::Station* found = catalogue_.Find<v1::Station>(station);
    return found == nullptr ? "" : TownName(catalogue_.TownOf(CatalogueIdOf(found->region())).value());
  }

  void CountPosting(const Posting& posting) {
    const bool reward = posting.account.asset == Asset::kReward;
    const int64_t amount = posting.amount.hundredths();
    switch (posting.account.kind) {
      case AccountKind::kProgramme:
        programme_ = TownName(posting.account.owner);
        AddToDay(programme_, reward ? "reward_issued" : "civic_issued", -amount);
        return;
      case AccountKind::kHousehold:
        // The programme's own leg comes first: civic points come from nowhere else.
        if (!reward && !programme_.empty()) AddToBoards(programme_, posting.account.owner, amount);
        return;
      case AccountKind::kExpired:
        return AddToDay(TownName(posting.account.owner), "reward_expired", amount);
      case AccountKind::kMerchant:
        return AddToDay("", "captured", amount);
      case AccountKind::kSettled:
        return AddToDay("", "settled", amount);
      default:
        return;
    }
  }

  const Transaction& transaction_;
  const Catalogue& catalogue_;
  const absl::TimeZone zone_;
  const absl::CivilDay day_;
  std::string programme_;
  std::vector<CounterChange> changes_;
};

}  // namespace

std::vector<CounterChange> CountersOf(const CommittedTransaction& committed, const Catalogue& catalogue, absl::TimeZone zone) {
  if (committed.partition == kCataloguePartition) return {};
  return Counting(committed, catalogue, zone).Run();
}

}  // namespace fenfen::server
