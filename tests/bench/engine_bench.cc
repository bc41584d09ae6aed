// Measures the write path of a drop (decide, commit, journal, project) beside the machine's bare limit, in one run, since a small machine
// drifts by a third from minute to minute: what counts is the ratio.
//
//   fenfen_bench [households [drops]]         20,000 and 200,000 where nothing is said; prints a table
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"
#include "ledger/core/crc32c.h"
#include "ledger/engine/engine.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/posix_file.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/drop.h"
#include "ledger/points/enrolment.h"
#include "ledger/state/memory_state.h"

namespace fenfen {
namespace {

constexpr char kRegion[] = "regions/bench";
constexpr char kStation[] = "stations/bench";
constexpr int kInFlightMax = 4096;
constexpr int kBareBatch = 1024;
constexpr int kSyncs = 300;

// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fenfen_bench.XXXXXX").string();
    FENFEN_CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return absl::StrCat(path_, "/", name); }

 private:
  std::string path_;
};

// A region, a station and one rule, as the catalogue's journal would give them.
void FillCatalogue(CatalogueStore& store) {
  v1::Region region;
  region.set_name(kRegion);
  region.set_level("estate");
  v1::Station station;
  station.set_name(kStation);
  station.set_region(kRegion);
  v1::RuleSet rules;
  rules.set_version(1);
  rules.set_late_days_max(7);
  v1::Rule* rule = rules.add_rules();
  rule->set_id("food");
  rule->set_category(v1::CATEGORY_FOOD);
  rule->set_reward_per_kg(200);
  rule->set_civic_per_drop(100);
  rule->set_daily_drops_max(1'000'000);
  rule->set_daily_reward_max(int64_t{1} << 40);
  CommittedTransaction committed;
  committed.partition = kCataloguePartition;
  committed.seq = PartitionSeq(1);
  committed.record_time = absl::Now();
  committed.transaction.kind = TransactionKind::kCatalogueUpdate;
  committed.transaction.changes = {{{RecordKind::kRegion, CatalogueIdOf(kRegion).value()}, PartitionSeq(0), region.SerializeAsString()},
                                   {{RecordKind::kStation, CatalogueIdOf(kStation).value()}, PartitionSeq(0), station.SerializeAsString()},
                                   {{RecordKind::kRuleSet, 1}, PartitionSeq(0), rules.SerializeAsString()}};
  store.Apply(committed);
}

// Submits without waiting for each, but never more than kInFlightMax at once; Drain waits for all.
class Submitter {
 public:
  explicit Submitter(Engine& engine) : engine_(engine) {}
  void Submit(Command command) {
    mutex_.LockWhen(absl::Condition(
        +[](int* in_flight) { return *in_flight < kInFlightMax; }, &in_flight_));
    ++in_flight_;
    mutex_.Unlock();
    engine_.Submit(std::move(command), [this](absl::StatusOr<Outcome> outcome) {
      FENFEN_CHECK(outcome.ok());
      absl::MutexLock lock(&mutex_);
      --in_flight_;
    });
  }
  void Drain() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](int* in_flight) { return *in_flight == 0; }, &in_flight_));
  }

 private:
  Engine& engine_;
  absl::Mutex mutex_;
  int in_flight_ = 0;
};

struct Bench {
  Folder folder;
  PosixFileSystem files;
  SystemClock clock;
  absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  CatalogueStore catalogue;
  MemoryState state;
  std::unique_ptr<FileJournal> journal;
  std::unique_ptr<Engine> engine;
  uint64_t next_key = 0;

  Bench() {
    FillCatalogue(catalogue);
    auto opened = FileJournal::Open(files, {.directory = folder / "journal"});
    FENFEN_CHECK(opened.ok());
    journal = *std::move(opened);
    engine = std::make_unique<Engine>(state, *journal, clock, std::vector<Projection*>{});
    FENFEN_CHECK(engine->Start().ok());
  }
  ~Bench() { FENFEN_CHECK(engine->Stop().ok()); }

  DecisionContext Context() {
    const RequestKey key = DeviceEventKey(CatalogueIdOf("devices/bench"), ++next_key);
    return {key, key.low, {ActorKind::kDevice, CatalogueIdOf("devices/bench").value(), 0}, clock.Now(), zone};
  }
  Command Enrolment(HouseholdId household) {
    EnrolmentFacts facts{household, CatalogueIdOf(kRegion), 0, 0, {household.value()}};
    const DecisionContext context = Context();
    auto decide = [facts, context, snapshot = catalogue.Snapshot()](const View& view) {
      return DecideEnrolment(view, facts, *snapshot, context);
    };
    return {PartitionOf(household), context.key, context.fingerprint, EnrolmentReads(household), decide};
  }
  Command Drop(HouseholdId household) {
    const DecisionContext context = Context();
    DropFacts facts{household, 1, v1::CATEGORY_FOOD, 800, CatalogueIdOf(kStation), std::nullopt, context.now};
    auto decide = [facts, context, snapshot = catalogue.Snapshot()](const View& view) {
      return DecideDrop(view, facts, *snapshot, context);
    };
    return {PartitionOf(household), context.key, context.fingerprint, DropReads(facts), decide};
  }
};

