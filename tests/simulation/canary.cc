#include "tests/simulation/canary.h"

#include <utility>
#include <vector>

namespace fenfen::sim {
namespace {

constexpr uint64_t kOneRequestInMany = 200;
constexpr uint64_t kOneEntryInMany = 20;

class PlantedJournal final : public Journal {
 public:
  PlantedJournal(Journal& inner, Canary canary) : inner_(inner), canary_(canary) {}

  absl::Status Admit() override {
    absl::Status status = inner_.Admit();
    return canary_ == Canary::kRoom && absl::IsUnavailable(status) ? absl::OkStatus() : status;
  }
  void AppendAll(std::vector<JournalEntry> entries, Done done) override { inner_.AppendAll(std::move(entries), std::move(done)); }
  absl::Status Flush() override { return inner_.Flush(); }
  absl::StatusOr<JournalEntry> Read(PartitionId partition, PartitionSeq seq) override {
    const bool wrong = canary_ == Canary::kReply && seq.value() > 1 && seq.value() % kOneEntryInMany == 0;
    return inner_.Read(partition, wrong ? PartitionSeq(seq.value() - 1) : seq);
  }
  absl::StatusOr<JournalPlace> Locate(PartitionId partition, PartitionSeq seq) override { return inner_.Locate(partition, seq); }
  absl::Status Replay(const SequenceVector& after, Visitor visitor) override {
    return inner_.Replay(after, [&](JournalEntry entry) {
      const bool last = entry.seq == inner_.LastDurable(entry.partition);
      if (canary_ == Canary::kTail && last && entry.seq.value() % 2 == 0) return absl::OkStatus();
      return visitor(std::move(entry));
    });
  }
  PartitionSeq LastDurable(PartitionId partition) const override { return inner_.LastDurable(partition); }
  uint64_t Id() const override { return inner_.Id(); }

 private:
  Journal& inner_;
  const Canary canary_;
};

class PlantedState final : public State {
 public:
  PlantedState(State& inner, Canary canary) : inner_(inner), canary_(canary) {}

  void Execute(PartitionId partition, std::vector<Work> works, Done done) override {
    inner_.Execute(partition, std::move(works), std::move(done));
  }
  absl::Status Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const override {
    return inner_.Read(partition, reader);
  }
  absl::Status Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) override {
    if (canary_ != Canary::kKeys) return inner_.Apply(partition, seq, transaction);
    Transaction other = transaction;
    other.key.low ^= uint64_t{1} << 60;
    return inner_.Apply(partition, seq, other);
  }
  absl::StatusOr<Digest> DigestOf(PartitionId partition) const override { return inner_.DigestOf(partition); }

 private:
  State& inner_;
  const Canary canary_;
};

}  // namespace

std::optional<Canary> CanaryNamed(absl::string_view name) {
  constexpr std::pair<absl::string_view, Canary> kNames[] = {{"sync", Canary::kSync},   {"keys", Canary::kKeys}, {"mint", Canary::kMint},
                                                             {"reply", Canary::kReply}, {"room", Canary::kRoom}, {"tail", Canary::kTail}};
  for (const auto& [known, canary] : kNames) {
    if (name == known) return canary;
  }
  return std::nullopt;
}

std::unique_ptr<Journal> PlantIn(Journal& inner, Canary canary) { return std::make_unique<PlantedJournal>(inner, canary); }
std::unique_ptr<State> PlantIn(State& inner, Canary canary) { return std::make_unique<PlantedState>(inner, canary); }

void PlantIn(Transaction& transaction, Canary canary) {
  if (canary != Canary::kMint || transaction.kind != TransactionKind::kDrop || transaction.postings.empty()) return;
  if (MixBits(transaction.key.low) % kOneRequestInMany != 0) return;
  Posting& from = transaction.postings[0];
  Posting& to = transaction.postings[1];
  from.amount = Points(from.amount.hundredths() - 1);
  to.amount = Points(to.amount.hundredths() + 1);
}

}  // namespace fenfen::sim
