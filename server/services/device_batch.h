// Device batches (docs/formats/device_batch.md): from the bytes that a device signed to drops to decide, and from what became of them to
// the answer. Pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fenfen/v1/station.pb.h"
#include "ledger/engine/engine.h"
#include "ledger/points/drop.h"

namespace fenfen::server {

// Whether an Ed25519 signature holds over "fenfen-device-batch-v1" 0x00 ‖ batch, the very bytes that came. DEVICE_SIGNATURE_INVALID.
absl::Status CheckBatchSignature(absl::string_view public_key, absl::string_view batch, absl::string_view signature);

// Parses a batch whose signature holds. DEVICE_BATCH_MALFORMED where it is another device's, empty, longer than 1,000 events, its numbers
// do not follow one another, or its chain hash is not 32 bytes.
absl::Status ParseBatch(absl::string_view bytes, absl::string_view device, v1::DeviceBatch& batch);

// An event as a drop at the device's station. HOUSEHOLD_UNKNOWN or MEMBER_UNKNOWN where the numbers can be nobody's.
absl::StatusOr<DropFacts> FactsOf(const v1::DeviceDrop& drop, CatalogueId station);

// What tells a repetition of an event from another event under the same number.
uint64_t FingerprintOf(const v1::DeviceDrop& drop);

// Fills an event's outcome. Returns the reason where it was not taken.
std::optional<v1::Reason> FillOutcome(const absl::StatusOr<Outcome>& result, v1::DropOutcome& outcome);

// The answer to a batch that was refused as a whole.
void FillRefusal(const absl::Status& refusal, int64_t last_sequence, v1::UploadDropsResponse& response);

// Finishes the answer to a batch once all its outcomes are filled.
void FillSummary(v1::UploadDropsResponse& response);

}  // namespace fenfen::server
