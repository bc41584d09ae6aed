#include "clients/ctl/bench/idle_households.h"

#include <malloc.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "clients/ctl/bench/district.h"
#include "clients/ctl/bench/keys.h"
#include "ledger/state/memory_state.h"

// jemalloc's, where the program has it: its arenas are told to give back what is free.
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size) __attribute__((weak));

namespace fenfen::bench {
namespace {

constexpr absl::Duration kIdle = absl::Hours(24 * 50);

uint64_t ResidentBytes() {
  if (mallctl != nullptr) {
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // 4096 stands for all arenas
  } else {
    malloc_trim(0);
  }
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// The State and the projections, as a start leaves them.
class Memory {
 public:
  Memory() : directory_(EnrolledIn), captures_(zone_, CapturedIn) {}

  // Decides and applies a command, as the engine and then a replay would. Returns what was committed.
  absl::StatusOr<CommittedTransaction> Do(Command command, absl::Time now) {
    absl::StatusOr<Transaction> transaction = absl::InternalError("not decided");
    PartitionSeq seq;
    const absl::Status read = state_.Read(command.partition, [&](const View& view, PartitionSeq last) {
      transaction = command.decide(view);
      seq = PartitionSeq(last.value() + 1);
    });
    if (!read.ok()) return read;
    if (!transaction.ok()) return transaction.status();
    if (absl::Status status = state_.Apply(command.partition, seq, *transaction); !status.ok()) return status;
    CommittedTransaction committed{command.partition, seq, now, *std::move(transaction)};
    const std::array<Projection*, 3> projections = {&catalogue_, &directory_, &captures_};
    for (Projection* projection : projections) projection->Apply(committed);
    return committed;
  }
  DropSetting Setting(absl::Time now) const { return {now, zone_, catalogue_.Snapshot()}; }

 private:
  const absl::TimeZone zone_ = ProgrammeZone();
  CatalogueStore catalogue_;
  Directory directory_;
  Captures captures_;
  MemoryState state_;
};

// Bytes of the look-ups that lead to a household: a hash and a number each.
uint64_t LookUpBytes(const EnrolmentFacts& facts) {
  uint64_t pairs = (facts.card_hash != 0 ? 1 : 0) + (facts.door_hash != 0 ? 1 : 0);
  for (const uint64_t member : facts.members) pairs += member != 0 ? 1 : 0;
  return pairs * (sizeof(uint64_t) + sizeof(HouseholdId));
}

constexpr uint64_t kCellBytes = sizeof(HouseholdId) + sizeof(uint32_t) + 3 * sizeof(Points);

}  // namespace

absl::StatusOr<IdleCost> HoldIdleHouseholds(uint32_t households) {
  const absl::Time then = absl::Now() - kIdle;
  Memory memory;
  KeySource keys(0);
  keys.Set(then);
  absl::StatusOr<CommittedTransaction> done = memory.Do(CatalogueCommand(BenchCatalogue({std::string(32, 'k')}), keys.Next(), then), then);
  if (!done.ok()) return done.status();
  const DropSetting setting = memory.Setting(then);
  IdleCost cost;
  cost.base = ResidentBytes();
  for (uint32_t account = 0; account < households; ++account) {
    const EnrolmentFacts facts = EnrolmentOfAccount(account, /*named=*/true);
    done = memory.Do(EnrolmentCommand(facts, keys.Next(), then, setting.catalogue), then);
    if (done.ok()) done = memory.Do(DropCommand(account, 0, uint64_t{account} + 1, setting), then);
    if (!done.ok()) return done.status();
    cost.raw += kCellBytes + done->transaction.changes.front().bytes.size() + LookUpBytes(facts);
  }
  // A key of today in each partition, and those of long ago are forgotten.
  keys.Tick();
  std::array<bool, kHouseholdPartitions> seen{};
  for (uint32_t account = households; account < households + 100u * kHouseholdPartitions; ++account) {
    bool& there = seen[PartitionOf(HouseholdOf(account)).value()];
    if (there) continue;
    there = true;
    done = memory.Do(EnrolmentCommand(EnrolmentOfAccount(account, false), keys.Next(), absl::Now(), setting.catalogue), absl::Now());
    if (!done.ok()) return done.status();
  }
  cost.resident = ResidentBytes();
  return cost;
}

}  // namespace fenfen::bench
