// The engine held against the model.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/journal/segment_reader.h"
#include "ledger/points/records.h"
#include "tests/simulation/simulation.h"

namespace fenfen::sim {

// Every durable entry comes by here, at a start again from the first: in order, and as submitted.
void Simulation::Apply(const CommittedTransaction& committed) {
  PartitionSeq& last = witnessed_[committed.partition.value()];
  if (committed.seq.value() != last.value() + 1) {
    Fail(absl::StrCat("partition ", committed.partition.value(), " shows entry ", committed.seq.value(), " after ", last.value()));
  }
  last = committed.seq;
  if (absl::Status status = model_.CheckShown(committed); !status.ok()) return Fail(std::string(status.message()));
  model_.MadeDurable(committed.partition, committed.seq);
}

// A start from a snapshot shows what it holds in place of the entries.
void Simulation::Restore(const PartitionContents& contents) {
  witnessed_[contents.partition.value()] = contents.last;
  if (contents.last.value() != 0) model_.MadeDurable(contents.partition, contents.last);
}

std::map<PartitionId, State::Digest> Simulation::Digests(const State& state) {
  std::map<PartitionId, State::Digest> digests;
  for (const PartitionId partition : model_.Partitions()) digests[partition] = *state.DigestOf(partition);
  return digests;
}

// After a start: acknowledged ⊆ recovered ⊆ submitted, and what is recovered whole is what it was before the end.
void Simulation::CheckRecovered() {
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const PartitionId partition(p);
    const PartitionSeq recovered = machine_.journal().LastDurable(partition);
    if (recovered != witnessed_[p]) Fail(absl::StrCat("partition ", p, ": the start left out entries of the journal"));
  }
  const std::map<PartitionId, State::Digest> digests = Digests(machine_.state());
  for (const auto& [partition, digest] : digests) {
    if (digest.seq != machine_.journal().LastDurable(partition)) Fail(absl::StrCat("partition ", partition.value(), ": not all is folded"));
    const auto before = digests_at_end_.find(partition);
    if (before != digests_at_end_.end() && before->second.seq == digest.seq && before->second.sha256 != digest.sha256) {
      Fail(absl::StrCat("partition ", partition.value(), ": the state is not what it was before the end"));
    }
    tally_.entries_lost += std::max(model_.Submitted(partition), digest.seq).value() - digest.seq.value();
    if (absl::Status status = model_.Recover(partition, digest.seq); !status.ok()) Fail(std::string(status.message()));
    trace_.Event("recovered", {partition.value(), digest.seq.value()});
  }
  for (const HouseholdId household : clients_.households()) CheckHousehold(household);
}

void Simulation::CheckHousehold(HouseholdId household) {
  if (!failure_.ok() || disk_.dead()) return;
  ++open_;
  machine_.engine().Read(
      PartitionOf(household), [&](const View& view) { CompareHousehold(view, household); },
      [this](const absl::Status& status) {
        --open_;
        if (!status.ok() && !disk_.failed() && !disk_.dead()) Fail(absl::StrCat("read: ", Plain(status)));
      });
}

void Simulation::CompareHousehold(const View& view, HouseholdId household) {
  const ModelPartition& model = model_.partition(PartitionOf(household));
  const auto differs = [&](absl::string_view what, int64_t found, int64_t due) {
    Fail(absl::StrCat("household ", household.value(), ": ", what, " ", found, ", not ", due));
  };
  int64_t reward = 0;
  for (const AccountId& account : {RewardAccount(household), CivicAccount(household), HeldAccount(household)}) {
    const int64_t found = view.Balance(account).hundredths();
    if (account == RewardAccount(household)) reward = found;
    if (found != model.Balance(account)) differs("a balance of", found, model.Balance(account));
  }
  const absl::StatusOr<Versioned<HouseholdRecord>> record = ReadHousehold(view, household);
  const auto home = model.homes().find(household);
  if (record.ok() != (home != model.homes().end())) return differs("is there", record.ok(), !record.ok());
  if (!record.ok()) return;
  int64_t lots = 0;
  for (const Lot& lot : record->record.lots) {
    lots += lot.amount.hundredths();
    const auto due = home->second.lots.find(lot.expires_day);
    const int64_t amount = due == home->second.lots.end() ? 0 : due->second;
    if (lot.amount.hundredths() != amount) differs("a lot of", lot.amount.hundredths(), amount);
  }
  if (lots != reward) differs("lots that add up to", lots, reward);
}

// Any entry of the journal, read back.
void Simulation::CheckStoredEntry() {
  if (!failure_.ok() || disk_.dead()) return;
  const std::vector<PartitionId> partitions = model_.Partitions();
  const PartitionId partition = random_.Pick(partitions);
  const uint64_t last = machine_.journal().LastDurable(partition).value();
  if (last == 0) return;
  const absl::StatusOr<CommittedTransaction> stored = machine_.engine().Load(partition, PartitionSeq(1 + random_.Below(last)));
  if (machine_.IsOfArchive(stored.status())) return;
  if (!stored.ok()) return Fail(absl::StrCat("load: ", Plain(stored.status())));
  if (absl::Status status = model_.CheckShown(*stored); !status.ok()) Fail(std::string(status.message()));
}

// Everything: the state is the fold of the journal, and each balance is the model's.
void Simulation::CheckAll() {
  if (absl::Status status = model_.CheckSelf(); !status.ok()) return Fail(absl::StrCat("the model itself: ", status.message()));
  Write();
  if (!Healthy()) return;
  const absl::StatusOr<std::unique_ptr<State>> fold = machine_.FreshFold();
  if (!fold.ok()) return Fail(absl::StrCat("fold: ", Plain(fold.status())));
  const std::map<PartitionId, State::Digest> folded = Digests(**fold);
  for (const auto& [partition, digest] : Digests(machine_.state())) {
    const State::Digest& other = folded.at(partition);
    if (digest.seq != other.seq || digest.sha256 != other.sha256) {
      Fail(absl::StrCat("partition ", partition.value(), ": the state is not the fold of the journal"));
    }
    if (digest.seq != model_.Submitted(partition)) Fail(absl::StrCat("partition ", partition.value(), ": entries are missing"));
    const absl::Status read = machine_.state().Read(partition, [&, partition = partition](const View& view, PartitionSeq) {
      for (const auto& [account, balance] : model_.partition(partition).balances()) {
        const int64_t found = view.Balance(account).hundredths();
        if (found != balance) Fail(absl::StrCat("account of ", account.owner, ": ", found, ", not ", balance));
      }
    });
    if (!read.ok()) Fail(absl::StrCat("partition ", partition.value(), " cannot be read: ", read.message()));
  }
  for (const HouseholdId household : clients_.households()) CheckHousehold(household);
}

// Damage is told with a file of the journal and an offset in it.
void Simulation::CheckDamageReport(const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return Fail(absl::StrCat("damage is reported as ", Plain(status)));
  const std::optional<Damage> damage = DamageOf(status);
  if (!damage) return Fail(absl::StrCat("damage without a place: ", Plain(status)));
  const std::vector<std::string> paths = disk_.Paths();
  if (std::find(paths.begin(), paths.end(), damage->path) == paths.end()) Fail(absl::StrCat("damage in no file: ", Plain(status)));
}

}  // namespace fenfen::sim
