// What several services share: reading and then replying, and captures as merchants see them. Thread-safe.
#pragma once

#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fenfen/v1/voucher.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "ledger/engine/engine.h"
#include "ledger/points/catalogue.h"
#include "server/call/unary.h"

namespace fenfen::server {

// Runs the reader, which fills the response and sets `found`, and replies with `found` once everything that was read is durable.
inline void ReadThenReply(Engine& engine, PartitionId partition, absl::FunctionRef<void(const View&)> reader, const absl::Status& found,
                          Done done) {
  // The reader has run by the time that Read returns, yet the reply may leave before: so the reader's verdict is kept apart from the stack.
  auto verdict = std::make_shared<absl::Status>();
  engine.Read(
      partition,
      [&](const View& view) {
        reader(view);
        *verdict = found;
      },
      [verdict, done = std::move(done)](const absl::Status& durable) mutable { std::move(done)(durable.ok() ? *verdict : durable); });
}

// A capture's transaction as its merchant sees it. DATA_LOSS for any other transaction.
absl::StatusOr<v1::Capture> RenderCapture(const CommittedTransaction& committed, const Catalogue& catalogue);

void SetTime(google::protobuf::Timestamp& out, absl::Time time);
// The same from microseconds since 1970.
inline void SetMicros(google::protobuf::Timestamp& out, int64_t micros) { SetTime(out, absl::FromUnixMicros(micros)); }

}  // namespace fenfen::server
