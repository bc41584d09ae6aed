// The stored form of a partition in a snapshot (docs/formats/snapshot.md). On disk, do not change without another format number.
//
// The form is canonical: equal contents have equal bytes, and decoding takes nothing that encoding does not write.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/core/partition_contents.h"

namespace fenfen {

// Puts every list into the order that the form wants.
void SortContents(PartitionContents& contents);

// `contents` are sorted.
std::string EncodePartition(const PartitionContents& contents);

// The contents, whose views are good as long as `bytes`. DATA_LOSS, saying what, for anything that EncodePartition does not write and for
// contents that cannot be: a version or effect beyond the last sequence number, a balance out of bounds, balances that do not sum to zero.
absl::StatusOr<PartitionContents> DecodePartition(absl::string_view bytes);

// The digest of the state that the contents are (digest.h).
std::string DigestOf(const PartitionContents& contents);

}  // namespace fenfen
