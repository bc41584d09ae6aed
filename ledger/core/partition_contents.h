// PartitionContents: all that one partition holds at one sequence number, as a snapshot keeps it (docs/formats/snapshot.md). A State begins
// from it, and projections are made anew from it. Views point into bytes that someone else owns.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "ledger/core/account.h"
#include "ledger/core/ids.h"
#include "ledger/core/record.h"
#include "ledger/core/request_key.h"

namespace fenfen {

struct PartitionContents {
  struct Record {
    RecordKey key;
    PartitionSeq version;
    absl::string_view bytes;
  };
  struct Account {
    AccountId id;
    Points balance;
  };
  // What became of a request key; of the request's fingerprint its lower 32 bits.
  struct Effect {
    uint32_t fingerprint = 0;
    uint32_t seq = 0;
  };
  struct ClientKey {
    RequestKey key;
    Effect effect;
  };
  struct Event {
    uint64_t number = 0;
    Effect effect;
  };
  struct Device {
    CatalogueId id;
    uint64_t forgotten = 0;     // the highest event number no longer remembered
    std::vector<Event> events;  // in the order of their numbers
  };

  PartitionId partition;
  PartitionSeq last;
  std::vector<Record> records;    // by key
  std::vector<Account> accounts;  // by id; none at zero
  std::vector<ClientKey> keys;    // by key
  std::vector<Device> devices;    // by id
};

}  // namespace fenfen
