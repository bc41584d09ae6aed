#include "ledger/state/request_keys.h"

#include <algorithm>
#include <limits>

#include "ledger/core/check.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

// A day more than the server takes, for keys that were ahead of its clock.
const int64_t kDaysKept = absl::ToInt64Hours(limits::kRequestKeyAgeMax) / 24 + 1;

int64_t DayOf(const RequestKey& key) { return absl::ToUnixSeconds(TimeOfUuidV7(key)) / (24 * 60 * 60); }
uint64_t EventNumber(const RequestKey& key) { return key.low & ((uint64_t{1} << 62) - 1); }

}  // namespace

RequestKeys::Effect RequestKeys::EffectOf(uint64_t fingerprint, PartitionSeq seq) {
  FENFEN_CHECK(seq.value() <= std::numeric_limits<uint32_t>::max());
  return {static_cast<uint32_t>(fingerprint), static_cast<uint32_t>(seq.value())};
}

RequestKeys::Found RequestKeys::Compare(const Effect& effect, uint64_t fingerprint) {
  return {effect.fingerprint == static_cast<uint32_t>(fingerprint) ? Verdict::kSame : Verdict::kOther, PartitionSeq(effect.seq)};
}

RequestKeys::Found RequestKeys::Find(const RequestKey& key, uint64_t fingerprint) const {
  if (!IsDeviceEventKey(key)) {
    const auto day = days_.find(DayOf(key));
    if (day == days_.end())
      return {!days_.empty() && DayOf(key) < days_.rbegin()->first - kDaysKept ? Verdict::kForgotten : Verdict::kNew, {}};
    const auto found = day->second.find(key);
    return found == day->second.end() ? Found{} : Compare(found->second, fingerprint);
  }
  const auto window = devices_.find(key.high);
  if (window == devices_.end()) return {};
  const uint64_t number = EventNumber(key);
  const std::vector<Event>& events = window->second.events;
  const auto at = std::lower_bound(events.begin(), events.end(), number, [](const Event& event, uint64_t n) { return event.number < n; });
  if (at != events.end() && at->number == number) return Compare(at->effect, fingerprint);
  return {number <= window->second.forgotten ? Verdict::kForgotten : Verdict::kNew, {}};
}

void RequestKeys::Add(const RequestKey& key, uint64_t fingerprint, PartitionSeq seq) {
  const Effect effect = EffectOf(fingerprint, seq);
  if (IsDeviceEventKey(key)) return AddEvent(devices_[key.high], EventNumber(key), effect);
  days_[DayOf(key)].emplace(key, effect);
  while (days_.begin()->first < days_.rbegin()->first - kDaysKept) days_.erase(days_.begin());
}

void RequestKeys::AddEvent(Window& window, uint64_t number, Effect effect) {
  std::vector<Event>& events = window.events;
  const auto at = std::lower_bound(events.begin(), events.end(), number, [](const Event& event, uint64_t n) { return event.number < n; });
  events.insert(at, {number, effect});
  if (events.size() <= limits::kDeviceWindow) return;
  // A quarter at a time, so that dropping costs little.
  const auto keep = events.begin() + limits::kDeviceWindow / 4;
  window.forgotten = std::max(window.forgotten, (keep - 1)->number);
  events.erase(events.begin(), keep);
}

void RequestKeys::Save(PartitionContents& contents) const {
  for (const auto& [day, keys] : days_) {
    for (const auto& [key, effect] : keys) contents.keys.push_back({key, effect});
  }
  for (const auto& [device, window] : devices_) contents.devices.push_back({CatalogueId(device), window.forgotten, window.events});
}

void RequestKeys::Load(const PartitionContents& contents) {
  for (const PartitionContents::ClientKey& key : contents.keys) days_[DayOf(key.key)].emplace(key.key, key.effect);
  for (const PartitionContents::Device& device : contents.devices) devices_[device.id.value()] = {device.forgotten, device.events};
}

size_t RequestKeys::size() const {
  size_t size = 0;
  for (const auto& [day, keys] : days_) size += keys.size();
  for (const auto& [device, window] : devices_) size += window.events.size();
  return size;
}

}  // namespace fenfen
