#include "clients/ctl/verify/sample_fold.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/ctl/verify/risk_fold.h"
#include "ledger/core/bytes.h"

namespace fenfen::ctl {
namespace {

constexpr int32_t kDaysKept = 60;
constexpr int32_t kDaysAtHand = 50;
// Days are days in Shanghai, eight hours ahead without a summer time.
constexpr int64_t kAheadSeconds = 8 * 3600;
constexpr int64_t kSecondsOfDay = 24 * 3600;

using Entry = std::pair<uint64_t, uint64_t>;  // household and sequence

std::string Sha256(const std::string& bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string NameOf(const Entry& entry) { return absl::StrCat("households/", entry.first, "/entries/", entry.second); }

std::string ScoreOf(const std::string& seed, const Entry& entry) {
  std::string hashed("fenfen-reinspection-v1");
  hashed.push_back('\0');
  hashed.push_back(static_cast<char>(seed.size()));
  return Sha256(hashed + seed + NameOf(entry));
}

int32_t DayOf(absl::Time time) { return static_cast<int32_t>((absl::ToUnixSeconds(time) + kAheadSeconds) / kSecondsOfDay); }

}  // namespace

void SampleFold::Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) {
  if (partition.value() >= kHouseholdPartitions) return;
  const bool is_drop = transaction.kind == TransactionKind::kDrop || transaction.kind == TransactionKind::kPendingDrop;
  if (!is_drop && transaction.kind != TransactionKind::kReinspection) return;
  for (const RecordChange& change : transaction.changes) {
    if (is_drop && change.key.kind == RecordKind::kHousehold) {
      ByteReader in(change.bytes);
      in.U8();  // format
      std::deque<Drop>& drops = drops_[partition.value()];
      drops.push_back({DayOf(transaction.event_time), seq.value(), change.key.id, in.U64()});
      newest_ = std::max(newest_, drops.back().day);
      while (drops.front().day < drops.back().day - kDaysKept) drops.pop_front();
    } else if (!is_drop && IsDraw(change.key)) {
      ledger::v1::RiskRecord stored;
      if (stored.ParseFromString(change.bytes)) draws_.push_back(stored.draw());
    }
  }
}

void SampleFold::Merge(const SampleFold& other) {
  for (size_t p = 0; p < drops_.size(); ++p) drops_[p].insert(drops_[p].end(), other.drops_[p].begin(), other.drops_[p].end());
  newest_ = std::max(newest_, other.newest_);
  draws_.insert(draws_.end(), other.draws_.begin(), other.draws_.end());
}

bool SampleFold::IsAtHand(const ledger::v1::ReinspectionDraw& draw) const { return draw.day() > newest_ - kDaysAtHand; }

size_t SampleFold::drawn() const {
  return static_cast<size_t>(std::count_if(draws_.begin(), draws_.end(), [this](const auto& draw) { return IsAtHand(draw); }));
}

void SampleFold::Finish(Report report) const {
  for (const ledger::v1::ReinspectionDraw& draw : draws_) {
    if (IsAtHand(draw)) Check(draw, report);
  }
}

void SampleFold::Check(const ledger::v1::ReinspectionDraw& draw, Report report) const {
  const std::string name = absl::StrCat("the sample of day ", draw.day(), ", seed ", draw.seed_drawn() ? "drawn" : "given");
  if (draw.last_sequences_size() != kHouseholdPartitions) return report(absl::StrCat(name, " does not say what it looked at"));
  std::vector<Entry> population;
  for (int p = 0; p < kHouseholdPartitions; ++p) {
    for (const Drop& drop : drops_[static_cast<size_t>(p)]) {
      const bool within = std::binary_search(draw.regions().begin(), draw.regions().end(), drop.region);
      if (drop.day == draw.day() && drop.seq <= draw.last_sequences(p) && within) population.emplace_back(drop.household, drop.seq);
    }
  }
  std::sort(population.begin(), population.end());
  std::string all;
  for (const Entry& entry : population) absl::StrAppend(&all, NameOf(entry), "\n");
  if (population.size() != draw.population() || Sha256(all) != draw.population_sha256()) {
    report(absl::StrCat(name, " was drawn from ", draw.population(), " drops, there are ", population.size(), " or others"));
  }
  std::vector<std::pair<std::string, Entry>> scored;
  scored.reserve(population.size());
  for (const Entry& entry : population) scored.emplace_back(ScoreOf(draw.seed(), entry), entry);
  std::sort(scored.begin(), scored.end());
  for (int i = 0; i < draw.sample_size(); ++i) {
    const Entry taken{draw.sample(i).household(), draw.sample(i).entry()};
    if (static_cast<size_t>(i) < scored.size() && scored[static_cast<size_t>(i)].second == taken) continue;
    return report(absl::StrCat(name, ": ", NameOf(taken), " does not follow from its seed"));
  }
}

}  // namespace fenfen::ctl
