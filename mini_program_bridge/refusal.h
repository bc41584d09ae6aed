// Why a request is refused, in the terms of the error table (proto/fenfen/v1/reason.proto). Everything in this folder that can refuse
// returns one of these; only envelope.cc turns it into HTTP.
//
// Values are plain data and may be shared between threads.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_REFUSAL_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_REFUSAL_H_

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fenfen/v1/reason.pb.h"

namespace fenfen::bridge {

// One refusal.
struct Refusal {
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  // Fills `{key}` in the table's sentences, `{key}_zh` and `{key}_en` before `{key}`; `field` is also given to the client by itself.
  std::map<std::string, std::string> metadata;
  // How long the client should wait, where known; otherwise the table's `retryable` decides on one second.
  std::optional<absl::Duration> retry_after;
  // The sentences, where the server has filled them in; empty: from the table.
  std::string zh;
  std::string en;
  // The reason's name where the server knows one that this build does not; empty: from the table.
  std::string name;
};

// Nothing, or why not.
using MaybeRefusal = std::optional<Refusal>;

// Makes a refusal: Refuse(v1::REASON_FIELD_MISSING, {{"field", "code"}}).
inline Refusal Refuse(v1::Reason reason, std::map<std::string, std::string> metadata = {}) {
  return {reason, std::move(metadata), {}, {}, {}, {}};
}

// What is wrong with a value, in a few words.
struct Detail {
  const char* zh;
  const char* en;
};

// The value is there but cannot be read; `malformed` is the field's own reason, or FIELD_MALFORMED.
inline Refusal RefuseField(v1::Reason malformed, std::string field, const Detail& detail) {
  return Refuse(malformed, {{"field", std::move(field)}, {"detail_zh", detail.zh}, {"detail_en", detail.en}});
}

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_REFUSAL_H_
