#include "tests/overload/trial.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/ctl/bench/district.h"
#include "tests/overload/device_load.h"
#include "tests/overload/fenfend.h"
#include "tests/overload/judge.h"
#include "tests/overload/unary_load.h"

namespace fenfen::overload {
namespace {

constexpr uint32_t kHouseholds = 50'000;
constexpr double kTimesCapacity = 3;
constexpr double kGoodputLeast = 0.70;
constexpr absl::Duration kWarmUp = absl::Seconds(1);
constexpr absl::Duration kMeasure = absl::Seconds(3);

// The server's own bounds, as server/README.md gives them.
constexpr size_t kCallsPerConnection = 256;
constexpr size_t kChangesMax = 4096;
constexpr size_t kBatchesPerStream = 4;

constexpr size_t kConnections = 200;
constexpr size_t kInFlight = 256;  // of a closed loop: enough to keep the server busy
constexpr size_t kDevices = 96;
constexpr absl::Duration kSyncDelay = absl::Milliseconds(500);
constexpr size_t kAskedAgain = 2000;

// Who waits is answered in the time that those before it take. Twice that, and a moment, since a small machine now and then pauses us all.
constexpr double kNoiseFactor = 2;
constexpr double kMomentSeconds = 0.5;
// What one call, or one batch, in progress may hold, with what gRPC keeps for it; and what the ledger remembers of a drop: its request key
// and place, some 40 bytes, twice that while a table grows, and its share of a snapshot under way.
constexpr uint64_t kBytesPerCall = 8u << 10;
constexpr uint64_t kBytesPerBatch = 1u << 20;
constexpr uint64_t kBytesPerDrop = 256;
// The journal's queue, full (limits::kJournalQueueBytesMax), and decompressed blocks, arenas, and what the allocator keeps.
constexpr uint64_t kBytesBeside = 192u << 20;

void Say(const char* trial, const std::string& what) {
  std::printf("overload: %-17s %s\n", trial, what.c_str());
  std::fflush(stdout);
}

// The figures of one try.
struct Figures {
  double capacity = 0;  // a second; the lesser of before and after, since a machine that others use too gives now more, now less
  double goodput = 0;   // a second
  double p99 = 0;       // seconds, of the accepted
  double p99_most = 0;
  uint64_t resident = 0;  // bytes, the most seen
  uint64_t resident_most = 0;
  uint64_t refused = 0;
  uint64_t refused_untold = 0;
  bool must_refuse = false;
};

std::string Describe(const Figures& f) {
  return absl::StrFormat("capacity %.0f/s, goodput %.0f/s = %.0f%%, p99 %.2f s of at most %.2f, memory %d MiB of at most %d, refused %d",
                         f.capacity, f.goodput, 100 * f.goodput / f.capacity, f.p99, f.p99_most, f.resident >> 20, f.resident_most >> 20,
                         f.refused);
}

// What is out of its bound; empty where nothing is.
std::string FaultOf(const Figures& f) {
  if (f.refused_untold != 0) return absl::StrCat(f.refused_untold, " refusals do not say when to try again");
  if (f.must_refuse && f.refused == 0) return "nothing was refused";
  if (f.goodput < kGoodputLeast * f.capacity) return "the goodput is too small";
  if (f.p99 > f.p99_most) return "accepted calls take too long";
  if (f.resident > f.resident_most) return "the server takes too much memory";
  return "";
}

absl::Status TryUpTo3(const char* trial, const std::function<absl::StatusOr<Figures>()>& once) {
  std::string fault;
  for (int attempt = 1; attempt <= kTriesMax; ++attempt) {
    const absl::StatusOr<Figures> figures = once();
    if (!figures.ok()) return figures.status();
    fault = FaultOf(*figures);
    Say(trial, absl::StrCat(Describe(*figures), fault.empty() ? "" : absl::StrCat("; try ", attempt, ": ", fault)));
    if (fault.empty()) return absl::OkStatus();
    // No noise explains this.
    if (figures->refused_untold != 0) break;
  }
  return absl::FailedPreconditionError(fault);
}

// The most that the server held in memory, looked at again and again.
class MemoryWatch {
 public:
  explicit MemoryWatch(const Fenfend& server) : server_(server) { Look(); }
  void Look() {
    const absl::StatusOr<uint64_t> bytes = server_.ResidentBytes();
    if (bytes.ok()) most_ = std::max(most_, *bytes);
    if (bytes.ok() && first_ == 0) first_ = *bytes;
  }
  uint64_t first() const { return first_; }
  uint64_t most() const { return most_; }

