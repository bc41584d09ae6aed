// TransferFold: what goes between two households, over all partitions (docs/formats/records.md, "Transfers"): what left one arrived at the
// other or came back, at most once, with the same lots; and what is in transit adds up. Written from the page, not from the engine's code.
//
// Apply is one thread's; folds of several threads are merged at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "clients/ctl/verify/openings.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

class TransferFold {
 public:
  using Report = absl::FunctionRef<void(std::string)>;

  // What a partition had at the journal's beginning.
  void Begin(const PartitionOpening& opening);
  void Apply(const Transaction& transaction, Report report);
  void Merge(const TransferFold& other);
  // Compares the halves. `whole`: that all entries were read; else one half may have come before.
  void Finish(bool whole, Report report) const;

  // True for an account that stands against what is in transit.
  bool IsOnItsWay(const AccountId& account) const { return account.kind == AccountKind::kProgramme && transfers_.contains(account.owner); }
  size_t open() const;

 private:
  struct Half {
    int state = 0;  // as the page numbers them
    uint64_t from = 0;
    uint64_t to = 0;
    std::vector<std::pair<int32_t, int64_t>> lots;
    int64_t civic = 0;
    int64_t reward() const;
  };
  struct Transfer {
    std::optional<Half> first;
    std::optional<Half> second;
    int64_t reward = 0;  // in transit and against it, over all partitions
    int64_t civic = 0;
  };
  struct Parsed {
    uint64_t number = 0;
    Half half;
  };

  static std::optional<Parsed> Parse(absl::string_view bytes);
  void Take(const Transaction& transaction, const Parsed& parsed, Report report);
  static void CheckPostings(const Transaction& transaction, uint64_t number, AccountKind kind, int64_t reward, int64_t civic,
                            Report report);

  absl::flat_hash_map<uint64_t, Transfer> transfers_;
};

}  // namespace fenfen::ctl
