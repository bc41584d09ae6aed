#include "clients/ctl/bench/redis_load.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/limits.h"
#include "ledger/state/redis/decision.h"
#include "ledger/state/redis/partition_keys.h"

namespace fenfen::bench {
namespace {

constexpr size_t kBatch = limits::kExecuteMax;

State::Work WorkOf(Command command) { return {command.key, command.fingerprint, std::move(command.reads), std::move(command.decide)}; }

// What the batch's decisions look at, as the model has it.
PartitionSeq FillTables(const MemoryState& model, const DropBatch& batch, DecisionTables& tables) {
  PartitionSeq at;
  const absl::Status read = model.Read(batch.partition, [&](const View& view, PartitionSeq last) {
    at = last;
    for (const State::Work& work : batch.works) {
      for (const RecordKey& key : work.reads.records) {
        const std::optional<RecordView> record = view.Record(key);
        tables.records[key] = record ? KnownRecord{record->version, std::string(record->bytes)} : KnownRecord{};
      }
      for (const AccountId& account : work.reads.accounts) tables.balances[account] = view.Balance(account);
    }
  });
  return read.ok() ? at : PartitionSeq(0);
}

}  // namespace

DropSource::DropSource(DropSetting setting, uint32_t accounts, uint64_t number) : setting_(std::move(setting)), keys_(number) {
  for (uint32_t account = 0; account < accounts; ++account) accounts_[PartitionOf(HouseholdOf(account)).value()].push_back(account);
}

std::vector<DropBatch> DropSource::Enrolments() {
  std::vector<DropBatch> batches;
  for (uint16_t p = 0; p < kHouseholdPartitions; ++p) {
    for (size_t n = 0; n < accounts_[p].size(); ++n) {
      if (n % kBatch == 0) batches.push_back({PartitionId(p), {}});
      batches.back().works.push_back(
          WorkOf(EnrolmentCommand(EnrolmentOfAccount(accounts_[p][n], false), keys_.Next(), setting_.now, setting_.catalogue)));
    }
  }
  return batches;
}

std::vector<DropBatch> DropSource::Beginning() {
  std::vector<DropBatch> batches = Enrolments();
  size_t households_max = 0;  // of a partition
  for (const std::vector<uint32_t>& accounts : accounts_) households_max = std::max(households_max, accounts.size());
  std::vector<DropBatch> drops = Drops(kHouseholdPartitions * ((households_max + kBatch - 1) / kBatch));
  std::move(drops.begin(), drops.end(), std::back_inserter(batches));
  return batches;
}

std::vector<DropBatch> DropSource::Drops(size_t batches) {
  keys_.Tick();
  std::vector<DropBatch> made;
  made.reserve(batches);
  for (; batches > 0; --batches) {
    partition_ = (partition_ + 1) % kHouseholdPartitions;
    const std::vector<uint32_t>& accounts = accounts_[partition_];
    DropBatch& batch = made.emplace_back(DropBatch{PartitionId(static_cast<uint16_t>(partition_)), {}});
    for (size_t n = 0; n < kBatch; ++n) {
      const uint32_t account = accounts[next_[partition_]++ % accounts.size()];
      batch.works.push_back(WorkOf(KeyedDropCommand(account, 0, keys_.Next(), setting_)));
    }
  }
  return made;
}

absl::StatusOr<std::vector<Committed>> RunBatch(State& state, DropBatch batch) {
  absl::StatusOr<std::vector<Committed>> all = std::vector<Committed>();
  state.Execute(batch.partition, std::move(batch.works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
    for (absl::StatusOr<ExecuteResult>& result : results) {
      if (!result.ok()) {
        all = result.status();
        return;
      }
      if (auto* committed = std::get_if<Committed>(&*result)) all->push_back(std::move(*committed));
    }
  });
  return all;
}

absl::StatusOr<std::vector<std::string>> CommitCalls(std::vector<DropBatch> batches, const std::string& deployment,
                                                     const std::vector<FenceToken>& fences, MemoryState& model) {
  std::vector<std::string> calls;
  calls.reserve(batches.size());
  for (DropBatch& batch : batches) {
    DecisionTables tables;
    const PartitionSeq last = FillTables(model, batch, tables);
    std::vector<Decision> decisions;
    uint64_t seq = last.value();
    for (State::Work& work : batch.works) {
      Decision& decision = decisions.emplace_back(Decide(work, tables, PartitionSeq(++seq)));
      if (!decision.transaction.ok()) return decision.transaction.status();
    }
    std::vector<CommitEntry> entries;
    seq = last.value();
    for (Decision& decision : decisions) {
      entries.push_back(decision.entry);
      entries.back().transaction = &*decision.transaction;
      if (absl::Status status = model.Apply(batch.partition, PartitionSeq(++seq), *decision.transaction); !status.ok()) return status;
    }
    const PartitionKeys keys(deployment, batch.partition);
    AppendCommand(CommitCall(keys, fences[batch.partition.value()], last, entries), calls.emplace_back());
  }
  return calls;
}

}  // namespace fenfen::bench