 private:
  const Fenfend& server_;
  uint64_t first_ = 0;
  uint64_t most_ = 0;
};

absl::Status EndAndJudge(const char* trial, Fenfend& server, const Claims& claims) {
  if (absl::Status status = server.Verify(); !status.ok()) return status;
  if (absl::Status status = server.Stop(); !status.ok()) return status;
  const absl::StatusOr<Judgement> judgement = Judge(server.journal(), claims);
  if (!judgement.ok()) return judgement.status();
  Say(trial, absl::StrCat("every one of ", judgement->accepted, " acknowledged drops is there once, none of ", judgement->refused,
                          " refused ones; of ", judgement->unanswered, " without an answer ", judgement->unanswered_kept,
                          " are; balances agree, verify finds nothing"));
  return absl::OkStatus();
}

Claims ClaimsOf(const UnaryLoad& load) {
  Claims claims;
  for (const Sent& sent : load.sent()) {
    const Known known = sent.fate == Fate::kAccepted ? Known::kAccepted : sent.fate == Fate::kRefused ? Known::kRefused : Known::kNothing;
    claims.by_request_id[sent.key] = claims.all.size();
    claims.all.push_back({sent.household, sent.entry, sent.reward, known});
  }
  return claims;
}

Claims ClaimsOf(const DeviceLoad& load) {
  Claims claims;
  for (size_t device = 0; device < load.devices(); ++device) {
    const std::vector<SentDrop>& drops = load.drops(device);
    claims.by_device[CatalogueIdOf(bench::DeviceName(device)).value()] = {claims.all.size(), drops.size()};
    for (const SentDrop& drop : drops) {
      Known known = Known::kNothing;
      if (drop.fate == DropFate::kAccepted) known = Known::kAccepted;
      // One that was made and never sent must not be there either.
      if (drop.fate == DropFate::kRefused || drop.fate == DropFate::kUnsent) known = Known::kRefused;
      claims.all.push_back({drop.household, drop.entry, drop.reward, known});
    }
  }
  return claims;
}

// One try of RecordDrop: `in_flight` of the closed loop; at most `waiting` calls are before an accepted one.
absl::StatusOr<Figures> TryCalls(const char* trial, const Fenfend& server, UnaryLoad& load, size_t in_flight, size_t waiting,
                                 const TrialOptions& options) {
  if (const auto warm = load.Closed(in_flight, kWarmUp); !warm.ok()) return warm.status();
  const absl::StatusOr<LoadResult> closed = load.Closed(in_flight, kMeasure);
  if (!closed.ok()) return closed.status();
  MemoryWatch memory(server);
  const absl::StatusOr<LoadResult> open = load.Open(kTimesCapacity * closed->accepted_per_second(), options.time, [&] { memory.Look(); });
  if (!open.ok()) return open.status();
  const absl::StatusOr<LoadResult> again = load.Closed(in_flight, kMeasure);
  if (!again.ok()) return again.status();
  const double capacity = std::min(closed->accepted_per_second(), again->accepted_per_second());
  Figures figures;
  figures.capacity = capacity;
  figures.goodput = open->accepted_per_second();
  figures.p99 = open->latencies.empty() ? 0 : bench::Quantile(open->latencies, 0.99);
  figures.p99_most = kNoiseFactor * static_cast<double>(waiting) / capacity + kMomentSeconds;
  figures.resident = memory.most();
  figures.resident_most = memory.first() + waiting * kBytesPerCall + open->latencies.size() * kBytesPerDrop + kBytesBeside;
  figures.refused = open->refused + closed->refused + again->refused;
  figures.refused_untold = open->refused_untold + closed->refused_untold + again->refused_untold;
  Say(trial, absl::StrFormat("offered %d, sent %d, accepted %d, refused %d, unanswered %d, held back by the clients %d  %s", open->offered,
                             open->offered - open->held_back, open->latencies.size(), open->refused, open->unanswered, open->held_back,
                             absl::StrJoin(open->reasons, " ", absl::PairFormatter(" "))));
  return figures;
}

// How RecordDrop is tried.
struct CallPlan {
  const char* trial;
  size_t connections = 0;
  size_t in_flight = 0;  // of the closed loop
  size_t waiting = 0;    // calls that may be before an accepted one
  bool must_refuse = false;
  absl::Duration sync_delay;
};

absl::Status RunCalls(const CallPlan& plan, const TrialOptions& options) {
  const absl::StatusOr<std::unique_ptr<Fenfend>> server = Fenfend::Start(
      {.bin = options.bin, .folder = options.folder, .households = kHouseholds, .devices = 1, .sync_delay = plan.sync_delay});
  if (!server.ok()) return server.status();
  const absl::StatusOr<std::unique_ptr<UnaryLoad>> load = UnaryLoad::Connect(**server, plan.connections, kHouseholds);
  if (!load.ok()) return load.status();
  const absl::Status tried = TryUpTo3(plan.trial, [&]() -> absl::StatusOr<Figures> {
    absl::StatusOr<Figures> figures = TryCalls(plan.trial, **server, **load, plan.in_flight, plan.waiting, options);
    if (figures.ok()) figures->must_refuse = plan.must_refuse;
    return figures;
  });
  if (absl::Status status = (*load)->AskAgain(kAskedAgain); !status.ok()) return status;
  const absl::Status judged = EndAndJudge(plan.trial, **server, ClaimsOf(**load));
  return judged.ok() ? tried : judged;
}

absl::StatusOr<Figures> TryUploads(const char* trial, const Fenfend& server, DeviceLoad& load, size_t closed_devices, size_t waiting,
                                   const TrialOptions& options) {
  if (const auto warm = load.Closed(closed_devices, kWarmUp); !warm.ok()) return warm.status();
  const absl::StatusOr<DeviceResult> closed = load.Closed(closed_devices, kMeasure);
  if (!closed.ok()) return closed.status();
  MemoryWatch memory(server);
  const absl::StatusOr<DeviceResult> open = load.Open(kTimesCapacity * closed->accepted_per_second(), options.time, [&] { memory.Look(); });
  if (!open.ok()) return open.status();
  const absl::StatusOr<DeviceResult> again = load.Closed(closed_devices, kMeasure);
  if (!again.ok()) return again.status();
  const double capacity = std::min(closed->accepted_per_second(), again->accepted_per_second());
  Figures figures;
  figures.capacity = capacity;
  figures.goodput = open->accepted_per_second();
  figures.p99 = open->latencies.empty() ? 0 : bench::Quantile(open->latencies, 0.99);
  const double drops_waiting = static_cast<double>(waiting) * DeviceLoad::kDropsPerBatch;
  figures.p99_most = kNoiseFactor * drops_waiting / capacity + kMomentSeconds;
  figures.resident = memory.most();
  figures.resident_most = memory.first() + kDevices * kBatchesPerStream * kBytesPerBatch +
                          open->latencies.size() * DeviceLoad::kDropsPerBatch * kBytesPerDrop + kBytesBeside;
  figures.refused = open->refused + closed->refused + again->refused;
  figures.refused_untold = open->refused_untold + closed->refused_untold + again->refused_untold;
  Say(trial, absl::StrFormat("offered %d drops, accepted %d, refused %d (and sent again)", open->offered, open->accepted, open->refused));
  return figures;
}

// How uploads are tried.
struct UploadPlan {
  const char* trial;
  size_t devices = 0;  // of the closed loop
  size_t waiting = 0;  // batches that may be before an accepted one: what a device has written and the server has not read counts too
  bool must_refuse = false;
  absl::Duration sync_delay;
  size_t batches_max = 0;  // the server's limit; 0 for its default
};

absl::Status RunUploads(const UploadPlan& plan, const TrialOptions& options) {
  const absl::StatusOr<std::unique_ptr<Fenfend>> server = Fenfend::Start({.bin = options.bin,
                                                                          .folder = options.folder,
                                                                          .households = kHouseholds,
                                                                          .devices = kDevices,
                                                                          .sync_delay = plan.sync_delay,
                                                                          .batches_max = plan.batches_max});
  if (!server.ok()) return server.status();
  const absl::StatusOr<std::unique_ptr<DeviceLoad>> load = DeviceLoad::Connect(**server, kDevices, kHouseholds);
  if (!load.ok()) return load.status();
  const absl::Status tried = TryUpTo3(plan.trial, [&]() -> absl::StatusOr<Figures> {
    absl::StatusOr<Figures> figures = TryUploads(plan.trial, **server, **load, plan.devices, plan.waiting, options);
    if (figures.ok()) figures->must_refuse = plan.must_refuse;
    return figures;
  });
  const absl::Status judged = EndAndJudge(plan.trial, **server, ClaimsOf(**load));
  return judged.ok() ? tried : judged;
}

}  // namespace

absl::Status TryUnary(const TrialOptions& options) {
  return RunCalls({.trial = "unary",
                   .connections = kConnections,
                   .in_flight = kInFlight,
                   .waiting = kConnections * kCallsPerConnection,
                   .must_refuse = false,
                   .sync_delay = {}},
                  options);
}

absl::Status TrySlowDisk(const TrialOptions& options) {
  // Twice as many calls as may be in progress come through the connections, so the limit is met.
  return RunCalls({.trial = "slow-disk",
                   .connections = 2 * kChangesMax / kCallsPerConnection,
                   .in_flight = kChangesMax,
                   .waiting = kChangesMax,
                   .must_refuse = true,
                   .sync_delay = kSyncDelay},
                  options);
}

absl::Status TryDevices(const TrialOptions& options) {
  return RunUploads(
      {.trial = "devices", .devices = 8, .waiting = kDevices * DeviceLoad::kBatchesAhead, .must_refuse = false, .sync_delay = {}}, options);
}

absl::Status TrySlowDiskDevices(const TrialOptions& options) {
  // Fewer batches than the processors could take in the time of a sync, so that it is the disk which is short, on any machine.
  constexpr size_t kBatchesMax = 64;
  return RunUploads({.trial = "slow-disk-devices",
                     .devices = kBatchesMax / kBatchesPerStream,
                     .waiting = kBatchesMax * DeviceLoad::kBatchesAhead / kBatchesPerStream,
                     .must_refuse = true,
                     .sync_delay = kSyncDelay,
                     .batches_max = kBatchesMax},
                    options);
}

}  // namespace fenfen::overload
