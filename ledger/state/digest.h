// The digest of a partition's state (docs/formats/state_digest.md): equal states have equal digests, whatever keeps them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ledger/core/record.h"

namespace fenfen {

// Takes records and accounts in any order. The bytes added must stay until Finish.
class DigestBuilder {
 public:
  DigestBuilder(PartitionId partition, PartitionSeq seq) : partition_(partition), seq_(seq) {}
  void AddRecord(const RecordKey& key, PartitionSeq version, absl::string_view bytes) { records_.push_back({key, version, bytes}); }
  // Accounts at zero do not count.
  void AddAccount(const AccountId& account, Points balance) {
    if (balance != Points(0)) accounts_.emplace_back(account, balance);
  }
  // SHA-256, 32 bytes.
  std::string Finish();

 private:
  struct Record {
    RecordKey key;
    PartitionSeq version;
    absl::string_view bytes;
  };
  const PartitionId partition_;
  const PartitionSeq seq_;
  std::vector<Record> records_;
  std::vector<std::pair<AccountId, Points>> accounts_;
};

}  // namespace fenfen
