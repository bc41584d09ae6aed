#include "clients/ctl/verify/fold_share.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fenfen::ctl {

FoldShare::FoldShare(size_t share, size_t shares, const std::vector<std::optional<ClaimedDigest>>& claims)
    : share_(share), shares_(shares), claims_(claims) {
  for (size_t p = share_; p < kPartitions; p += shares_) {
    const PartitionId partition(static_cast<uint16_t>(p));
    folds_.push_back(std::make_unique<PartitionFold>(partition, claims_[p].has_value()));
    CompareDigest(partition, 0);  // of a partition with nothing in it
  }
  thread_ = std::thread([this] { Loop(); });
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

void FoldShare::Apply(const Sheaf& sheaf) {
  uint64_t number = sheaf.first;
  for (const segment::Record& record : sheaf.records) {
    ++number;
    if (record.partition.value() % shares_ != share_) continue;
    const auto note = [&](std::string what) {
      Note(number, {std::move(what), sheaf.path, record.offset, {}, record.partition, record.seq});
    };
    ++transactions_;
    const absl::StatusOr<Transaction> transaction = DecodeTransaction(record.bytes);
    if (!transaction.ok()) {
      note(std::string(transaction.status().message()));
      continue;
    }
    postings_ += transaction->postings.size();
    folds_[record.partition.value() / shares_]->Apply(record.seq, *transaction, note);
    CompareDigest(record.partition, number);
  }
}

void FoldShare::CompareDigest(PartitionId partition, uint64_t number) {
  const std::optional<ClaimedDigest>& claim = claims_[partition.value()];
  PartitionFold& fold = *folds_[partition.value() / shares_];
  if (!claim || fold.last() != claim->seq) return;
  const std::string digest = fold.Digest();
  if (digest == claim->sha256) {
    ++digests_equal_;
  } else {
    Note(number, {absl::StrCat("the server's state is ", absl::BytesToHexString(claim->sha256), ", the journal's is ",
                               absl::BytesToHexString(digest)),
                  "",
                  0,
                  {},
                  partition,
                  claim->seq});
  }
  fold.DropBytes();
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
  findings.insert(findings.end(), findings_.begin(), findings_.end());
}

}  // namespace fenfen::ctl
