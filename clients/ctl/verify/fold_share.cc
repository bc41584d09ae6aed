#include "clients/ctl/verify/fold_share.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fenfen::ctl {

FoldShare::FoldShare(size_t share, size_t shares, const Claims& claims, const Openings* openings)
    : share_(share), shares_(shares), claims_(claims) {
  for (size_t p = share_; p < kPartitions; p += shares_) {
    folds_.push_back(std::make_unique<PartitionFold>(PartitionId(static_cast<uint16_t>(p)), !claims_[p].empty()));
  }
  next_claims_.resize(folds_.size());
  thread_ = std::thread([this, openings] {
    Begin(openings);
    Loop();
  });
}

void FoldShare::Begin(const Openings* openings) {
  for (size_t p = share_; p < kPartitions; p += shares_) {
    const PartitionId partition(static_cast<uint16_t>(p));
    if (openings != nullptr) {
      const PartitionOpening& opening = (*openings)[p];
      folds_[p / shares_]->Begin(opening, [&](std::string what) {
        Note(0, {absl::StrCat("at the journal's beginning: ", what), "", 0, {}, partition, opening.last});
      });
      transfers_.Begin(opening);
    }
    CompareDigests(partition, 0);
  }
}

void FoldShare::Give(std::shared_ptr<const Sheaf> sheaf) {
  absl::MutexLock held(&mutex_);
  mutex_.Await(absl::Condition(this, &FoldShare::HasRoom));
  sheaves_.push_back(std::move(sheaf));
}

void FoldShare::Finish() {
  {
    absl::MutexLock held(&mutex_);
    finished_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void FoldShare::Loop() {
  while (true) {
    std::shared_ptr<const Sheaf> sheaf;
    {
      absl::MutexLock held(&mutex_);
      mutex_.Await(absl::Condition(this, &FoldShare::HasWork));
      if (sheaves_.empty()) return;
      sheaf = std::move(sheaves_.front());
      sheaves_.pop_front();
    }
    Apply(*sheaf);
  }
}

// Several are decoded before the first of them is applied, so that what they look at is near by then.
void FoldShare::Apply(const Sheaf& sheaf) {
  constexpr size_t kTogether = 16;
  std::vector<Decoded> some;
  some.reserve(kTogether);
  const auto apply = [&] {
    for (const Decoded& decoded : some) ApplyOne(sheaf.path, decoded);
    some.clear();
  };
  uint64_t number = sheaf.first;
  for (const segment::Record& record : sheaf.records) {
    ++number;
    if (record.partition.value() % shares_ != share_) continue;
    const Decoded& decoded = some.emplace_back(Decoded{number, &record, DecodeTransaction(record.bytes)});
    if (decoded.transaction.ok()) folds_[record.partition.value() / shares_]->Prefetch(*decoded.transaction);
    if (some.size() == kTogether) apply();
  }
  apply();
}

void FoldShare::ApplyOne(const std::string& path, const Decoded& decoded) {
  const segment::Record& record = *decoded.record;
  const auto note = [&](std::string what) {
    Note(decoded.number, {std::move(what), path, record.offset, {}, record.partition, record.seq});
  };
  ++transactions_;
  if (!decoded.transaction.ok()) return note(std::string(decoded.transaction.status().message()));
  const Transaction& transaction = *decoded.transaction;
  postings_ += transaction.postings.size();
  folds_[record.partition.value() / shares_]->Apply(record.seq, transaction, note);
  transfers_.Apply(transaction, note);
  samples_.Apply(record.partition, record.seq, transaction);
  CompareDigests(record.partition, decoded.number);
}

void FoldShare::CompareDigests(PartitionId partition, uint64_t number) {
  const std::vector<ClaimedDigest>& claims = claims_[partition.value()];
  PartitionFold& fold = *folds_[partition.value() / shares_];
  size_t& next = next_claims_[partition.value() / shares_];
  if (next == claims.size() || fold.last() < claims[next].seq) return;
  std::string digest;
  for (; next < claims.size() && fold.last() >= claims[next].seq; ++next) {
    const ClaimedDigest& claim = claims[next];
    if (fold.last() != claim.seq) continue;  // before the journal's beginning
    if (digest.empty()) digest = fold.Digest();
    if (digest == claim.sha256) {
      ++(claim.where.empty() ? digests_equal_ : claim.where == ClaimedDigest::kRedis ? redis_digests_equal_ : stored_digests_equal_);
      continue;
    }
    Note(number, {absl::StrCat(claim.where.empty() ? "the server's state" : absl::StrCat("the state in ", claim.where), " is ",
                               absl::BytesToHexString(claim.sha256), ", the journal's is ", absl::BytesToHexString(digest)),
                  "",
                  0,
                  {},
                  partition,
                  claim.seq});
  }
  if (next == claims.size()) fold.DropBytes();
}

void FoldShare::Note(uint64_t number, Finding finding) {
  ++findings_total_;
  if (findings_.size() < VerifyReport::kFindingsMax) findings_.emplace_back(number, std::move(finding));
}

void FoldShare::AddTo(VerifyReport& report, std::vector<Numbered>& findings) const {
  report.findings_total += findings_total_;
  report.transactions += transactions_;
  report.postings += postings_;
  report.digests_equal += digests_equal_;
  report.redis_digests_equal += redis_digests_equal_;
  report.stored_digests_equal += stored_digests_equal_;
  findings.insert(findings.end(), findings_.begin(), findings_.end());
}

}  // namespace fenfen::ctl
