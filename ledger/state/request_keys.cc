#include "ledger/state/request_keys.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

#include "ledger/core/check.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

// A day more than the server takes, for keys that were ahead of its clock.
const int64_t kDaysKept = absl::ToInt64Hours(limits::kRequestKeyAgeMax) / 24 + 1;

int64_t DayOf(const RequestKey& key) { return absl::ToUnixSeconds(TimeOfUuidV7(key)) / (int64_t{24} * 60 * 60); }
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
  if (IsDeviceEventKey(key)) {
    const Window* window = FindWindow(key.high);
    return window == nullptr ? Found{} : FindEvent(*window, EventNumber(key), fingerprint);
  }
  const auto day = days_.find(DayOf(key));
  if (day == days_.end())
    return {!days_.empty() && DayOf(key) < days_.rbegin()->first - kDaysKept ? Verdict::kForgotten : Verdict::kNew, {}};
  const Key* found = day->second.FindOrTell(
      HashOf(key), [&key](const Key& other) { return other.key == key; }, [this](const Key& other) { return HashOf(other.key); });
  return found == nullptr ? Found{} : Compare(found->effect, fingerprint);
}

void RequestKeys::Prefetch(const RequestKey& key) const {
  if (IsDeviceEventKey(key)) return devices_.Prefetch(HashOf(key.high));
  if (const auto day = days_.find(DayOf(key)); day != days_.end()) day->second.Prefetch(HashOf(key));
}

const RequestKeys::Window* RequestKeys::FindWindow(uint64_t device) const {
  return devices_.Find(HashOf(device), [device](const Window& window) { return window.device == device; });
}

RequestKeys::Found RequestKeys::FindEvent(const Window& window, uint64_t number, uint64_t fingerprint) const {
  // The bytes lie anywhere, so they are copied before they are looked at.
  const absl::string_view bytes = events_.Get(window.events);
  const auto event_at = [&bytes](size_t i) {
    Event event;
    std::memcpy(&event, bytes.data() + i * sizeof event, sizeof event);
    return event;
  };
  size_t begin = 0, end = bytes.size() / sizeof(Event);
  while (begin < end) {
    const size_t middle = (begin + end) / 2;
    const Event event = event_at(middle);
    if (event.number == number) return Compare(event.effect, fingerprint);
    if (event.number < number) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return {number <= window.forgotten ? Verdict::kForgotten : Verdict::kNew, {}};
}

void RequestKeys::Add(const RequestKey& key, uint64_t fingerprint, PartitionSeq seq) {
  const Effect effect = EffectOf(fingerprint, seq);
  if (IsDeviceEventKey(key)) return AddEvent(key.high, {EventNumber(key), effect});
  AddKey({key, effect});
  while (days_.begin()->first < days_.rbegin()->first - kDaysKept) days_.erase(days_.begin());
}

void RequestKeys::AddKey(const Key& key) {
  days_[DayOf(key.key)].Add(key, [this](const Key& other) { return HashOf(other.key); });
}

void RequestKeys::AddEvent(uint64_t device, Event event) {
  Window* window = const_cast<Window*>(FindWindow(device));
  if (window != nullptr && AppendEvent(*window, event)) return;
  std::vector<Event> events;
  if (window != nullptr) events = EventsOf(*window);
  const auto at = std::lower_bound(events.begin(), events.end(), event.number, [](const Event& e, uint64_t n) { return e.number < n; });
  events.insert(at, event);
  if (window == nullptr) {
    Window added{device, 0, 0};
    SetEvents(added, events);
    return devices_.Add(added, [](const Window& other) { return HashOf(other.device); });
  }
  if (events.size() > limits::kDeviceWindow) {
    // A quarter at a time, so that dropping costs little.
    const auto keep = events.begin() + limits::kDeviceWindow / 4;
    window->forgotten = std::max(window->forgotten, (keep - 1)->number);
    events.erase(events.begin(), keep);
  }
  SetEvents(*window, events);
}

// A device's next event nearly always comes after those that are there.
bool RequestKeys::AppendEvent(Window& window, const Event& event) {
  const absl::string_view bytes = events_.Get(window.events);
  if (bytes.size() / sizeof(Event) >= limits::kDeviceWindow) return false;
  Event last;
  std::memcpy(&last, bytes.data() + bytes.size() - sizeof last, sizeof last);
  if (event.number <= last.number) return false;
  // Each part by itself: both were just written, and what is read wider than it was written waits until it is in the cache.
  char* const at = events_.Extend(window.events, sizeof event);
  std::memcpy(at + offsetof(Event, number), &event.number, sizeof event.number);
  std::memcpy(at + offsetof(Event, effect), &event.effect, sizeof event.effect);
  return true;
}

std::vector<RequestKeys::Event> RequestKeys::EventsOf(const Window& window) const {
  const absl::string_view bytes = events_.Get(window.events);
  std::vector<Event> events;
  events.reserve(limits::kDeviceWindow + 1);
  events.resize(bytes.size() / sizeof(Event));
  std::memcpy(events.data(), bytes.data(), bytes.size());
  return events;
}

void RequestKeys::SetEvents(Window& window, const std::vector<Event>& events) {
  events_.Set(window.events, {reinterpret_cast<const char*>(events.data()), events.size() * sizeof(Event)});
}

void RequestKeys::Save(PartitionContents& contents) const {
  for (const auto& [day, keys] : days_) {
    keys.Visit([&contents](const Key& key) { contents.keys.push_back({key.key, key.effect}); });
  }
  devices_.Visit([&](const Window& window) {
    contents.devices.push_back({CatalogueId(window.device), window.forgotten, EventsOf(window)});
  });
}

void RequestKeys::Load(const PartitionContents& contents) {
  // They come by time, so those of a day are together.
  for (auto begin = contents.keys.begin(); begin != contents.keys.end();) {
    const int64_t day = DayOf(begin->key);
    const auto end = std::find_if(begin, contents.keys.end(), [day](const auto& key) { return DayOf(key.key) != day; });
    days_[day].Reserve(static_cast<size_t>(end - begin), [this](const Key& other) { return HashOf(other.key); });
    for (; begin != end; ++begin) AddKey({begin->key, begin->effect});
  }
  devices_.Reserve(contents.devices.size(), [](const Window& other) { return HashOf(other.device); });
  for (const PartitionContents::Device& device : contents.devices) {
    Window window{device.id.value(), device.forgotten, 0};
    SetEvents(window, device.events);
    devices_.Add(window, [](const Window& other) { return HashOf(other.device); });
  }
}

size_t RequestKeys::size() const {
  size_t size = 0;
  for (const auto& [day, keys] : days_) size += keys.size();
  devices_.Visit([&](const Window& window) { size += events_.Get(window.events).size() / sizeof(Event); });
  return size;
}

}  // namespace fenfen
