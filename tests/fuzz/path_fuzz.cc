// Fuzzes paths and queries as they come from outside, and path templates as they stand in the protos.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mini_program_bridge/route.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto decoded = fenfen::bridge::PercentDecode(text, true); decoded && decoded->size() > size) std::abort();
  fenfen::bridge::ParseQuery(text).has_value();
  const auto path = fenfen::bridge::ParsePathTemplate(text);
  if (path.ok() && path->segments.empty()) std::abort();
  return 0;
}