double Seconds(absl::Time from) { return absl::ToDoubleSeconds(absl::Now() - from); }

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// A file filled with zeros ahead, as the journal's segments are.
int ZeroFilled(const std::string& path, size_t bytes) {
  const int fd = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  FENFEN_CHECK(fd >= 0);
  const std::string zeros(1 << 20, '\0');
  for (size_t at = 0; at < bytes; at += zeros.size()) FENFEN_CHECK(pwrite(fd, zeros.data(), zeros.size(), static_cast<off_t>(at)) > 0);
  FENFEN_CHECK(fsync(fd) == 0);
  return fd;
}

// Median of write and fdatasync of 4 KiB, in microseconds.
double BareSyncMicros(const Folder& folder) {
  const int fd = ZeroFilled(folder / "sync", size_t{kSyncs} * 4096);
  const std::string block(4096, 'x');
  std::vector<double> micros;
  for (int i = 0; i < kSyncs; ++i) {
    const absl::Time begin = absl::Now();
    FENFEN_CHECK(pwrite(fd, block.data(), block.size(), off_t{4096} * i) == 4096 && fdatasync(fd) == 0);
    micros.push_back(Seconds(begin) * 1e6);
  }
  close(fd);
  return Median(micros);
}

// What one thread can do with nothing around it: two balances in a map, the same bytes copied and checksummed, batches made durable.
double BareCorePerSecond(const Folder& folder, int transactions, int households, const std::string& bytes) {
  const int fd = ZeroFilled(folder / "core", bytes.size() * static_cast<size_t>(transactions) + (1 << 20));
  absl::flat_hash_map<uint64_t, int64_t> balances;
  for (int h = 0; h < households; ++h) balances[static_cast<uint64_t>(h)] = 0;
  std::string batch;
  off_t at = 0;
  uint32_t checksum = 0;
  const absl::Time begin = absl::Now();
  for (int i = 0; i < transactions; ++i) {
    balances[MixBits(static_cast<uint64_t>(i)) % static_cast<uint64_t>(households)] += 160;
    balances[MixBits(static_cast<uint64_t>(i) + 1) % static_cast<uint64_t>(households)] += 100;
    checksum = Crc32c(bytes, checksum);
    batch += bytes;
    if ((i + 1) % kBareBatch != 0 && i + 1 != transactions) continue;
    FENFEN_CHECK(pwrite(fd, batch.data(), batch.size(), at) == static_cast<ssize_t>(batch.size()) && fdatasync(fd) == 0);
    at += static_cast<off_t>(batch.size());
    batch.clear();
  }
  const double seconds = Seconds(begin);
  FENFEN_CHECK(checksum != 0);
  close(fd);
  return transactions / seconds;
}

void Run(int households, int drops) {
  Bench bench;
  Submitter submitter(*bench.engine);
  for (int h = 1; h <= households; ++h) submitter.Submit(bench.Enrolment(HouseholdId(static_cast<uint64_t>(h))));
  submitter.Drain();
  const auto household = [&](int i) { return HouseholdId(1 + MixBits(static_cast<uint64_t>(i)) % static_cast<uint64_t>(households)); };

  const absl::Time begin = absl::Now();
  for (int i = 0; i < drops; ++i) submitter.Submit(bench.Drop(household(i)));
  submitter.Drain();
  const double engine_rate = drops / Seconds(begin);

  std::vector<double> micros;
  for (int i = 0; i < kSyncs; ++i) {
    const absl::Time one = absl::Now();
    FENFEN_CHECK(bench.engine->SubmitAndWait(bench.Drop(household(i))).ok());
    micros.push_back(Seconds(one) * 1e6);
  }
  const PartitionId partition = PartitionOf(household(0));
  const auto last = bench.engine->Load(partition, bench.journal->LastDurable(partition));
  FENFEN_CHECK(last.ok());
  const std::string bytes = EncodeTransaction(last->transaction);
  const double bare_rate = BareCorePerSecond(bench.folder, drops, households, bytes);
  const double sync = BareSyncMicros(bench.folder);

  std::printf("%d households, %d drops, %zu bytes a transaction\n", households, drops, bytes.size());
  std::printf("  drops, decided and durable     %10.0f a second\n", engine_rate);
  std::printf("  bare durable core, one thread  %10.0f a second     ratio %.2f\n", bare_rate, engine_rate / bare_rate);
  std::printf("  one drop at a time, p50        %10.0f us\n", Median(micros));
  std::printf("  bare write + fdatasync, p50    %10.0f us           ratio %.2f\n", sync, Median(micros) / sync);
}

}  // namespace
}  // namespace fenfen

int main(int argc, char** argv) {
  const int households = argc > 1 ? std::atoi(argv[1]) : 20'000;
  const int drops = argc > 2 ? std::atoi(argv[2]) : 200'000;
  if (households < 1 || drops < 1 || households > 10'000'000 || drops > 10'000'000) {
    std::fprintf(stderr, "usage: fenfen_bench [households [drops]], each 1 to 10,000,000\n");
    return 2;
  }
  fenfen::Run(households, drops);
  return 0;
}
