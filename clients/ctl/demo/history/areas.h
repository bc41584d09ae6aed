// The areas of the history, each in a file of its name; history.cc says in which order a day has them. Each is called once a day, at the
// hour that it names, and moves the clock on by itself. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_HISTORY_AREAS_H_
#define FENFEN_CLIENTS_CTL_DEMO_HISTORY_AREAS_H_

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "clients/ctl/demo/history/story.h"

namespace fenfen::ctl {

// Before the first day: regions to households, rules, the game, tills; and the two pilot days.
absl::Status PlayOpening(Story& story, const std::function<void(const std::string&)>& say, const std::atomic<bool>& stop);

// 12:00 and 23:50: what the devices saw up to then. Some devices are offline for days.
absl::Status PlayMorningDrops(Story& story);
absl::Status PlayEveningDrops(Story& story);
// 12:30: who has a card is served by an attendant; a few scan the station's code.
absl::Status PlayServedDrops(Story& story);
// 13:30: cards, consents, invitations, gifts, moves, merges.
absl::Status PlayPeople(Story& story);
// 15:00: the rules change; prices too.
absl::Status PlayTerms(Story& story);
// 16:00: vouchers reserved, captured, cancelled, refunded; a fair.
absl::Status PlayShopping(Story& story);
// 18:00: teams, freezes, choices.
absl::Status PlayGame(Story& story);
// 19:00: reversals, adjustments, appeals.
absl::Status PlayCorrections(Story& story);
// 11:00: what the towns may issue.
absl::Status PlayBudgets(Story& story);
// 14:30: what waits to be verified, and what becomes of it.
absl::Status PlayVerification(Story& story);
// 20:30: statements made, approved, paid.
absl::Status PlaySettlements(Story& story);
// 21:30: stations' hours, collections, a re-inspection, a case decided.
absl::Status PlayTrust(Story& story);
// 23:30: what the risk queue should find.
absl::Status PlayFraud(Story& story);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_HISTORY_AREAS_H_
