// Tally: what happened in a run or in many, to see that everything does happen.
#pragma once

#include <cstdint>

namespace fenfen::sim {

struct Tally {
  uint64_t operations = 0;
  uint64_t effects = 0;
  uint64_t refusals = 0;
  uint64_t repetitions = 0;
  uint64_t refused_for_now = 0;  // overloaded, or the storage full
  uint64_t unknown_outcomes = 0;
  uint64_t starts = 0;
  uint64_t kills = 0;
  uint64_t power_cuts = 0;
  uint64_t entries_lost = 0;  // that nobody was told of
  uint64_t io_errors = 0;
  uint64_t full_disks = 0;
  uint64_t misdirected_writes = 0;
  uint64_t flipped_bits = 0;
  uint64_t clock_jumps = 0;
  uint64_t snapshots = 0;
  uint64_t starts_from_snapshots = 0;
  uint64_t segments_archived = 0;
};

struct TallyField {
  const char* name;
  uint64_t Tally::*value;
};
inline constexpr TallyField kTallyFields[] = {
    {"operations", &Tally::operations},
    {"effects", &Tally::effects},
    {"refusals", &Tally::refusals},
    {"repetitions", &Tally::repetitions},
    {"refused_for_now", &Tally::refused_for_now},
    {"unknown_outcomes", &Tally::unknown_outcomes},
    {"starts", &Tally::starts},
    {"kills", &Tally::kills},
    {"power_cuts", &Tally::power_cuts},
    {"entries_lost", &Tally::entries_lost},
    {"io_errors", &Tally::io_errors},
    {"full_disks", &Tally::full_disks},
    {"misdirected_writes", &Tally::misdirected_writes},
    {"flipped_bits", &Tally::flipped_bits},
    {"clock_jumps", &Tally::clock_jumps},
    {"snapshots", &Tally::snapshots},
    {"starts_from_snapshots", &Tally::starts_from_snapshots},
    {"segments_archived", &Tally::segments_archived},
};

inline void AddTo(Tally& sum, const Tally& tally) {
  for (const TallyField& field : kTallyFields) sum.*field.value += tally.*field.value;
}

}  // namespace fenfen::sim
