// simulate: runs seeds and says which of them fails, and how to run it again.
//
//   simulate --seed 17 --verbose            one seed, with every event
//   simulate --first 1 --seeds 500          many; the last line is a JSON object of what happened in them
//   simulate --canary sync --seeds 100      succeeds when a seed finds the planted fault
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/simulation/simulation.h"

namespace fenfen::sim {
namespace {

struct Arguments {
  uint64_t first = 1;
  uint64_t seeds = 1;
  uint64_t operations = 5000;
  std::string canary;
  bool verbose = false;
};

bool Parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--verbose") {
      out.verbose = true;
      continue;
    }
    if (++i == argc) return false;
    if (name == "--canary") {
      out.canary = argv[i];
      continue;
    }
    uint64_t* const number = name == "--seed" || name == "--first" ? &out.first
                             : name == "--seeds"                   ? &out.seeds
                             : name == "--ops"                     ? &out.operations
                                                                   : nullptr;
    if (number == nullptr || !absl::SimpleAtoi(argv[i], number)) return false;
  }
  return out.canary.empty() || CanaryNamed(out.canary);
}

// For a check of the ledger's own that ends the program: the seed must be known then too.
std::atomic<uint64_t> running_seed{0};
void TellSeed(int) {
  char line[64];
  std::snprintf(line, sizeof line, "seed %llu ended the program\n", static_cast<unsigned long long>(running_seed.load()));
  std::fputs(line, stderr);
}

void PrintTally(uint64_t seeds, const Tally& tally) {
  std::printf("{\"seeds\": %llu", static_cast<unsigned long long>(seeds));
  for (const TallyField& field : kTallyFields)
    std::printf(", \"%s\": %llu", field.name, static_cast<unsigned long long>(tally.*field.value));
  std::printf("}\n");
}

// Every seed is to find nothing.
int RunSound(const Arguments& arguments) {
  Tally sum;
  for (uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    running_seed = seed;
    Simulation simulation({seed, arguments.operations, Canary::kNone, arguments.verbose});
    const absl::Status status = simulation.Run();
    AddTo(sum, simulation.tally());
    if (status.ok()) continue;
    std::printf("seed %llu failed at %s\n  again: build/release/tests/simulate --seed %llu --ops %llu --verbose\n",
                static_cast<unsigned long long>(seed), std::string(status.message()).c_str(), static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(arguments.operations));
    return 1;
  }
  PrintTally(arguments.seeds, sum);
  return 0;
}

// Some seed is to find the planted fault.
int RunCanary(const Arguments& arguments) {
  for (uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    running_seed = seed;
    Simulation simulation({seed, arguments.operations, *CanaryNamed(arguments.canary), arguments.verbose});
    const absl::Status status = simulation.Run();
    if (status.ok()) continue;
    std::printf("canary %s found by seed %llu at %s\n", arguments.canary.c_str(), static_cast<unsigned long long>(seed),
                std::string(status.message()).c_str());
    return 0;
  }
  std::printf("canary %s not found in %llu seeds\n", arguments.canary.c_str(), static_cast<unsigned long long>(arguments.seeds));
  return 1;
}

}  // namespace
}  // namespace fenfen::sim

int main(int argc, char** argv) {
  fenfen::sim::Arguments arguments;
  if (!fenfen::sim::Parse(argc, argv, arguments)) {
    std::fputs("usage: simulate [--seed N | --first N --seeds COUNT] [--ops N] [--canary NAME] [--verbose]\n", stderr);
    return 2;
  }
  std::signal(SIGABRT, fenfen::sim::TellSeed);
  return arguments.canary.empty() ? fenfen::sim::RunSound(arguments) : fenfen::sim::RunCanary(arguments);
}
