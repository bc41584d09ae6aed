#include "ledger/points/game/game_rules.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/clock.h"
#include "ledger/points/earning/rules.h"
#include "ledger/points/game/goals_check.h"
#include "ledger/points/game/periods.h"

namespace fenfen {
namespace {

constexpr int kLevelsMax = 50;
constexpr int kSeasonsMax = 40;
constexpr int kBoardsMax = 50;
constexpr int kSeasonDaysMax = 92;  // three months
constexpr int kPlacesMax = 100;
constexpr int kBoardDepthMax = 16;
constexpr size_t kIdBytesMax = 32;
constexpr size_t kTitleBytesMax = 128;
constexpr absl::string_view kLevels[] = {"building", "estate", "community", "town", "district"};

bool IsId(absl::string_view id) {
  return !id.empty() && id.size() <= kIdBytesMax &&
         std::all_of(id.begin(), id.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
}

bool IsOtherPeriod(const std::string& id, const v1::GameRules& rules) {
  return ParsePeriod(v1::Board::PERIOD_DAY, id, rules) || ParsePeriod(v1::Board::PERIOD_WEEK, id, rules) ||
         ParsePeriod(v1::Board::PERIOD_MONTH, id, rules);
}

class GameRulesChecker {
 public:
  explicit GameRulesChecker(GameRulesFault fault) : fault_(fault) {}

  void Range(absl::string_view field, int row, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return;
    fault_(field, row, absl::StrCat(value, " 超出范围 ", low, "–", high), absl::StrCat(value, " is not within ", low, " to ", high));
  }
  void Titles(absl::string_view list, int row, const std::string& zh, const std::string& en) {
    for (const auto& [name, text] : {std::make_pair("title_zh", &zh), std::make_pair("title_en", &en)}) {
      if (!text->empty() && text->size() <= kTitleBytesMax) continue;
      fault_(absl::StrCat(list, ".", name), row, "不能为空，也不能太长", absl::StrCat("must have 1 to ", kTitleBytesMax, " bytes"));
    }
  }

  void Levels(const v1::GameRules& rules) {
    Range("game_rules.levels", 0, rules.levels_size(), 1, kLevelsMax);
    for (int i = 0; i < rules.levels_size(); ++i) {
      const v1::Level& level = rules.levels(i);
      Titles("game_rules.levels", i + 1, level.title_zh(), level.title_en());
      if (i == 0 ? level.civic() == 0 : level.civic() > rules.levels(i - 1).civic() && level.civic() <= Points::kMax) continue;
      fault_("game_rules.levels.civic", i + 1, "第一级须为 0，以后各级须逐级递增",
             "must be 0 for the first level and rise from each to the next");
    }
  }

  void Seasons(const v1::GameRules& rules) {
    Range("game_rules.seasons", 0, rules.seasons_size(), 0, kSeasonsMax);
    std::vector<Period> periods;
    for (int i = 0; i < rules.seasons_size(); ++i) {
      const v1::Season& season = rules.seasons(i);
      Titles("game_rules.seasons", i + 1, season.title_zh(), season.title_en());
      if (!IsId(season.id()) || IsOtherPeriod(season.id(), rules)) {
        fault_("game_rules.seasons.id", i + 1, "只能用字母、数字、- 和 _，不能像日期、周或月份",
               "must be letters, digits, - or _, and not look like a day, week or month");
      }
      const std::optional<Period> period = PeriodOf(season);
      if (!period || period->last_day - period->first_day >= kSeasonDaysMax) {
        fault_("game_rules.seasons.last_month", i + 1, "赛季须为一至三个整月，写作 YYYY-MM",
               "must be one to three whole months, as YYYY-MM");
        continue;
      }
      for (const Period& other : periods) {
        if (other.name == period->name) fault_("game_rules.seasons.id", i + 1, "重复出现", "comes twice");
        if (other.last_day < period->first_day || period->last_day < other.first_day) continue;
        fault_("game_rules.seasons.first_month", i + 1, "与另一个赛季重叠", "overlaps with another season");
      }
      periods.push_back(*period);
    }
  }

  void Boards(const v1::GameRules& rules) {
    Range("game_rules.boards", 0, rules.boards_size(), 0, kBoardsMax);
    absl::flat_hash_set<std::string> names;
    for (int i = 0; i < rules.boards_size(); ++i) {
      const v1::Board& board = rules.boards(i);
      const int row = i + 1;
      absl::string_view id = board.name();
      if (!absl::ConsumePrefix(&id, "boards/") || !IsId(id)) {
        fault_("game_rules.boards.name", row, "须为 boards/ 加字母、数字、- 或 _", "must be boards/ and letters, digits, - or _");
      }
      if (!names.insert(board.name()).second) fault_("game_rules.boards.name", row, "重复出现", "comes twice");
      Titles("game_rules.boards", row, board.title_zh(), board.title_en());
      if (std::find(std::begin(kLevels), std::end(kLevels), board.level()) == std::end(kLevels)) {
        fault_("game_rules.boards.level", row, "须为 building、estate、community、town 或 district",
               "must be building, estate, community, town or district");
      }
      Range("game_rules.boards.period", row, board.period(), v1::Board::PERIOD_DAY, v1::Board::PERIOD_SEASON);
      Range("game_rules.boards.measure", row, board.measure(), v1::Board::MEASURE_CIVIC, v1::Board::MEASURE_ACCURACY);
      Range("game_rules.boards.entrants", row, board.entrants(), v1::Board::ENTRANTS_HOUSEHOLDS, v1::Board::ENTRANTS_TEAMS);
      Range("game_rules.boards.places", row, board.places(), 1, kPlacesMax);
      const bool inspected = board.measure() == v1::Board::MEASURE_ACCURACY;
      Range("game_rules.boards.inspected_min", row, board.inspected_min(), inspected ? 1 : 0, 1000);
    }
  }

 private:
  GameRulesFault fault_;
};

}  // namespace

void CheckGameRules(const v1::GameRules& rules, GameRulesFault fault) {
  GameRulesChecker checker(fault);
  checker.Levels(rules);
  checker.Range("game_rules.freezes_per_month", 0, rules.freezes_per_month(), 0, 31);
  checker.Range("game_rules.freeze_days_back", 0, rules.freeze_days_back(), 1, 30);
  checker.Seasons(rules);
  checker.Boards(rules);
  CheckGoals(rules, fault);
}

QuestDays DaysOf(const v1::Quest& quest, const Catalogue& catalogue) {
  absl::CivilDay first, last;
  absl::ParseCivilTime(quest.first_day(), &first);
  absl::ParseCivilTime(quest.last_day(), &last);
  QuestDays days{DayNumber(first), DayNumber(last), DayNumber(last)};
  if (const Rules* rules = catalogue.RulesOn(days.last)) days.closing += std::min<int32_t>(rules->late_days_max(), kQuestLateDaysMax);
  return days;
}

bool IsFor(const v1::Quest& quest, CatalogueId region, const Catalogue& catalogue) {
  return quest.regions().empty() || std::any_of(quest.regions().begin(), quest.regions().end(),
                                                [&](const std::string& name) { return catalogue.IsWithin(region, CatalogueIdOf(name)); });
}

LevelReached LevelOf(const v1::GameRules& rules, Points civic) {
  LevelReached reached;
  for (const v1::Level& level : rules.levels()) {
    if (level.civic() > civic.hundredths()) {
      reached.missing = Points(level.civic() - civic.hundredths());
      break;
    }
    ++reached.number;
  }
  return reached;
}

const v1::Board* FindBoard(const v1::GameRules& rules, absl::string_view name) {
  for (const v1::Board& board : rules.boards()) {
    if (board.name() == name) return &board;
  }
  return nullptr;
}

const v1::Region* RegionOfLevel(const Catalogue& catalogue, CatalogueId region, absl::string_view level) {
  for (int depth = 0; depth < kBoardDepthMax; ++depth) {
    const v1::Region* node = catalogue.Find<v1::Region>(region);
    if (node == nullptr || node->level() == level || (level == "community" && node->level() == "village")) return node;
    region = CatalogueIdOf(node->parent());
  }
  return nullptr;
}

}  // namespace fenfen
