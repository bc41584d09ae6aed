// Where a test server keeps its books: in memory and files, or, as the environment of the test program says, in Redis
// (FENFEN_TEST_STATE=redis, or cluster) and PostgreSQL (FENFEN_TEST_JOURNAL=postgres). So the same scenarios run over every store.
#pragma once

#include <string>

namespace fenfen::server {

// The lines of a configuration for stores that nobody else has. The servers behind them are started when first needed and end with the
// program.
std::string NewStores();

// For what only these have: snapshots; files that one server alone can hold.
bool StateIsMemory();
bool JournalIsFiles();

}  // namespace fenfen::server
