// Counts the drops that a journal holds, by itself: it reads the stored bytes with the journal's reader and shares nothing with the server
// that wrote them, nor with `fenfenctl verify`. Standard input says what the devices sent, a line each: `devices/ID LAST`; every drop
// 1…LAST of each device must be there exactly once, nothing else from a device, and all postings must sum to zero.
//
//   drops_in_journal JOURNAL_FOLDER < expected       prints one JSON line; exits 0 if all holds, 1 if not, 2 if it cannot be read
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "ledger/core/transaction.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/posix_file.h"

namespace fenfen {
namespace {

// One device's drops: how often each sequence number was seen.
struct Seen {
  std::string name;
  std::vector<uint8_t> times;  // by sequence number, from 1
};

struct Count {
  int64_t transactions = 0;
  int64_t drops = 0;
  int64_t missing = 0;
  int64_t doubled = 0;
  int64_t strangers = 0;  // of a device that was not named, or beyond its last
  std::map<Asset, int64_t> sums;
};

constexpr uint64_t kSequenceMask = (uint64_t{1} << 62) - 1;

void Take(const Transaction& transaction, std::map<uint64_t, Seen>* devices, Count* count) {
  ++count->transactions;
  for (const Posting& posting : transaction.postings) count->sums[posting.account.asset] += posting.amount.hundredths();
  if (transaction.kind != TransactionKind::kDrop || !IsDeviceEventKey(transaction.key)) return;
  ++count->drops;
  const auto device = devices->find(transaction.key.high);
  const uint64_t sequence = transaction.key.low & kSequenceMask;
  if (device == devices->end() || sequence == 0 || sequence > device->second.times.size()) {
    ++count->strangers;
  } else if (++device->second.times[sequence - 1] > 1) {
    ++count->doubled;
  }
}

absl::Status ReadAll(const std::string& folder, std::map<uint64_t, Seen>* devices, Count* count) {
  PosixFileSystem files;
  auto reader = JournalReader::Open(files, folder, {.live = true});
  if (!reader.ok()) return reader.status();
  while (true) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    if (!group.ok()) return group.status();
    if (*group == nullptr) return absl::OkStatus();
    for (const segment::Record& record : (*group)->records) {
      const absl::StatusOr<Transaction> transaction = DecodeTransaction(record.bytes);
      if (!transaction.ok()) return transaction.status();
      Take(*transaction, devices, count);
    }
  }
}

int Run(const std::string& folder) {
  std::map<uint64_t, Seen> devices;
  std::string name;
  uint64_t last = 0;
  uint64_t expected = 0;
  while (std::cin >> name >> last) {
    devices[CatalogueIdOf(name).value()] = {name, std::vector<uint8_t>(last, 0)};
    expected += last;
  }
  Count count;
  if (const absl::Status status = ReadAll(folder, &devices, &count); !status.ok()) {
    std::cerr << "drops_in_journal: " << status << '\n';
    return 2;
  }
  for (const auto& [id, device] : devices) {
    for (size_t i = 0; i < device.times.size(); ++i) {
      if (device.times[i] != 0) continue;
      if (++count.missing <= 5) std::cerr << "drops_in_journal: " << device.name << ": drop " << i + 1 << " is missing\n";
    }
  }
  bool zero = true;
  for (const auto& [asset, sum] : count.sums) zero = zero && sum == 0;
  const bool good = zero && count.missing == 0 && count.doubled == 0 && count.strangers == 0;
  std::cout << "{\"devices\":" << devices.size() << ",\"sent\":" << expected << ",\"credited\":" << count.drops
            << ",\"missing\":" << count.missing << ",\"doubled\":" << count.doubled << ",\"strangers\":" << count.strangers
            << ",\"transactions\":" << count.transactions << ",\"sums_zero\":" << (zero ? "true" : "false") << "}\n";
  return good ? 0 : 1;
}

}  // namespace
}  // namespace fenfen

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: drops_in_journal JOURNAL_FOLDER < expected\n", stderr);
    return 2;
  }
  return fenfen::Run(argv[1]);
}
