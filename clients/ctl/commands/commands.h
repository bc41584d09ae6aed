// The commands of fenfenctl, each added to the program's command line by one function. A command runs from its callback and leaves its
// exit code in the context.
#ifndef FENFEN_CLIENTS_CTL_COMMANDS_COMMANDS_H_
#define FENFEN_CLIENTS_CTL_COMMANDS_COMMANDS_H_

#include "clients/ctl/commands/context.h"

namespace fenfen::ctl {

// keygen: Ed25519 pairs and hexadecimal secrets; subject: the keyed hash of a WeChat openid.
void AddKeyCommands(CLI::App& app, Context* context);
// import: catalogue and households from CSV, rules from JSON.
void AddImportCommand(CLI::App& app, Context* context);
// regions, stations, offers; drop.
void AddStationCommands(CLI::App& app, Context* context);
// balance, statement, trace, find, station-code.
void AddHouseholdCommands(CLI::App& app, Context* context);
// household: members, invitations, consent, cards, moves, gifts, merges, splits.
void AddPeopleCommands(CLI::App& app, Context* context);
// reverse, adjust, appeal, notices.
void AddCorrectionCommands(CLI::App& app, Context* context);
// voucher reserve, list, show, cancel, capture, refund.
void AddVoucherCommands(CLI::App& app, Context* context);
// settlement create, approve, reject, pay, list, reconcile, export.
void AddSettlementCommands(CLI::App& app, Context* context);
// game show, prefer, freeze, team, rules, set; board list, show.
void AddGameCommands(CLI::App& app, Context* context);
// pending list, inspect, release, reject; claw-back; bag issue, revoke, inspect.
void AddVerificationCommands(CLI::App& app, Context* context);
// risk list, show, decide, draw, sample, result, collect, stations, rules, set.
void AddRiskCommands(CLI::App& app, Context* context);
// rules check, rules set, rules show.
void AddRulesCommands(CLI::App& app, Context* context);
// budgets set, budgets list; liability.
void AddBudgetCommands(CLI::App& app, Context* context);
// timers list, timers run.
void AddTimerCommands(CLI::App& app, Context* context);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_COMMANDS_COMMANDS_H_
