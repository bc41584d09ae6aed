#include "server/access/access.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/entry.h"

namespace fenfen::server {
namespace {

using google::protobuf::FieldDescriptor;

bool IsStaffRole(v1::Role role) { return role == v1::ROLE_ATTENDANT || role == v1::ROLE_STAFF || role == v1::ROLE_AUDITOR; }

// Which callers a scope means anything for.
bool ScopeFits(v1::Scope scope, v1::Role role) {
  switch (scope) {
    case v1::SCOPE_ANY:
      return true;
    case v1::SCOPE_HOUSEHOLD:
      return role == v1::ROLE_RESIDENT;
    case v1::SCOPE_MERCHANT:
      return role == v1::ROLE_MERCHANT;
    case v1::SCOPE_DEVICE:
      return role == v1::ROLE_DEVICE;
    case v1::SCOPE_REGION:
      return IsStaffRole(role);
    case v1::SCOPE_STATION:
      return IsStaffRole(role) || role == v1::ROLE_DEVICE;
    default:
      return false;
  }
}

// What is wrong with a grant; empty if nothing is.
std::string GrantFault(const v1::Grant& grant, const google::protobuf::MethodDescriptor& method, const MethodAccess& access) {
  const std::string role = v1::Role_Name(grant.role());
  if (!v1::Role_IsValid(grant.role()) || grant.role() == v1::ROLE_UNSPECIFIED) return "a grant names no role";
  if (access.grants[grant.role()]) return absl::StrCat("two grants for ", role);
  if (!ScopeFits(grant.scope(), grant.role())) return absl::StrCat(role, " cannot have the scope ", v1::Scope_Name(grant.scope()));
  if (grant.scope() == v1::SCOPE_ANY) return grant.field().empty() ? "" : absl::StrCat("SCOPE_ANY for ", role, " names a field");
  const FieldDescriptor* field = method.input_type()->FindFieldByName(grant.field());
  if (field == nullptr || field->is_repeated() || field->type() != FieldDescriptor::TYPE_STRING) {
    return absl::StrCat("the grant for ", role, " names '", grant.field(), "', which is no string field of ", method.input_type()->name());
  }
  return "";
}

absl::Status Denied() { return Refuse(Reason::REASON_PERMISSION_DENIED); }

absl::Status MalformedName(const FieldDescriptor& field, absl::string_view form) {
  return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", std::string(form)}}, field.name());
}

// The region that a device or staff member belongs to; nothing for one who has lost their standing meanwhile.
std::optional<CatalogueId> OwnRegion(const Caller& caller, const Catalogue& catalogue) {
  const v1::Staff* staff = catalogue.Find<v1::Staff>(CatalogueId(caller.actor.id));
  if (staff == nullptr) return std::nullopt;
  return CatalogueIdOf(staff->region());
}

// "households/7/entries/9" names something of "households/7".
bool IsOf(absl::string_view name, absl::string_view owner) {
  return absl::ConsumePrefix(&name, owner) && (name.empty() || name.front() == '/');
}

// The household's part of "households/7/entries/9"; what stands behind is the service's to judge.
std::optional<HouseholdId> HouseholdIn(absl::string_view name) {
  const size_t first = name.find('/');
  const size_t second = first == absl::string_view::npos ? first : name.find('/', first + 1);
  return ParseHouseholdName(name.substr(0, second));
}

// Where the thing that a name stands for lies.
absl::StatusOr<CatalogueId> RegionOfResource(absl::string_view name, const FieldDescriptor& field, const Catalogue& catalogue,
                                             const HouseholdRegions& households) {
  if (absl::StartsWith(name, "households/")) {
    const std::optional<HouseholdId> household = HouseholdIn(name);
    if (!household) return MalformedName(field, "households/HOUSEHOLD");
    absl::StatusOr<CatalogueId> region = households.RegionOf(*household);
    if (!region.ok()) return region.status();
    return region;
  }
  if (absl::StartsWith(name, "regions/")) {
    const absl::string_view owner = name.substr(0, name.find('/', absl::string_view("regions/").size()));
    const v1::Region* region = catalogue.Find<v1::Region>(owner);
    if (region == nullptr || region->name() != owner) return Refuse(Reason::REASON_REGION_UNKNOWN, {}, field.name());
    return CatalogueIdOf(owner);
  }
  if (absl::StartsWith(name, "stations/")) {
    const v1::Station* station = catalogue.Find<v1::Station>(name);
    if (station == nullptr || station->name() != name) return Refuse(Reason::REASON_STATION_UNKNOWN, {}, field.name());
    return CatalogueIdOf(station->region());
  }
  if (absl::StartsWith(name, "merchants/")) {
    const size_t end = name.find('/', absl::string_view("merchants/").size());
    const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(name.substr(0, end));
    if (merchant == nullptr || merchant->name() != name.substr(0, end)) return Refuse(Reason::REASON_MERCHANT_UNKNOWN, {}, field.name());
    return CatalogueIdOf(merchant->region());
  }
  return MalformedName(field, "households/…, regions/…, stations/… | merchants/…");
}

absl::Status AuthoriseByRegion(const Caller& caller, absl::string_view name, const FieldDescriptor& field, const Catalogue& catalogue,
                               const HouseholdRegions& households) {
  const std::optional<CatalogueId> own = OwnRegion(caller, catalogue);
  if (!own) return Denied();
  const absl::StatusOr<CatalogueId> region = RegionOfResource(name, field, catalogue, households);
  if (!region.ok()) return region.status();
  return catalogue.IsWithin(*region, *own) ? absl::OkStatus() : Denied();
}

// A device reaches its own station only, and need not learn which others there are.
absl::Status AuthoriseDeviceStation(const Caller& caller, absl::string_view name, const Catalogue& catalogue) {
  const v1::Device* device = catalogue.Find<v1::Device>(CatalogueId(caller.actor.id));
  return device != nullptr && device->station() == name ? absl::OkStatus() : Denied();
}

}  // namespace

absl::StatusOr<MethodAccess> ReadAccess(const google::protobuf::MethodDescriptor& method) {
  const auto fault = [&method](absl::string_view what) { return absl::InvalidArgumentError(absl::StrCat(method.full_name(), ": ", what)); };
  if (!method.options().HasExtension(v1::access)) return fault("has no access option");
  const v1::Access& option = method.options().GetExtension(v1::access);
  MethodAccess access;
  access.is_public = option.public_();
  access.audit = option.audit();
  if (access.is_public != option.grants().empty()) return fault("is either public or has grants");
  bool staff = false;
  for (const v1::Grant& grant : option.grants()) {
    if (const std::string what = GrantFault(grant, method, access); !what.empty()) return fault(what);
    access.grants[grant.role()] = {grant.scope(), grant.field().empty() ? nullptr : method.input_type()->FindFieldByName(grant.field())};
    staff = staff || IsStaffRole(grant.role());
  }
  if (!v1::Audit_IsValid(access.audit)) return fault("has an unknown audit");
  if (access.audit != v1::AUDIT_UNSPECIFIED && access.is_public) return fault("is public and audited");
  if (access.audit == v1::AUDIT_STAFF_READ && !staff) return fault("audits staff, whom no grant lets in");
  return access;
}

absl::Status Authorise(const MethodAccess& access, const Caller& caller, const google::protobuf::Message& request,
                       const Catalogue& catalogue, const HouseholdRegions& households) {
  const std::optional<AccessGrant>& grant = access.grants[caller.role];
  if (!grant) return Denied();
  if (grant->scope == v1::SCOPE_ANY) return absl::OkStatus();
  std::string scratch;
  const std::string& name = request.GetReflection()->GetStringReference(request, grant->field, &scratch);
  if (name.empty()) return Refuse(Reason::REASON_FIELD_MISSING, {}, grant->field->name());
  switch (grant->scope) {
    case v1::SCOPE_HOUSEHOLD:
      return IsOf(name, HouseholdName(caller.household)) ? absl::OkStatus() : Denied();
    case v1::SCOPE_MERCHANT:
      return IsOf(name, caller.merchant) ? absl::OkStatus() : Denied();
    case v1::SCOPE_DEVICE:
      return name == caller.subject ? absl::OkStatus() : Denied();
    case v1::SCOPE_STATION:
      if (caller.role == v1::ROLE_DEVICE) return AuthoriseDeviceStation(caller, name, catalogue);
      // A name that is no station's must not be judged as a household or region.
      if (!absl::StartsWith(name, "stations/")) return MalformedName(*grant->field, "stations/STATION");
      return AuthoriseByRegion(caller, name, *grant->field, catalogue, households);
    case v1::SCOPE_REGION:
      return AuthoriseByRegion(caller, name, *grant->field, catalogue, households);
    default:
      return Denied();
  }
}

}  // namespace fenfen::server
