#include "server/jobs/batch.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/synchronization/notification.h"

namespace fenfen::server {
absl::Status WalkHouseholds(const JobContext& context, const Lease& lease,
                            absl::FunctionRef<void(HouseholdId, const HouseholdRecord&)> look, absl::FunctionRef<absl::Status()> act) {
  for (size_t first = 0;; first += kHouseholdsABatch) {
    const std::vector<HouseholdId> batch = context.backend.directory.Households(first, kHouseholdsABatch);
    std::map<PartitionId, std::vector<HouseholdId>> partitions;
    for (const HouseholdId household : batch) partitions[PartitionOf(household)].push_back(household);
    for (const auto& [partition, households] : partitions) {
      if (!lease.Held()) return LeaseLost();
      const absl::Status read = context.backend.engine.ReadAndWait(partition, [&look, &households = households](const View& view) {
        std::vector<RecordKey> records;
        for (const HouseholdId household : households) records.push_back(KeyOf(household));
        view.Expect(records, {});
        for (const HouseholdId household : households) {
          const absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, household);
          if (found.ok()) look(household, found->record);
        }
      });
      if (!read.ok()) return read;
    }
    if (absl::Status status = act(); !status.ok()) return status;
    if (batch.size() < kHouseholdsABatch) return absl::OkStatus();
  }
}

absl::StatusOr<std::vector<absl::StatusOr<Outcome>>> SubmitInBatches(Engine& engine, const Lease& lease, std::vector<Command> commands) {
  std::vector<absl::StatusOr<Outcome>> outcomes;
  for (size_t first = 0; first < commands.size(); first += kCommandsABatch) {
    if (!lease.Held()) return LeaseLost();
    const auto begin = commands.begin() + static_cast<ptrdiff_t>(first);
    const auto end = commands.begin() + static_cast<ptrdiff_t>(std::min(commands.size(), first + kCommandsABatch));
    absl::Notification finished;
    engine.SubmitAll({std::make_move_iterator(begin), std::make_move_iterator(end)}, [&](std::vector<absl::StatusOr<Outcome>> results) {
      outcomes.insert(outcomes.end(), std::make_move_iterator(results.begin()), std::make_move_iterator(results.end()));
      finished.Notify();
    });
    finished.WaitForNotification();
  }
  return outcomes;
}

}  // namespace fenfen::server
