// Access: who may call a method and on what, read from its `access` option alone. A method without a sensible option keeps the server from
// starting; a call that no grant reaches is refused. For anything that is not the caller's, the answer is PERMISSION_DENIED whether it is
// there or not; only staff learn, within a grant by region, that something does not exist.
#pragma once

#include <array>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fenfen/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "ledger/core/ids.h"
#include "ledger/points/catalogue.h"
#include "server/access/caller.h"

namespace fenfen::server {

// One role's way in.
struct AccessGrant {
  v1::Scope scope = v1::SCOPE_UNSPECIFIED;
  const google::protobuf::FieldDescriptor* field = nullptr;  // null for SCOPE_ANY
};

// A method's option, checked and ready to use.
struct MethodAccess {
  bool is_public = false;
  v1::Audit audit = v1::AUDIT_UNSPECIFIED;
  std::array<std::optional<AccessGrant>, v1::Role_ARRAYSIZE> grants;  // by role
};

// Reads the option. INVALID_ARGUMENT naming the method and what is wrong: no option, an unknown field, a scope that the role cannot have, …
absl::StatusOr<MethodAccess> ReadAccess(const google::protobuf::MethodDescriptor& method);

// Where a household lies; the records know, not the catalogue. HOUSEHOLD_UNKNOWN where there is none. Thread-safe and short.
class HouseholdRegions {
 public:
  virtual ~HouseholdRegions() = default;
  virtual absl::StatusOr<CatalogueId> RegionOf(HouseholdId household) const = 0;
};

// Whether the grant of the caller's role reaches what the request names. PERMISSION_DENIED; FIELD_MISSING where the field is empty; for
// staff also FIELD_MALFORMED, HOUSEHOLD_UNKNOWN, STATION_UNKNOWN, MERCHANT_UNKNOWN and REGION_UNKNOWN.
absl::Status Authorise(const MethodAccess& access, const Caller& caller, const google::protobuf::Message& request,
                       const Catalogue& catalogue, const HouseholdRegions& households);

}  // namespace fenfen::server
