#include "server/services/pending_render.h"

#include <charconv>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/points/entry.h"
#include "server/services/render.h"

namespace fenfen::server {
std::string PendingDropName(HouseholdId household, uint64_t id) {
  return absl::StrCat(HouseholdName(household), "/pendingDrops/", absl::Hex(id, absl::kZeroPad16));
}

std::optional<std::pair<HouseholdId, uint64_t>> ParsePendingDropName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[2] != "pendingDrops" || parts[3].size() != 16) return std::nullopt;
  const std::optional<HouseholdId> household = ParseHouseholdName(absl::StrCat(parts[0], "/", parts[1]));
  uint64_t id = 0;
  const char* const last = parts[3].data() + parts[3].size();
  const auto [end, error] = std::from_chars(parts[3].data(), last, id, 16);
  if (!household || error != std::errc() || end != last) return std::nullopt;
  return std::make_pair(*household, id);
}

v1::PendingDrop RenderPendingDrop(uint64_t id, const ledger::v1::PendingDrop& drop, const Catalogue& catalogue) {
  const HouseholdId household(drop.household());
  const ledger::v1::DropSeen& seen = drop.has_found() ? drop.found() : drop.recorded();
  v1::PendingDrop out;
  out.set_name(PendingDropName(household, id));
  // The stored enumerations have the same numbers.
  out.set_state(static_cast<v1::PendingDrop::State>(drop.state()));
  out.set_cause(static_cast<v1::PendingDrop::Cause>(drop.cause()));
  out.set_policy(drop.policy());
  out.set_category(static_cast<v1::Category>(seen.category()));
  out.set_weight_grams(seen.grams());
  out.set_material(seen.material());
  out.set_pieces(static_cast<int32_t>(seen.pieces()));
  if (drop.member() != 0) out.set_member(absl::StrCat(HouseholdName(household), "/members/", drop.member()));
  if (const v1::Station* station = catalogue.Find<v1::Station>(CatalogueId(drop.station()))) {
    out.set_station(station->name());
    out.set_station_display_name(station->display_name());
  }
  SetMicros(*out.mutable_event_time(), drop.event_micros());
  SetMicros(*out.mutable_create_time(), drop.create_micros());
  if (drop.due_micros() != 0) {
    SetMicros(*out.mutable_due_time(), drop.due_micros());
    out.set_due_action(drop.due_release() ? v1::PendingDrop::DUE_ACTION_RELEASE : v1::PendingDrop::DUE_ACTION_REJECT);
  }
  if (drop.decide_micros() != 0) SetMicros(*out.mutable_decide_time(), drop.decide_micros());
  out.set_rejection_reason(static_cast<v1::RejectionReason>(drop.rejection_reason()));
  out.set_reward(drop.reward());
  out.set_civic(drop.civic());
  return out;
}

std::optional<PendingDrops::Waiting> WaitingDropIn(absl::string_view pending_drop_record) {
  ledger::v1::PendingDrop drop;
  if (!drop.ParseFromArray(pending_drop_record.data(), static_cast<int>(pending_drop_record.size()))) return std::nullopt;
  if (drop.state() != ledger::v1::PendingDrop::STATE_WAITING) return std::nullopt;
  return PendingDrops::Waiting{HouseholdId(drop.household()), CatalogueId(drop.region()), drop.bag(), drop.create_micros(),
                               drop.due_micros()};
}

}  // namespace fenfen::server
