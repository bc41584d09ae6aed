// Fuzzes the journal's BEGINNING: overwrites a good one as the input says, with its checksum made to hold again where the input says so,
// and cuts or lengthens it. What is taken is what encoding it gives again; what was damaged is found.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "ledger/core/check.h"
#include "ledger/core/crc32c.h"
#include "ledger/journal/beginning.h"

namespace {

using fenfen::JournalBeginning;

JournalBeginning Good() {
  JournalBeginning beginning;
  beginning.start.journal_id = 7;
  beginning.start.segment = 5;
  beginning.start.groups = 11;
  beginning.cover.number = 3;
  for (uint16_t p = 0; p < fenfen::kPartitions; ++p) {
    beginning.start.last[p] = fenfen::PartitionSeq(p);
    beginning.cover.sequences[p] = fenfen::PartitionSeq(p + 1u);
    beginning.cover.sha256[p] = std::string(32, static_cast<char>(p));
  }
  return beginning;
}

}  // namespace

// The input: 1 byte for whether the checksum is made to hold, and how many bytes are cut off or added; then any number of [offset, 2
// bytes][length, 1 byte][bytes].
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string good = fenfen::EncodeBeginning(Good());
  if (size == 0) return 0;
  const bool mend = (data[0] & 1) != 0;
  std::string bytes = good;
  for (size_t at = 1; at + 3 <= size;) {
    const size_t offset = (data[at] | size_t{data[at + 1]} << 8) % bytes.size();
    const size_t length = std::min({size_t{data[at + 2]}, size - at - 3, bytes.size() - offset});
    bytes.replace(offset, length, reinterpret_cast<const char*>(data) + at + 3, length);
    at += 3 + length;
  }
  if (mend) {
    const uint32_t crc = fenfen::Crc32c(absl::string_view(bytes).substr(0, bytes.size() - 4));
    std::memcpy(bytes.data() + bytes.size() - 4, &crc, sizeof crc);
  }
  if ((data[0] & 2) != 0) bytes.resize(bytes.size() + (data[0] >> 2) - 32);
  const auto beginning = fenfen::DecodeBeginning(bytes);
  if (!beginning) {
    FENFEN_CHECK(bytes != good);
    return 0;
  }
  FENFEN_CHECK(fenfen::EncodeBeginning(*beginning) == bytes);
  FENFEN_CHECK(mend || bytes == good);
  FENFEN_CHECK(beginning->start.segment > 1 && beginning->start.journal_id != 0);
  for (uint16_t p = 0; p < fenfen::kPartitions; ++p) FENFEN_CHECK(beginning->cover.sequences[p] >= beginning->start.last[p]);
  return 0;
}
