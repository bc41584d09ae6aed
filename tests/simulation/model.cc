#include "tests/simulation/model.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/crc32c.h"

namespace fenfen::sim {
namespace {

constexpr absl::Duration kKeysRemembered = absl::Hours(24 * 45);
constexpr int kEventsRemembered = 48;  // at least, of one device in one partition
constexpr uint64_t kEventNumberMask = (uint64_t{1} << 62) - 1;

absl::Status Wrong(PartitionId partition, PartitionSeq seq, absl::string_view what) {
  return absl::InternalError(absl::StrCat("partition ", partition.value(), ", entry ", seq.value(), ": ", what));
}

// In the order of Body's alternatives.
constexpr TransactionKind kKinds[] = {TransactionKind::kCatalogueUpdate, TransactionKind::kEnrolment, TransactionKind::kDrop,
                                      TransactionKind::kReservation,     TransactionKind::kCapture,   TransactionKind::kRelease};

uint64_t Checksum(const CommittedTransaction& shown) {
  const std::string bytes = EncodeTransaction(shown.transaction);
  return MixBits(uint64_t{Crc32c(bytes)} << 32 ^ bytes.size() ^ MixBits(static_cast<uint64_t>(absl::ToUnixMicros(shown.record_time)))) | 1;
}

}  // namespace

Model::Known Model::Find(const Request& request) const {
  const auto book = books_.find(request.partition);
  if (book == books_.end()) return {};
  const auto found = book->second.keys.find(request.key);
  if (found == book->second.keys.end()) return {};
  const Request& former = *book->second.entries[found->second.value() - 1].request;
  return {former.fingerprint == request.fingerprint ? Key::kSame : Key::kOther, found->second};
}

bool Model::MayBeForgotten(const Request& request) const {
  const auto book = books_.find(request.partition);
  if (book == books_.end()) return false;
  if (!IsDeviceEventKey(request.key)) return book->second.newest_key - TimeOfUuidV7(request.key) >= kKeysRemembered;
  const auto events = book->second.events.find(request.key.high);
  if (events == book->second.events.end()) return false;
  const auto above = events->second.upper_bound(request.key.low & kEventNumberMask);
  return std::distance(above, events->second.end()) >= kEventsRemembered;
}

Model::Executed Model::Execute(const SharedRequest& request, absl::Time now) {
  Book& book = books_[request->partition];
  const bool of_catalogue = request->partition == kCataloguePartition;
  Entry entry{request, now, of_catalogue ? newest_ : in_force_, {}, 0};
  entry.decided = book.state.Execute(*request, entry.catalogue, now);
  if (entry.decided.refusal != Reason::REASON_UNSPECIFIED) return {entry.decided.refusal, {}};
  if (of_catalogue) newest_ = entry.decided.catalogue;
  Add(book, std::move(entry));
  return {Reason::REASON_UNSPECIFIED, PartitionSeq(book.entries.size())};
}

void Model::Add(Book& book, Entry entry) {
  const RequestKey& key = entry.request->key;
  book.entries.push_back(std::move(entry));
  book.keys[book.entries.back().request->key] = PartitionSeq(book.entries.size());
  if (IsDeviceEventKey(key)) {
    book.events[key.high].insert(key.low & kEventNumberMask);
  } else {
    book.newest_key = std::max(book.newest_key, TimeOfUuidV7(key));
  }
}

absl::Status Model::CheckShown(const CommittedTransaction& shown) {
  const auto found = books_.find(shown.partition);
  if (found == books_.end() || shown.seq.value() == 0 || shown.seq.value() > found->second.entries.size()) {
    return Wrong(shown.partition, shown.seq, "was never submitted");
  }
  Entry& entry = found->second.entries[shown.seq.value() - 1];
  const Transaction& transaction = shown.transaction;
  if (transaction.key != entry.request->key || transaction.fingerprint != entry.request->fingerprint) {
    return Wrong(shown.partition, shown.seq,
                 absl::StrCat("is request ", FormatRequestKey(transaction.key), ", not ", FormatRequestKey(entry.request->key)));
  }
  if (transaction.kind != entry.decided.kind.value_or(kKinds[entry.request->body.index()]))
    return Wrong(shown.partition, shown.seq, "is of another kind");
  const uint64_t checksum = Checksum(shown);
  if (entry.shown == checksum) return absl::OkStatus();
  if (entry.shown != 0) return Wrong(shown.partition, shown.seq, "has other bytes than before");
  entry.shown = checksum;
  Amounts postings;
  for (const Posting& posting : transaction.postings) postings[posting.account] += posting.amount.hundredths();
  if (postings == entry.decided.postings) return absl::OkStatus();
  std::string difference;
  for (const auto& [account, amount] : postings) {
    absl::StrAppend(&difference, " ", static_cast<int>(account.kind), "/", static_cast<int>(account.asset), "/", account.owner, ":",
                    amount);
  }
  absl::StrAppend(&difference, ", not");
  for (const auto& [account, amount] : entry.decided.postings) {
    absl::StrAppend(&difference, " ", static_cast<int>(account.kind), "/", static_cast<int>(account.asset), "/", account.owner, ":",
                    amount);
  }
  return Wrong(shown.partition, shown.seq, absl::StrCat("posts", difference));
}

void Model::Acknowledge(PartitionId partition, PartitionSeq seq) {
  uint64_t& acknowledged = books_[partition].acknowledged;
  acknowledged = std::max(acknowledged, seq.value());
}

void Model::MadeDurable(PartitionId partition, PartitionSeq seq) {
  if (partition == kCataloguePartition) in_force_ = books_[partition].entries[seq.value() - 1].decided.catalogue;
}

absl::Status Model::Recover(PartitionId partition, PartitionSeq recovered) {
  Book& book = books_[partition];
  if (recovered.value() < book.acknowledged) {
    return Wrong(partition, PartitionSeq(book.acknowledged),
                 absl::StrCat("was acknowledged and is lost: the journal ends at ", recovered.value()));
  }
  if (recovered.value() > book.entries.size()) return Wrong(partition, recovered, "was never submitted");
  if (recovered.value() < book.entries.size()) {
    std::vector<Entry> entries = std::move(book.entries);
    const uint64_t acknowledged = book.acknowledged;
    book = Book();
    book.acknowledged = acknowledged;
    entries.resize(recovered.value());
    for (Entry& entry : entries) {
      book.state.Execute(*entry.request, entry.catalogue, entry.now);
      Add(book, std::move(entry));
    }
  }
  if (partition == kCataloguePartition) {
    newest_ = book.entries.empty() ? std::make_shared<ModelCatalogue>() : book.entries.back().decided.catalogue;
    in_force_ = newest_;
  }
  return absl::OkStatus();
}

std::vector<PartitionId> Model::Partitions() const {
  std::vector<PartitionId> partitions;
  for (const auto& [partition, book] : books_) partitions.push_back(partition);
  return partitions;
}

absl::Status Model::CheckSelf() const {
  for (const auto& [partition, book] : books_) {
    std::map<Asset, int64_t> sums;
    for (const auto& [account, balance] : book.state.balances()) {
      sums[account.asset] += balance;
      if (!OwesPoints(account.kind) && balance < 0) return Wrong(partition, {}, "a balance below zero");
    }
    for (const auto& [asset, sum] : sums) {
      if (sum != 0) return Wrong(partition, {}, absl::StrCat("balances sum to ", sum));
    }
    for (const auto& [household, home] : book.state.homes()) {
      int64_t lots = 0;
      for (const auto& [day, amount] : home.lots) lots += amount;
      if (lots != book.state.Balance({AccountKind::kHousehold, Asset::kReward, household.value()})) {
        return Wrong(partition, {}, absl::StrCat("the lots of household ", household.value(), " do not add up to its balance"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace fenfen::sim
