// Ledger: the engine as fenfend runs it (memory State, file journal, catalogue and projections), in this process, with a small made-up
// district to measure on: one town, one estate, stations, devices, an attendant, rules, offers.
//
//   absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(folder, {});
//   (*ledger)->Seed(1'000'000);
//   (*ledger)->engine().SubmitAll(…, …)
//
// Thread-safe after Seed and Enrol, but for Close.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/ctl/bench/keys.h"
#include "clients/ctl/bench/picks.h"
#include "fenfen/v1/catalogue.pb.h"
#include "ledger/engine/engine.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/posix_file.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/drop.h"
#include "ledger/points/enrolment.h"
#include "ledger/projections/captures.h"
#include "ledger/projections/directory.h"
#include "ledger/state/memory_state.h"

namespace fenfen::bench {

inline constexpr char kEstate[] = "regions/bench-estate";
inline constexpr char kAttendant[] = "staff/bench-attendant";
// The nth device, from 0, and its station.
std::string DeviceName(size_t n);
std::string StationName(size_t n);

// The district's catalogue, with a device and a station for each public key of 32 bytes.
v1::UpdateCatalogueRequest BenchCatalogue(const std::vector<std::string>& device_keys);

// One member, no card and no door, or, `named`, two members, a card and a door, as an import would give it.
EnrolmentFacts EnrolmentOfAccount(uint32_t account, bool named);

class Ledger {
 public:
  // Opens the journal in FOLDER/journal. Where it is new, the catalogue is written first.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(const std::string& folder, const std::vector<std::string>& device_keys);
  ~Ledger();

  // Makes households for the accounts 0 to `accounts` − 1, with plenty to give away, in a few large transactions: what the State holds is
  // what enrolments leave, the journal is shorter.
  absl::Status Seed(uint32_t accounts);
  // Enrols them one by one, as an import does.
  absl::Status Enrol(uint32_t accounts, bool named);

  // Moves a hundredth of a point between two accounts of a partition, and nothing else.
  static Command Transfer(const Picks::Pick& pick, const RequestKey& key, absl::Time now);
  // A device's drop of 800 g of food waste, decided as the server decides it. `sequence`: 1, 2, 3… of that device.
  Command Drop(uint32_t account, size_t device, uint64_t sequence, absl::Time now, std::shared_ptr<const Catalogue> catalogue) const;

  // What the journal takes for a partition's last transaction, in bytes.
  absl::StatusOr<size_t> StoredBytesOfLast(PartitionId partition);
  // Makes all durable and stops.
  absl::Status Close();

  Engine& engine() { return *engine_; }
  const CatalogueStore& catalogue() const { return catalogue_; }

 private:
  Ledger();
  absl::Status WriteCatalogue(const std::vector<std::string>& device_keys);
  absl::Status SeedPartition(PartitionId partition, const std::vector<uint32_t>& accounts);

  PosixFileSystem files_;
  SystemClock clock_;
  const absl::TimeZone zone_;
  CatalogueStore catalogue_;
  Directory directory_;
  Captures captures_;
  MemoryState state_;
  std::unique_ptr<FileJournal> journal_;
  std::unique_ptr<Engine> engine_;
  KeySource keys_{0xfffe};
};

}  // namespace fenfen::bench
