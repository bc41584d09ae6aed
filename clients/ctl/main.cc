// fenfenctl: the operator's tool. Each command is added by its own file under commands/, stores/, demo/, check/, verify/ and bench/.
#include <CLI/CLI.hpp>

#include "absl/synchronization/mutex.h"
#include "clients/ctl/bench/bench_command.h"
#include "clients/ctl/check/demo_check_command.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/demo/demo_command.h"
#include "clients/ctl/demo/history/history.h"
#include "clients/ctl/simulate/simulate_command.h"
#include "clients/ctl/stores/stores_commands.h"
#include "clients/ctl/verify/verify_command.h"

int main(int argc, char** argv) {
  // Debian's build of absl looks for deadlock cycles at every lock; that is for tests.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app("fenfenctl：分分积分系统的运维工具 / the operator's tool of Fenfen");
  app.require_subcommand(1);
  app.fallthrough();
  fenfen::ctl::Context context;
  fenfen::ctl::AddGlobalOptions(app, &context);
  fenfen::ctl::AddKeyCommands(app, &context);
  fenfen::ctl::AddImportCommand(app, &context);
  fenfen::ctl::AddStationCommands(app, &context);
  fenfen::ctl::AddHouseholdCommands(app, &context);
  fenfen::ctl::AddPeopleCommands(app, &context);
  fenfen::ctl::AddSettlementCommands(app, &context);
  fenfen::ctl::AddVoucherCommands(app, &context);
  fenfen::ctl::AddGameCommands(app, &context);
  fenfen::ctl::AddVerificationCommands(app, &context);
  fenfen::ctl::AddRulesCommands(app, &context);
  fenfen::ctl::AddRiskCommands(app, &context);
  fenfen::ctl::AddBudgetCommands(app, &context);
  fenfen::ctl::AddTimerCommands(app, &context);
  fenfen::ctl::AddCorrectionCommands(app, &context);
  fenfen::ctl::AddVerifyCommand(app, &context);
  fenfen::ctl::AddRebuildCommand(app, &context);
  fenfen::ctl::AddMigrateCommand(app, &context);
  fenfen::ctl::AddJournalCommands(app, &context);
  fenfen::ctl::AddSimulateCommand(app, &context);
  fenfen::ctl::AddDemoCommand(app, &context, fenfen::ctl::PlayHistory);
  fenfen::ctl::AddDemoCheckCommand(app, &context, fenfen::ctl::PlayHistory);
  fenfen::ctl::AddBenchCommand(app, &context);
  CLI11_PARSE(app, argc, argv);
  return context.exit_code;
}
