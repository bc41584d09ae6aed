// Method: what the server knows of one method before it is called: its access, the form of its requests, its limits and its counters. All
// methods of all services are read from their descriptors when the server starts; a method without a sensible `access` option keeps it from
// starting.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "server/access/access.h"
#include "server/call/validate.h"
#include "server/metrics/metrics.h"

namespace fenfen::server {

// The largest message of any method; gRPC itself refuses what is larger.
inline constexpr size_t kMessageBytesMax = (8u << 20) + (64u << 10);

struct Method {
  std::string name;  // "fenfen.v1.DropService/RecordDrop"
  MethodAccess access;
  Validator validator;
  bool has_request_id = false;
  size_t request_bytes_max = 0;  // of one message
  Metrics::Method& metrics;
};

class Methods {
 public:
  // Reads every method of a service. INVALID_ARGUMENT where one has no sensible access option.
  absl::Status Add(const google::protobuf::ServiceDescriptor& service, Metrics& metrics);

  // A method that was added, by its full name "fenfen.v1.DropService.RecordDrop".
  const Method& Get(absl::string_view full_name) const;

 private:
  absl::flat_hash_map<std::string, std::unique_ptr<Method>> methods_;
};

}  // namespace fenfen::server
