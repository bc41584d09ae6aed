// The made-up district that is measured on: one town, one estate, stations with a device each, an attendant, a rule, offers; households as
// the accounts 0, 1, 2…; and the commands that change them, as the server would make them.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/ctl/bench/picks.h"
#include "fenfen/v1/catalogue.pb.h"
#include "ledger/engine/engine.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/drop.h"
#include "ledger/points/enrolment.h"
#include "ledger/projections/captures.h"
#include "ledger/projections/directory.h"

namespace fenfen::bench {

inline constexpr char kTown[] = "regions/bench-town";
inline constexpr char kEstate[] = "regions/bench-estate";
inline constexpr char kAttendant[] = "staff/bench-attendant";
// The nth device, from 0, and its station.
std::string DeviceName(size_t n);
std::string StationName(size_t n);

// Days are days in it.
absl::TimeZone ProgrammeZone();
// What the projections take from a household's and a voucher's record.
std::optional<Directory::Enrolled> EnrolledIn(absl::string_view household_record);
std::optional<Captures::Captured> CapturedIn(absl::string_view voucher_record);

// The district's catalogue, with a device and a station for each public key of 32 bytes.
v1::UpdateCatalogueRequest BenchCatalogue(const std::vector<std::string>& device_keys);

// A card holder without card or door; or, `named`, as an import would give it: all with a door, three of ten with a card, the others two
// members with WeChat.
EnrolmentFacts EnrolmentOfAccount(uint32_t account, bool named);

// When and by which rules a drop is decided.
struct DropSetting {
  absl::Time now;
  absl::TimeZone zone;
  std::shared_ptr<const Catalogue> catalogue;
};

Command CatalogueCommand(const v1::UpdateCatalogueRequest& request, const RequestKey& key, absl::Time now);
Command EnrolmentCommand(const EnrolmentFacts& facts, const RequestKey& key, absl::Time now, std::shared_ptr<const Catalogue> catalogue);
// A device's drop of 800 g of food waste. `sequence`: 1, 2, 3… of that device.
Command DropCommand(uint32_t account, size_t device, uint64_t sequence, const DropSetting& setting);
// The same with a client's request key.
Command KeyedDropCommand(uint32_t account, size_t device, const RequestKey& key, const DropSetting& setting);
// Moves a hundredth of a point between two accounts of a partition, and nothing else.
Command TransferCommand(const Picks::Pick& pick, const RequestKey& key, absl::Time now);

}  // namespace fenfen::bench
