// Fuzzes the stored form of a transaction. What decodes must encode to the same bytes: the journal has one form for one transaction, so
// that hashing the stored bytes is hashing the transaction.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ledger/core/transaction.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto transaction = fenfen::DecodeTransaction(bytes);
  if (transaction.ok() && fenfen::EncodeTransaction(*transaction) != bytes) std::abort();
  return 0;
}
