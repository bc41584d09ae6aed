// The game's rules (v1::GameRules, one document of the catalogue): what a valid one is, and what it says of a household. Pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "fenfen/v1/game_rules.pb.h"
#include "ledger/core/points.h"
#include "ledger/core/record.h"
#include "ledger/points/catalogue.h"

namespace fenfen {

// How long the longest quest is, and how long after it late drops count: together no more than what a household did is kept by days.
inline constexpr int kQuestDaysMax = 31;
inline constexpr int kQuestLateDaysMax = 14;

// Where the document lies, in the catalogue's partition.
inline constexpr RecordKey kGameRulesKey{RecordKind::kBoard, CatalogueIdOf("gameRules").value()};

// Tells `fault` of everything that is wrong: the field, such as "game_rules.levels.civic", the place in its list from 1 (0 where it is in
// none), and why.
using GameRulesFault = absl::FunctionRef<void(absl::string_view field, int row, absl::string_view zh, absl::string_view en)>;
void CheckGameRules(const v1::GameRules& rules, GameRulesFault fault);

// The number of the level that so many civic points have, from 1, and what is missing to the next; 0 where it is the last, or there are no
// levels.
struct LevelReached {
  int number = 0;  // 0 where there are no levels
  Points missing;
};
LevelReached LevelOf(const v1::GameRules& rules, Points civic);

// A quest's days.
struct QuestDays {
  int32_t first = 0;
  int32_t last = 0;
  int32_t closing = 0;  // the last on which late drops count

  friend bool operator==(const QuestDays&, const QuestDays&) = default;
};
// `quest` is a checked one.
QuestDays DaysOf(const v1::Quest& quest, const Catalogue& catalogue);
// Whether a household of that region may take part.
bool IsFor(const v1::Quest& quest, CatalogueId region, const Catalogue& catalogue);

// The board of that name, "boards/…", or nullptr.
const v1::Board* FindBoard(const v1::GameRules& rules, absl::string_view name);

// The region of the board's level that `region` is or lies in; nullptr where there is none.
const v1::Region* RegionOfLevel(const Catalogue& catalogue, CatalogueId region, absl::string_view level);

}  // namespace fenfen
