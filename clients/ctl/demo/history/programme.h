// The programme's terms in the history: rules and their change, levels, boards, prices. Data; thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_HISTORY_PROGRAMME_H_
#define FENFEN_CLIENTS_CTL_DEMO_HISTORY_PROGRAMME_H_

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "clients/ctl/demo/district.h"
#include "fenfen/v1/game_rules.pb.h"
#include "fenfen/v1/rules.pb.h"

namespace fenfen::ctl {

// The days that the terms speak of.
struct ProgrammeDays {
  absl::CivilDay first;   // of the history
  absl::CivilDay change;  // on which the second version is in force
  absl::CivilDay last;    // of the history
};

// Version 1, of the pilot: points lapse two months after the month they are earned in; food waste counts double for a week. The rules that
// the demo has without a history (DemoRulesJson), paying less for food.
absl::StatusOr<v1::RuleSet> PilotRules(const ProgrammeDays& days);
// Version 2: those of today, with a monthly limit, a bonus, a campaign in the second estate that is on, bulky waste that waits for an
// inspector, renovation waste that waits a day, and tagged bags.
absl::StatusOr<v1::RuleSet> TodaysRules(const ProgrammeDays& days, const District& district);
// Levels, freezes, boards, badges; a quest of a fortnight, one for teams, and one that is on today.
absl::StatusOr<v1::GameRules> DemoGameRules(const ProgrammeDays& days);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_HISTORY_PROGRAMME_H_
