// Moving a deployment's books into other stores: the journal is copied entry by entry, with everything that identifies it kept, and the two
// are compared; a Redis at the target is rebuilt from it. Between the same journal's States (memory, Redis, Redis Cluster) nothing is
// copied: a State is a fold.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "clients/ctl/stores/rebuild.h"
#include "server/config/config.h"

namespace fenfen::ctl {

struct MigrateOptions {
  bool dry_run = false;
  std::function<void(const std::string&)> say = [](const std::string&) {};
  std::function<void(uint64_t copied)> progress = [](uint64_t) {};
};

struct MigrateReport {
  uint64_t journal_id = 0;
  uint64_t copied = 0;   // entries; in a dry run, to copy
  uint64_t entries = 0;  // in the journal
  int equal = 0;         // partitions with the same entries and the same state in both journals
  int rebuilt = 0;       // partitions of the target's Redis that are that state; 0 where it has none
};

// Holds both journals meanwhile: no server may run on either. Interrupted at any moment, it can be run again and goes on.
// FAILED_PRECONDITION where a server runs, the target has another journal or is further than the source, the source's Redis has
// transactions that its journal lacks, or the two differ afterwards.
absl::StatusOr<MigrateReport> MigrateBooks(const server::Config& from, const server::Config& to, const MigrateOptions& options);

}  // namespace fenfen::ctl
