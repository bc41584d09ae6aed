// Model: the oracle. A single-threaded ledger that holds its own balances, records, keys and history; the run asks it what a request must
// do and shows it what the engine did. It knows three things of each entry: submitted (the engine committed it), acknowledged (a client was
// told), and, after a restart, recovered; acknowledged ⊆ recovered ⊆ submitted is checked by Recover. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ledger/core/transaction.h"
#include "tests/simulation/model_partition.h"
#include "tests/simulation/request.h"

namespace fenfen::sim {

class Model {
 public:
  // What a request's key says.
  enum class Key {
    kNew,
    kSame,   // it had this effect
    kOther,  // it was another request's
  };
  struct Known {
    Key key = Key::kNew;
    PartitionSeq seq;
  };
  Known Find(const Request& request) const;
  // Whether the engine may say that the request's key is too old to tell: 45 days behind the newest of its partition, or 48 events of its
  // device behind.
  bool MayBeForgotten(const Request& request) const;

  // Decides a request whose key is new, and does it. The number is that of its entry, unless it is refused.
  struct Executed {
    Reason refusal = Reason::REASON_UNSPECIFIED;
    PartitionSeq seq;
  };
  Executed Execute(const SharedRequest& request, absl::Time now);

  // Checks an entry that the engine showed, in a reply or as a projection: it is the request's, posts what it must, and has the bytes that
  // it had whenever it was shown before.
  absl::Status CheckShown(const CommittedTransaction& shown);
  // A client was told.
  void Acknowledge(PartitionId partition, PartitionSeq seq);
  // The entry is durable: an update of the catalogue comes into force.
  void MadeDurable(PartitionId partition, PartitionSeq seq);

  // After a restart the partition has this many entries: an error where an acknowledged one is missing or there are more than were
  // submitted. Those not recovered are undone.
  absl::Status Recover(PartitionId partition, PartitionSeq recovered);

  // The newest catalogue, maybe not in force yet.
  const ModelCatalogue& newest_catalogue() const { return *newest_; }
  const ModelPartition& partition(PartitionId partition) { return books_[partition].state; }
  PartitionSeq Submitted(PartitionId partition) { return PartitionSeq(books_[partition].entries.size()); }
  // Those that were ever asked for.
  std::vector<PartitionId> Partitions() const;
  // Sums are zero, lots add up to balances.
  absl::Status CheckSelf() const;

 private:
  struct Entry {
    SharedRequest request;
    absl::Time now;
    SharedModelCatalogue catalogue;  // that it was decided by
    Decided decided;
    uint64_t shown = 0;  // a checksum of its bytes, once it was shown
  };
  struct Book {
    ModelPartition state;
    std::vector<Entry> entries;
    uint64_t acknowledged = 0;
    std::map<RequestKey, PartitionSeq> keys;
    std::map<uint64_t, std::set<uint64_t>> events;  // the numbers seen, by device
    absl::Time newest_key = absl::InfinitePast();
  };

  static void Add(Book& book, Entry entry);

  std::map<PartitionId, Book> books_;
  SharedModelCatalogue newest_ = std::make_shared<ModelCatalogue>();
  SharedModelCatalogue in_force_ = newest_;
};

}  // namespace fenfen::sim
