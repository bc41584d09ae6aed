// Fuzzes the codes that people scan. Nothing that was not made with the key is read, and what is read is a code that the key makes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ledger/points/codes.h"

namespace {

// The key of the worked examples in docs/formats.
std::string ExampleKey() {
  std::string key;
  for (int i = 0; i < 32; ++i) key.push_back(static_cast<char>(i));
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string key = ExampleKey();
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto code = fenfen::ReadStationCode(key, text); code && fenfen::MakeStationCode(key, code->station, code->step) != text) {
    std::abort();
  }
  if (const auto voucher = fenfen::ReadVoucherCode(key, text)) {
    if (fenfen::ReadVoucherCode(key, fenfen::MakeVoucherCode(key, *voucher)) != voucher) std::abort();
  }
  return 0;
}
