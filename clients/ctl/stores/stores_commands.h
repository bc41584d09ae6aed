// What an operator does with the stores: rebuild, migrate, journal archive, journal restore; as commands.
#pragma once

#include "clients/ctl/commands/context.h"

namespace fenfen::ctl {

// rebuild: Redis from the journal. Exit code 0 done or, in a dry run, everything equal; 1 something differs; 2 it could not be done.
void AddRebuildCommand(CLI::App& app, Context* context);
// migrate: a journal into another store, and a Redis from it.
void AddMigrateCommand(CLI::App& app, Context* context);
// journal archive, journal restore: months of a PostgreSQL journal.
void AddJournalCommands(CLI::App& app, Context* context);

}  // namespace fenfen::ctl
