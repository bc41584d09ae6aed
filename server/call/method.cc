#include "server/call/method.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"

namespace fenfen::server {
namespace {

constexpr size_t kRequestBytesDefault = 256u << 10;

// Methods whose messages are larger than the others'.
size_t RequestBytesMax(absl::string_view full_name) {
  if (full_name == "fenfen.v1.CatalogueService.UpdateCatalogue") return 8u << 20;
  if (full_name == "fenfen.v1.HouseholdService.ImportHouseholds") return 1u << 20;
  if (full_name == "fenfen.v1.StationService.UploadDrops") return (256u << 10) + (4u << 10);  // a batch, its signature and name
  return kRequestBytesDefault;
}

}  // namespace

absl::Status Methods::Add(const google::protobuf::ServiceDescriptor& service, Metrics& metrics) {
  for (int i = 0; i < service.method_count(); ++i) {
    const google::protobuf::MethodDescriptor& method = *service.method(i);
    absl::StatusOr<MethodAccess> access = ReadAccess(method);
    if (!access.ok()) return access.status();
    const std::string name = absl::StrCat(service.full_name(), "/", method.name());
    const bool has_request_id = method.input_type()->FindFieldByName("request_id") != nullptr;
    methods_[method.full_name()] =
        std::unique_ptr<Method>(new Method{name, *std::move(access), Validator(*method.input_type()), has_request_id,
                                           RequestBytesMax(method.full_name()), metrics.ForMethod(name)});
  }
  return absl::OkStatus();
}

const Method& Methods::Get(absl::string_view full_name) const {
  const auto found = methods_.find(full_name);
  FENFEN_CHECK(found != methods_.end());
  return *found->second;
}

}  // namespace fenfen::server
